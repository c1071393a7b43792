import { rmSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { BucketFolder } from '../../support/bucket.ts';
import { type OurServer, startOurServer } from '../../support/our-server.ts';
import { namespacesOf, populate, type Population } from '../../support/populate.ts';
import { type StoreProxy, startStoreProxy } from '../../support/store-proxy.ts';
import { locationWithBucket, type Stage, stage, strike, Velero } from '../server/support.ts';
import {
  expectAtRest,
  expectNothingLost,
  objectsIn,
  objectsInArchive,
  ownTemp,
  spoolFiles,
} from './support.ts';

/** Each disturbance comes while a backup and a restore of more than 5,000 objects are both half done. */

const population: Population = { prefix: 'crowd', namespaces: 12, perNamespace: 440 };
const namespaces = namespacesOf(population);
const ns = 'velero-adversity';
const bucket = 'adversity';

let s: Stage;
let server: OurServer;
let velero: Velero;
let proxy: StoreProxy;
let before: Set<string>;
const temp = ownTemp();

const start = async () => {
  // Small pages, so that a backup of a second or two is met in its middle.
  server = await startOurServer(s.cluster, {
    namespace: ns,
    flags: { 'client-page-size': 20, 'store-retry-timeout': 20_000 },
    env: { TMPDIR: temp },
  });
};
const mapped = (to: string) =>
  Object.fromEntries(namespaces.map((name) => [name, name.replace('crowd', to)]));
const restored = (to: string) => Object.values(mapped(to));
const archiveOf = (name: string) =>
  objectsInArchive(new BucketFolder(s.cluster, '', 'backups', name, bucket), name);

beforeAll(async () => {
  s = await stage();
  proxy = await startStoreProxy(s.cluster.s3.url);
  await locationWithBucket(s, ns, bucket, { url: proxy.url, spec: { backupSyncPeriod: '0s' } });
  await populate(s.api, population);
  velero = new Velero(s.api, ns);
  before = await objectsIn(s.api, namespaces);
  await start();
  const { status } = await velero.run('backups', 'base', { includedNamespaces: namespaces });
  expect(status?.phase).toBe('Completed');
});

afterAll(async () => {
  await server?.stop();
  await proxy?.close();
  if (s) await strike(s);
  rmSync(temp, { recursive: true, force: true });
});

beforeEach(() => {
  proxy.fail = () => false;
  proxy.cut = () => undefined;
  proxy.stall = () => undefined;
});

/** Starts a backup and a restore, and returns when both have done a part of their work. */
async function bothHalfDone(name: string): Promise<void> {
  await velero.create('restores', name, { backupName: 'base', namespaceMapping: mapped(name) });
  await s.api.until(
    async () => (await s.api.list(`/api/v1/namespaces/${restored(name)[2]}/configmaps`)).length,
    (count) => count > 10,
    'some objects to be restored',
  );
  await velero.create('backups', name, { includedNamespaces: namespaces });
  await s.api.until(
    () => Promise.resolve(server.log().split(`Processing item" backup=${ns}/${name}`).length),
    (count) => count > 300,
    'some objects to be backed up',
  );
  for (const plural of ['backups', 'restores']) {
    expect((await velero.get(plural, name)).status?.phase).toBe('InProgress');
  }
}

/** Both are Completed without a warning, and every object is where it belongs. */
async function expectBothWhole(name: string): Promise<void> {
  for (const plural of ['backups', 'restores'] as const) {
    const { status } = await velero.ended(plural, name, 120);
    expect([plural, status?.phase, status?.errors, status?.warnings, status?.failureReason]).toEqual([
      plural,
      'Completed',
      undefined,
      undefined,
      undefined,
    ]);
  }
  expectNothingLost(before, archiveOf(name));
  await expectRestored(name);
}

async function expectRestored(to: string): Promise<void> {
  const there = await objectsIn(s.api, restored(to));
  expect([...before].filter((object) => !there.has(object.replace('/crowd-', `/${to}-`)))).toEqual([]);
}

describe('more than 5,000 objects under way in a backup and in a restore', () => {
  it('the API server is killed and 20 seconds away: both are Completed, nothing is lost', async () => {
    expect(before.size).toBeGreaterThan(5000);
    await bothHalfDone('away');
    await s.cluster.apiserver.kill();
    await sleep(20_000);
    await s.cluster.apiserver.start();
    await expectBothWhole('away');
    await expectAtRest(s, velero, bucket);
  });

  it('etcd stands still for 15 seconds: both are Completed, nothing is lost', async () => {
    await bothHalfDone('still');
    const etcd = s.cluster.program('etcd');
    await etcd.freeze();
    await sleep(15_000);
    await etcd.thaw();
    await expectBothWhole('still');
    await expectAtRest(s, velero, bucket);
  });

  it('the server is killed: both are Failed with the reason, a second run of each brings everything, nothing is left behind', async () => {
    await bothHalfDone('killed');
    expect(await server.stop('SIGKILL')).toBe('SIGKILL');
    expect(spoolFiles(temp)).not.toEqual([]);
    await start();
    for (const [plural, what] of [
      ['backups', 'backup'],
      ['restores', 'restore'],
    ] as const) {
      expect((await velero.ended(plural, 'killed')).status).toMatchObject({
        phase: 'Failed',
        failureReason: `found a ${what} with status "InProgress" during the server starting, mark it as "Failed"`,
      });
    }
    expect(spoolFiles(temp)).toEqual([]);
    const again = await velero.run('restores', 'again', {
      backupName: 'base',
      namespaceMapping: mapped('killed'),
    });
    expect(again.status).toMatchObject({ phase: 'Completed' });
    await expectRestored('killed');
    // The same name again: nothing of the first run stands in its way.
    await velero.delete('backups', 'killed');
    const { status } = await velero.run('backups', 'killed', { includedNamespaces: namespaces });
    expect(status?.phase).toBe('Completed');
    expectNothingLost(before, archiveOf('killed'));
    await expectAtRest(s, velero, bucket);
  });

  it('the server is killed while it uploads: no half backup stays in the bucket, and its name is free', async () => {
    proxy.stall = (line) => (/^PUT .*half\.tar\.gz/.test(line) ? 40_000 : undefined);
    await velero.create('backups', 'half', { includedNamespaces: namespaces });
    await s.api.until(
      () => Promise.resolve(proxy.requests.some((line) => /^PUT .*half\.tar\.gz/.test(line))),
      (begun) => begun,
      'the upload of the archive to begin',
    );
    await sleep(300);
    await server.stop('SIGKILL');
    const folder = new BucketFolder(s.cluster, '', 'backups', 'half', bucket);
    expect(folder.has('velero-backup.json')).toBe(true);
    expect(folder.has('half.tar.gz')).toBe(false);
    proxy.stall = () => undefined;
    await start();
    expect((await velero.ended('backups', 'half')).status?.phase).toBe('Failed');
    await s.api.until(
      () => Promise.resolve(folder.has('velero-backup.json')),
      (there) => !there,
      'the half backup to be removed',
    );
    await velero.delete('backups', 'half');
    const { status } = await velero.run('backups', 'half', { includedNamespaces: namespaces });
    expect(status?.phase).toBe('Completed');
    expectNothingLost(before, archiveOf('half'));
    await expectAtRest(s, velero, bucket);
  });

  it('the store cuts uploads and downloads in their middle and answers 503 between: both are Completed', async () => {
    const tries = new Map<string, number>();
    const nth = (line: string) => {
      tries.set(line, (tries.get(line) ?? 0) + 1);
      return tries.get(line) as number;
    };
    const isArchive = (line: string) => /^(PUT|GET) .*\.tar\.gz/.test(line);
    proxy.fail = (line) => isArchive(line) && nth(line) % 3 === 1;
    proxy.cut = (line) => (isArchive(line) && (tries.get(line) ?? 0) % 3 === 2 ? 60_000 : undefined);
    await velero.create('backups', 'cut', { includedNamespaces: namespaces });
    await velero.create('restores', 'cut', { backupName: 'base', namespaceMapping: mapped('cut') });
    await expectBothWhole('cut');
    expect([...tries.values()].filter((count) => count >= 3).length).toBeGreaterThanOrEqual(2);
    await expectAtRest(s, velero, bucket);
  });

  it('the store breaks off a download at one and the same byte: the restore is Failed and says where', async () => {
    let opened = 0;
    const isArchive = (line: string) => /^GET .*base\.tar\.gz/.test(line);
    proxy.cut = (line) => (isArchive(line) && opened++ === 0 ? 30_000 : undefined);
    proxy.fail = (line) => isArchive(line) && opened > 0;
    const { status } = await velero.run('restores', 'broken', {
      backupName: 'base',
      namespaceMapping: mapped('broken'),
    });
    expect(status?.phase).toBe('Failed');
    expect(status?.failureReason).toMatch(
      /^error downloading backup: .*base\.tar\.gz: s3:\/\/adversity: .*\(backup storage location "default": .+\)$/s,
    );
    await expectAtRest(s, velero, bucket);
  });
});
