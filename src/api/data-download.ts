/** DataDownload, velero.io/v2alpha1 (pkg/apis/velero/v2alpha1/data_download_types.go). */

import { dataMovePhases } from './data-upload.ts';
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
} from './schema.ts';

export const targetVolumeSpec = struct('The volume to fill.', {
  pvc: text('Claim that was restored.'),
  pv: text('Volume that was restored.'),
  namespace: text('Namespace of the claim.'),
});
export type TargetVolumeSpec = Static<typeof targetVolumeSpec>;

export const dataDownloadSpec = struct('Which snapshot to fetch into which volume.', {
  targetVolume: targetVolumeSpec,
  backupStorageLocation: text('Location that holds the data.'),
  datamover: optional(text('Who moves the data; empty or `velero` for the built-in mover.')),
  snapshotID: text('Snapshot in the repository.'),
  sourceNamespace: text('Namespace that was backed up.'),
  dataMoverConfig: optional(textMap('Settings of the mover.')),
  cancel: optional(flag('Whether the download shall stop.')),
  operationTimeout: duration('How long single steps inside may take.'),
});
export type DataDownloadSpec = Static<typeof dataDownloadSpec>;

export type DataDownloadPhase = (typeof dataMovePhases)[number];

export const dataDownloadStatus = struct('How far the download is.', {
  phase: optional(oneOf('Phase of the download.', dataMovePhases)),
  message: optional(text('What happened.')),
  startTimestamp: pointer(nullable(time('When it began.'))),
  completionTimestamp: pointer(nullable(time('When it ended, well or not.'))),
  progress: optional(dataMoveProgress),
  node: optional(text('Node that does the work.')),
});
export type DataDownloadStatus = Static<typeof dataDownloadStatus>;

export interface DataDownload extends KubeObject {
  spec: DataDownloadSpec;
  status?: DataDownloadStatus;
}
