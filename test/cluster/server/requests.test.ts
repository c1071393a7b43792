import { existsSync } from 'node:fs';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { VERSION } from '../../../src/lib/version.ts';
import { type OurServer, startOurServer } from '../../support/our-server.ts';
import { createLocation } from '../../support/velero.ts';
import { locationWithBucket, makeItems, type Stage, stage, strike, Velero } from './support.ts';

let s: Stage;
let server: OurServer;
let velero: Velero;
const ns = 'velero-requests';

beforeAll(async () => {
  s = await stage();
  await locationWithBucket(s, ns, 'requests');
  await makeItems(s.api, 'shop', 3);
  server = await startOurServer(s.cluster, { namespace: ns });
  velero = new Velero(s.api, ns);
  await velero.run('backups', 'one', { includedNamespaces: ['shop'] });
  await velero.run('restores', 'back', {
    backupName: 'one',
    namespaceMapping: { shop: 'shop-copy' },
  });
});

afterAll(async () => {
  await server?.stop();
  if (s) await strike(s);
});

const folder = (kind: 'backups' | 'restores', name: string) =>
  path.join(s.cluster.s3.dataFolder, 'requests', kind, name);
const processed = (name: string) =>
  velero.until('downloadrequests', name, ({ status }) => status?.phase === 'Processed');

describe('download requests', () => {
  it('V-REQ-001 give a URL that anybody can read for ten minutes', async () => {
    for (const [kind, name, text] of [
      ['BackupLog', 'one', 'Backed up a total of '],
      ['BackupResourceList', 'one', 'shop/item-1'],
      ['RestoreLog', 'back', 'restore=velero-requests/back'],
      ['RestoreResults', 'back', '"errors"'],
    ] as const) {
      const request = `get-${kind.toLowerCase()}`;
      await velero.create('downloadrequests', request, { target: { kind, name } });
      const { status } = await processed(request);
      const answer = await fetch(status?.['downloadURL'] as string);
      expect(answer.status, kind).toBe(200);
      expect(gunzipSync(Buffer.from(await answer.arrayBuffer())).toString(), kind).toContain(text);
      const lifetime = Date.parse(status?.expiration as string) - Date.now();
      expect(lifetime, kind).toBeGreaterThan(9 * 60_000);
      expect(lifetime, kind).toBeLessThanOrEqual(10 * 60_000);
    }
  });

  it('V-REQ-001 are deleted once they have expired', async () => {
    await velero.patch('downloadrequests', 'get-backuplog', {
      status: { expiration: '2020-01-01T00:00:00Z' },
    });
    await velero.untilGone('downloadrequests', 'get-backuplog');
  });

  it('V-REQ-002 for what does not exist stay without an answer; a missing object is signed all the same', async () => {
    await velero.create('downloadrequests', 'of-nobody', { target: { kind: 'BackupLog', name: 'nobody' } });
    const { status } = await velero.until(
      'downloadrequests',
      'of-nobody',
      (request) => request.status?.expiration !== undefined,
    );
    expect(status?.phase).toBeUndefined();
    await velero.create('downloadrequests', 'volume-info', {
      target: { kind: 'CSIBackupVolumeSnapshots', name: 'one' },
    });
    expect((await processed('volume-info')).status?.['downloadURL']).toMatch(/^http/);
  });
});

describe('server status requests', () => {
  it('V-REQ-004 V-CRD-053 V-PLG-020 V-PLG-024 are answered with version and plugins', async () => {
    await velero.create('serverstatusrequests', 'who');
    const { status } = await velero.until(
      'serverstatusrequests',
      'who',
      (request) => request.status?.phase === 'Processed',
    );
    expect(status?.['serverVersion']).toBe(VERSION);
    expect(Date.parse(status?.['processedTimestamp'] as string)).toBeGreaterThan(Date.now() - 60_000);
    const plugins = status?.['plugins'] as { kind: string; name: string }[];
    const backup = plugins.filter(({ kind }) => kind === 'BackupItemAction').map(({ name }) => name);
    const names = [
      'velero.io/crd-remap-version',
      'velero.io/pod',
      'velero.io/pv',
      'velero.io/service-account',
    ];
    expect(backup).toEqual([...names, ...names]);
    expect(plugins).toContainEqual({ kind: 'ObjectStore', name: 'velero.io/aws' });
    expect(plugins).toContainEqual({ kind: 'RestoreItemAction', name: 'velero.io/add-pvc-from-pod' });
  });

  it('V-REQ-004 V-SRV-042 are deleted when they are older than a minute', async () => {
    await velero.create('serverstatusrequests', 'old');
    await velero.until('serverstatusrequests', 'old', ({ status }) => status?.phase === 'Processed');
    await velero.patch('serverstatusrequests', 'old', {
      status: { processedTimestamp: '2020-01-01T00:00:00Z' },
    });
    await velero.untilGone('serverstatusrequests', 'old');
    expect(await velero.find('serverstatusrequests', 'who')).toBeDefined();
  });
});

describe('deletion of backups', () => {
  const refused = async (name: string, backupName: string) => {
    await velero.create('deletebackuprequests', name, { backupName });
    const { status } = await velero.until(
      'deletebackuprequests',
      name,
      (request) => request.status?.phase === 'Processed',
    );
    return status?.errors as unknown as string[];
  };

  it('V-DEL-005 is refused at once for what cannot be deleted', async () => {
    expect(await refused('nameless', '')).toEqual(['spec.backupName is required']);
    expect(await refused('of-nobody', 'nobody')).toEqual(['backup not found']);
    await velero.create('backups', 'homeless', { storageLocation: 'nowhere' });
    await velero.ended('backups', 'homeless');
    expect(await refused('of-homeless', 'homeless')).toEqual(['backup storage location nowhere not found']);
    await createLocation(s.cluster, s.api, ns, {
      name: 'archive',
      bucket: 'requests',
      spec: { accessMode: 'ReadOnly' },
    });
    await velero.create('backups', 'archived', { storageLocation: 'archive' });
    await velero.ended('backups', 'archived');
    expect(await refused('of-archived', 'archived')).toEqual([
      'cannot delete backup because backup storage location archive is currently in read-only mode',
    ]);
  });

  it('V-DEL-007 V-DEL-008 V-DEL-009 removes bucket objects, restores with their files, the Backup and the requests', async () => {
    await velero.create(
      'deletebackuprequests',
      'earlier',
      { backupName: 'other' },
      { labels: { 'velero.io/backup-name': 'one' } },
    );
    await velero.until('deletebackuprequests', 'earlier', ({ status }) => status?.phase === 'Processed');
    expect(existsSync(path.join(folder('restores', 'back'), 'restore-back-logs.gz'))).toBe(true);
    await velero.create('deletebackuprequests', 'of-one', { backupName: 'one' });
    await velero.untilGone('backups', 'one');
    await velero.untilGone('deletebackuprequests', 'of-one');
    expect(await velero.find('deletebackuprequests', 'earlier')).toBeUndefined();
    expect(await velero.find('restores', 'back')).toBeUndefined();
    expect(existsSync(path.join(folder('backups', 'one'), 'velero-backup.json'))).toBe(false);
    expect(existsSync(path.join(folder('restores', 'back'), 'restore-back-logs.gz'))).toBe(false);
    const metrics = await server.metrics();
    expect(metrics).toContain('velero_backup_deletion_attempt_total{schedule=""} 1');
    expect(metrics).toContain('velero_backup_deletion_success_total{schedule=""} 1');
  });

  it('leaves the data of another backup alone that has the same name in the store', async () => {
    await velero.run('backups', 'namesake', { includedNamespaces: ['shop'] });
    // As after the location was pointed to a bucket of another cluster.
    await velero.patch('backups', 'namesake', { status: { startTimestamp: '2020-01-01T00:00:00Z' } });
    await velero.create('deletebackuprequests', 'not-mine', { backupName: 'namesake' });
    await velero.untilGone('backups', 'namesake');
    expect(existsSync(path.join(folder('backups', 'namesake'), 'namesake.tar.gz'))).toBe(true);
  });

  it('V-DEL-009 V-ERR-029 what cannot be removed is told, and the next request finishes the work', async () => {
    await velero.run('backups', 'stuck', { includedNamespaces: ['shop'] });
    await createLocation(s.cluster, s.api, ns, {
      name: 'lost',
      bucket: 'requests',
      credentials: { accessKey: s.cluster.s3.accessKey, secretKey: 'wrong' },
    });
    await velero.patch('backups', 'stuck', { spec: { storageLocation: 'lost' } });
    const errors = await refused('of-stuck', 'stuck');
    expect(errors.join()).toMatch(/SignatureDoesNotMatch|AccessDenied|Forbidden|403/);
    expect((await velero.get('backups', 'stuck')).status?.phase).toBe('Deleting');
    const request = await velero.get('deletebackuprequests', 'of-stuck');
    expect(request.metadata.labels).toMatchObject({ 'velero.io/backup-name': 'stuck' });
    expect(await server.metrics()).toContain('velero_backup_deletion_failure_total{schedule=""} 1');

    await velero.patch('backups', 'stuck', { spec: { storageLocation: 'default' } });
    await velero.create('deletebackuprequests', 'again', { backupName: 'stuck' });
    await velero.untilGone('backups', 'stuck');
  });

  it('V-DEL-004 a request that was interrupted is taken up by the next server', async () => {
    await velero.run('backups', 'interrupted', { includedNamespaces: ['shop'] });
    await server.stop();
    await velero.create('deletebackuprequests', 'half', { backupName: 'interrupted' });
    await velero.patch('deletebackuprequests', 'half', { status: { phase: 'InProgress' } });
    await velero.patch('backups', 'interrupted', { status: { phase: 'Deleting' } });
    server = await startOurServer(s.cluster, { namespace: ns });
    await velero.untilGone('backups', 'interrupted');
  });
});

describe('restores', () => {
  it('V-RST-001 V-RST-002 V-RST-003 a deleted restore takes its files along, also when its backup is gone', async () => {
    await velero.run('backups', 'base', { includedNamespaces: ['shop'] });
    for (const name of ['r1', 'r2']) {
      await velero.run('restores', name, { backupName: 'base', namespaceMapping: { shop: `to-${name}` } });
      expect((await velero.get('restores', name)).metadata['finalizers']).toEqual([
        'restores.velero.io/external-resources-finalizer',
      ]);
    }
    expect(existsSync(path.join(folder('restores', 'r1'), 'restore-r1-results.gz'))).toBe(true);
    await velero.delete('restores', 'r1');
    await velero.untilGone('restores', 'r1');
    expect(existsSync(path.join(folder('restores', 'r1'), 'restore-r1-results.gz'))).toBe(false);
    await velero.delete('backups', 'base');
    await velero.delete('restores', 'r2');
    await velero.untilGone('restores', 'r2');
  });
});

describe('garbage collection', () => {
  it('V-DEL-002 V-ERR-030 says on the backup why it cannot be collected', async () => {
    await velero.patch('backups', 'homeless', { status: { expiration: '2020-01-01T00:00:00Z' } });
    await velero.patch('backups', 'archived', { status: { expiration: '2020-01-01T00:00:00Z' } });
    await server.stop();
    server = await startOurServer(s.cluster, { namespace: ns });
    const label = 'velero.io/gc-failure';
    const labelled = (name: string) =>
      velero.until('backups', name, ({ metadata }) => metadata.labels?.[label] !== undefined);
    expect((await labelled('homeless')).metadata.labels?.[label]).toBe('BSLNotFound');
    expect((await labelled('archived')).metadata.labels?.[label]).toBe('BSLReadOnly');
  });
});
