import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { BucketFolder } from '../../support/bucket.ts';
import { type OurServer, startOurServer } from '../../support/our-server.ts';
import type { SlowState } from '../../support/slow-actions.ts';
import { locationWithBucket, makeItems, type Stage, stage, strike, Velero } from './support.ts';

let s: Stage;
let server: OurServer;
let velero: Velero;
const ns = 'velero-operations';
const file = path.join(mkdtempSync(path.join(tmpdir(), 'slow-')), 'state.json');
const state = (next: SlowState) => writeFileSync(file, JSON.stringify(next));

const start = async (flags: Parameters<typeof startOurServer>[1]['flags'] = {}) => {
  server = await startOurServer(s.cluster, {
    namespace: ns,
    env: { SLOW_ACTIONS: file },
    flags: { 'item-operation-sync-frequency': 500, ...flags },
  });
};

beforeAll(async () => {
  s = await stage();
  await locationWithBucket(s, ns, 'operations');
  await makeItems(s.api, 'shop', 2);
  await s.api.create('/api/v1/namespaces/shop/configmaps', {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'slow', labels: { slow: 'true' } },
    data: { state: 'before' },
  });
  velero = new Velero(s.api, ns);
  state({ completed: true });
  await start();
  await velero.run('backups', 'base', { includedNamespaces: ['shop'] });
});

afterAll(async () => {
  await server?.stop();
  if (s) await strike(s);
});

beforeEach(() => state({ completed: false, nCompleted: 1 }));

const folder = (kind: 'backups' | 'restores', name: string) =>
  new BucketFolder(s.cluster, '', kind, name, 'operations');
const overwrite = async (key: string, bytes: Buffer) => {
  const { url, region, accessKey, secretKey } = s.cluster.s3;
  const client = new S3Client({
    endpoint: url,
    region,
    forcePathStyle: true,
    credentials: { accessKeyId: accessKey, secretAccessKey: secretKey },
  });
  await client.send(new PutObjectCommand({ Bucket: 'operations', Key: key, Body: bytes }));
  client.destroy();
};
const waiting = (plural: string, name: string) =>
  velero.until(plural, name, ({ status }) => status?.phase === 'WaitingForPluginOperations');
const download = async (kind: string, name: string) => {
  const request = `${kind}-${name}-${Date.now()}`.toLowerCase();
  await velero.create('downloadrequests', request, { target: { kind, name } });
  const { status } = await velero.until(
    'downloadrequests',
    request,
    (answered) => answered.status?.phase === 'Processed',
  );
  const answer = await fetch(status?.['downloadURL'] as string);
  return JSON.parse(gunzipSync(Buffer.from(await answer.arrayBuffer())).toString()) as {
    status: Record<string, unknown>;
  }[];
};

describe('a backup with operations that go on', () => {
  it('V-BKP-122 an operation that has ended by the end of the run does not make it wait', async () => {
    const { status } = await velero.get('backups', 'base');
    expect(status).toMatchObject({
      phase: 'Completed',
      backupItemOperationsAttempted: 1,
      backupItemOperationsCompleted: 1,
    });
    expect(server.log()).not.toContain('moving to WaitingForPluginOperations');
  });

  it('V-BKP-125 V-BKP-126 V-BKP-128 V-BKP-130 V-BKP-131 V-REQ-003 V-DEL-006 waits, tells its progress on demand, and stores the item anew at the end', async () => {
    await velero.create('backups', 'slow', { includedNamespaces: ['shop'] });
    await waiting('backups', 'slow');
    expect(folder('backups', 'slow').has('slow.tar.gz')).toBe(true);
    state({ completed: false, nCompleted: 7 });
    await s.api.until(
      () => download('BackupItemOperations', 'slow'),
      ([operation]) => operation?.status['nCompleted'] === 7,
      'the progress to be served',
    );
    await velero.create('deletebackuprequests', 'too-early', { backupName: 'slow' });
    const refused = await velero.until(
      'deletebackuprequests',
      'too-early',
      ({ status }) => status?.phase === 'Processed',
    );
    expect(refused.status?.errors).toEqual(['backup is still in progress']);

    await s.api.patch('/api/v1/namespaces/shop/configmaps/slow', { data: { state: 'after' } });
    state({ completed: true, nCompleted: 10 });
    const { status } = await velero.ended('backups', 'slow');
    expect(status).toMatchObject({ phase: 'Completed', backupItemOperationsCompleted: 1 });
    await velero.run('restores', 'of-slow', { backupName: 'slow', namespaceMapping: { shop: 'after' } });
    const restored = await s.api.get<{ data: Record<string, string> }>(
      '/api/v1/namespaces/after/configmaps/slow',
    );
    expect(restored.data).toEqual({ state: 'after' });
    expect(await s.api.list('/api/v1/namespaces/after/configmaps')).toHaveLength(4);
  });

  it('V-BKP-126 V-BKP-127 V-CRD-017 an operation that fails makes it PartiallyFailed', async () => {
    await velero.create('backups', 'bad', { includedNamespaces: ['shop'] });
    await waiting('backups', 'bad');
    state({ completed: true, err: 'the disk is on fire' });
    const { status } = await velero.ended('backups', 'bad');
    expect(status).toMatchObject({ phase: 'PartiallyFailed', errors: 1, backupItemOperationsFailed: 1 });
    const [operation] = JSON.parse(folder('backups', 'bad').text('bad-itemoperations.json.gz')) as {
      status: Record<string, unknown>;
    }[];
    expect(operation?.status).toMatchObject({ phase: 'Failed', error: 'the disk is on fire' });
    expect(await server.metrics()).toContain('velero_backup_partial_failure_total{schedule=""} 1');
  });

  it('V-BKP-126 V-ERR-020 an operation that takes too long fails', async () => {
    await velero.create('backups', 'late', { includedNamespaces: ['shop'], itemOperationTimeout: '2s' });
    const { status } = await velero.ended('backups', 'late');
    expect(status?.phase).toBe('PartiallyFailed');
    expect(folder('backups', 'late').text('late-itemoperations.json.gz')).toContain(
      'Asynchronous action timed out',
    );
  });

  it('V-BKP-129 a location that becomes read-only or goes away ends the wait', async () => {
    await velero.create('backups', 'shut', { includedNamespaces: ['shop'] });
    await waiting('backups', 'shut');
    await velero.patch('backupstoragelocations', 'default', { spec: { accessMode: 'ReadOnly' } });
    const { status } = await velero.ended('backups', 'shut');
    expect(status?.phase).toBe('PartiallyFailed');
    expect(status?.failureReason).toContain('backup storage location default is currently in read-only mode');
    expect(status?.completionTimestamp).toBeDefined();
    await velero.patch('backupstoragelocations', 'default', { spec: { accessMode: 'ReadWrite' } });
  });

  it('V-SRV-022 a server that was killed meanwhile goes on with it', async () => {
    await velero.create('backups', 'survivor', { includedNamespaces: ['shop'] });
    await waiting('backups', 'survivor');
    await server.stop('SIGKILL');
    await start();
    expect((await velero.get('backups', 'survivor')).status?.phase).toBe('WaitingForPluginOperations');
    await velero.create('deletebackuprequests', 'after-kill', { backupName: 'survivor' });
    const refused = await velero.until(
      'deletebackuprequests',
      'after-kill',
      ({ status }) => status?.phase === 'Processed',
    );
    expect(refused.status?.errors).toEqual(['backup is still in progress']);
    state({ completed: true });
    expect((await velero.ended('backups', 'survivor')).status?.phase).toBe('Completed');
  });

  it('V-BKP-127 a failure that the store was told of and the object was not still counts', async () => {
    await velero.create('backups', 'untold', { includedNamespaces: ['shop'] });
    await waiting('backups', 'untold');
    await server.stop('SIGKILL');
    const name = 'untold-itemoperations.json.gz';
    const [operation] = folder('backups', 'untold').json<[{ status: object }]>(name);
    operation.status = { ...operation.status, phase: 'Failed', error: 'the disk is on fire' };
    await overwrite(`backups/untold/${name}`, gzipSync(JSON.stringify([operation])));
    await start();
    const { status } = await velero.ended('backups', 'untold');
    expect(status).toMatchObject({ phase: 'PartiallyFailed', errors: 1, backupItemOperationsFailed: 1 });
  });

  it('one whose operations cannot be read does not wait for ever', async () => {
    await server.stop();
    await start({ 'default-item-operation-timeout': 1000 });
    await velero.create('backups', 'garbled', { includedNamespaces: ['shop'], itemOperationTimeout: '1h' });
    await waiting('backups', 'garbled');
    await server.stop('SIGKILL');
    await overwrite('backups/garbled/garbled-itemoperations.json.gz', Buffer.from('no gzip'));
    await start({ 'default-item-operation-timeout': 1000 });
    const { status } = await velero.ended('backups', 'garbled');
    expect(status?.phase).toBe('PartiallyFailed');
    expect(status?.failureReason).toContain('could not be looked at for 1s: error getting backup operations');
  });

  it('V-BKP-132 one that cannot be finalized ends in the store, too, so that other clusters see it', async () => {
    await server.stop();
    await start({ 'default-item-operation-timeout': 1000 });
    await velero.create('backups', 'hollow', { includedNamespaces: ['shop'], itemOperationTimeout: '1h' });
    await waiting('backups', 'hollow');
    rmSync(path.join(s.cluster.s3.dataFolder, 'operations/backups/hollow/hollow.tar.gz'));
    state({ completed: true });
    const { status } = await velero.ended('backups', 'hollow');
    expect(status?.phase).toBe('PartiallyFailed');
    expect(status?.failureReason).toContain('the backup could not be finalized within 1s');
    const stored = JSON.parse(folder('backups', 'hollow').text('velero-backup.json')) as { status: object };
    expect(stored.status).toMatchObject({ phase: 'PartiallyFailed' });
    await server.stop();
    await start();
  });
});

describe('a restore with operations that go on', () => {
  it('V-RST-030 V-RST-031 V-RST-038 waits for them and ends as they do', async () => {
    await velero.create('restores', 'slow', { backupName: 'base', namespaceMapping: { shop: 'r-slow' } });
    const { status } = await waiting('restores', 'slow');
    expect(status).toMatchObject({ restoreItemOperationsAttempted: 1 });
    state({ completed: false, nCompleted: 4 });
    await s.api.until(
      () => download('RestoreItemOperations', 'slow'),
      ([operation]) => operation?.status['nCompleted'] === 4,
      'the progress to be served',
    );
    state({ completed: true });
    expect((await velero.ended('restores', 'slow')).status).toMatchObject({
      phase: 'Completed',
      restoreItemOperationsCompleted: 1,
    });
  });

  it('V-RST-031 V-RST-038 an operation that fails makes it PartiallyFailed', async () => {
    await velero.create('restores', 'bad', { backupName: 'base', namespaceMapping: { shop: 'r-bad' } });
    await waiting('restores', 'bad');
    state({ completed: true, err: 'no' });
    expect((await velero.ended('restores', 'bad')).status).toMatchObject({
      phase: 'PartiallyFailed',
      errors: 1,
      restoreItemOperationsFailed: 1,
    });
  });

  it('one that takes the name of a restore that was deleted while it waited has operations of its own', async () => {
    const served = async (nCompleted: number) => {
      state({ completed: false, nCompleted });
      return await s.api.until(
        () => download('RestoreItemOperations', 'twice'),
        ([operation]) => operation?.status['nCompleted'] === nCompleted,
        'the progress to be served',
      );
    };
    await velero.create('restores', 'twice', { backupName: 'base', namespaceMapping: { shop: 'r-once' } });
    await waiting('restores', 'twice');
    await served(5);
    await velero.delete('restores', 'twice');
    await s.api.until(
      () => velero.find('restores', 'twice'),
      (found) => found === undefined,
      'the restore to be gone',
    );
    await velero.create('restores', 'twice', { backupName: 'base', namespaceMapping: { shop: 'r-twice' } });
    await waiting('restores', 'twice');
    expect(await served(6)).toMatchObject([{ spec: { resourceIdentifier: { Namespace: 'r-twice' } } }]);
    state({ completed: true });
    await velero.ended('restores', 'twice');
  });
});
