/** PodVolumeRestore, velero.io/v1 (pkg/apis/velero/v1/pod_volume_restore_type.go). */

import { objectReference } from './core/references.ts';
import type { KubeObject } from './object.ts';
import { dataMoveProgress, podVolumePhases, uploaderTypes } from './pod-volume-backup.ts';
import {
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

export const podVolumeRestoreSpec = struct('Which volume of which pod to fill again.', {
  pod: objectReference,
  volume: text('Name of the volume within the pod.'),
  backupStorageLocation: text('Location that holds the data.'),
  repoIdentifier: text('Address of a restic repository.'),
  uploaderType: written(oneOf('Who moves the data.', uploaderTypes)),
  snapshotID: text('Snapshot in the repository.'),
  sourceNamespace: text('Namespace that was backed up.'),
  uploaderSettings: optional(nullable(textMap('Settings of the uploader.'))),
});
export type PodVolumeRestoreSpec = Static<typeof podVolumeRestoreSpec>;

export type PodVolumeRestorePhase = (typeof podVolumePhases)[number];

export const podVolumeRestoreStatus = struct('How far the restore of the volume is.', {
  phase: optional(oneOf('Phase of the restore of the volume.', podVolumePhases)),
  message: optional(text('What happened.')),
  startTimestamp: pointer(nullable(time('When it began.'))),
  completionTimestamp: pointer(nullable(time('When it ended, well or not.'))),
  progress: optional(dataMoveProgress),
});
export type PodVolumeRestoreStatus = Static<typeof podVolumeRestoreStatus>;

export interface PodVolumeRestore extends KubeObject {
  spec: PodVolumeRestoreSpec;
  status?: PodVolumeRestoreStatus;
}
