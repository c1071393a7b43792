/** Ends a backup whose remaining steps cannot be done. */

import type { Backup } from '../../api/backup.ts';
import type { BackupStorageLocation } from '../../api/backup-storage-location.ts';
import { KINDS } from '../../api/kinds.ts';
import { rfc3339 } from '../../lib/clock.ts';
import type { ServerContext } from '../context.ts';
import { withStore } from '../stores.ts';
import { writeFinally } from '../writes.ts';
import { scheduleOf } from './decide.ts';

/**
 * Writes PartiallyFailed with the reason: the items are stored, something after them could not be done.
 * @param location where there is one that may be written: other clusters take up only backups that have ended there
 */
export async function endPartiallyFailed(
  context: ServerContext,
  backup: Backup,
  reason: string,
  location?: BackupStorageLocation,
): Promise<void> {
  const name = backup.metadata.name as string;
  const ended: Backup = {
    ...backup,
    status: {
      ...backup.status,
      phase: 'PartiallyFailed',
      failureReason: reason,
      completionTimestamp: rfc3339(context.clock.now()),
    },
  };
  if (location !== undefined) {
    await withStore(context.stores, location, (store) => store.putBackupMetadata(ended)).catch(
      (error: unknown) =>
        context.log.warn(
          'The backup counts as unfinished in its location: other clusters will not take it up before it expires',
          { backup: `${context.namespace}/${name}`, error },
        ),
    );
  }
  await writeFinally(context.writes, KINDS.Backup, backup, ended);
  const schedule = scheduleOf(backup);
  context.metrics.add('backup_partial_failure_total', schedule);
  context.metrics.set('backup_last_status', schedule, 0);
  context.backupOperations.delete(name);
}
