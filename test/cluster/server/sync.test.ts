import { cpSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type OurServer, startOurServer } from '../../support/our-server.ts';
import { createLocation, ensureNamespace } from '../../support/velero.ts';
import {
  locationWithBucket,
  makeBucket,
  makeItems,
  type Stage,
  stage,
  strike,
  Velero,
  type VeleroObject,
} from './support.ts';

let s: Stage;
let home: Velero;
let away: Velero;
let homeServer: OurServer;
let awayServer: OurServer;

/** Locations are looked at each minute; a server that starts looks at once. */
async function syncNow(): Promise<void> {
  for (const name of ['default', 'other']) {
    if ((await away.find('backupstoragelocations', name)) === undefined) continue;
    await away.patch('backupstoragelocations', name, { status: { lastSyncedTime: null } });
  }
  await awayServer.stop();
  awayServer = await startAway();
  await away.until(
    'backupstoragelocations',
    'default',
    ({ status }) => status?.['lastSyncedTime'] !== undefined && status['lastSyncedTime'] !== null,
  );
}

const startAway = () => startOurServer(s.cluster, { namespace: 'velero-away' });

beforeAll(async () => {
  s = await stage();
  await locationWithBucket(s, 'velero-home', 'shared');
  await makeItems(s.api, 'shop', 3);
  homeServer = await startOurServer(s.cluster, { namespace: 'velero-home' });
  home = new Velero(s.api, 'velero-home');
  away = new Velero(s.api, 'velero-away');
  await ensureNamespace(s.api, 'velero-away');
  await home.run('backups', 'made-at-home', { includedNamespaces: ['shop'] });
});

afterAll(async () => {
  await homeServer?.stop();
  await awayServer?.stop();
  if (s) await strike(s);
});

const folder = (name: string) => path.join(s.cluster.s3.dataFolder, 'shared/backups', name);
const metadataOf = (name: string) =>
  JSON.parse(readFileSync(path.join(folder(name), 'velero-backup.json'), 'utf8')) as VeleroObject;

/** A second backup in the bucket, made from the first one's files. */
function plant(name: string, change: (backup: VeleroObject) => void, pods: unknown[] = []): void {
  cpSync(folder('made-at-home'), folder(name), { recursive: true });
  const backup = metadataOf('made-at-home');
  backup.metadata.name = name;
  change(backup);
  writeFileSync(path.join(folder(name), 'velero-backup.json'), JSON.stringify(backup, undefined, 2));
  writeFileSync(path.join(folder(name), `${name}-podvolumebackups.json.gz`), gzipSync(JSON.stringify(pods)));
}

describe('backups of a bucket come into another cluster', () => {
  const past = '2020-01-01T00:00:00Z';
  beforeAll(async () => {
    const owner = (uid: string) => ({ apiVersion: 'velero.io/v1', kind: 'Schedule', name: 'daily', uid });
    const schedule = await away.create('schedules', 'daily', { schedule: '@daily', template: {} });
    plant(
      'with-pods',
      (backup) => {
        backup.metadata['ownerReferences'] = [owner('another-uid')];
      },
      [
        {
          apiVersion: 'velero.io/v1',
          kind: 'PodVolumeBackup',
          metadata: {
            name: 'with-pods-abc',
            namespace: 'velero-home',
            resourceVersion: '12',
            labels: { 'velero.io/backup-name': 'with-pods', 'velero.io/backup-uid': 'old-uid' },
            ownerReferences: [
              { apiVersion: 'velero.io/v1', kind: 'Backup', name: 'with-pods', uid: 'old-uid' },
            ],
          },
          spec: {
            node: 'n',
            pod: { name: 'p', namespace: 'shop' },
            volume: 'v',
            backupStorageLocation: 'elsewhere',
            repoIdentifier: '',
          },
          status: { phase: 'Completed', snapshotID: 'abc' },
        },
      ],
    );
    plant('owned', (backup) => {
      backup.metadata['ownerReferences'] = [owner(schedule.metadata.uid as string)];
    });
    plant('waiting', (backup) => {
      backup.status = { ...backup.status, phase: 'WaitingForPluginOperations' };
    });
    plant('expired', (backup) => {
      backup.status = { ...backup.status, phase: 'Finalizing', expiration: past };
    });
    mkdirSync(folder('no-metadata'), { recursive: true });
    writeFileSync(path.join(folder('no-metadata'), 'no-metadata-logs.gz'), '');
    mkdirSync(folder('damaged'), { recursive: true });
    writeFileSync(path.join(folder('damaged'), 'velero-backup.json'), '{"kind": "Ba');
    await createLocation(s.cluster, s.api, 'velero-away', { bucket: 'shared' });
    awayServer = await startAway();
    await away.until(
      'backupstoragelocations',
      'default',
      ({ status }) => status?.['lastSyncedTime'] !== undefined,
      90,
    );
  });

  it('V-SYN-001 V-SYN-002 V-SYN-004 a finished one, with its status, under this location and with a new UID', async () => {
    const [there, here] = await Promise.all([
      home.get('backups', 'made-at-home'),
      away.get('backups', 'made-at-home'),
    ]);
    expect(here.status).toEqual(there.status);
    expect(here.metadata.namespace).toBe('velero-away');
    expect(here.metadata.uid).not.toBe(there.metadata.uid);
    expect(here.spec['storageLocation']).toBe('default');
    expect(here.metadata.labels?.['velero.io/storage-location']).toBe('default');
    expect(here.metadata.annotations).toEqual(there.metadata.annotations);
  });

  it('V-SYN-002 what has no metadata or damaged metadata stops nothing else', async () => {
    expect(await away.find('backups', 'no-metadata')).toBeUndefined();
    expect(await away.find('backups', 'damaged')).toBeUndefined();
    expect(awayServer.log()).toMatch(/level=error msg="Error syncing backup into cluster".*backup=damaged/);
  });

  it('V-SYN-003 an unfinished one only when it has expired, and then as PartiallyFailed', async () => {
    expect(await away.find('backups', 'waiting')).toBeUndefined();
    const created = awayServer.log().includes('msg="Successfully synced backup into cluster" backup=expired');
    expect(created).toBe(true);
  });

  it('V-SYN-004 an owner that is not this cluster’s is dropped, one that is stays', async () => {
    expect((await away.get('backups', 'with-pods')).metadata['ownerReferences']).toBeUndefined();
    expect((await away.get('backups', 'owned')).metadata['ownerReferences']).toHaveLength(1);
  });

  it('V-SYN-005 with its pod volume backups, tied to the new Backup', async () => {
    const { uid } = (await away.get('backups', 'with-pods')).metadata;
    const pod = await away.get('podvolumebackups', 'with-pods-abc');
    expect(pod.spec['backupStorageLocation']).toBe('default');
    expect(pod.metadata.labels?.['velero.io/backup-uid']).toBe(uid);
    expect(pod.metadata['ownerReferences']).toEqual([
      { apiVersion: 'velero.io/v1', kind: 'Backup', name: 'with-pods', uid },
    ]);
    expect(pod.status).toMatchObject({ phase: 'Completed', snapshotID: 'abc' });
  });

  it('V-DEL-001 V-DEL-003 V-SYN-003 the expired one is collected, bucket and all', async () => {
    await away.untilGone('backups', 'expired');
    expect(() => readFileSync(path.join(folder('expired'), 'velero-backup.json'))).toThrow('ENOENT');
  });
});

describe('backups whose data is gone', () => {
  it('V-SYN-007 are removed once the bucket no longer lists them; others stay', async () => {
    rmSync(folder('owned'), { recursive: true });
    await away.create('backups', 'failed-one', { storageLocation: 'nowhere' });
    await away.ended('backups', 'failed-one');
    await syncNow();
    await away.untilGone('backups', 'owned');
    expect(await away.find('backups', 'made-at-home')).toBeDefined();
    expect(await away.find('backups', 'failed-one')).toBeDefined();
  });

  it('V-SYN-007 V-ERR-031 are kept where the store cannot be listed, or where the location was pointed elsewhere', async () => {
    const bucket = path.join(s.cluster.s3.dataFolder, 'shared');
    renameSync(bucket, `${bucket}-away`);
    await away.patch('backupstoragelocations', 'default', { status: { lastSyncedTime: null } });
    await awayServer.stop();
    awayServer = await startAway();
    await s.api.until(
      () => Promise.resolve(awayServer.log()),
      (log) => log.includes('Error syncing the backups of this location'),
      'the sync to fail',
    );
    expect(await away.find('backups', 'made-at-home')).toBeDefined();
    renameSync(`${bucket}-away`, bucket);

    await makeBucket(s.cluster, 'empty');
    await away.patch('backupstoragelocations', 'default', { spec: { objectStorage: { bucket: 'empty' } } });
    await syncNow();
    expect(await away.find('backups', 'made-at-home')).toBeDefined();
    expect(awayServer.log()).toMatch(
      /level=warning msg="2 backups of this location are not in its store any more, which was aws:shared@\S+ and now is aws:empty@/,
    );

    await away.patch('backupstoragelocations', 'default', { spec: { objectStorage: { bucket: 'shared' } } });
    await syncNow();
    rmSync(bucket, { recursive: true });
    await makeBucket(s.cluster, 'shared');
    await syncNow();
    await away.untilGone('backups', 'made-at-home');
    expect(await away.find('backups', 'with-pods')).toBeUndefined();
  });
});
