import { createHash } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Agent } from 'undici';
import { afterEach, expect, it } from 'vitest';
import { execInPod } from './exec.ts';

/** What RFC 6455 has both sides add to the client's key. */
const HANDSHAKE = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
const PING = 0x89;

let server: Server | undefined;

afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

/** A kubelet whose command ends with success once it has been pinged so often; its address. */
async function endsAfterPings(count: number): Promise<string> {
  server = createServer();
  server.on('upgrade', ({ headers }, socket) => {
    const accept = createHash('sha1').update(`${headers['sec-websocket-key']}${HANDSHAKE}`).digest('base64');
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\nSec-WebSocket-Protocol: v5.channel.k8s.io\r\n\r\n`,
    );
    let pings = 0;
    socket.on('error', () => undefined);
    socket.on('data', (frame: Buffer) => {
      if (frame[0] !== PING || ++pings < count) return;
      const status = Buffer.concat([Buffer.of(3), Buffer.from('{"status":"Success"}')]);
      socket.write(Buffer.concat([Buffer.of(0x82, status.length), status]));
    });
  });
  await new Promise<void>((resolve) => {
    server?.listen(0, '127.0.0.1', resolve);
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

it('a command that says nothing for long keeps its connection in use', async () => {
  const origin = await endsAfterPings(3);
  const dispatcher = new Agent();
  const transport = {
    basePath: '',
    upgrade: () => Promise.resolve({ origin, dispatcher }),
    request: () => Promise.reject(new Error('not asked')),
  };
  const options = {
    namespace: 'shop',
    pod: 'web',
    container: 'main',
    command: ['sleep', '90'],
    timeoutMs: 10_000,
  };
  expect(await execInPod(transport, options, { pingMs: 20 })).toEqual({
    stdout: '',
    stderr: '',
    exitCode: 0,
  });
  await dispatcher.destroy();
});
