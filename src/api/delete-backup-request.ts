/** DeleteBackupRequest, velero.io/v1 (pkg/apis/velero/v1/delete_backup_request_types.go). */

import type { KubeObject } from './object.ts';
import { nullable, oneOf, optional, type Static, struct, text, texts } from './schema.ts';

export const deleteBackupRequestSpec = struct('Which backup to delete.', {
  backupName: text('Name of the Backup.'),
});
export type DeleteBackupRequestSpec = Static<typeof deleteBackupRequestSpec>;

export const deleteBackupRequestPhases = ['New', 'InProgress', 'Processed'] as const;
export type DeleteBackupRequestPhase = (typeof deleteBackupRequestPhases)[number];

export const deleteBackupRequestStatus = struct('How far the deletion is.', {
  phase: optional(oneOf('Phase of the deletion.', deleteBackupRequestPhases)),
  errors: optional(nullable(texts('What could not be deleted.'))),
});
export type DeleteBackupRequestStatus = Static<typeof deleteBackupRequestStatus>;

export interface DeleteBackupRequest extends KubeObject {
  spec: DeleteBackupRequestSpec;
  status?: DeleteBackupRequestStatus;
}
