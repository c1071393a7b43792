import { randomBytes } from 'node:crypto';
import { readdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import * as fc from 'fast-check';
import { type Header, pack } from 'tar-stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Archive, openArchive, type OpenArchiveOptions } from './reader.ts';
import { rewriteArchive } from './rewrite.ts';
import { scanArchive } from './scan.ts';
import { type ArchiveItemPlace, createArchiveWriter } from './writer.ts';

let dir = '';
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'archive-'));
});
afterAll(async () => rm(dir, { recursive: true, force: true }));

/** A tar made by another writer. */
async function tarOf(
  entries: readonly (Partial<Header> & { name: string; content?: string })[],
): Promise<Buffer> {
  const packer = pack();
  for (const { content, ...header } of entries) packer.entry(header, content ?? '');
  packer.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of packer) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

async function archiveOf(
  items: readonly { place: ArchiveItemPlace; json: string }[],
  memberBytes = 2048,
): Promise<Buffer> {
  const writer = createArchiveWriter({ memberBytes });
  const chunks: Buffer[] = [];
  const reading = (async () => {
    for await (const chunk of writer.stream as AsyncIterable<Buffer>) chunks.push(chunk);
  })();
  for (const { place, json } of items) await writer.addItem(place, Buffer.from(json));
  await writer.finish();
  await reading;
  return Buffer.concat(chunks);
}

function openBytes(bytes: Buffer, options: OpenArchiveOptions = {}, chunkBytes = 1000): Promise<Archive> {
  const chunks: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += chunkBytes) chunks.push(bytes.subarray(at, at + chunkBytes));
  return openArchive(Readable.from(chunks), options);
}

const item = (groupResource: string, namespace: string, name: string, version = 'v1', preferred = true) => ({
  place: { groupResource, namespace, name, version, preferred },
  json: JSON.stringify({ groupResource, namespace, name, version }),
});

const version = { name: 'metadata/version', content: '1.1.0\n' };

describe('the archive reader', () => {
  it('V-STO-037 lists kinds, namespaces and items in the order of directory listings, and reads them', async () => {
    const bytes = await archiveOf([
      item('pods', 'b', 'z'),
      item('pods', 'b', 'a'),
      item('pods', 'b', 'a-b'),
      item('pods', 'a', 'one'),
      item('namespaces', '', 'b'),
      item('deployments.apps', 'b', 'web'),
    ]);
    const archive = await openBytes(bytes);
    expect(archive.formatVersion).toBe('1.1.0');
    expect(archive.entries).toBe(13);
    expect(archive.groupResources()).toEqual(['deployments.apps', 'namespaces', 'pods']);
    expect(archive.namespaces('pods')).toEqual(['a', 'b']);
    expect(archive.namespaces('namespaces')).toEqual(['']);
    const names = [...archive.items('pods')].map(({ namespace, name }) => `${namespace}/${name}`);
    expect(names).toEqual(['a/one', 'b/a-b', 'b/a', 'b/z']);
    expect([...archive.items('pods', { namespace: 'b' })].map(({ name }) => name)).toEqual(['a-b', 'a', 'z']);
    expect(archive.count('pods')).toBe(4);
    expect(archive.count('pods', { namespace: 'b' })).toBe(3);
    expect(archive.count('nothing')).toBe(0);
    const found = archive.find('pods', 'b', 'a-b');
    expect(found?.path).toBe('resources/pods/namespaces/b/a-b.json');
    expect(JSON.parse((await archive.read(found ?? '')).toString())).toMatchObject({ name: 'a-b' });
    expect(archive.find('pods', 'b', 'none')).toBeUndefined();
    expect(archive.find('pods', '', 'a')).toBeUndefined();
    await archive.close();
  });

  it('V-STO-038 every other directory of a kind is a version, the suffix marks the preferred one', async () => {
    const bytes = await archiveOf([
      item('hpas.autoscaling', 'a', 'web', 'v2', true),
      item('hpas.autoscaling', 'a', 'web', 'v1', false),
      item('hpas.autoscaling', 'a', 'web', 'v2beta1', false),
    ]);
    const archive = await openBytes(bytes);
    expect(archive.versions('hpas.autoscaling')).toEqual([
      { version: 'v1', preferred: false },
      { version: 'v2', preferred: true },
      { version: 'v2beta1', preferred: false },
    ]);
    expect(archive.versions('pods')).toEqual([]);
    const v2 = archive.find('hpas.autoscaling', 'a', 'web', 'v2');
    expect(v2?.path).toBe('resources/hpas.autoscaling/v2-preferredversion/namespaces/a/web.json');
    expect(archive.find('hpas.autoscaling', 'a', 'web', 'v2-preferredversion')).toEqual(v2);
    expect([...archive.items('hpas.autoscaling', { version: 'v1' })].map(({ version: v }) => v)).toEqual([
      'v1',
    ]);
    expect(
      JSON.parse((await archive.read(archive.find('hpas.autoscaling', 'a', 'web', 'v1') ?? '')).toString()),
    ).toMatchObject({ version: 'v1' });
    expect(archive.namespaces('hpas.autoscaling', 'v2beta1')).toEqual(['a']);
    await archive.close();
  });

  it('V-STO-037 ignores links, devices and unexpected files, with a warning in the words of the original', async () => {
    const bytes = gzipSync(
      await tarOf([
        version,
        { name: 'resources/', type: 'directory' },
        { name: './resources/pods/namespaces/a/ok.json', content: '{}' },
        { name: 'resources/stray.json', content: '{}' },
        { name: 'resources/pods/namespaces/stray.json', content: '{}' },
        { name: 'resources/pods/namespaces/a/deeper/x.json', content: '{}' },
        { name: 'resources/pods/cluster/notes.txt', content: 'x' },
        { name: 'resources/pods/link.json', type: 'symlink', linkname: '/etc/passwd' },
        { name: 'elsewhere/file', content: 'kept' },
        { name: 'resources/secrets/v2/', type: 'directory' },
      ]),
    );
    const archive = await openBytes(bytes);
    expect(archive.warnings).toEqual([
      'Ignoring unexpected file "stray.json" in directory "resources"',
      'Ignoring unexpected file "stray.json" in directory "resources/pods/namespaces"',
      'Ignoring unexpected subdirectory "deeper" in directory "resources/pods/namespaces/a"',
      'Ignoring unexpected file "notes.txt" in directory "resources/pods/cluster"',
    ]);
    expect([...archive.items('pods')].map(({ name }) => name)).toEqual(['ok']);
    expect(archive.groupResources()).toEqual(['pods', 'secrets']);
    expect(archive.versions('secrets')).toEqual([{ version: 'v2', preferred: false }]);
    expect((await archive.read('elsewhere/file')).toString()).toBe('kept');
    await expect(archive.read('resources/pods/link.json')).rejects.toMatchObject({
      code: 'ARCHIVE_ENTRY_MISSING',
    });
    await archive.close();
  });

  it('V-STO-037 refuses an archive without resources/, unless told otherwise', async () => {
    const bytes = await archiveOf([]);
    await expect(openBytes(bytes)).rejects.toMatchObject({
      code: 'ARCHIVE_NO_RESOURCES',
      message: 'directory "resources": does not exist',
    });
    const archive = await openBytes(bytes, { requireResources: false });
    expect(archive.groupResources()).toEqual([]);
    await archive.close();
  });

  it('lets the last of several entries of one name count, as unpacking does', async () => {
    const path = 'resources/pods/namespaces/a/x.json';
    const bytes = gzipSync(
      await tarOf([
        { name: path, content: '"old"' },
        { name: path, content: '"new"' },
      ]),
    );
    const archive = await openBytes(bytes);
    expect([...archive.items('pods')]).toHaveLength(1);
    expect(archive.count('pods')).toBe(1);
    expect((await archive.read(path)).toString()).toBe('"new"');
    await archive.close();
  });

  it('reads long names of pax and GNU headers and finds every byte again, from memory and from a file', async () => {
    const name = fc.stringMatching(/^[a-z0-9]([a-z0-9.:-]{0,120}[a-z0-9])?$/);
    const entry = fc.record({
      groupResource: fc.constantFrom('pods', 'deployments.apps', `${'w'.repeat(63)}.group.example.com`),
      namespace: fc.constantFrom('', 'a', 'b', 'n'.repeat(63)),
      name,
      version: fc.constantFrom('v1', 'v1beta1'),
      preferred: fc.boolean(),
      content: fc.string({ unit: 'grapheme', maxLength: 3000 }),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(entry, {
          maxLength: 40,
          selector: (e) => [e.groupResource, e.namespace, e.name, e.preferred ? '' : e.version].join('|'),
        }),
        fc.constantFrom(0, 2000, 1 << 24),
        fc.constantFrom(7, 512, 100_000),
        async (items, memoryLimit, chunkBytes) => {
          const bytes = await archiveOf(items.map((each) => ({ place: each, json: each.content })));
          const archive = await openBytes(
            bytes,
            { memoryLimit, tempDir: dir, requireResources: false },
            chunkBytes,
          );
          for (const each of items) {
            const found = archive.find(
              each.groupResource,
              each.namespace,
              each.name,
              each.preferred ? '' : each.version,
            );
            expect(found).toBeDefined();
            expect((await archive.read(found ?? '')).toString()).toBe(Buffer.from(each.content).toString());
          }
          const listed = archive.groupResources().reduce((sum, kind) => sum + archive.count(kind), 0);
          expect(listed).toBe(items.filter((each) => each.preferred).length);
          await archive.close();
        },
      ),
      { numRuns: 60 },
    );
  });

  it('keeps what exceeds memory in a file that has no name, and none after closing', async () => {
    const big = 'x'.repeat(3 * 1024 * 1024);
    const bytes = await archiveOf(
      Array.from({ length: 6 }, (_, i) => ({ ...item('pods', 'a', `p${i}`), json: JSON.stringify(big + i) })),
    );
    const archive = await openBytes(bytes, { memoryLimit: 1024 * 1024, tempDir: dir }, 65536);
    expect(await readdir(dir)).toEqual([]);
    const reads = await Promise.all([...archive.items('pods')].map((each) => archive.read(each)));
    expect(reads.map((read) => JSON.parse(read.toString()) as string)).toEqual(
      Array.from({ length: 6 }, (_, i) => big + i),
    );
    const path = [...archive.items('pods')][0]?.path ?? '';
    await archive.close();
    await expect(archive.read(path)).rejects.toThrow();
  });

  it('says which directory failed where the disk cannot take the archive', async () => {
    const bytes = await archiveOf([{ ...item('pods', 'a', 'p'), json: 'x'.repeat(3_000_000) }]);
    await expect(
      openBytes(bytes, { memoryLimit: 1000, tempDir: '/nonexistent/dir' }, 65536),
    ).rejects.toMatchObject({ code: 'SPOOL_FAILED', object: '/nonexistent/dir' });
  });
});

describe('damaged and foreign archives', () => {
  const name = 's3://bucket/backups/b/b.tar.gz';
  const whole = async () => archiveOf(Array.from({ length: 20 }, (_, i) => item('pods', 'a', `p${i}`)));

  it('names an archive that is cut off, wherever that is', async () => {
    const bytes = await whole();
    for (let length = 1; length < bytes.length; length += 97) {
      const failure = await openBytes(bytes.subarray(0, length), { name }).then(
        () => undefined,
        (error: unknown) => error as { code: string; object: string },
      );
      expect(failure?.code).toBe('ARCHIVE_TRUNCATED');
      expect(failure?.object).toBe(name);
    }
    await expect(openBytes(Buffer.alloc(0), { name })).rejects.toMatchObject({ code: 'ARCHIVE_TRUNCATED' });
    await expect(scanArchive(Readable.from([bytes.subarray(0, 500)]))).rejects.toMatchObject({
      code: 'ARCHIVE_TRUNCATED',
    });
  });

  it('never takes an archive with a flipped bit for whole where its checksums see it', async () => {
    const bytes = await whole();
    const reference = await openBytes(bytes);
    let refused = 0;
    for (let at = 0; at < bytes.length; at += 53) {
      const damaged = Buffer.from(bytes);
      damaged[at] = (damaged[at] as number) ^ 0x10;
      const outcome = await openBytes(damaged, { name }).catch(
        (error: unknown) => error as { code?: string },
      );
      if ('sha256' in outcome) {
        // Bytes of a gzip header that mean nothing (time, system) may change; content may not.
        expect(outcome.count('pods')).toBe(20);
        expect(outcome.sha256).not.toBe(reference.sha256);
        await outcome.close();
      } else {
        expect(outcome.code).toMatch(/^ARCHIVE_/);
        refused++;
      }
    }
    expect(refused).toBeGreaterThan(20);
    await reference.close();
  });

  it('tells what is no gzip file and what is no tar from what is damaged', async () => {
    const html = Buffer.from('<html><body>Sign in</body></html>');
    await expect(openBytes(html, { name })).rejects.toMatchObject({ code: 'ARCHIVE_NOT_GZIP', object: name });
    await expect(openBytes(await tarOf([version]), { name })).rejects.toMatchObject({
      code: 'ARCHIVE_NOT_GZIP',
    });
    await expect(openBytes(gzipSync(Buffer.alloc(2000, 65)), { name })).rejects.toMatchObject({
      code: 'ARCHIVE_NOT_TAR',
    });
    await expect(openBytes(gzipSync(Buffer.alloc(0)), { name })).rejects.toMatchObject({
      code: 'ARCHIVE_NOT_TAR',
    });
    const tar = await tarOf([version, { name: 'resources/pods/namespaces/a/x.json', content: '{}' }]);
    tar.fill(0x41, 1024 + 100, 1024 + 200);
    await expect(openBytes(gzipSync(tar), { name })).rejects.toMatchObject({ code: 'ARCHIVE_CORRUPT' });
  });

  it('refuses paths that lead out of the archive', async () => {
    for (const bad of [
      '/etc/passwd',
      '../../etc/passwd',
      'resources/../../x',
      'resources/pods/cluster/../x.json',
    ]) {
      const bytes = gzipSync(await tarOf([version, { name: bad, content: 'x' }]));
      await expect(openBytes(bytes, { name })).rejects.toMatchObject({
        code: 'ARCHIVE_UNSAFE_PATH',
        message: `backup archive ${name} is refused: entry "${bad}" points outside the archive`,
      });
    }
  });

  it('refuses a newer major format, takes a newer minor one, and warns of one that it cannot read', async () => {
    const withVersion = async (content: string) =>
      gzipSync(
        await tarOf([
          { name: 'metadata/version', content },
          { name: 'resources/pods/namespaces/a/x.json', content: '{}' },
        ]),
      );
    await expect(openBytes(await withVersion('2.0.0\n'), { name })).rejects.toMatchObject({
      code: 'ARCHIVE_NEWER_FORMAT',
      message: `backup archive ${name} has format version 2.0.0; this version reads up to 1.x`,
    });
    const minor = await openBytes(await withVersion('1.9.0\n'));
    expect(minor.formatVersion).toBe('1.9.0');
    expect(minor.warnings).toEqual([]);
    const odd = await openBytes(await withVersion('one'), { name });
    expect(odd.warnings).toEqual([`Ignoring unreadable format version "one" of backup archive ${name}`]);
    const none = await openBytes(
      gzipSync(await tarOf([{ name: 'resources/pods/namespaces/a/x.json', content: '{}' }])),
    );
    expect(none.formatVersion).toBe('');
    for (const archive of [minor, odd, none]) await archive.close();
  });

  it('stops at a bomb before it fills memory or disk', async () => {
    const zeros = gzipSync(
      await tarOf([{ name: 'resources/pods/namespaces/a/x.json', content: 'a'.repeat(5_000_000) }]),
    );
    expect(zeros.length).toBeLessThan(20_000);
    await expect(openBytes(zeros, { name, maxBytes: 1_000_000 })).rejects.toMatchObject({
      code: 'ARCHIVE_TOO_LARGE',
      message: `backup archive ${name} is refused: it unpacks to more than 1000000 bytes`,
    });
    await expect(openBytes(zeros, { name, maxEntryBytes: 1_000_000 })).rejects.toMatchObject({
      code: 'ARCHIVE_TOO_LARGE',
    });
  });

  it('hands on what the source throws, and heeds its signal', async () => {
    const bytes = await whole();
    const failing = async function* () {
      yield bytes.subarray(0, 600);
      throw new Error('store went away');
    };
    await expect(openArchive(Readable.from(failing()))).rejects.toThrow('store went away');
    const controller = new AbortController();
    const endless = async function* () {
      yield bytes.subarray(0, 600);
      controller.abort(new Error('called off'));
      await new Promise((resolve) => setTimeout(resolve, 2000));
    };
    await expect(openArchive(Readable.from(endless()), { signal: controller.signal })).rejects.toThrow();
  });
});

describe('scanning and rewriting', () => {
  it('counts what the writer counted', async () => {
    const writer = createArchiveWriter({ memberBytes: 1024 });
    const scanned = scanArchive(writer.stream);
    for (let i = 0; i < 30; i++)
      await writer.addItem(item('pods', 'a', `p${i}`, 'v1', i % 3 > 0).place, Buffer.from('{}'));
    const summary = await writer.finish();
    expect(await scanned).toEqual(summary);
  });

  it('V-STO-036 copies entries in order, replaces updated ones and appends those that were not there', async () => {
    const bytes = await archiveOf([
      item('pods', 'a', 'one'),
      item('pods', 'a', 'two'),
      item('pods', 'a', 'three'),
    ]);
    const updates = new Map([
      ['resources/pods/namespaces/a/two.json', Buffer.from('"changed"')],
      ['resources/pods/v1-preferredversion/namespaces/a/two.json', Buffer.from('"changed"')],
      ['resources/secrets/namespaces/a/new.json', Buffer.from('"new"')],
    ]);
    const { stream, done } = rewriteArchive(Readable.from([bytes]), updates);
    const chunks: Buffer[] = [];
    for await (const chunk of stream as AsyncIterable<Buffer>) chunks.push(chunk);
    expect(await done).toMatchObject({ entries: 8, replaced: 2, added: 1 });
    const archive = await openBytes(Buffer.concat(chunks));
    expect(archive.formatVersion).toBe('1.1.0');
    expect((await archive.read('resources/pods/namespaces/a/two.json')).toString()).toBe('"changed"');
    expect((await archive.read('resources/secrets/namespaces/a/new.json')).toString()).toBe('"new"');
    const one = await archive.read('resources/pods/namespaces/a/one.json');
    expect(one.toString()).toBe(item('pods', 'a', 'one').json);
    expect(archive.entries).toBe(8);
    await archive.close();
  });

  it('leaves no failure unheeded where the new archive cannot be written', async () => {
    const content = randomBytes(200_000).toString('hex');
    const items = Array.from({ length: 200 }, (_, i) => ({
      ...item('pods', 'a', `pod-${i}`),
      json: content.slice(i * 2000, (i + 1) * 2000),
    }));
    const unheeded: unknown[] = [];
    const note = (error: unknown) => void unheeded.push(error);
    process.on('unhandledRejection', note);
    const { stream, done } = rewriteArchive(Readable.from([await archiveOf(items)]), new Map(), {
      memberBytes: 2048,
      parallel: 1,
    });
    // Nobody reads, so the copy waits for room when the disk turns out to be full.
    setTimeout(() => stream.destroy(new Error('no space left on device')), 100);
    await expect(done).rejects.toThrow('no space left on device');
    await new Promise((resolve) => setTimeout(resolve, 20));
    process.off('unhandledRejection', note);
    expect(unheeded).toEqual([]);
  });

  it('fails both the stream and the promise where the old archive is damaged', async () => {
    const bytes = await archiveOf([item('pods', 'a', 'one')]);
    const { stream, done } = rewriteArchive(Readable.from([bytes.subarray(0, 150)]), new Map(), {
      name: 'old',
    });
    const read = async () => {
      for await (const chunk of stream) void chunk;
    };
    await expect(read()).rejects.toMatchObject({ code: 'ARCHIVE_TRUNCATED' });
    await expect(done).rejects.toMatchObject({ code: 'ARCHIVE_TRUNCATED', object: 'old' });
  });
});
