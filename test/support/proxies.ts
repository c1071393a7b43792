/** Bad networks between a client and its server: a TCP proxy that breaks connections, and an HTTP proxy that counts. */

import { createServer as createHttpServer, type Server as HttpServer } from 'node:http';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/**
 * `pass` lets everything through. `stall` keeps connections open and moves nothing. `lose-answers` sends requests on
 * and resets the connection when the answer comes. `refuse` resets new connections and old ones.
 */
export type Weather = 'pass' | 'stall' | 'lose-answers' | 'refuse';

export class FlakyProxy {
  weather: Weather = 'pass';
  /** Each chunk that passes resets its connection with this probability. */
  resetChance = 0;
  /** Each chunk that passes makes its connection hang for ever with this probability. */
  stallChance = 0;
  resets = 0;
  stalls = 0;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(server: Server) {
    this.#server = server;
  }

  /** Listens on a free port of this machine and leads to `target`, an URL with a port. */
  static async start(target: string): Promise<FlakyProxy> {
    const { hostname, port } = new URL(target);
    const server = createServer({ noDelay: true });
    const proxy = new FlakyProxy(server);
    server.on('connection', (client) =>
      proxy.#join(client, connect({ host: hostname, port: Number(port), noDelay: true })),
    );
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve);
    });
    return proxy;
  }

  get url(): string {
    return `https://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Resets every connection there is. */
  resetAll(): void {
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }

  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
    });
    this.resetAll();
    await closed;
  }

  #join(client: Socket, server: Socket): void {
    for (const socket of [client, server]) {
      this.#sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        this.#sockets.delete(socket);
        client.destroy();
        server.destroy();
      });
    }
    let stalled = false;
    const reset = (): void => {
      this.resets++;
      client.resetAndDestroy();
      server.destroy();
    };
    if (this.weather === 'refuse') {
      reset();
      return;
    }
    const pass = (to: Socket, chunk: Buffer, answer: boolean): void => {
      if (this.weather === 'refuse' || (answer && this.weather === 'lose-answers')) {
        reset();
        return;
      }
      if (!stalled && Math.random() < this.stallChance) {
        stalled = true;
        this.stalls++;
      }
      if (stalled || this.weather === 'stall') return;
      if (Math.random() < this.resetChance) {
        reset();
        return;
      }
      to.write(chunk);
    };
    client.on('data', (chunk: Buffer) => pass(server, chunk, false));
    server.on('data', (chunk: Buffer) => pass(client, chunk, true));
  }
}

/** An HTTP proxy for CONNECT, which notes who was asked for. */
export class ConnectProxy {
  readonly asked: string[] = [];
  /** `Basic …` that clients must send; none where undefined. */
  authorization: string | undefined;
  readonly #server: HttpServer;
  readonly #sockets = new Set<Socket>();

  private constructor(server: HttpServer) {
    this.#server = server;
  }

  static async start(): Promise<ConnectProxy> {
    const server = createHttpServer();
    const proxy = new ConnectProxy(server);
    server.on('connection', (socket) => proxy.#sockets.add(socket));
    server.on('connect', (request, client, head) => {
      proxy.asked.push(request.url ?? '');
      client.on('error', () => undefined);
      if (
        proxy.authorization !== undefined &&
        request.headers['proxy-authorization'] !== proxy.authorization
      ) {
        client.end('HTTP/1.1 407 Proxy Authentication Required\r\n\r\n');
        return;
      }
      const { hostname, port } = new URL(`http://${request.url ?? ''}`);
      const upstream = connect(Number(port), hostname, () => {
        client.write('HTTP/1.1 200 Connection Established\r\n\r\n');
        upstream.write(head);
        upstream.pipe(client).pipe(upstream);
      });
      upstream.on('error', () => client.destroy());
      client.on('close', () => upstream.destroy());
      proxy.#sockets.add(upstream);
    });
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve);
    });
    return proxy;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
    });
  }
}
