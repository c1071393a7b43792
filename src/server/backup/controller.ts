/**
 * Observes Backups; checks new ones, runs them and writes how they ended (pkg/controller/backup_controller.go). Waiting
 * for operations and finalizing are the next controllers' work.
 */

import type { Backup } from '../../api/backup.ts';
import type { BackupStorageLocation } from '../../api/backup-storage-location.ts';
import { KINDS } from '../../api/kinds.ts';
import { prepareBackup, type PreparedBackup } from '../../backup/prepare.ts';
import { isConflict } from '../../kube/errors.ts';
import { rfc3339 } from '../../lib/clock.ts';
import { getCurrent, type ServerContext } from '../context.ts';
import { isStopping } from '../jobs.ts';
import { reasonOf } from '../reason.ts';
import { interruptedReason } from '../restart.ts';
import { writeChanges, writeEnd } from '../writes.ts';
import { scheduleOf } from './decide.ts';
import { gatherForBackup } from './gather.ts';
import { recordBackup } from './record.ts';
import { executeBackup } from './run.ts';

/** Takes a Backup in hand that nobody has worked on yet, up to its end or to the wait for its operations. */
export async function reconcileBackup(context: ServerContext, name: string): Promise<void> {
  const backup = await getCurrent<Backup>(context, KINDS.Backup, name);
  const phase = backup?.status?.phase ?? 'New';
  if (backup === undefined || phase !== 'New' || context.jobs.stopping) return;
  await context.jobs.run(`backup ${context.namespace}/${name}`, () => takeBackup(context, backup));
}

async function takeBackup(context: ServerContext, backup: Backup): Promise<void> {
  const { kube, namespace, clock, metrics } = context;
  const name = backup.metadata.name as string;
  const log = context.log.with({ controller: 'backup', backuprequest: `${namespace}/${name}` });

  log.debug('Preparing backup request');
  const { input, policies } = await gatherForBackup(context, backup);
  const prepared = prepareBackup(input);
  for (const warning of prepared.warnings) log.warn(warning);
  const invalid = prepared.validationErrors.length > 0;
  const claimed: Backup = {
    ...prepared.backup,
    status: {
      ...prepared.backup.status,
      phase: invalid ? 'FailedValidation' : 'InProgress',
      ...(invalid ? {} : { startTimestamp: rfc3339(clock.now()) }),
    },
  };
  // What is not begun yet is left to the server that comes after this one.
  if (context.jobs.stopping) return;
  let current: Backup;
  try {
    // A claim: had somebody else taken this backup meanwhile, the write is refused and we look again.
    current = await writeChanges(kube, KINDS.Backup, backup, claimed, { unchanged: true });
  } catch (error) {
    if (isConflict(error)) log.debug('the backup was changed while it was checked, looking at it again');
    throw error;
  }
  const schedule = scheduleOf(current);
  if (invalid) {
    log.debug('failed to validate backup status');
    metrics.add('backup_validation_failure_total', schedule);
    metrics.set('backup_last_status', schedule, 0);
    return;
  }

  // What is left of a backup of the same name that was deleted while it waited for its operations.
  context.backupOperations.delete(name);
  log.debug('Running backup');
  metrics.add('backup_attempt_total', schedule);
  const ended = await runToPhase(context, current, prepared, policies);
  if (ended.status?.phase === 'Failed') {
    metrics.add('backup_failure_total', schedule);
    metrics.set('backup_last_status', schedule, 0);
  }
  log.info("Updating backup's final status");
  await writeEnd(context.writes, KINDS.Backup, current, ended);
}

/** Runs the backup; whatever happens, the result has another phase than InProgress. */
async function runToPhase(
  context: ServerContext,
  current: Backup,
  prepared: PreparedBackup,
  policies: Parameters<typeof executeBackup>[1]['policies'],
): Promise<Backup> {
  const log = context.log.with({ backup: `${context.namespace}/${current.metadata.name}` });
  try {
    return await executeBackup(context, {
      backup: current,
      location: prepared.location as BackupStorageLocation,
      snapshotLocations: prepared.snapshotLocations,
      policies,
    });
  } catch (error) {
    log.error('backup failed', { error });
    const failed: Backup = {
      ...current,
      status: {
        ...current.status,
        phase: 'Failed',
        failureReason: isStopping(error) ? interruptedReason('backup', 'stopping') : reasonOf(error),
        completionTimestamp: rfc3339(context.clock.now()),
      },
    };
    recordBackup(context, failed, { finalizing: false });
    return failed;
  }
}
