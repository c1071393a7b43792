/**
 * Observes Restores; checks new ones, runs them and writes how they ended; removes the files of deleted ones from the
 * bucket (pkg/controller/restore_controller.go).
 */

import type { Backup } from '../../api/backup.ts';
import type { BackupStorageLocation } from '../../api/backup-storage-location.ts';
import { KINDS } from '../../api/kinds.ts';
import { FINALIZERS, LABELS, labelValue } from '../../api/labels.ts';
import type { Restore } from '../../api/restore.ts';
import { rfc3339 } from '../../lib/clock.ts';
import { formatDuration } from '../../lib/duration.ts';
import { wrap } from '../../lib/errors.ts';
import { prepareRestore, type RestoreSources } from '../../restore/prepare.ts';
import { getCurrent, readConfigMap, type Requeue, type ServerContext } from '../context.ts';
import { isStopping } from '../jobs.ts';
import { reasonOf } from '../reason.ts';
import { interruptedReason } from '../restart.ts';
import { withStore } from '../stores.ts';
import { writeChanges, writeEnd } from '../writes.ts';
import { restoreStep } from './decide.ts';
import { executeRestore } from './run.ts';

/** Guards a new Restore by the finalizer and runs it, up to its end or to the wait for its operations. */
export async function reconcileRestore(context: ServerContext, name: string): Promise<void> {
  let restore = await getCurrent<Restore>(context, KINDS.Restore, name);
  if (restore === undefined) return;
  if (restoreStep(restore) === 'add-finalizer') {
    restore = await setFinalizers(context, restore, [
      ...(restore.metadata.finalizers ?? []),
      FINALIZERS.restoreExternalResources,
    ]);
  }
  if (restoreStep(restore) !== 'run' || context.jobs.stopping) return;
  const taken = restore;
  context.restoresRunning.add(name);
  try {
    await context.jobs.run(`restore ${context.namespace}/${name}`, () => takeRestore(context, taken));
  } finally {
    context.restoresRunning.delete(name);
  }
}

/** How long the deletion of a restore that is still running is put off, in milliseconds. */
const STILL_RUNNING_MS = 1000;

/** Removes the files of a deleted Restore from the bucket and then the finalizer. */
export async function reconcileDeletedRestore(
  context: ServerContext,
  name: string,
): Promise<Requeue | undefined> {
  const restore = await getCurrent<Restore>(context, KINDS.Restore, name);
  if (restore === undefined || restoreStep(restore) !== 'delete') return undefined;
  if (context.restoresRunning.has(name)) return { afterMs: STILL_RUNNING_MS };
  await deleteFiles(context, restore);
  await setFinalizers(
    context,
    restore,
    (restore.metadata.finalizers ?? []).filter((each) => each !== FINALIZERS.restoreExternalResources),
  );
  return undefined;
}

async function takeRestore(context: ServerContext, restore: Restore): Promise<void> {
  const { kube, namespace, clock, metrics, options } = context;
  const name = restore.metadata.name as string;
  const log = context.log.with({ controller: 'restore', restore: `${namespace}/${name}` });

  const prepared = await prepareRestore(restore, restoreSources(context), {
    namespace,
    itemOperationTimeout: formatDuration(options.flags['default-item-operation-timeout']),
  });
  const schedule = prepared.restore.spec.scheduleName ?? '';
  const { backup, location } = prepared;
  const valid = prepared.validationErrors.length === 0 && backup !== undefined && location !== undefined;
  const claimed: Restore = {
    ...prepared.restore,
    status: {
      ...prepared.restore.status,
      phase: valid ? 'InProgress' : 'FailedValidation',
      ...(valid ? { startTimestamp: rfc3339(clock.now()) } : {}),
    },
  };
  // A claim: had somebody else taken this restore meanwhile, the write is refused and we look again.
  const current = await writeChanges(kube, KINDS.Restore, restore, claimed, { unchanged: true });
  metrics.add('restore_attempt_total', schedule);
  if (!valid) {
    metrics.add('restore_validation_failed_total', schedule);
    return;
  }

  // What is left of a restore of the same name that was deleted before it was finished.
  context.hooks.delete(name);
  context.restoreOperations.delete(name);
  let ended: Restore;
  try {
    ended = await executeRestore(context, {
      restore: current,
      backup,
      location,
      modifiers: prepared.modifiers,
    });
  } catch (error) {
    log.error('restore failed', { error });
    context.hooks.delete(name);
    metrics.add('restore_failed_total', schedule);
    ended = {
      ...current,
      status: {
        ...current.status,
        phase: 'Failed',
        failureReason: isStopping(error) ? interruptedReason('restore', 'stopping') : reasonOf(error),
        completionTimestamp: rfc3339(clock.now()),
      },
    };
  }
  log.debug("Updating restore's final status");
  await writeEnd(context.writes, KINDS.Restore, current, ended);
}

async function setFinalizers(
  context: ServerContext,
  restore: Restore,
  finalizers: string[],
): Promise<Restore> {
  // Guarded, for a merge patch replaces the whole list.
  return writeChanges(
    context.kube,
    KINDS.Restore,
    restore,
    { ...restore, metadata: { ...restore.metadata, finalizers } },
    { unchanged: true },
  );
}

/** Removes the restore's files; nothing is to be done where its backup or location is gone. */
async function deleteFiles(context: ServerContext, restore: Restore): Promise<void> {
  const backupName = restore.spec.backupName ?? '';
  const log = context.log.with({ restore: `${context.namespace}/${restore.metadata.name}` });
  log.info(`Finalizer is deleting external resources, backup: ${backupName}`);
  if (backupName === '') return;
  const backup = await getCurrent<Backup>(context, KINDS.Backup, backupName);
  const location =
    backup === undefined
      ? undefined
      : await getCurrent<BackupStorageLocation>(
          context,
          KINDS.BackupStorageLocation,
          backup.spec.storageLocation ?? '',
        );
  if (location === undefined) {
    log.warn('the backup or its storage location is gone, the restore files in object storage are left');
    return;
  }
  try {
    await withStore(context.stores, location, (store) =>
      store.deleteRestore(restore.metadata.name as string),
    );
  } catch (error) {
    throw wrap(error, `can't delete restore files in object storage, backup: ${backupName}`);
  }
}

function restoreSources(context: ServerContext): RestoreSources {
  const { kube, namespace } = context;
  return {
    backupsOfSchedule: (schedule) =>
      kube.list<Backup>(KINDS.Backup, {
        namespace,
        labelSelector: `${LABELS.scheduleName}=${labelValue(schedule)}`,
      }),
    backup: (name) => kube.get<Backup>(KINDS.Backup, name, namespace),
    location: (name) => kube.get<BackupStorageLocation>(KINDS.BackupStorageLocation, name, namespace),
    configMap: (name) => readConfigMap(context, name),
  };
}
