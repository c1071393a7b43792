import { request as plainRequest } from 'node:http';
import { request as secureRequest } from 'node:https';

/** A request to a program of the cluster. */
export interface HttpOptions {
  readonly ca?: string;
  readonly token?: string;
  readonly method?: string;
  readonly body?: unknown;
  readonly contentType?: string;
  /** Accept any certificate: for programs that sign their own and are only asked whether they are well. */
  readonly anyCertificate?: boolean;
}

/** The answer to a request, whole. */
export interface HttpAnswer {
  readonly status: number;
  readonly body: string;
}

const timeout = 5_000;

/**
 * One request on a connection of its own. The cluster's certificates are signed by an authority that exists for that
 * cluster only, which fetch() cannot be told about.
 */
export function httpRequest(url: string, options: HttpOptions = {}): Promise<HttpAnswer> {
  return new Promise((resolve, reject) => {
    const send = url.startsWith('https:') ? secureRequest : plainRequest;
    const body = options.body === undefined ? undefined : JSON.stringify(options.body);
    const request = send(url, {
      method: options.method ?? 'GET',
      ca: options.ca,
      rejectUnauthorized: !options.anyCertificate,
      agent: false,
      timeout,
      headers: {
        ...(options.token ? { authorization: `Bearer ${options.token}` } : {}),
        ...(body ? { 'content-type': options.contentType ?? 'application/json' } : {}),
      },
    });
    request.once('timeout', () => request.destroy(new Error(`no answer within ${timeout} ms`)));
    request.once('error', reject);
    request.once('response', (response) => {
      const parts: Buffer[] = [];
      response.on('data', (part: Buffer) => parts.push(part));
      response.once('error', reject);
      response.once('end', () =>
        resolve({ status: response.statusCode ?? 0, body: Buffer.concat(parts).toString('utf8') }),
      );
    });
    request.end(body);
  });
}
