import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { promisify } from 'node:util';
import { gunzipSync } from 'node:zlib';
import * as fc from 'fast-check';
import { extract } from 'tar-stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { itemPath, itemPaths } from './paths.ts';
import { entryHeader } from './tar-header.ts';
import { type ArchiveSummary, type ArchiveWriter, createArchiveWriter } from './writer.ts';

const run = promisify(execFile);
let dir = '';

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'archive-'));
});
afterAll(async () => rm(dir, { recursive: true, force: true }));

async function collect(
  writer: ArchiveWriter,
  fill: () => Promise<void>,
): Promise<{ bytes: Buffer; summary: ArchiveSummary }> {
  const chunks: Buffer[] = [];
  const reading = (async () => {
    for await (const chunk of writer.stream as AsyncIterable<Buffer>) chunks.push(chunk);
  })();
  await fill();
  const summary = await writer.finish();
  await reading;
  return { bytes: Buffer.concat(chunks), summary };
}

interface Entry {
  name: string;
  mode: number | undefined;
  mtime: number | undefined;
  type: string | null | undefined;
  content: string;
}

async function untar(bytes: Buffer): Promise<Entry[]> {
  const entries: Entry[] = [];
  const parser = extract();
  Readable.from([gunzipSync(bytes)]).pipe(parser);
  for await (const entry of parser) {
    const chunks: Buffer[] = [];
    for await (const chunk of entry) chunks.push(chunk as Buffer);
    const { name, mode, mtime, type } = entry.header;
    entries.push({ name, mode, mtime: mtime?.getTime(), type, content: Buffer.concat(chunks).toString() });
  }
  return entries;
}

const pod = { groupResource: 'pods', version: 'v1', preferred: true, namespace: 'shop', name: 'web' };

describe('where items lie', () => {
  it('V-STO-031 namespaced and cluster items have their own directories below resources/<resource.group>', () => {
    expect(itemPath({ groupResource: 'pods', namespace: 'ns', name: 'p' })).toBe(
      'resources/pods/namespaces/ns/p.json',
    );
    expect(
      itemPath({ groupResource: 'clusterroles.rbac.authorization.k8s.io', namespace: '', name: 'view' }),
    ).toBe('resources/clusterroles.rbac.authorization.k8s.io/cluster/view.json');
  });

  it('V-STO-032 V-STO-033 an item of the preferred version has two paths, another one only its version', () => {
    const place = { groupResource: 'deployments.apps', namespace: 'ns', name: 'd' };
    expect(itemPaths(place, 'v1', true)).toEqual([
      'resources/deployments.apps/namespaces/ns/d.json',
      'resources/deployments.apps/v1-preferredversion/namespaces/ns/d.json',
    ]);
    expect(itemPaths(place, 'v1beta1', false)).toEqual([
      'resources/deployments.apps/v1beta1/namespaces/ns/d.json',
    ]);
  });
});

describe('the archive writer', () => {
  it('V-STO-030 begins with metadata/version, writes regular files of mode 0755 and no directories', async () => {
    const mtime = Date.UTC(2026, 10, 24, 10, 1, 2);
    const writer = createArchiveWriter({ mtime });
    const { bytes } = await collect(writer, async () => {
      await writer.addItem(pod, Buffer.from('{"kind":"Pod"}'));
    });
    const entries = await untar(bytes);
    expect(entries.map((entry) => entry.name)).toEqual([
      'metadata/version',
      'resources/pods/namespaces/shop/web.json',
      'resources/pods/v1-preferredversion/namespaces/shop/web.json',
    ]);
    expect(entries[0]?.content).toBe('1.1.0\n');
    for (const entry of entries) expect(entry).toMatchObject({ mode: 0o755, type: 'file', mtime });
  });

  it('V-STO-034 uses the version it is told, whatever the object says', async () => {
    const writer = createArchiveWriter();
    const { bytes } = await collect(writer, async () => {
      const place = {
        ...pod,
        groupResource: 'customresourcedefinitions.apiextensions.k8s.io',
        namespace: '',
      };
      await writer.addItem(place, Buffer.from('{"apiVersion":"apiextensions.k8s.io/v1beta1"}'));
    });
    expect((await untar(bytes))[2]?.name).toBe(
      'resources/customresourcedefinitions.apiextensions.k8s.io/v1-preferredversion/cluster/web.json',
    );
  });

  it('has the entry times of now where none is given', async () => {
    const before = Math.floor(Date.now() / 1000) * 1000;
    const writer = createArchiveWriter();
    const { bytes } = await collect(writer, async () => undefined);
    const mtime = (await untar(bytes))[0]?.mtime ?? 0;
    expect(mtime).toBeGreaterThanOrEqual(before);
    expect(mtime).toBeLessThanOrEqual(Date.now());
  });

  it('gives figures that fit the bytes', async () => {
    const writer = createArchiveWriter({ memberBytes: 4096 });
    const { bytes, summary } = await collect(writer, async () => {
      for (let i = 0; i < 50; i++)
        await writer.addItem({ ...pod, name: `web-${i}` }, Buffer.alloc(i * 31, 65));
      await writer.addItem({ ...pod, preferred: false, name: 'old' }, Buffer.from('{}'));
    });
    expect(summary).toEqual({
      entries: 1 + 2 * 50 + 1,
      items: 51,
      bytes: gunzipSync(bytes).length,
      compressedBytes: bytes.length,
      sha256: createHash('sha256').update(bytes).digest('hex'),
    });
  });

  it('writes what tar-stream reads back, whatever names, sizes and member sizes', async () => {
    const segment = fc
      .string({ unit: 'grapheme', minLength: 1, maxLength: 90 })
      .map((text) => text.replace(/[/\0]/g, '_').replace(/^\.+$/, 'x'));
    const path = fc.array(segment, { minLength: 1, maxLength: 6 }).map((parts) => parts.join('/'));
    const file = fc.record({ path, content: fc.uint8Array({ maxLength: 3000 }) });
    await fc.assert(
      fc.asyncProperty(
        fc.array(file, { maxLength: 12 }),
        fc.constantFrom(512, 1024, 4096, 65536),
        fc.integer({ min: 1, max: 4 }),
        async (files, memberBytes, parallel) => {
          const writer = createArchiveWriter({ memberBytes, parallel, level: 1 });
          const { bytes } = await collect(writer, async () => {
            for (const { path: name, content } of files) await writer.add(name, content);
          });
          const entries = await untar(bytes);
          expect(entries.slice(1).map(({ name, content }) => ({ name, content }))).toEqual(
            files.map(({ path: name, content }) => ({ name, content: Buffer.from(content).toString() })),
          );
        },
      ),
      { numRuns: 60 },
    );
  });

  it('is unpacked by the tar program with long and unusual names', async () => {
    const names = [
      'resources/pods/namespaces/a/short.json',
      `resources/${'g'.repeat(60)}.example.com/v1-preferredversion/namespaces/${'n'.repeat(63)}/${'o'.repeat(90)}.json`,
      `resources/x/cluster/${'long'.repeat(60)}.json`,
      'resources/clusterroles.rbac.authorization.k8s.io/cluster/system:controller:é.json',
    ];
    const writer = createArchiveWriter({ memberBytes: 1024 });
    const { bytes } = await collect(writer, async () => {
      for (const name of names) await writer.add(name, Buffer.from(name));
    });
    const file = join(dir, 'long.tar.gz');
    await writeFile(file, bytes);
    const env = { ...process.env, LC_ALL: 'C.UTF-8' };
    await run('tar', ['xzf', file, '-C', dir], { env });
    for (const name of names) expect(await readFile(join(dir, name), 'utf8')).toBe(name);
    expect(await readFile(join(dir, 'metadata/version'), 'utf8')).toBe('1.1.0\n');
  });

  it('holds the producer back while nobody reads, with bounded buffers', async () => {
    const writer = createArchiveWriter({ memberBytes: 64 * 1024, parallel: 2 });
    const content = Buffer.alloc(60 * 1024, 1);
    let added = 0;
    const producing = (async () => {
      for (let i = 0; i < 2000; i++) {
        await writer.add(`resources/x/cluster/${i}.json`, content);
        added++;
      }
    })();
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(added).toBeLessThan(50);
    writer.stream.resume();
    await producing;
    const summary = await writer.finish();
    expect(summary.entries).toBe(2001);
  });

  it('tells the producer when the reader breaks off, instead of waiting for ever', async () => {
    const writer = createArchiveWriter({ memberBytes: 4096, parallel: 1 });
    setTimeout(() => writer.stream.destroy(new Error('disk full')), 50);
    const produce = async () => {
      for (let i = 0; i < 10_000; i++) await writer.add(`resources/x/cluster/${i}.json`, Buffer.alloc(2000));
    };
    await expect(produce()).rejects.toThrow('disk full');
    await expect(writer.finish()).rejects.toThrow('disk full');
  });

  it('stops when its signal is aborted', async () => {
    const controller = new AbortController();
    const writer = createArchiveWriter({ memberBytes: 4096, parallel: 1, signal: controller.signal });
    setTimeout(() => controller.abort(new Error('called off')), 30);
    const produce = async () => {
      for (let i = 0; i < 10_000; i++) await writer.add(`resources/x/cluster/${i}.json`, Buffer.alloc(2000));
    };
    await expect(produce()).rejects.toThrow();
  });

  it('refuses entries after its end', async () => {
    const writer = createArchiveWriter();
    await collect(writer, async () => undefined);
    expect(() => writer.add('late', Buffer.from('x'))).toThrow(/after the archive was finished/);
  });

  it('states a size beyond eleven octal digits in a pax header', () => {
    const header = entryHeader('huge', 2 ** 33, 0);
    expect(header.length).toBe(3 * 512);
    expect(header.toString('latin1', 512, 512 + 19)).toBe('19 size=8589934592\n');
    expect(entryHeader('fits', 2 ** 33 - 1, 0).length).toBe(512);
  });
});
