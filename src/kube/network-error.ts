/** What it means that a request got no answer, and whether asking again may help. */

import { networkFault } from '../lib/network-fault.ts';
import { KubeError, type RequestContext } from './errors.ts';

/** Set on errors of requests of which not a byte left: the connection could not be made. */
export const NEVER_SENT: unique symbol = Symbol('never sent');

/** True where the request certainly was not carried out. */
export function neverSent(error: unknown): boolean {
  return typeof error === 'object' && error !== null && NEVER_SENT in error;
}

/**
 * Turns what undici or node threw into an error of ours.
 * @returns `retryable` false where trying again cannot help (a certificate that does not fit, a bad request of ours)
 */
export function networkError(
  thrown: unknown,
  context: RequestContext,
  server: string,
): { error: KubeError; retryable: boolean } {
  const { text, kind } = networkFault(thrown, server);
  const url = server.replace(/\/+$/, '') + context.path;
  const method = context.method[0] + context.method.slice(1).toLowerCase();
  const error = new KubeError({
    message: `${method} ${JSON.stringify(url)}: ${text}`,
    status: 0,
    reason: kind === 'certificate' ? 'Certificate' : kind === 'timeout' ? 'Timeout' : 'Unavailable',
    object: context.object,
    remedy:
      kind === 'certificate'
        ? 'give the authority of the API server in the kubeconfig (certificate-authority-data)'
        : 'check that the API server runs and that its address can be reached from here',
    cause: thrown,
  });
  return { error, retryable: kind === 'passing' || kind === 'timeout' };
}
