import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type OurServer, startOurServer } from '../../support/our-server.ts';
import { type StoreProxy, startStoreProxy } from '../../support/store-proxy.ts';
import { locationWithBucket, makeItems, type Stage, stage, strike, Velero } from './support.ts';

let s: Stage;
let server: OurServer;
let velero: Velero;
let proxy: StoreProxy;
const ns = 'velero-faults';

beforeAll(async () => {
  s = await stage();
  proxy = await startStoreProxy(s.cluster.s3.url);
  await locationWithBucket(s, ns, 'faults', {
    url: proxy.url,
    spec: { validationFrequency: '0s', backupSyncPeriod: '0s' },
  });
  await makeItems(s.api, 'shop', 50);
  server = await startOurServer(s.cluster, { namespace: ns, flags: { 'store-retry-timeout': 12_000 } });
  velero = new Velero(s.api, ns);
});

afterAll(async () => {
  await server?.stop();
  await proxy?.close();
  if (s) await strike(s);
});

beforeEach(() => {
  proxy.fail = () => false;
  proxy.delayMs = 0;
});

describe('a store that answers 503', () => {
  it('for a while at every step: the backup is Completed all the same', async () => {
    // Each request is refused the first two times.
    const tries = new Map<string, number>();
    proxy.fail = (line) => {
      const count = (tries.get(line) ?? 0) + 1;
      tries.set(line, count);
      return count <= 2;
    };
    const { status } = await velero.run('backups', 'patient', { includedNamespaces: ['shop'] });
    expect(status?.phase).toBe('Completed');
    expect(status?.warnings).toBeUndefined();
  });

  it('V-BKP-023 for ever from the start: Failed with object, cause and how long it was tried', async () => {
    proxy.fail = () => true;
    const { status } = await velero.run('backups', 'no-check', { includedNamespaces: ['shop'] });
    expect(status?.phase).toBe('Failed');
    expect(status?.failureReason).toMatch(
      /^error checking if backup already exists in object storage: .*(503|SlowDown|reduce your request rate)/s,
    );
    expect(status?.failureReason).toMatch(/tries|times/);
    expect(status?.completionTimestamp).toBeDefined();
  });

  it('V-STO-020 V-BKP-124 for the archive alone: Failed, and the metadata that was there is removed', async () => {
    proxy.fail = (line) => /^(PUT|POST) .*\.tar\.gz/.test(line);
    const { status } = await velero.run('backups', 'no-archive', { includedNamespaces: ['shop'] });
    expect(status?.phase).toBe('Failed');
    expect(status?.failureReason).toContain('no-archive.tar.gz');
    expect(status?.progress?.itemsBackedUp).toBeGreaterThan(50);
    const lines = proxy.requests.filter((line) => line.includes('/backups/no-archive/'));
    const at = (pattern: RegExp) => lines.findIndex((line) => pattern.test(line));
    expect(at(/^PUT .*no-archive-logs\.gz/)).toBeLessThan(at(/^PUT .*velero-backup\.json/));
    expect(at(/^PUT .*velero-backup\.json/)).toBeLessThan(at(/^(PUT|POST) .*\.tar\.gz/));
    expect(at(/^DELETE .*velero-backup\.json/)).toBeGreaterThan(at(/^(PUT|POST) .*\.tar\.gz/));
  });

  it('V-STO-020 for the log alone: the backup is Completed', async () => {
    proxy.fail = (line) => /^PUT .*-logs\.gz/.test(line);
    const { status } = await velero.run('backups', 'no-log', { includedNamespaces: ['shop'] });
    expect(status?.phase).toBe('Completed');
    expect(server.log()).toMatch(/level=error msg="Error uploading log file".*backup=no-log/);
  });

  it('V-BKP-132 while it is finalized: it stays Finalizing and is Completed once the store is back', async () => {
    let uploads = 0;
    let open = false;
    proxy.fail = (line) => /^PUT .*velero-backup\.json/.test(line) && ++uploads > 1 && !open;
    await velero.create('backups', 'late', { includedNamespaces: ['shop'] });
    await velero.until('backups', 'late', ({ status }) => status?.phase === 'Finalizing');
    await s.api.until(
      () => Promise.resolve(server.log()),
      (log) => /Reconciler error.*backup-finalizer.*error uploading backup json/.test(log),
      'the finalizer to fail',
      60,
    );
    expect((await velero.get('backups', 'late')).status?.phase).toBe('Finalizing');
    open = true;
    expect((await velero.ended('backups', 'late')).status?.phase).toBe('Completed');
  });

  it('V-RST-027 V-RST-034 V-RST-037 in a restore: no archive is Failed, no log is PartiallyFailed, other files do not matter', async () => {
    proxy.fail = (line) => /^GET .*\.tar\.gz/.test(line);
    const noArchive = await velero.run('restores', 'no-archive', {
      backupName: 'patient',
      namespaceMapping: { shop: 'copy-1' },
    });
    expect(noArchive.status?.phase).toBe('Failed');
    expect(noArchive.status?.failureReason).toMatch(/^error downloading backup: .*patient\.tar\.gz/s);
    expect(noArchive.status?.completionTimestamp).toBeDefined();

    proxy.fail = (line) => /^PUT .*restore-no-log-logs\.gz/.test(line);
    const noLog = await velero.run('restores', 'no-log', {
      backupName: 'patient',
      namespaceMapping: { shop: 'copy-2' },
    });
    expect(noLog.status).toMatchObject({ phase: 'PartiallyFailed', errors: 1 });

    proxy.fail = (line) => /^PUT .*(resource-list|volumeinfo)/.test(line);
    const noLists = await velero.run('restores', 'no-lists', {
      backupName: 'patient',
      namespaceMapping: { shop: 'copy-3' },
    });
    expect(noLists.status?.phase).toBe('Completed');
  });
});

describe('a store that is slow', () => {
  it('takes its time and loses nothing', async () => {
    proxy.delayMs = 700;
    const backup = await velero.run('backups', 'slow', { includedNamespaces: ['shop'] });
    expect(backup.status?.phase).toBe('Completed');
    const restore = await velero.run('restores', 'slow', {
      backupName: 'slow',
      namespaceMapping: { shop: 'copy-slow' },
    });
    expect(restore.status?.phase).toBe('Completed');
    expect(await s.api.list('/api/v1/namespaces/copy-slow/configmaps')).toHaveLength(51);
  });
});
