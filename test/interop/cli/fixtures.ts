/**
 * What both command lines look at: objects in every state that their printers know, and the files in the bucket that
 * describe asks for. `shelf` is a namespace without a server, so that nothing there moves.
 */

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import type { Cluster } from '../../../dev/cluster/index.ts';
import type { Api } from '../../support/api.ts';

export const SERVED = 'velero';
export const SHELF = 'shelf';

interface Fixture {
  kind: string;
  plural: string;
  metadata: { name: string; [field: string]: unknown };
  [field: string]: unknown;
}

const SPEC = {
  storageLocation: 'default',
  ttl: '720h0m0s',
  csiSnapshotTimeout: '10m0s',
  itemOperationTimeout: '4h0m0s',
  hooks: {},
};

const hook = {
  name: 'freeze',
  includedNamespaces: ['shop'],
  excludedResources: ['secrets'],
  labelSelector: { matchLabels: { app: 'db' } },
  pre: [{ exec: { container: 'db', command: ['/bin/sh', '-c', 'sync'], onError: 'Fail', timeout: '30s' } }],
  post: [{ exec: { command: ['/bin/thaw'], onError: 'Continue', timeout: '1m0s' } }],
};

/** Backups that the server leaves alone because they have ended. */
const servedBackups: Fixture[] = [
  backup('full', {
    labels: { 'velero.io/storage-location': 'default', team: 'a' },
    annotations: { 'velero.io/source-cluster-k8s-gitversion': 'v1.30.1', note: 'two  words' },
    spec: {
      ...SPEC,
      includedNamespaces: ['shop', 'bank'],
      excludedNamespaces: ['kube-system'],
      includedResources: ['*'],
      excludedResources: ['secrets', 'events'],
      includeClusterResources: false,
      labelSelector: {
        matchLabels: { app: 'shop' },
        matchExpressions: [{ key: 'tier', operator: 'In', values: ['web', 'db'] }],
      },
      orLabelSelectors: [],
      snapshotVolumes: true,
      snapshotMoveData: true,
      defaultVolumesToFsBackup: false,
      volumeSnapshotLocations: ['default'],
      hooks: { resources: [hook] },
      orderedResources: { pods: 'shop/a,shop/b' },
      resourcePolicy: { kind: 'configmap', name: 'policy' },
      uploaderConfig: { parallelFilesUpload: 7 },
    },
    status: {
      phase: 'PartiallyFailed',
      formatVersion: '1.1.0',
      version: 1,
      startTimestamp: '2026-01-02T03:04:05Z',
      completionTimestamp: '2026-01-02T03:05:06Z',
      expiration: '2035-02-01T03:04:05Z',
      warnings: 3,
      errors: 2,
      progress: { totalItems: 120, itemsBackedUp: 118 },
      backupItemOperationsAttempted: 2,
      backupItemOperationsCompleted: 1,
      backupItemOperationsFailed: 1,
      hookStatus: { hooksAttempted: 4, hooksFailed: 1 },
    },
  }),
  backup('old', {
    spec: {
      ...SPEC,
      includedNamespaceScopedResources: ['pods', 'deployments.apps'],
      excludedClusterScopedResources: ['nodes'],
    },
    status: {
      phase: 'Completed',
      startTimestamp: '2026-01-02T03:04:05Z',
      completionTimestamp: '2026-01-02T03:05:06Z',
      expiration: '2035-02-01T03:04:05Z',
      warnings: 1,
      volumeSnapshotsAttempted: 1,
      volumeSnapshotsCompleted: 1,
      csiVolumeSnapshotsAttempted: 1,
    },
  }),
  backup('bare', {
    spec: { storageLocation: 'default' },
    status: { phase: 'Failed', failureReason: 'no reason', errors: 1, expiration: '2035-02-01T03:04:05Z' },
  }),
  backup('refused', {
    spec: {
      ...SPEC,
      storageLocation: 'nowhere',
      orLabelSelectors: [{ matchLabels: { a: 'b' } }, { matchLabels: { c: 'd' } }],
    },
    status: { phase: 'FailedValidation', validationErrors: ['first fault', 'second fault'] },
  }),
];

const servedRestores: Fixture[] = [
  restore('back', {
    labels: { team: 'a' },
    spec: {
      backupName: 'full',
      includedNamespaces: ['*'],
      excludedNamespaces: ['bank'],
      includedResources: ['pods', 'services'],
      excludedResources: ['nodes', 'events'],
      namespaceMapping: { shop: 'shop2', alpha: 'beta' },
      labelSelector: { matchLabels: { app: 'shop' } },
      restorePVs: true,
      preserveNodePorts: false,
      includeClusterResources: true,
      existingResourcePolicy: 'update',
      itemOperationTimeout: '4h0m0s',
      hooks: {},
      uploaderConfig: { writeSparseFiles: true, parallelFilesDownload: 3 },
    },
    status: {
      phase: 'PartiallyFailed',
      startTimestamp: '2026-01-03T03:04:05Z',
      completionTimestamp: '2026-01-03T03:05:06Z',
      warnings: 1,
      errors: 1,
      progress: { totalItems: 12, itemsRestored: 12 },
      restoreItemOperationsAttempted: 1,
      restoreItemOperationsCompleted: 1,
      hookStatus: { hooksAttempted: 1, hooksFailed: 0 },
    },
  }),
  restore('plain', {
    spec: { backupName: 'old', hooks: {}, itemOperationTimeout: '0s' },
    status: { phase: 'FailedValidation', validationErrors: ['no such backup'] },
  }),
];

const served: Fixture[] = [
  ...servedBackups,
  ...servedRestores,
  ...['Completed', 'Failed', 'InProgress', 'New'].flatMap((phase, index) => [
    podVolume('PodVolumeBackup', `full-${index}`, { 'velero.io/backup-name': 'full' }, phase, index),
    podVolume('PodVolumeRestore', `back-${index}`, { 'velero.io/restore-name': 'back' }, phase, index),
  ]),
  ...[[], ['cannot delete the snapshot', 'nor the file']].map((errors, index) => ({
    kind: 'DeleteBackupRequest',
    plural: 'deletebackuprequests',
    metadata: { name: `old-${index}`, labels: { 'velero.io/backup-name': 'old' } },
    spec: { backupName: 'old' },
    status: { phase: 'Processed', errors },
  })),
];

const shelf: Fixture[] = [
  backup('b', {
    labels: { team: 'a', zone: 'x' },
    spec: SPEC,
    status: {
      phase: 'Completed',
      startTimestamp: '2026-01-02T03:04:05Z',
      expiration: '2035-02-01T03:04:05Z',
    },
  }),
  backup('daily-20260101000000', {
    labels: { 'velero.io/schedule-name': 'daily' },
    spec: SPEC,
    status: { phase: 'Completed', startTimestamp: '2026-01-01T00:00:00Z' },
  }),
  backup('daily-20260103000000', {
    labels: { 'velero.io/schedule-name': 'daily' },
    spec: SPEC,
    status: { phase: 'InProgress', startTimestamp: '2026-01-03T00:00:00Z', warnings: 5, errors: 7 },
  }),
  backup('daily-20260102000000', {
    labels: { 'velero.io/schedule-name': 'daily' },
    spec: SPEC,
    status: { phase: 'Failed', startTimestamp: '2026-01-02T00:00:00Z', expiration: '2026-01-03T00:00:00Z' },
  }),
  backup('fresh', {
    spec: { ttl: '1h0m0s', labelSelector: { matchExpressions: [{ key: 'a', operator: 'Exists' }] } },
  }),
  backup('going', { finalizers: ['example.com/keep'], spec: SPEC, status: { phase: 'Completed' } }),
  restore('r1', {
    labels: { team: 'a' },
    spec: { backupName: 'b', hooks: {}, itemOperationTimeout: '4h0m0s' },
    status: {
      phase: 'Completed',
      startTimestamp: '2026-01-03T03:04:05Z',
      completionTimestamp: '2026-01-03T03:05:06Z',
    },
  }),
  restore('r2', { spec: { scheduleName: 'daily', labelSelector: { matchLabels: { x: 'y' } } } }),
  restore('r3', {
    finalizers: ['example.com/keep'],
    spec: { backupName: 'b' },
    status: { phase: 'InProgress', errors: 1, warnings: 2 },
  }),
  {
    kind: 'Schedule',
    plural: 'schedules',
    metadata: { name: 'daily', labels: { team: 'a' }, annotations: { who: 'me' } },
    spec: {
      schedule: '0 1 * * *',
      template: {
        ...SPEC,
        includedNamespaces: ['shop'],
        hooks: { resources: [hook] },
        metadata: { labels: { x: 'y' } },
      },
      useOwnerReferencesInBackup: false,
    },
    status: { phase: 'Enabled', lastBackup: '2026-01-03T00:00:00Z' },
  },
  {
    kind: 'Schedule',
    plural: 'schedules',
    metadata: { name: 'paused' },
    spec: {
      schedule: '@every 6h',
      paused: true,
      skipImmediately: true,
      template: {
        ttl: '0s',
        uploaderConfig: { parallelFilesUpload: 3 },
        resourcePolicy: { kind: 'configmap', name: 'p' },
      },
    },
    status: { phase: 'FailedValidation', validationErrors: ['bad cron', 'bad name'] },
  },
  {
    kind: 'BackupStorageLocation',
    plural: 'backupstoragelocations',
    metadata: { name: 'default', labels: { team: 'a' } },
    spec: {
      provider: 'aws',
      default: true,
      objectStorage: { bucket: 'b', prefix: 'p/q' },
      accessMode: 'ReadOnly',
      config: { region: 'r' },
    },
    status: {
      phase: 'Available',
      lastValidationTime: '2026-01-03T00:00:00Z',
      lastSyncedTime: '2026-01-03T00:00:00Z',
    },
  },
  {
    kind: 'BackupStorageLocation',
    plural: 'backupstoragelocations',
    metadata: { name: 'other' },
    spec: {
      provider: 'gcp',
      objectStorage: { bucket: 'c', caCert: 'Y2VydA==' },
      backupSyncPeriod: '0s',
      validationFrequency: '1m',
    },
    status: { phase: 'Unavailable', message: 'no such bucket' },
  },
  {
    kind: 'VolumeSnapshotLocation',
    plural: 'volumesnapshotlocations',
    metadata: { name: 'vsl', labels: { team: 'a' } },
    spec: { provider: 'aws', config: { region: 'r' } },
  },
  {
    kind: 'VolumeSnapshotLocation',
    plural: 'volumesnapshotlocations',
    metadata: { name: 'vsl2' },
    spec: { provider: 'csi' },
  },
  {
    kind: 'BackupRepository',
    plural: 'backuprepositories',
    metadata: { name: 'shop-default-kopia-abcde', labels: { 'velero.io/storage-location': 'other' } },
    spec: {
      volumeNamespace: 'shop',
      backupStorageLocation: 'default',
      repositoryType: 'kopia',
      maintenanceFrequency: '1h0m0s',
      resticIdentifier: '',
    },
    status: { phase: 'Ready', lastMaintenanceTime: '2026-01-03T00:00:00Z' },
  },
  {
    kind: 'BackupRepository',
    plural: 'backuprepositories',
    metadata: { name: 'shop-default-restic-abcde' },
    spec: {
      volumeNamespace: 'shop',
      backupStorageLocation: 'default',
      repositoryType: 'restic',
      maintenanceFrequency: '168h0m0s',
      resticIdentifier: 's3:x',
    },
  },
];

function backup(
  name: string,
  rest: { labels?: object; annotations?: object; finalizers?: string[]; spec: object; status?: object },
): Fixture {
  const { labels, annotations, finalizers, ...fields } = rest;
  const metadata = { name, labels, annotations, finalizers };
  return { kind: 'Backup', plural: 'backups', metadata, ...fields };
}

function restore(
  name: string,
  rest: { labels?: object; finalizers?: string[]; spec: object; status?: object },
): Fixture {
  const { labels, finalizers, ...fields } = rest;
  return { kind: 'Restore', plural: 'restores', metadata: { name, labels, finalizers }, ...fields };
}

function podVolume(kind: string, name: string, labels: object, phase: string, index: number): Fixture {
  const pod = { kind: 'Pod', namespace: 'shop', name: `pod-${index % 2}`, uid: `uid-${index}` };
  const restored = { snapshotID: 's', sourceNamespace: 'shop' };
  return {
    kind,
    plural: `${kind.toLowerCase()}s`,
    metadata: { name, labels },
    spec: {
      pod,
      volume: `vol-${index}`,
      backupStorageLocation: 'default',
      repoIdentifier: '',
      uploaderType: 'kopia',
      ...(kind === 'PodVolumeBackup' ? { node: 'n1' } : restored),
    },
    status: { phase, progress: { totalBytes: 3000, bytesDone: 1000 * index } },
  };
}

/** Files of the bucket, under the location's prefix. */
const files: Record<string, unknown> = {
  'backups/full/velero-backup.json': {},
  'backups/full/full-logs.gz': 'time="2026-01-02T03:04:05Z" level=info msg="hello, ünïcode"\nsecond line\n',
  'backups/full/full.tar.gz': 'not really a tarball',
  'backups/full/full-results.gz': {
    errors: { velero: ['velero fails'], namespaces: { shop: ['cannot copy a', 'cannot copy b'] } },
    warnings: { cluster: ['node is old'] },
  },
  'backups/full/full-resource-list.json.gz': {
    'v1/Pod': ['shop/a', 'shop/b'],
    'apps/v1/Deployment': ['shop/web'],
    'v1/Namespace': ['shop'],
  },
  'backups/full/full-itemoperations.json.gz': [
    operation(
      {
        backupName: 'full',
        backupItemAction: 'velero.io/csi-pvc-backupper',
        postOperationItems: [
          { Group: 'snapshot.storage.k8s.io', Resource: 'volumesnapshots', Namespace: 'shop', Name: 'vs' },
        ],
      },
      {
        phase: 'Completed',
        nCompleted: 10,
        nTotal: 10,
        operationUnits: 'Bytes',
        created: '2026-01-02T03:04:05Z',
        started: '2026-01-02T03:04:06Z',
        updated: '2026-01-02T03:04:07Z',
        description: 'Moved',
      },
    ),
    operation(
      { backupName: 'full', backupItemAction: 'other', postOperationItems: null },
      { phase: 'Failed', error: 'disk on fire', created: '2026-01-02T03:04:05Z' },
    ),
  ],
  'backups/full/full-volumeinfo.json.gz': [
    {
      pvcName: 'claim',
      pvcNamespace: 'shop',
      pvName: 'pv1',
      backupMethod: 'NativeSnapshot',
      snapshotDataMoved: false,
      preserveLocalSnapshot: false,
      skipped: false,
      nativeSnapshotInfo: { snapshotHandle: 'snap-1', volumeType: 'gp3', volumeAZ: 'a', iops: '100' },
    },
    {
      pvcName: 'csi',
      pvcNamespace: 'shop',
      pvName: 'pv2',
      backupMethod: 'CSISnapshot',
      snapshotDataMoved: false,
      preserveLocalSnapshot: true,
      skipped: false,
      csiSnapshotInfo: {
        snapshotHandle: 'h',
        size: 1073741824,
        driver: 'd',
        vscName: 'vsc',
        operationID: 'op-1',
      },
    },
    {
      pvcName: 'moved',
      pvcNamespace: 'shop',
      pvName: 'pv3',
      backupMethod: 'CSISnapshot',
      snapshotDataMoved: true,
      preserveLocalSnapshot: false,
      skipped: false,
      snapshotDataMovementInfo: {
        dataMover: '',
        uploaderType: 'kopia',
        snapshotHandle: 's',
        operationID: 'du-1',
        size: 5,
      },
    },
    {
      pvName: 'pv4',
      backupMethod: 'PodVolumeBackup',
      snapshotDataMoved: false,
      preserveLocalSnapshot: false,
      skipped: false,
    },
  ],
  'backups/old/velero-backup.json': {},
  'backups/old/old-volumesnapshots.json.gz': [
    {
      spec: {
        backupName: 'old',
        backupUID: 'u',
        location: 'l',
        persistentVolumeName: 'pv9',
        providerVolumeID: 'v',
        volumeType: 'gp2',
        volumeAZ: 'z',
        volumeIOPS: 300,
      },
      status: { providerSnapshotID: 'snap-9', phase: 'Completed' },
    },
  ],
  'backups/old/old-csi-volumesnapshots.json.gz': [
    {
      metadata: { name: 'vs', namespace: 'shop' },
      spec: { source: { persistentVolumeClaimName: 'claim9' } },
      status: { boundVolumeSnapshotContentName: 'vsc9' },
    },
  ],
  'backups/old/old-csi-volumesnapshotcontents.json.gz': [
    {
      metadata: { name: 'vsc9' },
      spec: { driver: 'drv', source: {}, deletionPolicy: 'Retain', volumeSnapshotRef: {} },
      status: { snapshotHandle: 'hh', restoreSize: 77 },
    },
    {
      metadata: { name: 'vsc8' },
      spec: { driver: 'drv', source: {}, deletionPolicy: 'Retain', volumeSnapshotRef: {} },
    },
  ],
  'backups/bare/velero-backup.json': {},
  'backups/bare/bare-volumeinfo.json.gz': 'no JSON at all',
  'restores/back/restore-back-logs.gz': 'restore log\n',
  'restores/back/restore-back-results.gz': {
    errors: { cluster: ['x'] },
    warnings: { velero: ['w'], namespaces: { shop2: ['exists'] } },
  },
  'restores/back/restore-back-resource-list.json.gz': { 'v1/Pod': ['shop2/a(created)', 'shop2/b(failed)'] },
  'restores/back/back-volumeinfo.json.gz': [
    {
      pvcName: 'csi',
      pvcNamespace: 'shop2',
      pvName: 'pv',
      restoreMethod: 'CSISnapshot',
      snapshotDataMoved: false,
      csiSnapshotInfo: { snapshotHandle: 'h', size: 1, driver: 'd', vscName: 'vsc' },
    },
    {
      pvcName: 'moved',
      pvcNamespace: 'shop2',
      pvName: 'pv',
      restoreMethod: 'CSISnapshot',
      snapshotDataMoved: true,
      snapshotDataMovementInfo: {
        dataMover: 'velero',
        uploaderType: 'kopia',
        snapshotHandle: 's',
        operationID: 'dd-1',
        size: 1,
      },
    },
  ],
  'restores/back/restore-back-itemoperations.json.gz': [
    operation(
      { restoreName: 'back', restoreItemAction: 'velero.io/csi-pvc-restorer' },
      { phase: 'Completed', nCompleted: 1, nTotal: 2, operationUnits: 'Bytes' },
    ),
  ],
};

function operation(spec: object, status: object): object {
  const item = { Group: '', Resource: 'persistentvolumeclaims', Namespace: 'shop', Name: 'claim' };
  return { spec: { ...spec, resourceIdentifier: item, operationID: 'op-1' }, status };
}

/** Writes the files straight into the object store. @param prefix of the location */
export function putFiles(cluster: Cluster, prefix: string): void {
  for (const [name, content] of Object.entries(files)) {
    const file = path.join(cluster.s3.dataFolder, 'velero', prefix, name);
    const text = typeof content === 'string' ? content : JSON.stringify(content);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, name.endsWith('.gz') ? gzipSync(text) : text);
  }
}

/** Creates all objects; those that are to be found under deletion are deleted, and held by a finalizer. */
export async function createObjects(api: Api): Promise<void> {
  for (const [namespace, fixtures] of [
    [SERVED, served],
    [SHELF, shelf],
  ] as const) {
    for (const { plural, ...object } of fixtures) {
      const base = `/apis/velero.io/v1/namespaces/${namespace}/${plural}`;
      await api.create(base, { apiVersion: 'velero.io/v1', ...object });
      if (object.metadata['finalizers']) await api.delete(`${base}/${object.metadata.name}`);
    }
  }
}

/** Backups that a real Velero made elsewhere. */
export const RECORDED = ['shop-fsb3', 'store-csi', 'store-dm'];

/** Makes the recorded backups and their pod volume backups known, as the sync of the bucket would. */
export async function createRecorded(cluster: Cluster, api: Api, prefix: string): Promise<void> {
  for (const name of RECORDED) {
    const folder = path.join(cluster.s3.dataFolder, 'velero', prefix, 'backups', name);
    const stored = JSON.parse(readFileSync(path.join(folder, 'velero-backup.json'), 'utf8')) as Fixture;
    const volumes = gunzipSync(readFileSync(path.join(folder, `${name}-podvolumebackups.json.gz`)));
    const objects = [{ ...stored, plural: 'backups' }];
    for (const one of (JSON.parse(volumes.toString()) ?? []) as Fixture[]) {
      objects.push({ ...one, plural: 'podvolumebackups' });
    }
    for (const { plural, metadata, ...object } of objects) {
      const { labels, annotations } = metadata;
      await api.create(`/apis/velero.io/v1/namespaces/${SERVED}/${plural}`, {
        ...object,
        apiVersion: 'velero.io/v1',
        kind: plural === 'backups' ? 'Backup' : 'PodVolumeBackup',
        metadata: { name: metadata.name, labels, annotations },
      });
    }
  }
}
