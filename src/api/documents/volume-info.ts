/** What became of each volume: `<name>-volumeinfo.json.gz` (internal/volume/volumes_information.go). */

import {
  count,
  flag,
  nullable,
  oneOf,
  optional,
  pointer,
  type Static,
  struct,
  text,
  textMap,
  time,
  writtenPointer,
} from '../schema.ts';

export const backupMethods = ['NativeSnapshot', 'PodVolumeBackup', 'CSISnapshot'] as const;
export const restoreMethods = ['NativeSnapshot', 'PodVolumeRestore', 'CSISnapshot'] as const;

/** Written where a value is known only later, or never. */
export const UNKNOWN_VALUE = 'unknown';

export const csiSnapshotInfo = struct('A CSI snapshot.', {
  snapshotHandle: text('Id of the snapshot at the storage system.'),
  size: count('Size in bytes.', 'int64'),
  driver: text('Name of the CSI driver.'),
  vscName: text('Name of the VolumeSnapshotContent.'),
  operationID: optional(text('Id of the asynchronous operation.')),
});
export type CSISnapshotInfo = Static<typeof csiSnapshotInfo>;

export const snapshotDataMovementInfo = struct('Snapshot data that was moved.', {
  dataMover: text('Who moved it.'),
  uploaderType: text('kopia or restic.'),
  retainedSnapshot: optional(text('Snapshot that was kept in the cluster.')),
  snapshotHandle: text('Snapshot in the repository.'),
  operationID: text('Id of the asynchronous operation.'),
  size: count('Bytes moved.', 'int64'),
});
export type SnapshotDataMovementInfo = Static<typeof snapshotDataMovementInfo>;

export const nativeSnapshotInfo = struct('A snapshot taken by a volume snapshotter.', {
  snapshotHandle: text('Id of the snapshot at the provider.'),
  volumeType: text('Type of the volume.'),
  volumeAZ: text('Zone of the volume.'),
  iops: text('I/O operations a second, as text; 0 where unknown.'),
});
export type NativeSnapshotInfo = Static<typeof nativeSnapshotInfo>;

export const podVolumeInfo = struct('A pod volume backed up from the file system.', {
  snapshotHandle: optional(text('Snapshot in the repository.')),
  size: optional(count('Size in bytes.', 'int64')),
  uploaderType: text('kopia or restic.'),
  volumeName: text('Name of the volume within the pod.'),
  podName: text('Name of the pod.'),
  podNamespace: text('Namespace of the pod.'),
  nodeName: optional(text('Node where the backup was made.')),
});
export type PodVolumeInfo = Static<typeof podVolumeInfo>;

export const pvInfo = struct('What a new PersistentVolume shall have of the old one.', {
  reclaimPolicy: text('Reclaim policy.'),
  labels: writtenPointer(nullable(textMap('Labels.'))),
});
export type PVInfo = Static<typeof pvInfo>;

export const backupVolumeInfo = struct('One volume of a backup.', {
  pvcName: optional(text('Name of the claim.')),
  pvcNamespace: optional(text('Namespace of the claim.')),
  pvName: optional(text('Name of the volume.')),
  backupMethod: optional(oneOf('How the data was saved.', backupMethods)),
  snapshotDataMoved: flag('Whether snapshot data was moved to the store.'),
  preserveLocalSnapshot: flag('Whether a snapshot remains in the cluster.'),
  skipped: flag('Whether nothing was saved.'),
  skippedReason: optional(text('Why nothing was saved.')),
  startTimestamp: pointer(time('When saving began.')),
  completionTimestamp: pointer(time('When saving ended.')),
  csiSnapshotInfo: pointer(csiSnapshotInfo),
  snapshotDataMovementInfo: pointer(snapshotDataMovementInfo),
  nativeSnapshotInfo: pointer(nativeSnapshotInfo),
  pvbInfo: pointer(podVolumeInfo),
  pvInfo: pointer(pvInfo),
});
export type BackupVolumeInfo = Static<typeof backupVolumeInfo>;

export const restoreVolumeInfo = struct('One volume of a restore.', {
  pvcName: optional(text('Name of the claim.')),
  pvcNamespace: optional(text('Namespace of the claim.')),
  pvName: optional(text('Name of the volume.')),
  restoreMethod: optional(oneOf('How the data came back.', restoreMethods)),
  snapshotDataMoved: flag('Whether the data was fetched from the store.'),
  csiSnapshotInfo: pointer(csiSnapshotInfo),
  snapshotDataMovementInfo: pointer(snapshotDataMovementInfo),
  nativeSnapshotInfo: pointer(nativeSnapshotInfo),
  pvrInfo: pointer(podVolumeInfo),
});
export type RestoreVolumeInfo = Static<typeof restoreVolumeInfo>;
