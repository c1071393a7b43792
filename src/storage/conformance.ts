/**
 * What every provider and every layer around one must do. A test file of a provider calls this with a way to open an
 * empty store.
 */

import { createHash, randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ObjectStore } from './object-store.ts';

export interface ConformanceOptions {
  /** Opens a store on a bucket that is empty, or in which nothing else begins with `conformance/`. */
  open: () => Promise<ObjectStore>;
  /** Bytes of the largest object (default 20 MiB: more than one part of an upload). */
  largeBytes?: number;
  /** Objects in the long listing (default 40); a provider that lists by pages should be given more than a page. */
  listCount?: number;
}

/** Declares the suite; call it at the top level of a test file. */
export function objectStoreConformance(title: string, options: ConformanceOptions): void {
  describe(title, () => {
    const root = `conformance/${randomBytes(4).toString('hex')}`;
    const key = (name: string) => `${root}/${name}`;
    let store: ObjectStore;

    beforeAll(async () => {
      store = await options.open();
    });

    afterAll(async () => {
      for await (const { key: each } of store.list(`${root}/`)) await store.delete(each);
      await store.close();
    });

    it('gives back what was put, from bytes, a stream and a function, and says that it exists', async () => {
      await store.put(key('bytes'), Buffer.from('one'));
      await store.put(key('stream'), Readable.from([Buffer.from('t'), Buffer.from('wo')]));
      await store.put(key('function'), () => Readable.from([Buffer.from('three')]), { size: 5 });
      expect(await textOf(store, key('bytes'))).toBe('one');
      expect(await textOf(store, key('stream'))).toBe('two');
      expect(await textOf(store, key('function'))).toBe('three');
      expect(await store.exists(key('bytes'))).toBe(true);
    });

    it('stores an empty object', async () => {
      await store.put(key('empty'), Buffer.alloc(0));
      await store.put(key('empty-stream'), Readable.from([]));
      expect(await textOf(store, key('empty'))).toBe('');
      expect(await textOf(store, key('empty-stream'))).toBe('');
      expect(await store.exists(key('empty-stream'))).toBe(true);
    });

    it('replaces an object as a whole', async () => {
      await store.put(key('replaced'), Buffer.from('a longer first version'));
      await store.put(key('replaced'), Buffer.from('second'));
      expect(await textOf(store, key('replaced'))).toBe('second');
    });

    it('says of a missing object that it does not exist, and OBJECT_NOT_FOUND when it is read', async () => {
      expect(await store.exists(key('missing'))).toBe(false);
      await expect(store.get(key('missing'))).rejects.toMatchObject({ code: 'OBJECT_NOT_FOUND' });
    });

    it('deletes, also what is not there', async () => {
      await store.put(key('doomed'), Buffer.from('x'));
      await store.delete(key('doomed'));
      expect(await store.exists(key('doomed'))).toBe(false);
      await store.delete(key('doomed'));
      await store.delete(key('never/was/here'));
    });

    it('carries a large object of unknown size unchanged', async () => {
      const bytes = options.largeBytes ?? 20 * 1024 * 1024;
      const sent = createHash('sha256');
      await store.put(key('large'), Readable.from(noise(bytes, sent), { objectMode: false }));
      const got = createHash('sha256');
      let length = 0;
      for await (const chunk of (await store.get(key('large'))) as AsyncIterable<Buffer>) {
        got.update(chunk);
        length += chunk.length;
      }
      expect(length).toBe(bytes);
      expect(got.digest('hex')).toBe(sent.digest('hex'));
    });

    it('leaves nothing behind where a body fails in the middle', async () => {
      const broken = async function* () {
        yield randomBytes(1024 * 1024);
        throw new Error('the source broke');
      };
      await expect(store.put(key('broken'), Readable.from(broken(), { objectMode: false }))).rejects.toThrow(
        /the source broke/,
      );
      expect(await store.exists(key('broken'))).toBe(false);
    });

    it('keeps the old object where replacing it fails in the middle', async () => {
      await store.put(key('kept'), Buffer.from('old'));
      const bytes = options.largeBytes ?? 20 * 1024 * 1024;
      const broken = async function* () {
        yield* noise(bytes, undefined);
        throw new Error('the source broke late');
      };
      await expect(store.put(key('kept'), Readable.from(broken(), { objectMode: false }))).rejects.toThrow(
        /broke late/,
      );
      expect(await textOf(store, key('kept'))).toBe('old');
    });

    it('stops an upload when its signal is aborted', async () => {
      const controller = new AbortController();
      const endless = async function* () {
        for (;;) {
          yield randomBytes(64 * 1024);
          if (!controller.signal.aborted) setImmediate(() => controller.abort(new Error('called off')));
          await new Promise((resolve) => setTimeout(resolve, 5));
        }
      };
      const body = Readable.from(endless(), { objectMode: false });
      await expect(store.put(key('aborted'), body, { signal: controller.signal })).rejects.toThrow();
      expect(await store.exists(key('aborted'))).toBe(false);
    });

    it('lists every key below a prefix, in order, with sizes', async () => {
      const count = options.listCount ?? 40;
      const names = Array.from({ length: count }, (_, i) => `many/${String(i).padStart(5, '0')}`);
      for (let at = 0; at < count; at += 16) {
        await Promise.all(names.slice(at, at + 16).map((name) => store.put(key(name), Buffer.from(name))));
      }
      const listed: string[] = [];
      for await (const info of store.list(key('many/'))) {
        listed.push(info.key);
        expect(info.size).toBe(info.key.length - root.length - 1);
      }
      expect(listed).toEqual(names.map(key));
    });

    it('takes a prefix as text, not as a directory, and orders by the whole key', async () => {
      for (const name of ['order/a/1', 'order/a-b/1', 'order/a.b', 'order/ab/1', 'orders/x']) {
        await store.put(key(name), Buffer.from('x'));
      }
      const listed = async (prefix: string) => {
        const keys: string[] = [];
        for await (const info of store.list(key(prefix))) keys.push(info.key.slice(root.length + 1));
        return keys;
      };
      expect(await listed('order/a')).toEqual(['order/a-b/1', 'order/a.b', 'order/a/1', 'order/ab/1']);
      expect(await listed('order/a/')).toEqual(['order/a/1']);
      expect(await listed('order')).toContain('orders/x');
      expect(await listed('order/zzz')).toEqual([]);
    });

    it('gives each common prefix once, without the files beside it', async () => {
      for (const name of ['dirs/a/1', 'dirs/a/2', 'dirs/b/c/1', 'dirs/file']) {
        await store.put(key(name), Buffer.from('x'));
      }
      expect(await store.listCommonPrefixes(key('dirs/'), '/')).toEqual([key('dirs/a/'), key('dirs/b/')]);
      expect(await store.listCommonPrefixes(key('dirs/b/'), '/')).toEqual([key('dirs/b/c/')]);
      expect(await store.listCommonPrefixes(key('nothing/'), '/')).toEqual([]);
      await store.delete(key('dirs/b/c/1'));
      expect(await store.listCommonPrefixes(key('dirs/'), '/')).toEqual([key('dirs/a/')]);
    });

    it('takes keys with characters that URLs and shells mind', async () => {
      const odd = key('odd/a b+c%20&d=é(1)~!.json');
      await store.put(odd, Buffer.from('odd'));
      expect(await textOf(store, odd)).toBe('odd');
      const listed: string[] = [];
      for await (const info of store.list(key('odd/'))) listed.push(info.key);
      expect(listed).toEqual([odd]);
      await store.delete(odd);
      expect(await store.exists(odd)).toBe(false);
    });

    it('survives a reader that leaves in the middle', async () => {
      const bytes = 4 * 1024 * 1024;
      await store.put(key('left'), randomBytes(bytes));
      for (let i = 0; i < 5; i++) {
        const stream = await store.get(key('left'));
        stream.once('error', () => undefined);
        for await (const chunk of stream) {
          expect((chunk as Buffer).length).toBeGreaterThan(0);
          break;
        }
      }
      expect((await store.get(key('left')).then(readWhole)).length).toBe(bytes);
    });
  });
}

async function readWhole(stream: Readable): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks);
}

async function textOf(store: ObjectStore, key: string): Promise<string> {
  return (await readWhole(await store.get(key))).toString('utf8');
}

async function* noise(
  bytes: number,
  hash: ReturnType<typeof createHash> | undefined,
): AsyncGenerator<Buffer> {
  for (let left = bytes; left > 0; left -= 300_001) {
    const chunk = randomBytes(Math.min(left, 300_001));
    hash?.update(chunk);
    yield chunk;
  }
}
