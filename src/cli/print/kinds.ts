/** Which columns and which order belong to which kind. */

import type { Backup } from '../../api/backup.ts';
import type { BackupRepository } from '../../api/backup-repository.ts';
import type { BackupStorageLocation } from '../../api/backup-storage-location.ts';
import type { Restore } from '../../api/restore.ts';
import type { Schedule } from '../../api/schedule.ts';
import type { VolumeSnapshotLocation } from '../../api/volume-snapshot-location.ts';
import type { Printing } from '../output.ts';
import {
  backupColumns,
  backupRepositoryColumns,
  backupStorageLocationColumns,
  restoreColumns,
  scheduleColumns,
  sortBackups,
  volumeSnapshotLocationColumns,
} from './columns.ts';

export const backupPrinting: Printing<Backup> = { kind: 'Backup', columns: backupColumns, sort: sortBackups };
export const restorePrinting: Printing<Restore> = { kind: 'Restore', columns: restoreColumns };
export const schedulePrinting: Printing<Schedule> = { kind: 'Schedule', columns: scheduleColumns };
export const backupRepositoryPrinting: Printing<BackupRepository> = {
  kind: 'BackupRepository',
  columns: backupRepositoryColumns,
};
export const backupStorageLocationPrinting: Printing<BackupStorageLocation> = {
  kind: 'BackupStorageLocation',
  columns: backupStorageLocationColumns,
};
export const volumeSnapshotLocationPrinting: Printing<VolumeSnapshotLocation> = {
  kind: 'VolumeSnapshotLocation',
  columns: volumeSnapshotLocationColumns,
};
