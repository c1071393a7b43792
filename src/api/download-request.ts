/** DownloadRequest, velero.io/v1 (pkg/apis/velero/v1/download_request_types.go). */

import type { KubeObject } from './object.ts';
import { nullable, oneOf, optional, pointer, type Static, struct, text, time } from './schema.ts';

export const downloadTargetKinds = [
  'BackupLog',
  'BackupContents',
  'BackupVolumeSnapshots',
  'BackupItemOperations',
  'BackupResourceList',
  'BackupResults',
  'RestoreLog',
  'RestoreResults',
  'RestoreResourceList',
  'RestoreItemOperations',
  'CSIBackupVolumeSnapshots',
  'CSIBackupVolumeSnapshotContents',
  'BackupVolumeInfos',
  'RestoreVolumeInfo',
] as const;
export type DownloadTargetKind = (typeof downloadTargetKinds)[number];

export const downloadTarget = struct('The file that is wanted.', {
  kind: oneOf('What sort of file.', downloadTargetKinds),
  name: text('Backup or Restore to which the file belongs.'),
});
export type DownloadTarget = Static<typeof downloadTarget>;

export const downloadRequestSpec = struct('What to fetch from the store.', { target: downloadTarget });
export type DownloadRequestSpec = Static<typeof downloadRequestSpec>;

export const downloadRequestPhases = ['New', 'Processed'] as const;
export type DownloadRequestPhase = (typeof downloadRequestPhases)[number];

export const downloadRequestStatus = struct('The answer to the request.', {
  phase: optional(oneOf('Whether the request has been answered.', downloadRequestPhases)),
  downloadURL: optional(text('Signed address of the file.')),
  expiration: pointer(nullable(time('When the request may be deleted.'))),
});
export type DownloadRequestStatus = Static<typeof downloadRequestStatus>;

export interface DownloadRequest extends KubeObject {
  spec: DownloadRequestSpec;
  status?: DownloadRequestStatus;
}
