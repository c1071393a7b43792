/** BackupRepository, velero.io/v1 (pkg/apis/velero/v1/backup_repository_types.go). */

import type { KubeObject } from './object.ts';
import { uploaderTypes } from './pod-volume-backup.ts';
import {
  duration,
  nullable,
  oneOf,
  optional,
  pointer,
  type Static,
  struct,
  text,
  time,
  written,
} from './schema.ts';

export const backupRepositorySpec = struct('The repository of one namespace in one location.', {
  volumeNamespace: text('Namespace whose volumes are kept here.'),
  backupStorageLocation: text('Location that holds the repository.'),
  repositoryType: written(oneOf('Format of the repository.', uploaderTypes)),
  resticIdentifier: text('Address of a restic repository.'),
  maintenanceFrequency: duration('How often the repository is maintained.'),
});
export type BackupRepositorySpec = Static<typeof backupRepositorySpec>;

export const backupRepositoryPhases = ['New', 'Ready', 'NotReady'] as const;
export type BackupRepositoryPhase = (typeof backupRepositoryPhases)[number];

export const backupRepositoryStatus = struct('Whether the repository can be used.', {
  phase: optional(oneOf('Phase of the repository.', backupRepositoryPhases)),
  message: optional(text('Why it cannot be used.')),
  lastMaintenanceTime: pointer(nullable(time('When it was last maintained.'))),
});
export type BackupRepositoryStatus = Static<typeof backupRepositoryStatus>;

export interface BackupRepository extends KubeObject {
  spec: BackupRepositorySpec;
  status?: BackupRepositoryStatus;
}
