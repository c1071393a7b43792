/**
 * Observes Restores whose items and operations are done; finishes volumes and hooks, and writes the last phase
 * (pkg/controller/restore_finalizer_controller.go).
 */

import { countResult, emptyResult, mergeResults, type Result } from '../../api/documents/result.ts';
import { KINDS } from '../../api/kinds.ts';
import type { Restore, RestoreStatus } from '../../api/restore.ts';
import { rfc3339 } from '../../lib/clock.ts';
import { formatDuration } from '../../lib/duration.ts';
import { messageOf, wrap } from '../../lib/errors.ts';
import type { Logger } from '../../lib/log.ts';
import { finalizeRestore } from '../../restore/finalize.ts';
import type { BackupStore } from '../../storage/backup-store.ts';
import { finalPhase, isFinalizing } from '../backup-finalizer/decide.ts';
import { getCurrent, type ServerContext } from '../context.ts';
import type { Patience } from '../patience.ts';
import { backupOfRestore } from '../restore/backup-of.ts';
import { withStore } from '../stores.ts';
import { writeFinally } from '../writes.ts';

/** @param patience how long a store may be away before the restore is given up */
export async function reconcileFinalizingRestore(
  context: ServerContext,
  patience: Patience,
  name: string,
): Promise<void> {
  const restore = await getCurrent<Restore>(context, KINDS.Restore, name);
  if (restore === undefined || !isFinalizing(restore.status?.phase) || context.jobs.stopping) return;
  const log = context.log.with({ restore: `${context.namespace}/${name}` });
  const source = await backupOfRestore(context, restore);
  if ('missing' in source) {
    log.error(`${source.missing}, the restore is not finalized`);
    await end(context, restore, {
      ...restore.status,
      phase: 'PartiallyFailed',
      failureReason: `the restore cannot be finalized: ${source.missing}`,
    });
    return;
  }
  try {
    await context.jobs.run(`finalizing restore ${context.namespace}/${name}`, () =>
      withStore(context.stores, source.location, (store) => finalize(context, restore, store, log)),
    );
    patience.clear(name);
  } catch (error) {
    if (context.jobs.signal.aborted || !patience.isExhausted(name)) throw error;
    patience.clear(name);
    const limit = formatDuration(context.options.flags['default-item-operation-timeout']);
    const reason = `the restore could not be finalized within ${limit}: ${messageOf(error)}`;
    log.error(reason);
    await end(context, restore, { ...restore.status, phase: 'PartiallyFailed', failureReason: reason });
  }
}

async function finalize(
  context: ServerContext,
  restore: Restore,
  store: BackupStore,
  log: Logger,
): Promise<void> {
  const name = restore.metadata.name as string;
  const volumeInfos = await store
    .getBackupVolumeInfos(restore.spec.backupName ?? '')
    .catch((error: unknown) => {
      throw wrap(error, 'error getting volumeInfo');
    });
  const resourceList = await store.getRestoredResourceList(name).catch((error: unknown) => {
    throw wrap(error, 'error getting restoredResourceList');
  });
  const outcome = await finalizeRestore({
    restore,
    resourceList,
    volumeInfos,
    kube: context.kube,
    hooks: context.hooks,
    resourceTimeoutMs: context.options.flags['resource-timeout'],
    log,
    clock: context.clock,
    signal: context.jobs.signal,
  });
  const warnings = countResult(outcome.warnings);
  const errors = countResult(outcome.errors);
  const status: RestoreStatus = { ...restore.status, hookStatus: nonZero(outcome.hookStatus) };
  if (warnings > 0) status.warnings = (status.warnings ?? 0) + warnings;
  if (errors > 0) status.errors = (status.errors ?? 0) + errors;
  if (warnings > 0 || errors > 0) {
    await addResults(store, name, outcome.warnings, outcome.errors).catch((error: unknown) => {
      throw wrap(error, 'error updating results');
    });
  }
  const phase = restore.status?.phase;
  status.phase =
    phase === 'Finalizing' && errors === 0 ? finalPhase(phase) : finalPhase('FinalizingPartiallyFailed');
  log.info(`Marking restore ${status.phase}`);
  await end(context, restore, status);
}

/** Zero is left out, as Go's omitempty does. */
function nonZero(counts: { hooksAttempted: number; hooksFailed: number }): {
  hooksAttempted?: number;
  hooksFailed?: number;
} {
  return {
    ...(counts.hooksAttempted > 0 ? { hooksAttempted: counts.hooksAttempted } : {}),
    ...(counts.hooksFailed > 0 ? { hooksFailed: counts.hooksFailed } : {}),
  };
}

/** Adds to the results file what finalizing brought. */
async function addResults(store: BackupStore, name: string, warnings: Result, errors: Result): Promise<void> {
  const found = await store.getRestoreResults(name);
  const all = { warnings: emptyResult(), errors: emptyResult() };
  mergeResults(all.warnings, found.warnings ?? {});
  mergeResults(all.warnings, warnings);
  mergeResults(all.errors, found.errors ?? {});
  mergeResults(all.errors, errors);
  await store.putRestoreResults(name, all);
}

async function end(context: ServerContext, restore: Restore, status: RestoreStatus): Promise<void> {
  const name = restore.metadata.name as string;
  await writeFinally(context.writes, KINDS.Restore, restore, {
    ...restore,
    status: { ...status, completionTimestamp: rfc3339(context.clock.now()) },
  });
  context.hooks.delete(name);
  context.restoreOperations.delete(name);
  const schedule = restore.spec.scheduleName ?? '';
  context.metrics.add(
    status.phase === 'Completed' ? 'restore_success_total' : 'restore_partial_failure_total',
    schedule,
  );
}
