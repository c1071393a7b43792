/**
 * Observes Backups that wait for operations of their actions; asks for their progress and moves the backup on when all
 * have ended (pkg/controller/backup_operations_controller.go).
 */

import type { Backup, BackupStatus } from '../../api/backup.ts';
import type { BackupStorageLocation } from '../../api/backup-storage-location.ts';
import { KINDS } from '../../api/kinds.ts';
import { pollBackupOperations } from '../../backup/operations.ts';
import { formatDuration } from '../../lib/duration.ts';
import { messageOf, wrap } from '../../lib/errors.ts';
import type { Logger } from '../../lib/log.ts';
import { scheduleOf } from '../backup/decide.ts';
import { endPartiallyFailed } from '../backup/end.ts';
import { getCurrent, type ServerContext } from '../context.ts';
import type { Patience } from '../patience.ts';
import { backupOperationsAt, withStore } from '../stores.ts';
import { writeChanges } from '../writes.ts';
import { isWaiting, mustUpload, phaseAfterPoll, type WaitingPhase } from './decide.ts';

/** @param patience how long the operations may not be known before the backup is given up */
export async function reconcileBackupOperations(
  context: ServerContext,
  patience: Patience,
  name: string,
): Promise<void> {
  const { namespace } = context;
  const backup = await getCurrent<Backup>(context, KINDS.Backup, name);
  const phase = backup?.status?.phase;
  if (backup === undefined || !isWaiting(phase)) return;
  const log = context.log.with({ backup: `${namespace}/${name}` });
  const locationName = backup.spec.storageLocation ?? '';
  const location = await getCurrent<BackupStorageLocation>(
    context,
    KINDS.BackupStorageLocation,
    locationName,
  );
  const unusable =
    location === undefined
      ? `backup storage location ${locationName} does not exist`
      : location.spec.accessMode === 'ReadOnly'
        ? `backup storage location ${locationName} is currently in read-only mode`
        : undefined;
  if (location === undefined || unusable !== undefined) {
    log.warn(
      `Cannot check progress on Backup operations because ${unusable}; marking backup PartiallyFailed`,
    );
    await endPartiallyFailed(context, backup, `the backup's operations were given up: ${unusable}`);
    return;
  }

  try {
    await poll(context, backup, phase, location, log);
    patience.clear(name);
  } catch (error) {
    if (context.jobs.signal.aborted || !patience.isExhausted(name)) throw error;
    patience.clear(name);
    const limit = formatDuration(context.options.flags['default-item-operation-timeout']);
    const reason = `the backup's operations could not be looked at for ${limit}: ${messageOf(error)}`;
    log.error(reason);
    await endPartiallyFailed(context, backup, reason, location);
  }
}

/** @throws what keeps the operations from being read, asked for or written */
async function poll(
  context: ServerContext,
  backup: Backup,
  phase: WaitingPhase,
  location: BackupStorageLocation,
  log: Logger,
): Promise<void> {
  const name = backup.metadata.name as string;
  const actions = await context.actions.backupItemActions();
  await withStore(context.stores, location, async (store) => {
    const at = backupOperationsAt(store);
    const known = await context.backupOperations.get(at, name).catch((error: unknown) => {
      throw wrap(error, 'error getting backup operations');
    });
    const found = await pollBackupOperations(known.operations, backup, actions, {
      log,
      clock: context.clock,
      signal: context.jobs.signal,
    });
    const after = phaseAfterPoll(phase, found);
    const status: BackupStatus = { ...backup.status, phase: after };
    if (found.completed > 0) status.backupItemOperationsCompleted = found.completed;
    if (found.failed > 0) status.backupItemOperationsFailed = found.failed;
    for (const error of found.errors) log.error('an item operation of the backup failed', { error });
    const untold = found.failed - (backup.status?.backupItemOperationsFailed ?? 0);
    if (untold > 0) {
      status.errors = (status.errors ?? 0) + untold;
      context.metrics.set('backup_items_errors', scheduleOf(backup), status.errors);
    }
    const next: Backup = { ...backup, status };
    if (!mustUpload(found)) {
      context.backupOperations.put(name, {
        operations: found.operations,
        changed: known.changed || found.changed,
      });
    } else {
      if (!found.inProgress) log.info(`Marking backup ${name} ${after}`);
      await store.putBackupMetadata(next);
      await context.backupOperations.upload(at, name, found.operations);
    }
    await writeChanges(context.kube, KINDS.Backup, backup, next);
    if (!found.inProgress) context.backupOperations.delete(name);
  });
}
