import { describe, expect, it } from 'vitest';
import type { Backup } from '../../api/backup.ts';
import type { BackupStorageLocation } from '../../api/backup-storage-location.ts';
import { labelValue } from '../../api/labels.ts';
import {
  backupToCreate,
  defaultFirst,
  isDueForSync,
  orphans,
  snapshotContentToCreate,
  storeIdentity,
} from './decide.ts';

const MINUTE = 60_000;
const NOW = Date.parse('2026-06-01T00:00:00Z');

function location(
  spec: Partial<BackupStorageLocation['spec']> = {},
  lastSyncedTime?: string,
): BackupStorageLocation {
  return {
    apiVersion: 'velero.io/v1',
    kind: 'BackupStorageLocation',
    metadata: { name: 'default' },
    spec: { provider: 'aws', objectStorage: { bucket: 'b' }, ...spec },
    status: lastSyncedTime === undefined ? {} : { lastSyncedTime },
  };
}

function backup(
  name: string,
  status: Backup['status'] = {},
  metadata: Partial<Backup['metadata']> = {},
): Backup {
  return {
    apiVersion: 'velero.io/v1',
    kind: 'Backup',
    metadata: { name, namespace: 'elsewhere', uid: 'u', resourceVersion: '7', ...metadata },
    spec: { storageLocation: 'old' },
    status,
  };
}

describe('isDueForSync', () => {
  it('V-SYN-001 by the server’s period, or the location’s own', () => {
    expect(isDueForSync(location(), MINUTE, NOW)).toBe(true);
    expect(isDueForSync(location({}, '2026-05-31T23:59:01Z'), MINUTE, NOW)).toBe(false);
    expect(isDueForSync(location({}, '2026-05-31T23:59:00Z'), MINUTE, NOW)).toBe(true);
    expect(isDueForSync(location({}, '2026-06-01T02:00:00Z'), MINUTE, NOW), 'the clock was set back').toBe(
      true,
    );
    expect(isDueForSync(location({ backupSyncPeriod: '1h' }, '2026-05-31T23:30:00Z'), MINUTE, NOW)).toBe(
      false,
    );
    expect(isDueForSync(location({ backupSyncPeriod: '0s' }), MINUTE, NOW)).toBe(false);
    expect(isDueForSync(location({ backupSyncPeriod: '-5m' }, '2026-05-31T23:58:00Z'), MINUTE, NOW)).toBe(
      true,
    );
    expect(
      isDueForSync(location({ backupSyncPeriod: null as never }, '2026-05-31T23:58:00Z'), MINUTE, NOW),
    ).toBe(true);
  });
  it('V-SRV-003 V-SYN-001 a period of the server that is not positive is a minute', () => {
    expect(isDueForSync(location({}, '2026-05-31T23:59:30Z'), 0, NOW)).toBe(false);
    expect(isDueForSync(location({}, '2026-05-31T23:59:00Z'), -1, NOW)).toBe(true);
  });
  it('V-SYN-001 the default location comes first', () => {
    const [a, b, c] = [location(), location({ default: true }), location()];
    expect(defaultFirst([a, b, c])).toEqual([b, a, c]);
    expect(defaultFirst([a, c])).toEqual([a, c]);
  });
});

describe('backupToCreate', () => {
  it('V-SYN-004 belongs to this namespace and location', () => {
    const name = `a-very-long-name-of-a-location-${'x'.repeat(60)}`;
    const created = backupToCreate(backup('b', { phase: 'Completed' }), 'here', name, [], NOW);
    expect(created?.metadata).toEqual({
      name: 'b',
      namespace: 'here',
      uid: 'u',
      labels: { 'velero.io/storage-location': labelValue(name) },
    });
    expect(created?.spec.storageLocation).toBe(name);
    expect(created?.status?.phase).toBe('Completed');
  });

  it.each([
    'WaitingForPluginOperations',
    'WaitingForPluginOperationsPartiallyFailed',
    'Finalizing',
    'FinalizingPartiallyFailed',
  ] as const)('V-SYN-003 %s comes only after its expiration, as PartiallyFailed', (phase) => {
    const made = (expiration?: string) =>
      backupToCreate(backup('b', { phase, ...(expiration ? { expiration } : {}) }), 'here', 'l', [], NOW);
    expect(made()).toBeUndefined();
    expect(made('2026-06-01T00:00:01Z')).toBeUndefined();
    expect(made('2026-05-31T00:00:00Z')?.status?.phase).toBe('PartiallyFailed');
  });
});

it('V-SYN-006 a snapshot content is made static and points to nothing that exists', () => {
  const content = snapshotContentToCreate({
    apiVersion: 'snapshot.storage.k8s.io/v1',
    kind: 'VolumeSnapshotContent',
    metadata: { name: 'c', uid: '42', resourceVersion: '1' },
    spec: {
      driver: 'd',
      deletionPolicy: 'Retain',
      source: { volumeHandle: 'v' },
      volumeSnapshotRef: { name: 'x' },
    },
    status: { snapshotHandle: 'h' },
  });
  expect(content['spec']).toEqual({
    driver: 'd',
    deletionPolicy: 'Retain',
    source: { snapshotHandle: 'h' },
    volumeSnapshotRef: {
      apiVersion: 'snapshot.storage.k8s.io/v1',
      kind: 'VolumeSnapshot',
      namespace: 'ns-42',
      name: 'name-42',
    },
  });
  expect(content.metadata.resourceVersion).toBeUndefined();
});

it('V-SYN-007 only finished backups of this location that are not listed are orphans', () => {
  const here = { labels: { 'velero.io/storage-location': 'default' } };
  const all = [
    backup('gone', { phase: 'Completed' }, here),
    backup('partly', { phase: 'PartiallyFailed' }, here),
    backup('listed', { phase: 'Completed' }, here),
    backup('failed', { phase: 'Failed' }, here),
    backup('running', { phase: 'InProgress' }, here),
    backup('deleting', { phase: 'Deleting' }, here),
    backup('other', { phase: 'Completed' }, { labels: { 'velero.io/storage-location': 'other' } }),
    backup('unlabelled', { phase: 'Completed' }),
  ];
  expect(orphans(all, 'default', new Set(['listed'])).map(({ metadata }) => metadata.name)).toEqual([
    'gone',
    'partly',
  ]);
});

it('names a store by what makes it another one', () => {
  const identity = (spec: Partial<BackupStorageLocation['spec']>) => storeIdentity(location(spec));
  expect(identity({ objectStorage: { bucket: '/b/', prefix: '/p/' } })).toBe('aws:b/p');
  expect(identity({ config: { s3Url: 'http://s3', region: 'r' } })).toBe('aws:b@http://s3');
  expect(identity({ accessMode: 'ReadOnly' })).toBe(identity({}));
});
