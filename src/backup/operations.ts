/** Asynchronous operations that backup actions have started, and their progress (pkg/controller/backup_operations_controller.go). */

import type { Backup } from '../api/backup.ts';
import type { BackupOperation, OperationStatus } from '../api/documents/item-operation.ts';
import type { Clock } from '../lib/clock.ts';
import { parseDuration } from '../lib/duration.ts';
import { messageOf } from '../lib/errors.ts';
import type { ActionContext, BackupItemAction, OperationProgress } from '../plugin/contract.ts';

export interface OperationsPoll {
  /** The list as it is now; the list given is not changed in place. */
  operations: BackupOperation[];
  /** Some operation is still open. */
  inProgress: boolean;
  changed: boolean;
  /** All that have completed or failed, also before this poll. */
  completed: number;
  failed: number;
  /** Texts of the operations that failed in this poll: `<err>, plugin: <action name>`. */
  errors: string[];
}

/**
 * Asks every open operation for its progress once; one that is past the backup's `itemOperationTimeout` is cancelled.
 * Never throws: an action that is missing or fails ends its operation as failed.
 */
export async function pollBackupOperations(
  operations: readonly BackupOperation[],
  backup: Backup,
  actions: readonly BackupItemAction[],
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
    const phase = operation.status.phase ?? '';
    if (phase === 'Completed' || phase === 'Failed') {
      poll.operations.push(operation);
    } else {
      const action = byName.get(operation.spec.backupItemAction);
      const status = await nextStatus(operation, backup, action, context);
      if (JSON.stringify(status) !== JSON.stringify(operation.status)) poll.changed = true;
      poll.operations.push({ spec: operation.spec, status });
      if (status.phase === 'Failed') {
        poll.errors.push(`${status.error ?? ''}, plugin: ${action?.name ?? 'unknown'}`);
      }
    }
    const now = poll.operations.at(-1)?.status.phase;
    if (now === 'Completed') poll.completed++;
    else if (now === 'Failed') poll.failed++;
    else poll.inProgress = true;
  }
  return poll;
}

async function nextStatus(
  operation: BackupOperation,
  backup: Backup,
  action: BackupItemAction | undefined,
  context: ActionContext & { clock: Clock },
): Promise<OperationStatus> {
  const { operationID, backupItemAction } = operation.spec;
  const failed = (status: OperationStatus, error: string): OperationStatus => ({
    ...status,
    phase: 'Failed',
    error,
  });
  let progress: OperationProgress;
  try {
    if (action === undefined) {
      throw new Error(`unable to locate BackupItemActionV2 plugin named ${backupItemAction}`);
    }
    if (action.progress === undefined) throw new Error(`plugin ${backupItemAction} does not report progress`);
    progress = await action.progress(operationID, backup, context);
  } catch (error) {
    // A server that is told to stop says nothing about the operation, which goes on elsewhere.
    if (context.signal.aborted) return operation.status;
    return failed(operation.status, messageOf(error));
  }
  const status = withProgress(operation.status, progress);
  if (progress.completed) {
    return progress.err === '' ? { ...status, phase: 'Completed' } : failed(status, progress.err);
  }
  const timeoutMs = parseDuration(backup.spec.itemOperationTimeout ?? '0s') ?? 0;
  const created = Date.parse(operation.status.created ?? '');
  if (created + timeoutMs < context.clock.now()) {
    try {
      await action?.cancel?.(operationID, backup, context);
    } catch (error) {
      context.log.warn('error cancelling an operation that timed out', { operationID, error });
    }
    return failed(status, 'Asynchronous action timed out');
  }
  return status.phase === 'New' && status.started !== undefined ? { ...status, phase: 'InProgress' } : status;
}

/** Zero values are left out, as they are in the file. */
function withProgress(status: OperationStatus, progress: OperationProgress): OperationStatus {
  const next: OperationStatus = { ...status };
  for (const field of ['nCompleted', 'nTotal', 'operationUnits', 'description'] as const) delete next[field];
  if (progress.nCompleted !== 0) next.nCompleted = progress.nCompleted;
  if (progress.nTotal !== 0) next.nTotal = progress.nTotal;
  if (progress.operationUnits !== '') next.operationUnits = progress.operationUnits;
  if (progress.description !== '') next.description = progress.description;
  if (progress.started !== undefined) next.started = progress.started;
  if (progress.updated !== undefined) next.updated = progress.updated;
  return next;
}
