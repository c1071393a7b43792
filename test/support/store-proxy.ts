/** An HTTP proxy before an object store that can be made to fail: busy, slow, or broken off. */

import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';

export interface StoreProxy {
  readonly url: string;
  /** What was asked, as `PUT /bucket/key`. */
  readonly requests: string[];
  /** Requests for which this says true are answered 503 instead of being passed on. */
  fail: (line: string) => boolean;
  /** Milliseconds before a request is passed on. */
  delayMs: number;
  close(): Promise<void>;
}

/** Starts a proxy; the Host header is passed on, so that signatures made for the proxy hold. */
export async function startStoreProxy(target: string): Promise<StoreProxy> {
  const to = new URL(target);
  const server = createServer((incoming, outgoing) => {
    const line = `${incoming.method} ${incoming.url}`;
    proxy.requests.push(line);
    if (proxy.fail(line)) {
      incoming.resume();
      incoming.once('end', () => {
        outgoing.writeHead(503, { 'content-type': 'application/xml' });
        outgoing.end(
          '<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>',
        );
      });
      return;
    }
    setTimeout(() => forward(to, incoming, outgoing), proxy.delayMs);
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as { port: number };
  const proxy: StoreProxy = {
    url: `http://127.0.0.1:${port}`,
    requests: [],
    fail: () => false,
    delayMs: 0,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return proxy;
}

function forward(to: URL, incoming: IncomingMessage, outgoing: ServerResponse): void {
  const upstream = request(
    {
      host: to.hostname,
      port: to.port,
      method: incoming.method,
      path: incoming.url,
      headers: incoming.headers,
    },
    (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(outgoing);
    },
  );
  upstream.once('error', () => outgoing.destroy());
  incoming.pipe(upstream);
}
