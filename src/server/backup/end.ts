/** Ends a backup whose remaining steps cannot be done. */

import type { Backup } from '../../api/backup.ts';
import { KINDS } from '../../api/kinds.ts';
import { rfc3339 } from '../../lib/clock.ts';
import type { ServerContext } from '../context.ts';
import { writeFinally } from '../writes.ts';
import { scheduleOf } from './decide.ts';

/** Writes PartiallyFailed with the reason: the items are stored, something after them could not be done. */
export async function endPartiallyFailed(
  context: ServerContext,
  backup: Backup,
  reason: string,
): Promise<void> {
  const name = backup.metadata.name as string;
  await writeFinally(context.writes, KINDS.Backup, backup, {
    ...backup,
    status: {
      ...backup.status,
      phase: 'PartiallyFailed',
      failureReason: reason,
      completionTimestamp: rfc3339(context.clock.now()),
    },
  });
  const schedule = scheduleOf(backup);
  context.metrics.add('backup_partial_failure_total', schedule);
  context.metrics.set('backup_last_status', schedule, 0);
  context.backupsInProgress.delete(name);
  context.backupOperations.delete(name);
}
