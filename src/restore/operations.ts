/** Asynchronous operations that restore actions have started, and their progress (pkg/itemoperation, restore_operations_controller.go). */

import type { OperationStatus, RestoreOperation } from '../api/documents/item-operation.ts';
import type { Restore } from '../api/restore.ts';
import type { Clock } from '../lib/clock.ts';
import { parseDuration } from '../lib/duration.ts';
import { messageOf } from '../lib/errors.ts';
import type { ActionContext, OperationProgress, RestoreItemAction } from '../plugin/contract.ts';

export interface OperationsPoll {
  /** The list as it is now; the list given is not changed in place. */
  operations: RestoreOperation[];
  /** Some operation is still open. */
  inProgress: boolean;
  changed: boolean;
  completed: number;
  failed: number;
  /** Texts of the operations that failed in this poll. */
  errors: string[];
}

/**
 * Asks every open operation for its progress once; one that is past the restore's `itemOperationTimeout` is cancelled.
 * Never throws: an action that is missing or fails ends its operation as failed.
 */
export async function pollRestoreOperations(
  operations: readonly RestoreOperation[],
  restore: Restore,
  actions: readonly RestoreItemAction[],
  context: ActionContext & { clock: Clock },
): Promise<OperationsPoll> {
  const byName = new Map(actions.map((action) => [action.name, action]));
  const poll: OperationsPoll = {
    operations: [],
    inProgress: false,
    changed: false,
    completed: 0,
    failed: 0,
    errors: [],
  };
  for (const operation of operations) {
    const before = operation.status;
    const open = before.phase === 'New' || before.phase === 'InProgress';
    const status = open ? await nextStatus(operation, restore, byName, context) : before;
    poll.operations.push(status === before ? operation : { spec: operation.spec, status });
    if (open && JSON.stringify(status) !== JSON.stringify(before)) poll.changed = true;
    if (status.phase === 'Completed') poll.completed++;
    else if (status.phase === 'Failed') {
      poll.failed++;
      if (open) poll.errors.push(status.error ?? '');
    } else poll.inProgress = true;
  }
  return poll;
}

async function nextStatus(
  operation: RestoreOperation,
  restore: Restore,
  actions: ReadonlyMap<string, RestoreItemAction>,
  context: ActionContext & { clock: Clock },
): Promise<OperationStatus> {
  const { operationID, restoreItemAction } = operation.spec;
  const action = actions.get(restoreItemAction);
  let progress: OperationProgress;
  try {
    if (!action) throw new Error(`unable to locate RestoreItemActionV2 plugin named ${restoreItemAction}`);
    if (!action.progress) throw new Error(`plugin ${restoreItemAction} does not report progress`);
    progress = await action.progress(operationID, restore, context);
  } catch (error) {
    return { ...operation.status, phase: 'Failed', error: messageOf(error) };
  }
  const status = withProgress(operation.status, progress);
  if (progress.completed) {
    return progress.err === ''
      ? { ...status, phase: 'Completed' }
      : { ...status, phase: 'Failed', error: progress.err };
  }
  const created = Date.parse(operation.status.created ?? '');
  const timeout = parseDuration(restore.spec?.itemOperationTimeout ?? '0s') ?? 0;
  if (created + timeout < context.clock.now()) {
    try {
      await action.cancel?.(operationID, restore, context);
    } catch (error) {
      context.log.warn('error cancelling an operation that timed out', { operationID, error });
    }
    return { ...status, phase: 'Failed', error: 'Asynchronous action timed out' };
  }
  return status.phase === 'New' && status.started !== undefined ? { ...status, phase: 'InProgress' } : status;
}

/** Zero values are left out, as they are in the file. */
function withProgress(status: OperationStatus, progress: OperationProgress): OperationStatus {
  const counted = { ...status };
  for (const field of ['nCompleted', 'nTotal', 'operationUnits', 'description'] as const)
    delete counted[field];
  return {
    ...counted,
    ...(progress.nCompleted === 0 ? {} : { nCompleted: progress.nCompleted }),
    ...(progress.nTotal === 0 ? {} : { nTotal: progress.nTotal }),
    ...(progress.operationUnits === '' ? {} : { operationUnits: progress.operationUnits }),
    ...(progress.description === '' ? {} : { description: progress.description }),
    ...(progress.started === undefined ? {} : { started: progress.started }),
    ...(progress.updated === undefined ? {} : { updated: progress.updated }),
  };
}
