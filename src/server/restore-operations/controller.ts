/**
 * Observes Restores that wait for operations of their actions; asks for their progress and moves the restore on when
 * all have ended (pkg/controller/restore_operations_controller.go).
 */

import { KINDS } from '../../api/kinds.ts';
import type { Restore, RestoreStatus } from '../../api/restore.ts';
import { wrap } from '../../lib/errors.ts';
import { pollRestoreOperations } from '../../restore/operations.ts';
import { isWaiting, mustUpload, phaseAfterPoll } from '../backup-operations/decide.ts';
import { getCurrent, type ServerContext } from '../context.ts';
import { backupOfRestore } from '../restore/backup-of.ts';
import { restoreOperationsAt, withStore } from '../stores.ts';
import { writeChanges } from '../writes.ts';

export async function reconcileRestoreOperations(context: ServerContext, name: string): Promise<void> {
  const { kube, namespace } = context;
  const restore = await getCurrent<Restore>(context, KINDS.Restore, name);
  const phase = restore?.status?.phase;
  if (restore === undefined || !isWaiting(phase)) return;
  const log = context.log.with({ restore: `${namespace}/${name}` });
  const source = await backupOfRestore(context, restore);
  if ('missing' in source) {
    log.warn(
      `Cannot check progress on Restore operations because backup info is unavailable: ${source.missing}; marking restore FinalizingPartiallyFailed`,
    );
    await writeChanges(kube, KINDS.Restore, restore, {
      ...restore,
      status: {
        ...restore.status,
        phase: 'FinalizingPartiallyFailed',
        errors: (restore.status?.errors ?? 0) + 1,
        failureReason: `the restore's operations were given up: ${source.missing}`,
      },
    });
    return;
  }
  const actions = await context.actions.restoreItemActions();
  await withStore(context.stores, source.location, async (store) => {
    const at = restoreOperationsAt(store);
    const known = await context.restoreOperations.get(at, name).catch((error: unknown) => {
      throw wrap(error, 'error getting restore operations');
    });
    const poll = await pollRestoreOperations(known.operations, restore, actions, {
      log,
      clock: context.clock,
      signal: context.jobs.signal,
    });
    const after = phaseAfterPoll(phase, poll);
    const status: RestoreStatus = { ...restore.status, phase: after };
    if (poll.completed > 0) status.restoreItemOperationsCompleted = poll.completed;
    if (poll.failed > 0) status.restoreItemOperationsFailed = poll.failed;
    if (poll.errors.length > 0) {
      status.errors = (status.errors ?? 0) + poll.errors.length;
      for (const error of poll.errors) log.error('an item operation of the restore failed', { error });
    }
    if (!mustUpload(poll)) {
      context.restoreOperations.put(name, {
        operations: poll.operations,
        changed: known.changed || poll.changed,
      });
    } else {
      if (!poll.inProgress) log.info(`Marking restore ${name} ${after}`);
      await context.restoreOperations.upload(at, name, poll.operations);
    }
    await writeChanges(kube, KINDS.Restore, restore, { ...restore, status });
    if (!poll.inProgress) context.restoreOperations.delete(name);
  });
}
