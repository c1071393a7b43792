/** The definition of every custom resource: what its parts look like and how it shows itself in a cluster. */

import { backupRepositorySpec, backupRepositoryStatus } from './backup-repository.ts';
import { backupStorageLocationSpec, backupStorageLocationStatus } from './backup-storage-location.ts';
import { backupSpec, backupStatus } from './backup.ts';
import { cloudStorageSpec, cloudStorageStatus } from './cloud-storage.ts';
import { dataDownloadSpec, dataDownloadStatus } from './data-download.ts';
import {
  dataProtectionApplicationSpec,
  dataProtectionApplicationStatus,
} from './data-protection-application.ts';
import { dataUploadSpec, dataUploadStatus } from './data-upload.ts';
import { deleteBackupRequestSpec, deleteBackupRequestStatus } from './delete-backup-request.ts';
import { downloadRequestSpec, downloadRequestStatus } from './download-request.ts';
import { type KindAddress, type KindName, KINDS } from './kinds.ts';
import { podVolumeBackupSpec, podVolumeBackupStatus } from './pod-volume-backup.ts';
import { podVolumeRestoreSpec, podVolumeRestoreStatus } from './pod-volume-restore.ts';
import { restoreSpec, restoreStatus } from './restore.ts';
import { scheduleSpec, scheduleStatus } from './schedule.ts';
import { metadata, optional, struct, type Structural, structural, text, type TSchema } from './schema.ts';
import { serverStatusRequestSpec, serverStatusRequestStatus } from './server-status-request.ts';
import { volumeSnapshotLocationSpec, volumeSnapshotLocationStatus } from './volume-snapshot-location.ts';

/** A column that `kubectl get` shows besides the name. */
export interface PrinterColumn {
  name: string;
  type: 'string' | 'date' | 'boolean' | 'integer';
  jsonPath: string;
  format?: 'int64';
  description?: string;
}

export interface KindDefinition extends KindAddress {
  description: string;
  columns: readonly PrinterColumn[];
  /** As the manifest has them: absent, empty, or with a separate status. */
  subresources?: { status?: Record<string, never> };
  /** The whole object: apiVersion, kind, metadata, spec and status. */
  schema: Structural;
}

interface Parts {
  description: string;
  spec: TSchema;
  status: TSchema;
  columns?: readonly PrinterColumn[];
  subresources?: { status?: Record<string, never> };
}

function define(kind: KindName, parts: Parts): KindDefinition {
  const schema = struct(parts.description, {
    apiVersion: optional(text('Group and version of this object.')),
    kind: optional(text('Kind of this object.')),
    metadata: optional(metadata()),
    spec: optional(parts.spec),
    status: optional(parts.status),
  });
  return {
    ...KINDS[kind],
    description: parts.description,
    columns: parts.columns ?? [],
    ...(parts.subresources === undefined ? {} : { subresources: parts.subresources }),
    schema: structural(schema),
  };
}

const age: PrinterColumn = { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' };

function column(
  name: string,
  jsonPath: string,
  description?: string,
  type: PrinterColumn['type'] = 'string',
): PrinterColumn {
  return {
    name,
    type,
    jsonPath,
    ...(type === 'integer' ? { format: 'int64' as const } : {}),
    ...(description === undefined ? {} : { description }),
  };
}

const dataMoveColumns = [
  column('Status', '.status.phase', 'Phase'),
  column('Started', '.status.startTimestamp', 'Time since it began', 'date'),
  column('Bytes Done', '.status.progress.bytesDone', 'Bytes moved so far', 'integer'),
  column('Total Bytes', '.status.progress.totalBytes', 'Bytes in all', 'integer'),
  column('Storage Location', '.spec.backupStorageLocation', 'Location of the data'),
  { ...age, description: 'Time since it was created' },
  column('Node', '.status.node', 'Node that does the work'),
];

const withStatus = { status: {} };

export const DEFINITIONS: Readonly<Record<KindName, KindDefinition>> = {
  Backup: define('Backup', {
    description: 'A backup of objects and volumes of the cluster.',
    spec: backupSpec,
    status: backupStatus,
  }),
  Restore: define('Restore', {
    description: 'Brings back what a Backup holds.',
    spec: restoreSpec,
    status: restoreStatus,
  }),
  Schedule: define('Schedule', {
    description: 'Makes a Backup again and again.',
    spec: scheduleSpec,
    status: scheduleStatus,
    columns: [
      column('Status', '.status.phase', 'Phase of the schedule'),
      column('Schedule', '.spec.schedule', 'When backups are made, in cron notation'),
      column('LastBackup', '.status.lastBackup', 'When the last backup was made', 'date'),
      age,
      column('Paused', '.spec.paused', undefined, 'boolean'),
    ],
    subresources: {},
  }),
  DownloadRequest: define('DownloadRequest', {
    description: 'Asks the server for a signed address of a file in the store.',
    spec: downloadRequestSpec,
    status: downloadRequestStatus,
  }),
  DeleteBackupRequest: define('DeleteBackupRequest', {
    description: 'Asks the server to delete a backup with all its data.',
    spec: deleteBackupRequestSpec,
    status: deleteBackupRequestStatus,
    columns: [
      column('BackupName', '.spec.backupName', 'Backup to delete'),
      column('Status', '.status.phase', 'Phase of the deletion'),
    ],
    subresources: {},
  }),
  PodVolumeBackup: define('PodVolumeBackup', {
    description: 'The backup of one volume of a pod from its file system.',
    spec: podVolumeBackupSpec,
    status: podVolumeBackupStatus,
    columns: [
      column('Status', '.status.phase', 'Phase'),
      column('Created', '.status.startTimestamp', 'When it began', 'date'),
      column('Namespace', '.spec.pod.namespace', 'Namespace of the pod'),
      column('Pod', '.spec.pod.name', 'Name of the pod'),
      column('Volume', '.spec.volume', 'Name of the volume'),
      column('Uploader Type', '.spec.uploaderType', 'Who moves the data'),
      column('Storage Location', '.spec.backupStorageLocation', 'Location of the data'),
      age,
    ],
    subresources: {},
  }),
  PodVolumeRestore: define('PodVolumeRestore', {
    description: 'The restore of one volume of a pod into its file system.',
    spec: podVolumeRestoreSpec,
    status: podVolumeRestoreStatus,
    columns: [
      column('Namespace', '.spec.pod.namespace', 'Namespace of the pod'),
      column('Pod', '.spec.pod.name', 'Name of the pod'),
      column('Uploader Type', '.spec.uploaderType', 'Who moves the data'),
      column('Volume', '.spec.volume', 'Name of the volume'),
      column('Status', '.status.phase', 'Phase'),
      column('TotalBytes', '.status.progress.totalBytes', 'Bytes in all', 'integer'),
      column('BytesDone', '.status.progress.bytesDone', 'Bytes moved so far', 'integer'),
      age,
    ],
    subresources: {},
  }),
  BackupRepository: define('BackupRepository', {
    description: 'The repository that keeps volume data of one namespace in one location.',
    spec: backupRepositorySpec,
    status: backupRepositoryStatus,
    columns: [age, column('Repository Type', '.spec.repositoryType')],
    subresources: {},
  }),
  BackupStorageLocation: define('BackupStorageLocation', {
    description: 'A place where backups are kept.',
    spec: backupStorageLocationSpec,
    status: backupStorageLocationStatus,
    columns: [
      column('Phase', '.status.phase', 'Available or Unavailable'),
      column('Last Validated', '.status.lastValidationTime', 'When the store was last tried', 'date'),
      age,
      column('Default', '.spec.default', 'Whether this is the default location', 'boolean'),
    ],
    subresources: {},
  }),
  VolumeSnapshotLocation: define('VolumeSnapshotLocation', {
    description: 'A place where volume snapshots are taken.',
    spec: volumeSnapshotLocationSpec,
    status: volumeSnapshotLocationStatus,
  }),
  ServerStatusRequest: define('ServerStatusRequest', {
    description: 'Asks the server for its version and plugins.',
    spec: serverStatusRequestSpec,
    status: serverStatusRequestStatus,
  }),
  DataUpload: define('DataUpload', {
    description: 'Moves the data of a volume snapshot to the store.',
    spec: dataUploadSpec,
    status: dataUploadStatus,
    columns: dataMoveColumns,
    subresources: {},
  }),
  DataDownload: define('DataDownload', {
    description: 'Moves data from the store into a volume.',
    spec: dataDownloadSpec,
    status: dataDownloadStatus,
    columns: dataMoveColumns,
    subresources: {},
  }),
  DataProtectionApplication: define('DataProtectionApplication', {
    description: 'Installs and sets up everything that backs up and restores.',
    spec: dataProtectionApplicationSpec,
    status: dataProtectionApplicationStatus,
    subresources: withStatus,
  }),
  CloudStorage: define('CloudStorage', {
    description: 'A bucket that is made where it does not exist.',
    spec: cloudStorageSpec,
    status: cloudStorageStatus,
    subresources: withStatus,
  }),
};
