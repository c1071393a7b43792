/** An HTTP proxy before an object store that can be made to fail: busy, slow, or broken off. */

import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { Readable, Writable } from 'node:stream';

export interface StoreProxy {
  readonly url: string;
  /** What was asked, as `PUT /bucket/key`. */
  readonly requests: string[];
  /** Requests for which this says true are answered 503 instead of being passed on. */
  fail: (line: string) => boolean;
  /** Bytes of the body, sent or received, after which the connection is broken; undefined lets it pass whole. */
  cut: (line: string) => number | undefined;
  /** Bytes of the body sent after which nothing moves any more, with the connection open. */
  stall: (line: string) => number | undefined;
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
    const trouble = { cut: proxy.cut(line), stall: proxy.stall(line) };
    setTimeout(() => forward(to, incoming, outgoing, trouble), proxy.delayMs);
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as { port: number };
  const proxy: StoreProxy = {
    url: `http://127.0.0.1:${port}`,
    requests: [],
    fail: () => false,
    cut: () => undefined,
    stall: () => undefined,
    delayMs: 0,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return proxy;
}

interface Trouble {
  cut: number | undefined;
  stall: number | undefined;
}

function forward(to: URL, incoming: IncomingMessage, outgoing: ServerResponse, trouble: Trouble): void {
  const { cut, stall } = trouble;
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
      if (cut === undefined) answer.pipe(outgoing);
      else passUntil(answer, outgoing, cut, () => outgoing.destroy());
    },
  );
  upstream.once('error', () => outgoing.destroy());
  const end = cut ?? stall;
  if (end === undefined) incoming.pipe(upstream);
  else {
    passUntil(incoming, upstream, end, () => {
      // Half an upload must not reach the store as a whole one.
      upstream.destroy();
      if (cut !== undefined) incoming.socket.destroy();
    });
  }
}

/** Passes so many bytes on and calls `stop` when they are through; what is shorter passes whole. */
function passUntil(from: Readable, to: Writable, bytes: number, stop: () => void): void {
  let left = bytes;
  from.on('data', (chunk: Buffer) => {
    if (left <= 0) return;
    to.write(chunk.subarray(0, left));
    left -= chunk.length;
    if (left <= 0) setTimeout(stop, 20);
  });
  from.once('end', () => {
    if (left > 0) to.end();
  });
}
