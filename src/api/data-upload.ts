/** DataUpload, velero.io/v2alpha1 (pkg/apis/velero/v2alpha1/data_upload_types.go). */

import type { KubeObject } from './object.ts';
import { dataMoveProgress } from './pod-volume-backup.ts';
import {
  duration,
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
  word,
  written,
  writtenPointer,
} from './schema.ts';

export const csiSnapshotSpec = struct('The CSI snapshot whose data is moved.', {
  volumeSnapshot: text('Name of the VolumeSnapshot.'),
  storageClass: text('Storage class of the snapshotted claim.'),
  snapshotClass: written(text('Class of the VolumeSnapshot.')),
});
export type CSISnapshotSpec = Static<typeof csiSnapshotSpec>;

export const dataUploadSpec = struct('Which snapshot to move to the store.', {
  snapshotType: word<'CSI'>('Sort of snapshot; only CSI is known.'),
  csiSnapshot: writtenPointer(nullable(csiSnapshotSpec)),
  sourcePVC: text('Claim that was snapshotted.'),
  datamover: optional(text('Who moves the data; empty or `velero` for the built-in mover.')),
  backupStorageLocation: text('Location that receives the data.'),
  sourceNamespace: text('Namespace of the claim.'),
  dataMoverConfig: optional(nullable(textMap('Settings of the mover.'))),
  cancel: optional(flag('Whether the upload shall stop.')),
  operationTimeout: duration('How long single steps inside may take.'),
});
export type DataUploadSpec = Static<typeof dataUploadSpec>;

export const dataMovePhases = [
  'New',
  'Accepted',
  'Prepared',
  'InProgress',
  'Canceling',
  'Canceled',
  'Completed',
  'Failed',
] as const;
export type DataUploadPhase = (typeof dataMovePhases)[number];

export const dataUploadStatus = struct('How far the upload is.', {
  phase: optional(oneOf('Phase of the upload.', dataMovePhases)),
  path: optional(text('Path of the volume on the node.')),
  snapshotID: optional(text('Snapshot in the repository.')),
  dataMoverResult: pointer(nullable(textMap('What the mover wants to know at restore.'))),
  message: optional(text('What happened.')),
  startTimestamp: pointer(nullable(time('When it began.'))),
  completionTimestamp: pointer(nullable(time('When it ended, well or not.'))),
  progress: optional(dataMoveProgress),
  node: optional(text('Node that does the work.')),
});
export type DataUploadStatus = Static<typeof dataUploadStatus>;

export interface DataUpload extends KubeObject {
  spec: DataUploadSpec;
  status?: DataUploadStatus;
}

/** What a DataUpload leaves for the DataDownload, kept in a ConfigMap during a restore. */
export interface DataUploadResult {
  backupStorageLocation: string;
  datamover?: string;
  snapshotID?: string;
  sourceNamespace: string;
  dataMoverResult?: Record<string, string> | null;
}
