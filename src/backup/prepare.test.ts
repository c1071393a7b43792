import { expect, it } from 'vitest';
import type { Backup, BackupSpec } from '../api/backup.ts';
import type { BackupStorageLocation } from '../api/backup-storage-location.ts';
import type { VolumeSnapshotLocation } from '../api/volume-snapshot-location.ts';
import { type PrepareBackupInput, prepareBackup } from './prepare.ts';

const HOUR = 3_600_000;
const now = Date.UTC(2026, 0, 1);

function aBackup(spec: BackupSpec): Backup {
  return { apiVersion: 'velero.io/v1', kind: 'Backup', metadata: { name: 'b', namespace: 'velero' }, spec };
}

function aLocation(name: string, spec: Partial<BackupStorageLocation['spec']> = {}): BackupStorageLocation {
  return {
    apiVersion: 'velero.io/v1',
    kind: 'BackupStorageLocation',
    metadata: { name },
    spec: { provider: 'aws', objectStorage: { bucket: 'b' }, ...spec },
  };
}

function aSnapshotLocation(name: string, provider: string): VolumeSnapshotLocation {
  return {
    apiVersion: 'velero.io/v1',
    kind: 'VolumeSnapshotLocation',
    metadata: { name },
    spec: { provider },
  };
}

function prepare(spec: BackupSpec, input: Partial<PrepareBackupInput> = {}) {
  return prepareBackup({
    backup: aBackup(spec),
    defaults: {
      ttlMs: 720 * HOUR,
      csiSnapshotTimeoutMs: HOUR / 6,
      itemOperationTimeoutMs: 4 * HOUR,
      resourceTimeoutMs: HOUR / 6,
      volumesToFsBackup: false,
      snapshotMoveData: false,
      storageLocation: 'default',
      snapshotLocations: {},
    },
    now,
    serverVersion: { gitVersion: 'v1.34.4', major: '1', minor: '34' },
    locations: { value: [aLocation('default')] },
    snapshotLocations: { value: [] },
    excludedNamespaces: { value: [] },
    ...input,
  });
}

it('V-BKP-002 V-BKP-003 V-BKP-004 V-BKP-009 V-BKP-013 completes what a Backup leaves open', () => {
  const { backup, validationErrors, location } = prepare({});
  expect(validationErrors).toEqual([]);
  expect(location?.metadata.name).toBe('default');
  expect(backup.spec).toEqual({
    ttl: '720h0m0s',
    csiSnapshotTimeout: '10m0s',
    itemOperationTimeout: '4h0m0s',
    defaultVolumesToFsBackup: false,
    snapshotMoveData: false,
    storageLocation: 'default',
  });
  expect(backup.status).toEqual({
    version: 1,
    formatVersion: '1.1.0',
    expiration: '2026-01-31T00:00:00Z',
  });
  expect(backup.metadata.labels).toEqual({ 'velero.io/storage-location': 'default' });
  expect(backup.metadata.annotations).toEqual({
    'velero.io/source-cluster-k8s-gitversion': 'v1.34.4',
    'velero.io/source-cluster-k8s-major-version': '1',
    'velero.io/source-cluster-k8s-minor-version': '34',
    'velero.io/resource-timeout': '10m0s',
  });
});

it('V-BKP-003 keeps what is given and leaves its input alone', () => {
  const given = aBackup({ ttl: '1h', csiSnapshotTimeout: '1m', itemOperationTimeout: '0s' });
  const before = structuredClone(given);
  const { backup } = prepare({}, { backup: given });
  expect(backup.spec).toMatchObject({ ttl: '1h', csiSnapshotTimeout: '1m', itemOperationTimeout: '4h0m0s' });
  expect(backup.status?.expiration).toBe('2026-01-01T01:00:00Z');
  expect(given).toEqual(before);
});

it('V-BKP-004 maps the old name of the file backup default, with a warning', () => {
  const { backup, warnings } = prepare({ defaultVolumesToRestic: true, defaultVolumesToFsBackup: false });
  expect(backup.spec.defaultVolumesToFsBackup).toBe(true);
  expect(warnings).toEqual([
    'DefaultVolumesToRestic field will be deprecated, use DefaultVolumesToFsBackup instead. Automatically remap it to DefaultVolumesToFsBackup',
  ]);
});

it('V-BKP-005 takes the location that is marked as default before the server’s own', () => {
  const marked = { value: [aLocation('default'), aLocation('main', { default: true })] };
  expect(prepare({}, { locations: marked }).backup.spec.storageLocation).toBe('main');
  expect(prepare({ storageLocation: 'default' }, { locations: marked }).location?.metadata.name).toBe(
    'default',
  );
});

it.each([
  [
    'V-BKP-006',
    {},
    { locations: { value: [] } },
    `an existing backup storage location wasn't specified at backup creation time and the server default 'default' doesn't exist. Please address this issue (see \`velero backup-location -h\` for options) and create a new backup. Error: BackupStorageLocation.velero.io "default" not found`,
  ],
  [
    'V-BKP-007',
    { storageLocation: 'x' },
    {},
    `an existing backup storage location wasn't specified at backup creation time and the default 'x' wasn't found. Please address this issue (see \`velero backup-location -h\` for options) and create a new backup. Error: BackupStorageLocation.velero.io "x" not found`,
  ],
  ['V-BKP-007', {}, { locations: { error: 'no route' } }, 'error getting backup storage location: no route'],
  [
    'V-BKP-008',
    {},
    { locations: { value: [aLocation('default', { accessMode: 'ReadOnly' })] } },
    "backup can't be created because backup storage location default is currently in read-only mode (set spec.accessMode of the location to ReadWrite, or name another one in spec.storageLocation)",
  ],
  [
    'V-BKP-010',
    { volumeSnapshotLocations: ['none'] },
    {},
    'a VolumeSnapshotLocation CRD for the location none with the name specified in the backup spec needs to be created before this snapshot can be executed. Error: VolumeSnapshotLocation.velero.io "none" not found',
  ],
  [
    'V-BKP-010',
    { volumeSnapshotLocations: ['a', 'b'] },
    { snapshotLocations: { value: [aSnapshotLocation('a', 'aws'), aSnapshotLocation('b', 'aws')] } },
    'more than one VolumeSnapshotLocation name specified for provider aws: b; unexpected name was a',
  ],
  [
    'V-BKP-011',
    { snapshotVolumes: false },
    { snapshotLocations: { value: [aSnapshotLocation('a', 'aws'), aSnapshotLocation('b', 'aws')] } },
    'provider aws has more than one possible volume snapshot location, and none were specified explicitly or as a default',
  ],
  [
    'V-BKP-012',
    {},
    {
      snapshotLocations: { value: [aSnapshotLocation('a', 'aws')] },
      snapshotLocationCredentialErrors: new Map([['a', 'no such secret']]),
    },
    'error adding credentials to volume snapshot location named a: no such secret',
  ],
  [
    'V-BKP-014',
    {},
    { excludedNamespaces: { error: 'forbidden' } },
    'error getting namespace list: forbidden',
  ],
  [
    'V-BKP-015',
    { includedResources: ['pods'], excludedClusterScopedResources: ['nodes'] },
    {},
    'include-resources, exclude-resources and include-cluster-resources are old filter parameters.\ninclude-cluster-scoped-resources, exclude-cluster-scoped-resources, include-namespace-scoped-resources and exclude-namespace-scoped-resources are new filter parameters.\nThey cannot be used together',
  ],
  [
    'V-BKP-016',
    { excludedResources: ['*'] },
    {},
    "Invalid included/excluded resource lists: excludes list cannot contain '*'",
  ],
  [
    'V-BKP-017',
    { includedClusterScopedResources: ['nodes'], excludedClusterScopedResources: ['*'] },
    {},
    "Invalid cluster-scoped included/excluded resource lists: when exclude is '*', include cannot have value",
  ],
  [
    'V-BKP-017',
    { includedNamespaceScopedResources: ['pods'], excludedNamespaceScopedResources: ['pods'] },
    {},
    'Invalid namespace-scoped included/excluded resource lists: excludes list cannot contain an item in the includes list: pods',
  ],
  [
    'V-BKP-018',
    { includedNamespaces: ['a', '*'] },
    {},
    "Invalid included/excluded namespace lists: includes list must either contain '*' only, or a non-empty list of items",
  ],
  [
    'V-BKP-019',
    { labelSelector: { matchLabels: { a: 'b' } }, orLabelSelectors: [{ matchLabels: { a: 'b' } }] },
    {},
    'encountered labelSelector as well as orLabelSelectors in backup spec, only one can be specified',
  ],
  ['V-BKP-020', {}, { resourcePolicyError: 'fail to read the policy' }, 'fail to read the policy'],
] as const)('%s refuses %j', (_number, spec, input, fault) => {
  const { validationErrors, backup } = prepare(spec as BackupSpec, input);
  expect(validationErrors).toEqual([fault]);
  expect(backup.status?.validationErrors).toEqual([fault]);
});

it('V-BKP-014 excludes labelled namespaces, so that naming one is refused', () => {
  const labelled = { excludedNamespaces: { value: ['hidden', 'x'] } };
  expect(prepare({ excludedNamespaces: ['x'] }, labelled).backup.spec.excludedNamespaces).toEqual([
    'x',
    'hidden',
  ]);
  expect(prepare({ includedNamespaces: ['hidden'] }, labelled).validationErrors).toEqual([
    'Invalid included/excluded namespace lists: excludes list cannot contain an item in the includes list: hidden',
  ]);
});

it('V-BKP-011 V-BKP-012 takes one snapshot location a provider: named, only, or the server’s default', () => {
  const known = {
    value: [
      aSnapshotLocation('aws-1', 'aws'),
      aSnapshotLocation('aws-2', 'aws'),
      aSnapshotLocation('gcp-1', 'gcp'),
      aSnapshotLocation('azure-1', 'azure'),
      aSnapshotLocation('azure-2', 'azure'),
    ],
  };
  const base = prepare({}).backup;
  expect(base.spec.volumeSnapshotLocations).toBeUndefined();
  const { backup, snapshotLocations, validationErrors } = prepare(
    { volumeSnapshotLocations: ['aws-2'] },
    {
      snapshotLocations: known,
      defaults: {
        ttlMs: HOUR,
        csiSnapshotTimeoutMs: HOUR,
        itemOperationTimeoutMs: HOUR,
        resourceTimeoutMs: HOUR,
        volumesToFsBackup: true,
        snapshotMoveData: true,
        storageLocation: 'default',
        snapshotLocations: { azure: 'azure-2' },
      },
    },
  );
  expect(validationErrors).toEqual([]);
  expect(backup.spec.volumeSnapshotLocations).toEqual(['aws-2', 'azure-2', 'gcp-1']);
  expect(snapshotLocations.map(({ metadata }) => metadata.name)).toEqual(['aws-2', 'azure-2', 'gcp-1']);
  expect(backup.spec).toMatchObject({ defaultVolumesToFsBackup: true, snapshotMoveData: true });
});

it('V-BKP-020 gathers all faults, not only the first', () => {
  const { validationErrors } = prepare(
    { storageLocation: 'x', excludedResources: ['*'], includedNamespaces: ['-'] },
    { resourcePolicyError: 'policy' },
  );
  expect(validationErrors).toHaveLength(4);
});

it.each(['ttl', 'csiSnapshotTimeout', 'itemOperationTimeout'] as const)(
  'refuses a %s that is no duration',
  (field) => {
    const { validationErrors, backup } = prepare({ [field]: 'a week' });
    expect(validationErrors).toEqual([`Invalid ${field}: time: invalid duration "a week"`]);
    expect(backup.status?.expiration).toBe('2026-01-31T00:00:00Z');
  },
);

it('clears validation errors of an earlier look', () => {
  const backup = { ...aBackup({}), status: { validationErrors: ['old'] } };
  expect(prepare({}, { backup }).backup.status).not.toHaveProperty('validationErrors');
});

it('refuses selectors that no list would take', () => {
  const bad = { matchExpressions: [{ key: 'a', operator: 'In' as const, values: [] }] };
  expect(prepare({ labelSelector: bad }).validationErrors).toHaveLength(1);
  expect(prepare({ orLabelSelectors: [bad] }).validationErrors).toHaveLength(1);
  expect(
    prepare({ hooks: { resources: [{ name: 'h', labelSelector: bad }] } }).validationErrors,
  ).toHaveLength(1);
});
