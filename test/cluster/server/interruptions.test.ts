import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BucketFolder } from '../../support/bucket.ts';
import { type OurServer, startOurServer } from '../../support/our-server.ts';
import { locationWithBucket, makeItems, type Stage, stage, strike, Velero } from './support.ts';

let s: Stage;
let server: OurServer;
let velero: Velero;
const ns = 'velero-cut';
const ITEMS = 250;

/** So slow that there is time to interfere: a few requests a second, and a few items each. */
const SLOW = { 'client-qps': 5, 'client-burst': 5, 'client-page-size': 10 } as const;

beforeAll(async () => {
  s = await stage();
  await locationWithBucket(s, ns, 'cut');
  await makeItems(s.api, 'shop', ITEMS);
  velero = new Velero(s.api, ns);
});

afterAll(async () => {
  await server?.stop();
  if (s) await strike(s);
});

const start = async (flags: Parameters<typeof startOurServer>[1]['flags'] = {}) => {
  server = await startOurServer(s.cluster, { namespace: ns, flags });
};
const inProgress = (plural: string, name: string) =>
  velero.until(plural, name, ({ status }) => status?.phase === 'InProgress');
const mapsIn = async (namespace: string) =>
  (await s.api.list(`/api/v1/namespaces/${namespace}/configmaps`)).filter(({ metadata }) =>
    metadata.name.startsWith('item-'),
  ).length;

describe('a backup that is deleted and made anew while it runs', () => {
  it('does not take the end of its predecessor for its own', async () => {
    await start(SLOW);
    await velero.create('backups', 'twice', { includedNamespaces: ['shop'] });
    const first = await inProgress('backups', 'twice');
    await velero.delete('backups', 'twice');
    await velero.create('backups', 'twice', { includedNamespaces: ['default'] });
    const { metadata, status } = await velero.ended('backups', 'twice');
    expect(metadata.uid).not.toBe(first.metadata.uid);
    expect(status).toMatchObject({
      phase: 'Failed',
      failureReason: expect.stringContaining('backup already exists in object storage'),
    });
    await server.stop();
  });
});

describe('a server that is killed', () => {
  it('V-SRV-021 V-ERR-009 V-SRV-022 in a backup: the next one marks it Failed and works', async () => {
    await start(SLOW);
    await velero.create('backups', 'killed', { includedNamespaces: ['shop'] });
    await inProgress('backups', 'killed');
    await sleep(1000);
    expect(await server.stop('SIGKILL')).toBe('SIGKILL');
    expect((await velero.get('backups', 'killed')).status?.phase).toBe('InProgress');
    await velero.create('backups', 'queued', { includedNamespaces: ['shop'] });
    await start();
    const { status } = await velero.ended('backups', 'killed', 10);
    expect(status).toMatchObject({
      phase: 'Failed',
      failureReason:
        'found a backup with status "InProgress" during the server starting, mark it as "Failed"',
    });
    expect(status?.completionTimestamp).toBeDefined();
    expect((await velero.ended('backups', 'queued')).status?.phase).toBe('Completed');
    expect((await velero.run('backups', 'after', { includedNamespaces: ['shop'] })).status?.phase).toBe(
      'Completed',
    );
    await server.stop();
  });

  it('V-SRV-021 V-RST-042 in a restore: the next one marks it Failed, and the same restore again brings the rest', async () => {
    await start({ 'client-qps': 20, 'client-burst': 20 });
    const spec = { backupName: 'after', namespaceMapping: { shop: 'shop-killed' } };
    await velero.create('restores', 'killed', spec);
    await s.api.until(
      () => mapsIn('shop-killed'),
      (count) => count > 20,
      'some items to be restored',
    );
    await server.stop('SIGKILL');
    const before = await mapsIn('shop-killed');
    expect(before).toBeLessThan(ITEMS);
    await start();
    const { status } = await velero.ended('restores', 'killed', 10);
    expect(status).toMatchObject({
      phase: 'Failed',
      failureReason:
        'found a restore with status "InProgress" during the server starting, mark it as "Failed"',
    });
    expect((await velero.run('restores', 'again', spec)).status?.phase).toBe('Completed');
    expect(await mapsIn('shop-killed')).toBe(ITEMS);
    await server.stop();
  });

  it('V-SRV-022 V-SRV-023 with waiting and finalizing work: it goes on; data movements of what failed are cancelled', async () => {
    const moved = async (name: string, phase: string) => {
      const { uid } = await velero
        .create('backups', name, { includedNamespaces: ['shop'], storageLocation: 'default' })
        .then(({ metadata }) => metadata as { uid: string });
      await velero.patch('backups', name, { status: { phase } });
      return uid;
    };
    const uid = await moved('moving', 'InProgress');
    await s.api.create(`/apis/velero.io/v2alpha1/namespaces/${ns}/datauploads`, {
      apiVersion: 'velero.io/v2alpha1',
      kind: 'DataUpload',
      metadata: { name: 'upload', labels: { 'velero.io/backup-uid': uid } },
      spec: {
        snapshotType: 'CSI',
        csiSnapshot: null,
        sourcePVC: 'data',
        backupStorageLocation: 'default',
        sourceNamespace: 'shop',
        operationTimeout: '10m0s',
      },
      status: { phase: 'Accepted' },
    });
    await moved('finalizing', 'Finalizing');
    await moved('waiting', 'WaitingForPluginOperations');
    await start({ 'item-operation-sync-frequency': 1000 });
    expect((await velero.ended('backups', 'moving')).status?.phase).toBe('Failed');
    const upload = await s.api.get<{ spec: { cancel?: boolean }; status: { message?: string } }>(
      `/apis/velero.io/v2alpha1/namespaces/${ns}/datauploads/upload`,
    );
    expect(upload.spec.cancel).toBe(true);
    expect(upload.status.message).toBe(
      'found a dataupload with status "Accepted" during the velero server starting, mark it as cancel',
    );
    expect((await velero.ended('backups', 'finalizing')).status?.phase).toBe('Completed');
    expect((await velero.ended('backups', 'waiting')).status?.phase).toBe('Completed');
    await server.stop();
  });
});

describe('a server that is stopped', () => {
  it('marks what it cannot end in time as Failed itself, within the time that a pod is given', async () => {
    await start(SLOW);
    await velero.create('backups', 'stopped', { includedNamespaces: ['shop'] });
    await inProgress('backups', 'stopped');
    const before = Date.now();
    expect(await server.stop('SIGTERM')).toBe(0);
    expect(Date.now() - before).toBeLessThan(25_000);
    expect((await velero.get('backups', 'stopped')).status).toMatchObject({
      phase: 'Failed',
      failureReason:
        'found a backup with status "InProgress" during the server stopping, mark it as "Failed"',
    });
  });

  it('lets work that is nearly done end', async () => {
    await start();
    await velero.create('backups', 'ending', { includedNamespaces: ['shop'] });
    await inProgress('backups', 'ending');
    expect(await server.stop('SIGTERM')).toBe(0);
    const { status } = await velero.get('backups', 'ending');
    expect(['Finalizing', 'Completed']).toContain(status?.phase);
    await start();
    expect((await velero.ended('backups', 'ending')).status?.phase).toBe('Completed');
    await server.stop();
  });
});

describe('an API server that is away for 20 seconds', () => {
  const outage = async () => {
    await s.cluster.apiserver.kill();
    await sleep(20_000);
    await s.cluster.apiserver.start();
  };

  it('in a backup: it is Completed with every item, without a warning', async () => {
    await start(SLOW);
    await velero.create('backups', 'outage', { includedNamespaces: ['shop'] });
    await inProgress('backups', 'outage');
    await sleep(1000);
    await outage();
    const { status } = await velero.ended('backups', 'outage', 150);
    expect(status?.phase).toBe('Completed');
    expect(status?.errors).toBeUndefined();
    expect(status?.warnings).toBeUndefined();
    const list = JSON.parse(
      new BucketFolder(s.cluster, '', 'backups', 'outage', 'cut').text('outage-resource-list.json.gz'),
    ) as Record<string, string[]>;
    expect(list['v1/ConfigMap']?.filter((name) => name.startsWith('shop/item-'))).toHaveLength(ITEMS);
    await server.stop();
  });

  it('in a restore: it is Completed with every item', async () => {
    await start({ 'client-qps': 20, 'client-burst': 20 });
    await velero.create('restores', 'outage', {
      backupName: 'outage',
      namespaceMapping: { shop: 'shop-outage' },
    });
    await s.api.until(
      () => mapsIn('shop-outage'),
      (count) => count > 20,
      'some items to be restored',
    );
    await outage();
    const { status } = await velero.ended('restores', 'outage', 150);
    expect(status?.phase).toBe('Completed');
    expect(status?.errors).toBeUndefined();
    expect(await mapsIn('shop-outage')).toBe(ITEMS);
  });

  it('when the backup ends: its phase is written once the API server is back', async () => {
    await server.stop();
    await start();
    // The outage begins as the archive is uploaded.
    await velero.create('backups', 'at-end', { includedNamespaces: ['shop'] });
    await s.api.until(
      () => Promise.resolve(server.log()),
      (log) => /Setting up backup store to persist the backup.*at-end/.test(log),
      'the upload to begin',
    );
    await outage();
    expect((await velero.ended('backups', 'at-end', 60)).status?.phase).toBe('Completed');
  });
});
