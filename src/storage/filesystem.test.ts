import { mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, utimes, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { objectStoreConformance } from './conformance.ts';
import { filesystemHandler } from './filesystem-http.ts';
import { signObjectUrl, verifyObjectUrl } from './filesystem-url.ts';
import { filesystemProvider, signingKey } from './filesystem.ts';
import { withMetrics } from './layers/metrics.ts';
import { withRetry } from './layers/retry.ts';
import { withTimeouts } from './layers/timeout.ts';

let root = '';

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'objects-'));
  for (const bucket of ['plain', 'layers', 'served']) await mkdir(join(root, bucket));
});

afterAll(async () => rm(root, { recursive: true, force: true }));

const open = (bucket: string, publicUrl = 'http://velero:8085') =>
  filesystemProvider({ root, publicUrl }).open({ bucket });

objectStoreConformance('the filesystem provider', { open: () => open('plain') });
objectStoreConformance('the filesystem provider inside every layer', {
  open: async () => withMetrics(withRetry(withTimeouts(await open('layers'))), () => undefined),
});

describe('the filesystem provider', () => {
  it('refuses a bucket that has no directory, and a name that is a path', async () => {
    await expect(open('nowhere')).rejects.toMatchObject({
      code: 'BUCKET_NOT_FOUND',
      object: 'filesystem://nowhere',
    });
    for (const bad of ['../etc', 'a/b', '.private', '', 'a..b']) {
      await expect(open(bad)).rejects.toMatchObject({ code: 'STORE_CONFIG' });
    }
  });

  it('refuses configuration keys that it does not know', async () => {
    const provider = filesystemProvider({ root, publicUrl: 'http://x' });
    await expect(provider.open({ bucket: 'plain', region: 'x', caCert: '' })).rejects.toThrow(
      'config has invalid keys [region]; valid keys are [bucket prefix caCert]',
    );
  });

  it('keeps every key inside its bucket', async () => {
    const store = await open('plain');
    for (const key of ['../served/x', 'a/../../x', '/etc/passwd', 'a//b', 'a/./b', 'a\0b']) {
      await expect(store.put(key, Buffer.from('x'))).rejects.toMatchObject({ code: 'STORE_CONFIG' });
      await expect(store.get(key)).rejects.toMatchObject({ code: 'STORE_CONFIG' });
    }
    expect(await readdir(join(root, 'served'))).toEqual([]);
  });

  it('leaves no unfinished upload on the disk', async () => {
    const store = await open('plain');
    await store.put('whole', Buffer.from('x'));
    expect(await readdir(join(root, '.private', 'incoming'))).toEqual([]);
    await store.delete('whole');
  });

  it('removes what killed servers had begun to upload, and nothing that is being uploaded', async () => {
    const incoming = join(root, '.private', 'incoming');
    await mkdir(incoming, { recursive: true });
    for (const name of ['abandoned', 'under-way']) await writeFile(join(incoming, name), 'x');
    const twoDaysAgo = Date.now() / 1000 - 2 * 86_400;
    await utimes(join(incoming, 'abandoned'), twoDaysAgo, twoDaysAgo);
    await open('plain');
    expect(await readdir(incoming)).toEqual(['under-way']);
    await rm(join(incoming, 'under-way'));
  });

  it('removes a directory with its last object, and not one that holds another', async () => {
    const store = await open('plain');
    await store.put('deep/er/one', Buffer.from('1'));
    await store.put('deep/two', Buffer.from('2'));
    await store.delete('deep/er/one');
    expect(await readdir(join(root, 'plain', 'deep'))).toEqual(['two']);
    await store.delete('deep/two');
    await expect(stat(join(root, 'plain', 'deep'))).rejects.toThrow();
    expect((await stat(join(root, 'plain'))).isDirectory()).toBe(true);
  });

  it('keeps its signing key from other users and the same for all processes', async () => {
    const keys = await Promise.all([signingKey(root), signingKey(root), signingKey(root)]);
    expect(new Set(keys.map((key) => key.toString('hex'))).size).toBe(1);
    const info = await stat(join(root, '.private', 'signing-key'));
    expect(info.mode & 0o077).toBe(0);
    expect(await readFile(join(root, '.private', 'signing-key'))).toEqual(keys[0]);
  });
});

describe('signed URLs of the filesystem provider', () => {
  const key = Buffer.alloc(32, 7);

  it('are good for their object until they expire, and for nothing else', () => {
    const url = signObjectUrl(key, 'http://host', 'bucket', 'backups/a b/é.gz', 10_000);
    const path = url.slice('http://host'.length);
    expect(path).toMatch(/^\/objects\/bucket\/backups\/a%20b\/%C3%A9\.gz\?/);
    expect(verifyObjectUrl(key, path, 9_000)).toEqual({
      ok: true,
      bucket: 'bucket',
      object: 'backups/a b/é.gz',
    });
    expect(verifyObjectUrl(key, path, 10_001)).toMatchObject({
      ok: false,
      status: 403,
      reason: 'the URL has expired',
    });
    const forged = [
      path.replace('expires=10', 'expires=99'),
      path.replace('a%20b', 'c'),
      path.replace('/bucket/', '/other/'),
      path.replace(/signature=.*/, 'signature='),
      path.replace(/signature=.*/, 'signature=AAAA'),
      path.replace(/\?.*/, ''),
    ];
    for (const url2 of forged)
      expect(verifyObjectUrl(key, url2, 0)).toMatchObject({ ok: false, status: 403 });
    expect(verifyObjectUrl(Buffer.alloc(32, 8), path, 0)).toMatchObject({ ok: false, status: 403 });
    expect(verifyObjectUrl(key, '/objects/%zz/x?expires=10&signature=AAAA', 0)).toMatchObject({
      status: 400,
    });
  });

  it('are served with their bytes, and refused with the reason', async () => {
    const handler = filesystemHandler({ root });
    const server = createServer((request, response) => {
      void handler(request, response).then((handled) => {
        if (!handled) response.writeHead(418).end();
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    try {
      const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
      const store = await open('served', base);
      await store.put('a/log.gz', Buffer.from('the log'));
      await store.put('a/empty', Buffer.alloc(0));
      const url = await store.signedUrl('a/log.gz', 60_000);
      const answer = await fetch(url);
      expect(answer.status).toBe(200);
      expect(answer.headers.get('content-length')).toBe('7');
      expect(await answer.text()).toBe('the log');
      expect(await (await fetch(await store.signedUrl('a/empty', 60_000))).text()).toBe('');
      expect((await fetch(url, { method: 'HEAD' })).status).toBe(200);
      expect((await fetch(url, { method: 'PUT', body: 'x' })).status).toBe(405);
      expect((await fetch(url.replace('log.gz', 'empty'))).status).toBe(403);
      expect((await fetch(await store.signedUrl('a/none', 60_000))).status).toBe(404);
      expect((await fetch(await store.signedUrl('a/log.gz', -5_000))).status).toBe(403);
      expect((await fetch(`${base}/metrics`)).status).toBe(418);
      expect(await textOfRaw(base, '/objects/served/../../etc/passwd?expires=1&signature=x')).toBe(403);
    } finally {
      server.closeAllConnections();
      server.close();
    }
  });

  it('do not follow a name that is a link to a directory outside', async () => {
    await mkdir(join(root, 'served', 'd'), { recursive: true });
    await writeFile(join(root, 'secret'), 'secret');
    await symlink(root, join(root, 'served', 'd', 'link'));
    const store = await open('served');
    const keys: string[] = [];
    for await (const info of store.list('d/')) keys.push(info.key);
    // A link counts as a file at most; nothing behind it is listed.
    expect(keys.some((each) => each.includes('secret'))).toBe(false);
  });
});

async function textOfRaw(base: string, path: string): Promise<number> {
  const { request } = await import('node:http');
  return new Promise((resolve, reject) => {
    const { hostname, port } = new URL(base);
    request({ hostname, port, path }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    })
      .once('error', reject)
      .end();
  });
}
