import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { gunzipSync, gzipSync } from 'node:zlib';
import * as fc from 'fast-check';
import { extract } from 'tar-stream';
import { createReadStream } from 'node:fs';
import { createGunzip } from 'node:zlib';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Backup } from '../api/backup.ts';
import type { DownloadTarget } from '../api/download-request.ts';
import { downloadTargetKinds } from '../api/download-request.ts';
import { createLogger, type LogEntry, silentLogger } from '../lib/log.ts';
import { openArchive } from './archive/reader.ts';
import { BackupStore } from './backup-store.ts';
import { filesystemProvider } from './filesystem.ts';
import type { ObjectStore } from './object-store.ts';
import { storeFailure } from './store-errors.ts';

let root = '';
let bucket = 0;
let objects: ObjectStore;
let store: BackupStore;
const golden: Record<string, Buffer> = {};

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'store-'));
  const file = new URL('../../test/golden/velero-1.14.1-bucket.tar.gz', import.meta.url);
  const parser = extract();
  createReadStream(file).pipe(createGunzip()).pipe(parser);
  for await (const entry of parser) {
    const chunks: Buffer[] = [];
    for await (const chunk of entry) chunks.push(chunk as Buffer);
    if (entry.header.type === 'file') golden[entry.header.name] = Buffer.concat(chunks);
  }
});

afterAll(async () => rm(root, { recursive: true, force: true }));

beforeEach(async () => {
  const name = `bucket-${++bucket}`;
  await mkdir(join(root, name));
  objects = await filesystemProvider({ root, publicUrl: 'http://host' }).open({ bucket: name });
  store = new BackupStore({ store: objects, prefix: 'base', log: silentLogger });
});

const SAMPLES = ['shop-fsb3', 'store-csi', 'store-dm'];

async function copyGolden(): Promise<void> {
  for (const [key, bytes] of Object.entries(golden)) await objects.put(key, bytes);
}

async function textAt(key: string, from: ObjectStore = objects): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of (await from.get(key)) as AsyncIterable<Buffer>) chunks.push(chunk);
  const bytes = Buffer.concat(chunks);
  return (key.endsWith('gz') ? gunzipSync(bytes) : bytes).toString('utf8');
}

async function keysOf(from: ObjectStore = objects): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of from.list('')) keys.push(key);
  return keys;
}

/** The store with one operation that fails for keys that match. */
function failing(operation: 'put' | 'delete', pattern: RegExp): ObjectStore {
  const fail = (key: string) => {
    if (pattern.test(key)) throw storeFailure('STORE_FAILED', 'x', `no ${operation} of ${key}`);
  };
  return {
    name: objects.name,
    put: async (key, body, options) => {
      if (operation === 'put') fail(key);
      await objects.put(key, body, options);
    },
    exists: (key) => objects.exists(key),
    get: (key) => objects.get(key),
    list: (prefix) => objects.list(prefix),
    listCommonPrefixes: (prefix, delimiter) => objects.listCommonPrefixes(prefix, delimiter),
    delete: async (key) => {
      if (operation === 'delete') fail(key);
      await objects.delete(key);
    },
    signedUrl: (key, ttl) => objects.signedUrl(key, ttl),
    close: () => objects.close(),
  };
}

const aBackup = (name = 'b'): Backup => ({
  apiVersion: 'velero.io/v1',
  kind: 'Backup',
  metadata: { name, namespace: 'velero' },
  spec: {},
  status: {},
});

describe('the backup store', () => {
  it('V-STO-003 takes the known directories and files at the root, and names up to three others', async () => {
    await store.isValid();
    for (const key of [
      'backups/a/x',
      'restores/a/x',
      'restic/x',
      'metadata/revision',
      'plugins/x',
      'kopia/x',
      'file',
    ]) {
      await objects.put(`base/${key}`, Buffer.from('x'));
    }
    await objects.put('outside/x', Buffer.from('x'));
    await store.isValid();
    await objects.put('base/one/x', Buffer.from('x'));
    await objects.put('base/two/x', Buffer.from('x'));
    await expect(store.isValid()).rejects.toThrow(
      'Backup store contains invalid top-level directories: [one two]',
    );
    await objects.put('base/three/x', Buffer.from('x'));
    await objects.put('base/four/x', Buffer.from('x'));
    await expect(store.isValid()).rejects.toThrow(
      'Backup store contains 4 invalid top-level directories: [four one three ...]',
    );
  });

  it('V-STO-004 V-STO-023 lists what lies under backups/, and takes for a backup what has metadata', async () => {
    await objects.put('base/backups/whole/velero-backup.json', Buffer.from('{}'));
    await objects.put('base/backups/part/part-logs.gz', Buffer.from('x'));
    expect(await store.listBackups()).toEqual(['part', 'whole']);
    expect(await store.backupExists('whole')).toBe(true);
    expect(await store.backupExists('part')).toBe(false);
  });

  it('V-STO-004 V-STO-007 V-STO-009 V-STO-010 V-STO-011 V-STO-012 V-STO-013 V-STO-015 V-STO-043 writes every document of a real backup byte for byte, whatever the order of its keys', async () => {
    await copyGolden();
    for (const name of SAMPLES) {
      const target = await emptyStore();
      const read = async (file: string) => JSON.parse(await textAt(`base/backups/${name}/${name}-${file}`));
      await target.store.putBackup({
        name,
        metadata: shuffled(await store.getBackupMetadata(name)),
        podVolumeBackups: shuffled(await store.getPodVolumeBackups(name)),
        volumeSnapshots: shuffled(await store.getBackupVolumeSnapshots(name)),
        itemOperations: shuffled(await store.getBackupItemOperations(name)),
        resourceList: shuffled(await read('resource-list.json.gz')),
        csiVolumeSnapshots: shuffled(await store.getCsiVolumeSnapshots(name)),
        csiVolumeSnapshotContents: shuffled(await store.getCsiVolumeSnapshotContents(name)),
        csiVolumeSnapshotClasses: shuffled(await store.getCsiVolumeSnapshotClasses(name)),
        results: shuffled(await read('results.gz')),
        volumeInfos: shuffled(await store.getBackupVolumeInfos(name)),
      });
      const documents = Object.keys(golden).filter(
        (key) => key.startsWith(`base/backups/${name}/`) && key.includes('json'),
      );
      expect(documents.length).toBeGreaterThan(8);
      for (const key of [...documents, `base/backups/${name}/${name}-results.gz`]) {
        const ours = await textAt(key, target.objects);
        const theirs = await textAt(key);
        // The original wrote this one list as empty rather than nil; readers take both alike.
        if (theirs === '[]\n' && ours === 'null\n')
          expect(key).toMatch(/shop-fsb3-csi-volumesnapshotcontents/);
        else expect(`${key}: ${ours}`).toBe(`${key}: ${theirs}`);
      }
    }
  });

  it('V-STO-005 V-STO-025 V-STO-030 V-STO-031 V-STO-032 V-STO-035 reads three real backups completely', async () => {
    await copyGolden();
    expect(await store.listBackups()).toEqual(SAMPLES);
    for (const name of SAMPLES) {
      expect((await store.getBackupMetadata(name)).metadata.name).toBe(name);
      const archive = await openArchive(await store.getBackupContents(name));
      expect(archive.formatVersion).toBe('1.1.0');
      expect(archive.warnings).toEqual([]);
      const list = JSON.parse(await textAt(`base/backups/${name}/${name}-resource-list.json.gz`)) as Record<
        string,
        string[]
      >;
      const listed = Object.values(list).flat().length;
      let items = 0;
      for (const kind of archive.groupResources()) {
        const [version] = archive.versions(kind);
        expect(version?.preferred).toBe(true);
        for (const item of archive.items(kind)) {
          items++;
          const bytes = await archive.read(item);
          const object = JSON.parse(bytes.toString()) as { metadata: Record<string, unknown> };
          expect(object.metadata['name']).toBe(item.name);
          expect(object.metadata['namespace'] ?? '').toBe(item.namespace);
          expect(typeof object.metadata['uid']).toBe('string');
          const copy = archive.find(kind, item.namespace, item.name, version?.version);
          expect(await archive.read(copy ?? '')).toEqual(bytes);
        }
      }
      // Those were added when the backup was finalized, which leaves the list alone.
      expect(items - archive.count('datauploads.velero.io')).toBe(listed);
      expect(archive.entries).toBe(2 * items + 1);
      await archive.close();
    }
    const csi = await store.getCsiVolumeSnapshotContents('store-csi');
    expect(JSON.stringify(csi[0]?.['status'])).toContain('"creationTime":1795514509043224864');
  });

  it('V-STO-015 V-STO-025 takes null, [] and a missing object for an empty list', async () => {
    expect(await store.getBackupVolumeSnapshots('none')).toEqual([]);
    expect(await store.getRestoreResults('none')).toEqual({});
    expect(await store.getRestoredResourceList('none')).toEqual({});
    await objects.put('base/backups/b/b-volumesnapshots.json.gz', gzipSync('null\n'));
    await objects.put('base/backups/b/b-podvolumebackups.json.gz', gzipSync('[]\n'));
    expect(await store.getBackupVolumeSnapshots('b')).toEqual([]);
    expect(await store.getPodVolumeBackups('b')).toEqual([]);
  });

  it('V-STO-043 reads identifiers whatever the case of their keys', async () => {
    const operation = {
      spec: {
        backupName: 'b',
        backupUID: 'u',
        backupItemAction: 'a',
        resourceIdentifier: { group: 'g', Resource: 'r', NAMESPACE: 'n', name: 'x' },
        operationID: 'o',
        postOperationItems: [{ group: '', resource: 'pods', namespace: 'n', name: 'p' }],
      },
      status: { phase: 'New' },
    };
    await objects.put('base/backups/b/b-itemoperations.json.gz', gzipSync(JSON.stringify([operation])));
    const [read] = await store.getBackupItemOperations('b');
    expect(read?.spec.resourceIdentifier).toEqual({ Group: 'g', Resource: 'r', Namespace: 'n', Name: 'x' });
    expect(read?.spec.postOperationItems?.[0]).toEqual({
      Group: '',
      Resource: 'pods',
      Namespace: 'n',
      Name: 'p',
    });
  });

  it('says which document is damaged and how', async () => {
    const put = (bytes: Buffer) => objects.put('base/backups/b/b-volumeinfo.json.gz', bytes);
    await put(Buffer.from('no gzip'));
    await expect(store.getBackupVolumeInfos('b')).rejects.toMatchObject({ code: 'DOCUMENT_CORRUPT' });
    await put(gzipSync('[{"pvcName":'));
    await expect(store.getBackupVolumeInfos('b')).rejects.toThrow(
      /error decoding object data: .*b-volumeinfo\.json\.gz/,
    );
    await put(gzipSync('{"a":1}'));
    await expect(store.getBackupVolumeInfos('b')).rejects.toThrow(/it is not a list/);
    await put(gzipSync('[]').subarray(0, 12));
    await expect(store.getBackupVolumeInfos('b')).rejects.toMatchObject({ code: 'DOCUMENT_CORRUPT' });
    await objects.put(
      'base/backups/b/velero-backup.json',
      Buffer.from('{"kind":"Restore","apiVersion":"velero.io/v1"}'),
    );
    await expect(store.getBackupMetadata('b')).rejects.toThrow(
      /unexpected type for base\/backups\/b\/velero-backup\.json/,
    );
    await objects.put('base/backups/b/velero-backup.json', Buffer.from('<xml>'));
    await expect(store.getBackupMetadata('b')).rejects.toMatchObject({ code: 'DOCUMENT_CORRUPT' });
    await expect(store.getBackupMetadata('none')).rejects.toMatchObject({ code: 'OBJECT_NOT_FOUND' });
  });

  it('V-STO-020 V-STO-021 uploads log, metadata, archive and the rest in this order, and skips what is absent', async () => {
    const order: string[] = [];
    const watched: ObjectStore = {
      ...failing('put', /^$/),
      put: async (key, body, options) => {
        order.push(key.slice('base/backups/b/'.length));
        await objects.put(key, body, options);
      },
    };
    await new BackupStore({ store: watched, prefix: 'base', log: silentLogger }).putBackup({
      name: 'b',
      results: { warnings: {}, errors: {} },
      contents: () => Readable.from([Buffer.from('tar')]),
      metadata: aBackup(),
      log: Buffer.from('log'),
    } as unknown as Parameters<BackupStore['putBackup']>[0]);
    expect(order).toEqual(['b-logs.gz', 'velero-backup.json', 'b.tar.gz', 'b-results.gz']);
  });

  it('V-STO-020 only logs a log that cannot be uploaded', async () => {
    const entries: LogEntry[] = [];
    const log = createLogger({ sinks: [{ write: (entry) => entries.push(entry) }] });
    await new BackupStore({ store: failing('put', /logs/), prefix: 'base', log }).putBackup({
      name: 'b',
      metadata: aBackup(),
      log: Buffer.from('log'),
    });
    expect(entries.map(({ level, message }) => `${level} ${message}`)).toEqual([
      'error Error uploading log file',
    ]);
    expect(await keysOf()).toEqual(['base/backups/b/velero-backup.json']);
  });

  it('V-STO-020 aborts without metadata, and removes metadata and archive when what follows fails', async () => {
    const info = {
      name: 'b',
      metadata: aBackup(),
      log: Buffer.from('log'),
      contents: Buffer.from('tar'),
      itemOperations: [],
      volumeInfos: [],
    };
    const attempt = (pattern: RegExp) =>
      new BackupStore({ store: failing('put', pattern), prefix: 'base', log: silentLogger }).putBackup(info);
    await expect(attempt(/velero-backup/)).rejects.toThrow('no put of base/backups/b/velero-backup.json');
    expect(await keysOf()).toEqual(['base/backups/b/b-logs.gz']);
    await expect(attempt(/tar\.gz/)).rejects.toThrow('no put of base/backups/b/b.tar.gz');
    expect(await keysOf()).toEqual(['base/backups/b/b-logs.gz']);
    await expect(attempt(/volumeinfo/)).rejects.toThrow('no put of base/backups/b/b-volumeinfo.json.gz');
    expect(await keysOf()).toEqual(['base/backups/b/b-itemoperations.json.gz', 'base/backups/b/b-logs.gz']);
  });

  it('V-STO-020 reports a rollback that fails together with what caused it', async () => {
    const put = failing('put', /tar\.gz/);
    const both = { ...put, delete: () => Promise.reject(new Error('delete refused')) };
    await expect(
      new BackupStore({ store: both, prefix: 'base', log: silentLogger }).putBackup({
        name: 'b',
        metadata: aBackup(),
        contents: Buffer.from('tar'),
      }),
    ).rejects.toThrow('[no put of base/backups/b/b.tar.gz, delete refused]');
  });

  it('V-STO-022 uploads log and pod volume backups only where a document cannot be encoded', async () => {
    const cyclic: Record<string, unknown> = {};
    cyclic['self'] = cyclic;
    await expect(
      store.putBackup({
        name: 'b',
        metadata: aBackup(),
        log: Buffer.from('log'),
        contents: Buffer.from('tar'),
        podVolumeBackups: [],
        csiVolumeSnapshots: [{ apiVersion: 'v1', kind: 'X', metadata: {}, spec: cyclic }],
      }),
    ).rejects.toThrow(/^error encoding csi volume snapshots list: /);
    expect(await keysOf()).toEqual(['base/backups/b/b-logs.gz', 'base/backups/b/b-podvolumebackups.json.gz']);
  });

  it('V-STO-024 deletes all of one backup or restore, and of no other, going on after errors', async () => {
    for (const key of ['backups/b/1', 'backups/b/sub/2', 'backups/b2/1', 'restores/r/1', 'restores/r2/1']) {
      await objects.put(`base/${key}`, Buffer.from('x'));
    }
    await store.deleteBackup('b');
    await store.deleteRestore('r');
    expect(await keysOf()).toEqual(['base/backups/b2/1', 'base/restores/r2/1']);
    for (const name of ['1', '2', '3']) await objects.put(`base/backups/b/${name}`, Buffer.from('x'));
    const broken = new BackupStore({ store: failing('delete', /[12]$/), prefix: 'base', log: silentLogger });
    await expect(broken.deleteBackup('b')).rejects.toMatchObject({
      code: 'DELETE_INCOMPLETE',
      message: '[no delete of base/backups/b/1, no delete of base/backups/b/2]',
    });
    expect(await keysOf()).not.toContain('base/backups/b/3');
    await expect(store.deleteBackup('')).rejects.toMatchObject({ code: 'BAD_NAME' });
  });

  it('removes what makes a backup count as one', async () => {
    await store.putBackup({
      name: 'b',
      metadata: aBackup(),
      contents: Buffer.from('x'),
      log: Buffer.from('x'),
    });
    await store.deleteBackupArchive('b');
    expect(await keysOf()).toEqual(['base/backups/b/b-logs.gz']);
  });

  it('V-STO-014 V-STO-044 V-STO-053 writes and reads the documents of a restore', async () => {
    await store.putRestoreLog('r', gzipSync('log'));
    await store.putRestoreResults('r', {
      warnings: { namespaces: { z: ['<w>'], a: ['x'] } },
      errors: { velero: ['e'], cluster: [], namespaces: {} },
    } as unknown as Parameters<BackupStore['putRestoreResults']>[1]);
    await store.putRestoredResourceList('r', { 'v1/Secret': ['b/x(created)', 'a/y(failed)'], 'v1/Pod': [] });
    await store.putRestoreItemOperations('r', []);
    await store.putRestoreVolumeInfo('r', []);
    expect(await textAt('base/restores/r/restore-r-results.gz')).toBe(
      '{"errors":{"velero":["e"]},"warnings":{"namespaces":{"a":["x"],"z":["\\u003cw\\u003e"]}}}\n',
    );
    expect(await textAt('base/restores/r/restore-r-resource-list.json.gz')).toBe(
      '{"v1/Pod":[],"v1/Secret":["a/y(failed)","b/x(created)"]}\n',
    );
    expect(await textAt('base/restores/r/restore-r-itemoperations.json.gz')).toBe('[]\n');
    expect(await textAt('base/restores/r/r-volumeinfo.json.gz')).toBe('[]\n');
    expect((await store.getRestoreResults('r')).errors).toEqual({ velero: ['e'] });
    expect(await store.getRestoredResourceList('r')).toEqual({
      'v1/Pod': [],
      'v1/Secret': ['a/y(failed)', 'b/x(created)'],
    });
    expect(await store.getRestoreItemOperations('r')).toEqual([]);
  });

  it('V-STO-028 signs URLs of every download target for ten minutes', async () => {
    const before = Math.floor(Date.now() / 1000);
    for (const kind of downloadTargetKinds) {
      const url = new URL(await store.getDownloadUrl({ kind, name: 'x' }));
      expect(url.pathname).toMatch(
        kind.startsWith('Restore') ? /\/base\/restores\/x\// : /\/base\/backups\/x\//,
      );
      const left = Number(url.searchParams.get('expires')) - before;
      expect(left).toBeGreaterThanOrEqual(600);
      expect(left).toBeLessThan(610);
    }
    await expect(
      store.getDownloadUrl({ kind: 'Nonsense', name: 'x' } as unknown as DownloadTarget),
    ).rejects.toThrow('unsupported download target kind "Nonsense"');
  });

  it('keeps a body that can be repeated as it is for the layers below', async () => {
    await writeFile(join(root, 'file'), 'content');
    await store.putBackupContents('b', () => createReadStream(join(root, 'file')), 7);
    expect(
      await (await store.getBackupContents('b')).toArray().then((chunks) => Buffer.concat(chunks).toString()),
    ).toBe('content');
  });
});

describe('volume infos and operations', () => {
  it('come back as they were written', async () => {
    const text = fc.string({ maxLength: 20 });
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ pvcName: text, pvcNamespace: text, pvName: text, skipped: fc.boolean() }), {
          maxLength: 4,
        }),
        async (infos) => {
          const full = infos.map((info) => ({
            ...info,
            snapshotDataMoved: false,
            preserveLocalSnapshot: true,
          }));
          await store.putBackupVolumeInfos('b', full);
          const back = await store.getBackupVolumeInfos('b');
          expect(back.map((info) => info.pvcName ?? '')).toEqual(full.map((info) => info.pvcName));
          expect(back.map((info) => info.skipped)).toEqual(full.map((info) => info.skipped));
        },
      ),
      { numRuns: 25 },
    );
  });
});

async function emptyStore(): Promise<{ objects: ObjectStore; store: BackupStore }> {
  const name = `bucket-${++bucket}`;
  await mkdir(join(root, name));
  const empty = await filesystemProvider({ root, publicUrl: 'http://host' }).open({ bucket: name });
  return { objects: empty, store: new BackupStore({ store: empty, prefix: 'base', log: silentLogger }) };
}

/** The same value with the keys of every object in another order. */
function shuffled<T>(value: T): T {
  if (typeof value !== 'object' || value === null || JSON.isRawJSON(value)) return value;
  if (Array.isArray(value)) return value.map(shuffled) as T;
  // What the server keeps as raw JSON has no order of Go's.
  const entries = Object.entries(value).map(
    ([key, inner]) => [key, key === 'fieldsV1' ? inner : shuffled(inner)] as const,
  );
  return Object.fromEntries(entries.toReversed()) as T;
}
