/** The small HTTP servers beside the controllers: metrics and health checks, profiles. */

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Failure, messageOf } from '../lib/errors.ts';

export interface HttpServer {
  /** As bound, e.g. `127.0.0.1:41233` where port 0 was asked for. */
  readonly address: string;
  close(): Promise<void>;
}

export type Handler = (request: IncomingMessage, response: ServerResponse) => Promise<void> | void;

/** Answers what it knows and says whether it did. */
export type Fallback = (request: IncomingMessage, response: ServerResponse) => Promise<boolean>;

/**
 * Listens at a Go address (`:8085` is all interfaces) and answers by path.
 * @param fallback asked for paths that have no handler
 * @throws Failure `LISTEN_FAILED` naming the address and the cause
 */
export async function listen(
  address: string,
  handlers: Readonly<Record<string, Handler>>,
  fallback?: Fallback,
): Promise<HttpServer> {
  const server = createServer((request, response) => void answer(handlers, fallback, request, response));
  // As the original's ReadHeaderTimeout: a client that sends no header must not hold a connection.
  server.headersTimeout = 3000;
  const { host, port } = splitAddress(address);
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) =>
      reject(
        new Failure({
          code: 'LISTEN_FAILED',
          message: `cannot listen at [${address}]: ${messageOf(error)}`,
          object: `address ${address}`,
          remedy: 'give another address, or stop the process that holds it',
          cause: error,
        }),
      ),
    );
    server.listen({ port, ...(host === '' ? {} : { host }) }, resolve);
  });
  const bound = server.address() as AddressInfo;
  return {
    address: bound.family === 'IPv6' ? `[${bound.address}]:${bound.port}` : `${bound.address}:${bound.port}`,
    close: () => closeServer(server),
  };
}

async function answer(
  handlers: Readonly<Record<string, Handler>>,
  fallback: Fallback | undefined,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  // Not parsed as a URL: clients send targets that are none, such as `//`, and nobody may end the server with one.
  const path = (request.url ?? '/').replace(/\?.*$/s, '');
  const handler = handlers[path];
  try {
    if (handler) await handler(request, response);
    else if ((await fallback?.(request, response)) === true) return;
    else response.writeHead(404, { 'content-type': 'text/plain' }).end('404 page not found\n');
  } catch (error) {
    if (!response.headersSent) response.writeHead(500, { 'content-type': 'text/plain' });
    response.end(`${messageOf(error)}\n`);
  }
}

function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

/** `:8085`, `localhost:6060`, `[::1]:80`; undefined parts are Go's: no host is every interface. */
export function splitAddress(address: string): { host: string; port: number } {
  const at = address.lastIndexOf(':');
  const port = Number(address.slice(at + 1));
  if (at < 0 || !Number.isInteger(port) || port < 0 || port > 65_535 || address.endsWith(':')) {
    throw new Failure({
      code: 'LISTEN_FAILED',
      message: `cannot listen at [${address}]: it is not of the form host:port`,
      object: `address ${address}`,
      remedy: 'give an address such as :8085 or localhost:6060',
    });
  }
  return { host: address.slice(0, at).replace(/^\[(.*)\]$/, '$1'), port };
}
