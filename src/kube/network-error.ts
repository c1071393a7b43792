/** What it means that a request got no answer, told in the words of Go's net package, on which scripts match. */

import { messageOf } from '../lib/errors.ts';
import { KubeError, type RequestContext } from './errors.ts';

/** Set on errors of requests of which not a byte left: the connection could not be made. */
export const NEVER_SENT: unique symbol = Symbol('never sent');

/** True where the request certainly was not carried out. */
export function neverSent(error: unknown): boolean {
  return typeof error === 'object' && error !== null && NEVER_SENT in error;
}

interface SystemError extends Error {
  code?: string;
  address?: string;
  port?: number;
  hostname?: string;
}

/** The connection is to blame and may come back. */
const PASSING: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connect: connection refused',
  ECONNRESET: 'read: connection reset by peer',
  ECONNABORTED: 'read: software caused connection abort',
  EPIPE: 'write: broken pipe',
  ETIMEDOUT: 'connect: connection timed out',
  EHOSTUNREACH: 'connect: no route to host',
  ENETUNREACH: 'connect: network is unreachable',
  ENETDOWN: 'connect: network is down',
  EADDRNOTAVAIL: 'connect: cannot assign requested address',
  ENOTFOUND: 'no such host',
  EAI_AGAIN: 'temporary failure in name resolution',
  UND_ERR_SOCKET: 'EOF',
  UND_ERR_CONNECT_TIMEOUT: 'i/o timeout',
  UND_ERR_HEADERS_TIMEOUT: 'net/http: timeout awaiting response headers',
  UND_ERR_BODY_TIMEOUT: 'net/http: timeout reading the response body',
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: 'unexpected EOF',
  UND_ERR_PRX_CONN: 'the proxy closed the connection',
  HPE_INVALID_EOF_STATE: 'unexpected EOF',
};

const TIMEOUTS = new Set([
  'UND_ERR_CONNECT_TIMEOUT',
  'UND_ERR_HEADERS_TIMEOUT',
  'UND_ERR_BODY_TIMEOUT',
  'ETIMEDOUT',
]);

const CERTIFICATE: Readonly<Record<string, string>> = {
  DEPTH_ZERO_SELF_SIGNED_CERT: 'x509: certificate signed by unknown authority',
  SELF_SIGNED_CERT_IN_CHAIN: 'x509: certificate signed by unknown authority',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'x509: certificate signed by unknown authority',
  UNABLE_TO_GET_ISSUER_CERT: 'x509: certificate signed by unknown authority',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'x509: certificate signed by unknown authority',
  CERT_HAS_EXPIRED: 'x509: certificate has expired or is not yet valid',
  CERT_NOT_YET_VALID: 'x509: certificate has expired or is not yet valid',
  ERR_TLS_CERT_ALTNAME_INVALID: 'x509: certificate is not valid for this host name',
};

/**
 * Turns what undici or node threw into an error of ours.
 * @returns `retryable` false where trying again cannot help (a certificate that does not fit, a bad request of ours)
 */
export function networkError(
  thrown: unknown,
  context: RequestContext,
  server: string,
): { error: KubeError; retryable: boolean } {
  const cause = rootOf(thrown);
  const code = cause.code ?? '';
  const url = server.replace(/\/+$/, '') + context.path;
  const method = context.method[0] + context.method.slice(1).toLowerCase();
  const certificate = CERTIFICATE[code];
  const passing = PASSING[code];
  const detail =
    certificate ?? (passing === undefined ? messageOf(cause) : describe(cause, code, passing, server));
  const error = new KubeError({
    message: `${method} ${JSON.stringify(url)}: ${detail}`,
    status: 0,
    reason: certificate !== undefined ? 'Certificate' : TIMEOUTS.has(code) ? 'Timeout' : 'Unavailable',
    object: context.object,
    remedy:
      certificate === undefined
        ? 'check that the API server runs and that its address can be reached from here'
        : 'give the authority of the API server in the kubeconfig (certificate-authority-data)',
    cause: thrown,
  });
  return { error, retryable: passing !== undefined };
}

function describe(cause: SystemError, code: string, passing: string, server: string): string {
  const { hostname, port, protocol } = new URL(server);
  const defaultPort = protocol === 'https:' ? '443' : '80';
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN')
    return `dial tcp: lookup ${cause.hostname ?? hostname}: ${passing}`;
  if (passing.startsWith('connect:') || code === 'UND_ERR_CONNECT_TIMEOUT') {
    const host = cause.address ?? hostname;
    const at = host.includes(':') && !host.startsWith('[') ? `[${host}]` : host;
    return `dial tcp ${at}:${cause.port ?? (port === '' ? defaultPort : port)}: ${passing}`;
  }
  return passing;
}

/** The error that says why: the first of an AggregateError (several addresses tried), or a nested cause. */
function rootOf(thrown: unknown): SystemError {
  let error: unknown = thrown;
  for (let depth = 0; depth < 5; depth++) {
    if (error instanceof AggregateError && error.errors.length > 0) {
      error = error.errors[0];
      continue;
    }
    if (error instanceof Error) {
      const { code } = error as SystemError;
      const known = code !== undefined && (code in PASSING || code in CERTIFICATE);
      // undici says UND_ERR_SOCKET of everything that befell an open socket; what it was is in its cause.
      if ((!known || code === 'UND_ERR_SOCKET') && error.cause instanceof Error && 'code' in error.cause) {
        error = error.cause;
        continue;
      }
      return error;
    }
    break;
  }
  return error instanceof Error ? error : new Error(String(error));
}
