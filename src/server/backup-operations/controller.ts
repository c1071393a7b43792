/**
 * Observes Backups that wait for operations of their actions; asks for their progress and moves the backup on when all
 * have ended (pkg/controller/backup_operations_controller.go).
 */

import type { Backup, BackupStatus } from '../../api/backup.ts';
import type { BackupStorageLocation } from '../../api/backup-storage-location.ts';
import { KINDS } from '../../api/kinds.ts';
import { pollBackupOperations } from '../../backup/operations.ts';
import { wrap } from '../../lib/errors.ts';
import { scheduleOf } from '../backup/decide.ts';
import { endPartiallyFailed } from '../backup/end.ts';
import { getCurrent, type ServerContext } from '../context.ts';
import { backupOperationsAt, withStore } from '../stores.ts';
import { writeChanges } from '../writes.ts';
import { isWaiting, mustUpload, phaseAfterPoll } from './decide.ts';

export async function reconcileBackupOperations(context: ServerContext, name: string): Promise<void> {
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

  const actions = await context.actions.backupItemActions();
  await withStore(context.stores, location, async (store) => {
    const at = backupOperationsAt(store);
    const known = await context.backupOperations.get(at, name).catch((error: unknown) => {
      throw wrap(error, 'error getting backup operations');
    });
    const poll = await pollBackupOperations(known.operations, backup, actions, {
      log,
      clock: context.clock,
      signal: context.jobs.signal,
    });
    const after = phaseAfterPoll(phase, poll);
    const status: BackupStatus = { ...backup.status, phase: after };
    if (poll.completed > 0) status.backupItemOperationsCompleted = poll.completed;
    if (poll.failed > 0) status.backupItemOperationsFailed = poll.failed;
    for (const error of poll.errors) log.error('an item operation of the backup failed', { error });
    const untold = poll.failed - (backup.status?.backupItemOperationsFailed ?? 0);
    if (untold > 0) {
      status.errors = (status.errors ?? 0) + untold;
      context.metrics.set('backup_items_errors', scheduleOf(backup), status.errors);
    }
    const next: Backup = { ...backup, status };
    if (!mustUpload(poll)) {
      context.backupOperations.put(name, {
        operations: poll.operations,
        changed: known.changed || poll.changed,
      });
    } else {
      if (!poll.inProgress) log.info(`Marking backup ${name} ${after}`);
      await store.putBackupMetadata(next);
      await context.backupOperations.upload(at, name, poll.operations);
    }
    await writeChanges(context.kube, KINDS.Backup, backup, next);
    if (!poll.inProgress) context.backupOperations.delete(name);
  });
}
