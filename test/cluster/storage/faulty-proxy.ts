/** A proxy in front of a real S3 server that makes trouble on request, and notes what was asked. */

import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  request,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';

interface SeenRequest {
  method: string;
  path: string;
  headers: IncomingHttpHeaders;
}

/** What happens to a request. `cut` ends the connection after so many bytes of the answer's body. */
type Trouble =
  | { do: 'answer'; status: number; code: string; headers?: Record<string, string> }
  | { do: 'stall' }
  | { do: 'reset' }
  | { do: 'cut'; after: number }
  | { do: 'stallBody'; after: number };

export interface FaultyProxy {
  readonly url: string;
  readonly seen: SeenRequest[];
  /** Asked for each request; undefined lets it pass. */
  trouble: (request: SeenRequest) => Trouble | undefined;
  close(): Promise<void>;
}

/** @param target URL of the server behind, http */
export async function startFaultyProxy(target: string): Promise<FaultyProxy> {
  const seen: SeenRequest[] = [];
  const proxy: FaultyProxy = {
    url: '',
    seen,
    trouble: () => undefined,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  const server = createServer((incoming, outgoing) => {
    const asked = { method: incoming.method ?? '', path: incoming.url ?? '', headers: incoming.headers };
    seen.push(asked);
    act(proxy.trouble(asked), target, incoming, outgoing);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return Object.assign(proxy, { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` });
}

function act(
  trouble: Trouble | undefined,
  target: string,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): void {
  switch (trouble?.do) {
    case 'answer':
      incoming.resume();
      incoming.once('end', () => {
        outgoing.writeHead(trouble.status, { 'content-type': 'application/xml', ...trouble.headers });
        outgoing.end(
          `<?xml version="1.0"?><Error><Code>${trouble.code}</Code><Message>made up</Message></Error>`,
        );
      });
      return;
    case 'stall':
      incoming.resume();
      return;
    case 'reset':
      incoming.socket.resetAndDestroy();
      return;
    default:
      forward(trouble, target, incoming, outgoing);
  }
}

function forward(
  trouble: Exclude<Trouble, { do: 'answer' }> | undefined,
  target: string,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): void {
  const { hostname, port } = new URL(target);
  const { method, url, headers } = incoming;
  const inner = request({ hostname, port, method, path: url, headers, agent: false }, (answer) => {
    outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
    let left =
      trouble?.do === 'cut' || trouble?.do === 'stallBody' ? trouble.after : Number.POSITIVE_INFINITY;
    answer.on('data', (chunk: Buffer) => {
      if (left <= 0) return;
      outgoing.write(chunk.subarray(0, Math.min(chunk.length, left)));
      left -= chunk.length;
      if (left <= 0 && trouble?.do === 'cut') setTimeout(() => outgoing.destroy(), 20);
    });
    answer.once('end', () => {
      if (left > 0) outgoing.end();
    });
  });
  inner.once('error', () => outgoing.destroy());
  incoming.pipe(inner);
}
