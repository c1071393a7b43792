import { expect, it } from 'vitest';
import type { BackupOperation } from '../api/documents/item-operation.ts';
import type { KubeObject } from '../api/object.ts';
import type { PodVolumeBackup } from '../api/pod-volume-backup.ts';
import { createLogger, type LogEntry } from '../lib/log.ts';
import { completedVolumeInfos } from './finalize.ts';
import { type VolumeInfoInput, volumeInfos } from './volume-info.ts';
import { VolumeRecords } from './volume-records.ts';

function aPv(name: string, claim: string, labels?: Record<string, string>): KubeObject {
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: { name, ...(labels === undefined ? {} : { labels }) },
    spec: {
      persistentVolumeReclaimPolicy: 'Retain',
      ...(claim === '' ? {} : { claimRef: { namespace: 'shop', name: claim } }),
    },
  };
}

function infos(input: Partial<VolumeInfoInput>, pvs: readonly KubeObject[]) {
  const records = new VolumeRecords();
  for (const pv of pvs) records.addVolume(pv);
  const entries: LogEntry[] = [];
  const result = volumeInfos({
    backupName: 'b',
    records,
    skipped: [],
    nativeSnapshots: [],
    summary: {
      podVolumeBackups: [],
      csiVolumeSnapshots: [],
      csiVolumeSnapshotContents: [],
      csiVolumeSnapshotClasses: [],
      snapshotClasses: [],
      dataUploads: [],
    },
    operations: [],
    log: createLogger({ sinks: [{ write: (entry) => entries.push(entry) }] }),
    ...input,
  });
  return { result, messages: entries.map(({ message }) => message) };
}

const none = { snapshotDataMoved: false, preserveLocalSnapshot: false };

it('V-STO-046 V-STO-048 V-STO-049 writes skipped PVs that the backup knows', () => {
  const { result, messages } = infos(
    {
      skipped: [
        { name: 'pv', reasons: [{ approach: 'podvolume', reason: 'r' }] },
        { name: 'free', reasons: [{ approach: 'any', reason: 's' }] },
        { name: 'stranger', reasons: [{ approach: 'any', reason: 't' }] },
      ],
    },
    [aPv('pv', 'data', { disk: 'fast' }), aPv('free', '')],
  );
  expect(result).toEqual([
    {
      pvcName: 'data',
      pvcNamespace: 'shop',
      pvName: 'pv',
      ...none,
      skipped: true,
      skippedReason: 'podvolume: r;',
      pvInfo: { reclaimPolicy: 'Retain', labels: { disk: 'fast' } },
    },
    {
      pvName: 'free',
      ...none,
      skipped: true,
      skippedReason: 'any: s;',
      pvInfo: { reclaimPolicy: 'Retain', labels: null },
    },
  ]);
  expect(messages).toEqual(['Cannot find info for PV stranger']);
});

it('V-STO-047 V-STO-049 writes native snapshots', () => {
  const snapshot = (persistentVolumeName: string, volumeIOPS?: number) => ({
    spec: {
      backupName: 'b',
      backupUID: 'u',
      location: 'aws',
      persistentVolumeName,
      providerVolumeID: 'vol-1',
      volumeType: 'gp3',
      ...(volumeIOPS === undefined ? {} : { volumeIOPS }),
    },
    status: { providerSnapshotID: 'snap-1', phase: 'Completed' as const },
  });
  const { result } = infos({ nativeSnapshots: [snapshot('pv', 100), snapshot('stranger')] }, [
    aPv('pv', 'data'),
  ]);
  expect(result).toMatchObject([
    {
      backupMethod: 'NativeSnapshot',
      pvName: 'pv',
      skipped: false,
      nativeSnapshotInfo: { snapshotHandle: 'snap-1', volumeType: 'gp3', volumeAZ: '', iops: '100' },
    },
  ]);
});

const csi = (kind: string, name: string, parts: object): KubeObject => ({
  apiVersion: 'snapshot.storage.k8s.io/v1',
  kind,
  metadata: { name, namespace: 'shop', labels: { 'velero.io/backup-name': 'b' } },
  ...parts,
});

const postItem = { Group: 'velero.io', Resource: 'datauploads', Namespace: 'velero', Name: 'du' };

function anOperation(group: string, resource: string, name: string, operationID: string): BackupOperation {
  return {
    spec: {
      backupName: 'b',
      backupUID: 'u',
      backupItemAction: 'a',
      resourceIdentifier: { Group: group, Resource: resource, Namespace: 'shop', Name: name },
      operationID,
      postOperationItems: [postItem],
    },
    status: { phase: 'Completed', updated: '2026-01-01T02:00:00Z' },
  };
}

const snapshotClass = csi('VolumeSnapshotClass', 'fast', { driver: 'hostpath.csi' });
const empty = {
  podVolumeBackups: [],
  csiVolumeSnapshots: [],
  csiVolumeSnapshotContents: [],
  csiVolumeSnapshotClasses: [],
  snapshotClasses: [],
  dataUploads: [],
};

it('V-STO-047 V-STO-049 writes CSI snapshots and leaves out those of other backups or without a content', () => {
  const snapshot = (name: string, parts: object = {}) =>
    csi('VolumeSnapshot', name, {
      spec: { volumeSnapshotClassName: 'fast', source: { persistentVolumeClaimName: 'data' } },
      status: {
        boundVolumeSnapshotContentName: 'content',
        restoreSize: '1Gi',
        creationTime: '2026-01-01T00:00:00Z',
      },
      ...parts,
    });
  const other = snapshot('other');
  const { result } = infos(
    {
      summary: {
        ...empty,
        csiVolumeSnapshots: [
          snapshot('vs'),
          { ...other, metadata: { ...other.metadata, labels: { 'velero.io/backup-name': 'c' } } },
          snapshot('unbound', { status: {} }),
        ],
        csiVolumeSnapshotContents: [
          csi('VolumeSnapshotContent', 'content', { status: { snapshotHandle: 'h' } }),
        ],
        csiVolumeSnapshotClasses: [snapshotClass],
      },
      operations: [anOperation('snapshot.storage.k8s.io', 'volumesnapshots', 'vs', 'op-1')],
    },
    [aPv('pv', 'data')],
  );
  expect(result).toMatchObject([
    {
      backupMethod: 'CSISnapshot',
      preserveLocalSnapshot: true,
      startTimestamp: '2026-01-01T00:00:00Z',
      csiSnapshotInfo: {
        snapshotHandle: 'h',
        size: 1024 ** 3,
        driver: 'hostpath.csi',
        vscName: 'content',
        operationID: 'op-1',
      },
    },
  ]);
  expect(completedVolumeInfos(result, [], [anOperation('', 'x', 'x', 'op-1')])).toMatchObject([
    { completionTimestamp: '2026-01-01T02:00:00Z' },
  ]);
});

it('V-STO-047 V-STO-049 writes file backups, also of volumes without a claim', () => {
  const pvb = (volume: string, claim?: string): PodVolumeBackup => ({
    apiVersion: 'velero.io/v1',
    kind: 'PodVolumeBackup',
    metadata: {
      name: volume,
      ...(claim === undefined ? {} : { annotations: { 'velero.io/pvc-name': claim } }),
    },
    spec: {
      node: 'n1',
      pod: { name: 'web', namespace: 'shop' },
      volume,
      backupStorageLocation: 'default',
      repoIdentifier: '',
      uploaderType: 'kopia',
    },
    status: { snapshotID: 's', startTimestamp: '2026-01-01T00:00:00Z', progress: { totalBytes: 7 } },
  });
  const { result } = infos(
    { summary: { ...empty, podVolumeBackups: [pvb('scratch'), pvb('data', 'data'), pvb('x', 'unknown')] } },
    [aPv('pv', 'data')],
  );
  expect(result).toHaveLength(2);
  expect(result[0]).toEqual({
    ...none,
    skipped: false,
    backupMethod: 'PodVolumeBackup',
    startTimestamp: '2026-01-01T00:00:00Z',
    pvbInfo: {
      snapshotHandle: 's',
      size: 7,
      uploaderType: 'kopia',
      volumeName: 'scratch',
      podName: 'web',
      podNamespace: 'shop',
      nodeName: 'n1',
    },
  });
  expect(result[1]).toMatchObject({ pvName: 'pv', pvcName: 'data' });
});

it('V-STO-050 V-STO-051 writes moved data with what is unknown yet, and fills it in at the end', () => {
  const upload: KubeObject = {
    apiVersion: 'velero.io/v2alpha1',
    kind: 'DataUpload',
    metadata: { name: 'du', namespace: 'velero' },
    spec: {
      datamover: '',
      sourcePVC: 'data',
      sourceNamespace: 'shop',
      csiSnapshot: { snapshotClass: 'fast', volumeSnapshot: 'vs' },
    },
    status: {
      startTimestamp: '2026-01-01T00:00:00Z',
      completionTimestamp: '2026-01-01T01:00:00Z',
      snapshotID: 'k1',
      progress: { totalBytes: 42 },
    },
  };
  const operations = [anOperation('', 'persistentvolumeclaims', 'data', 'du-1')];
  const summary = { ...empty, dataUploads: [upload], snapshotClasses: [snapshotClass] };
  const { result } = infos({ summary, operations }, [aPv('pv', 'data')]);
  expect(result).toMatchObject([
    {
      backupMethod: 'CSISnapshot',
      snapshotDataMoved: true,
      startTimestamp: '2026-01-01T00:00:00Z',
      csiSnapshotInfo: {
        snapshotHandle: 'unknown',
        vscName: 'unknown',
        operationID: 'unknown',
        driver: 'hostpath.csi',
        size: 0,
      },
      snapshotDataMovementInfo: {
        dataMover: 'velero',
        uploaderType: 'kopia',
        snapshotHandle: '',
        operationID: 'du-1',
        size: 0,
      },
    },
  ]);
  expect(completedVolumeInfos(result, [upload], operations)).toMatchObject([
    {
      completionTimestamp: '2026-01-01T01:00:00Z',
      snapshotDataMovementInfo: { snapshotHandle: 'k1', retainedSnapshot: 'vs', size: 42 },
    },
  ]);
});
