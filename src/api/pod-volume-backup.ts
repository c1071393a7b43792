/** PodVolumeBackup, velero.io/v1 (pkg/apis/velero/v1/pod_volume_backup_types.go). */

import { objectReference } from './core/references.ts';
import type { KubeObject } from './object.ts';
import {
  count,
  nullable,
  oneOf,
  optional,
  pointer,
  type Static,
  struct,
  text,
  textMap,
  time,
  written,
} from './schema.ts';

export const uploaderTypes = ['kopia', 'restic', ''] as const;
export type UploaderType = (typeof uploaderTypes)[number];

/** Shared by pod volume and data mover objects. */
export const dataMoveProgress = struct('Bytes done and known.', {
  totalBytes: optional(count('Bytes to move in all.', 'int64')),
  bytesDone: optional(count('Bytes moved so far.', 'int64')),
});
export type DataMoveOperationProgress = Static<typeof dataMoveProgress>;

export const podVolumeBackupSpec = struct('Which volume of which pod to back up.', {
  node: text('Node on which the pod runs.'),
  pod: objectReference,
  volume: text('Name of the volume within the pod.'),
  backupStorageLocation: text('Location that receives the data.'),
  repoIdentifier: text('Address of a restic repository.'),
  uploaderType: written(oneOf('Who moves the data.', uploaderTypes)),
  tags: optional(textMap('Tags of the snapshot in the repository.')),
  uploaderSettings: optional(nullable(textMap('Settings of the uploader.'))),
});
export type PodVolumeBackupSpec = Static<typeof podVolumeBackupSpec>;

export const podVolumePhases = ['New', 'InProgress', 'Completed', 'Failed'] as const;
export type PodVolumeBackupPhase = (typeof podVolumePhases)[number];

export const podVolumeBackupStatus = struct('How far the backup of the volume is.', {
  phase: optional(oneOf('Phase of the backup of the volume.', podVolumePhases)),
  path: optional(text('Path of the volume on the node.')),
  snapshotID: optional(text('Snapshot in the repository.')),
  message: optional(text('What happened.')),
  startTimestamp: pointer(nullable(time('When it began.'))),
  completionTimestamp: pointer(nullable(time('When it ended, well or not.'))),
  progress: optional(dataMoveProgress),
});
export type PodVolumeBackupStatus = Static<typeof podVolumeBackupStatus>;

export interface PodVolumeBackup extends KubeObject {
  spec: PodVolumeBackupSpec;
  status?: PodVolumeBackupStatus;
}
