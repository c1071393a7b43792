import { request } from 'node:http';
import { describe, expect, it } from 'vitest';
import { listen, splitAddress } from './http.ts';
import { serveProfiles } from './profiler.ts';

describe('listen', () => {
  it('V-SRV-030 answers by path and says 404 for others', async () => {
    const server = await listen('127.0.0.1:0', { '/metrics': (_, response) => void response.end('figures') });
    const get = async (path: string) => {
      const response = await fetch(`http://${server.address}${path}`);
      return [response.status, await response.text()];
    };
    expect(await get('/metrics')).toEqual([200, 'figures']);
    expect(await get('/other')).toEqual([404, '404 page not found\n']);
    await server.close();
  });

  it('answers requests whose target is no URL, and goes on', async () => {
    const server = await listen('127.0.0.1:0', { '/healthz': (_, response) => void response.end('ok') });
    const { host, port } = splitAddress(server.address);
    const status = (path: string) =>
      new Promise<number | undefined>((resolve, reject) => {
        const sent = request({ host, port, path }, (response) => {
          response.resume();
          resolve(response.statusCode);
        });
        sent.on('error', reject).end();
      });
    expect(await status('//')).toBe(404);
    expect(await status('http://[')).toBe(404);
    expect(await status('/healthz?verbose')).toBe(200);
    await server.close();
  });

  it('V-SRV-030 names the address that is taken', async () => {
    const server = await listen('127.0.0.1:0', {});
    await expect(listen(server.address, {})).rejects.toMatchObject({
      code: 'LISTEN_FAILED',
      message: expect.stringMatching(/^cannot listen at \[127\.0\.0\.1:\d+\]: .*EADDRINUSE/),
    });
    await server.close();
  });

  it('reads addresses as Go does', () => {
    expect(splitAddress(':8085')).toEqual({ host: '', port: 8085 });
    expect(splitAddress('localhost:6060')).toEqual({ host: 'localhost', port: 6060 });
    expect(splitAddress('[::1]:80')).toEqual({ host: '::1', port: 80 });
    for (const bad of ['8085', 'host:', 'host:x', ':70000']) {
      expect(() => splitAddress(bad)).toThrow('is not of the form host:port');
    }
  });
});

describe('profiles', () => {
  it('V-SRV-030 serves a CPU profile and a heap profile of this process', async () => {
    const server = await serveProfiles('127.0.0.1:0');
    const base = `http://${server.address}/debug/pprof`;
    const cpu = (await (await fetch(`${base}/profile?seconds=0.1`)).json()) as { nodes: unknown[] };
    expect(cpu.nodes.length).toBeGreaterThan(0);
    const heap = (await (await fetch(`${base}/heap?seconds=0.1`)).json()) as { head: unknown };
    expect(heap.head).toBeDefined();
    expect(await (await fetch(`${base}/cmdline`)).text()).toContain(process.argv[0] as string);
    await server.close();
  });
});
