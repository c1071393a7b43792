/** The figures of a backup that Prometheus is told (recordBackupMetrics in pkg/controller/backup_controller.go). */

import type { Backup } from '../../api/backup.ts';
import type { ServerContext } from '../context.ts';
import { scheduleOf } from './decide.ts';

export interface BackupFigures {
  /** False after the run, true when the backup is finalized. */
  finalizing: boolean;
  /** Size of the archive in bytes, where one was made. */
  archiveBytes?: number;
}

export function recordBackup(
  { metrics, features }: Pick<ServerContext, 'metrics' | 'features'>,
  backup: Backup,
  figures: BackupFigures,
): void {
  const schedule = scheduleOf(backup);
  const name = backup.metadata.name as string;
  const status = backup.status ?? {};
  if (figures.archiveBytes !== undefined) {
    metrics.set('backup_tarball_size_bytes', schedule, figures.archiveBytes);
  }
  if (typeof status.completionTimestamp === 'string' && typeof status.startTimestamp === 'string') {
    const ms = Date.parse(status.completionTimestamp) - Date.parse(status.startTimestamp);
    metrics.observeBackupDuration(schedule, Math.trunc(ms / 1000));
  }
  const csiAttempted = status.csiVolumeSnapshotsAttempted ?? 0;
  if (figures.finalizing) {
    if (!features.has('EnableCSI')) return;
    const completed = status.csiVolumeSnapshotsCompleted ?? 0;
    metrics.addCsi('csi_snapshot_success_total', schedule, name, completed);
    metrics.addCsi('csi_snapshot_failure_total', schedule, name, Math.max(0, csiAttempted - completed));
    return;
  }
  const attempted = status.volumeSnapshotsAttempted ?? 0;
  const completed = status.volumeSnapshotsCompleted ?? 0;
  metrics.add('volume_snapshot_attempt_total', schedule, attempted);
  metrics.add('volume_snapshot_success_total', schedule, completed);
  metrics.add('volume_snapshot_failure_total', schedule, attempted - completed);
  if (features.has('EnableCSI')) metrics.addCsi('csi_snapshot_attempt_total', schedule, name, csiAttempted);
  if (status.progress?.totalItems !== undefined) {
    metrics.set('backup_items_total', schedule, status.progress.totalItems);
  }
  metrics.set('backup_items_errors', schedule, status.errors ?? 0);
  if ((status.warnings ?? 0) > 0) metrics.add('backup_warning_total', schedule);
}
