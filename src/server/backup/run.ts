/**
 * Runs one checked backup: engine, log and results, upload, and the proof that the archive in the store is what was
 * written (runBackup and persistBackup in pkg/controller/backup_controller.go).
 */

import { createWriteStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import type { Backup, BackupStatus } from '../../api/backup.ts';
import type { BackupStorageLocation } from '../../api/backup-storage-location.ts';
import { KINDS } from '../../api/kinds.ts';
import type { VolumeSnapshotLocation } from '../../api/volume-snapshot-location.ts';
import { pollBackupOperations } from '../../backup/operations.ts';
import type { BackupOutcome, BackupProgress } from '../../backup/request.ts';
import { runBackup } from '../../backup/run.ts';
import { rfc3339 } from '../../lib/clock.ts';
import { Failure, messageOf, wrap } from '../../lib/errors.ts';
import type { Logger } from '../../lib/log.ts';
import type { BackupItemAction } from '../../plugin/contract.ts';
import { VolumeBackup } from '../../volumes/backup-port.ts';
import type { ResourcePolicies } from '../../volumes/resource-policies.ts';
import type { ServerContext } from '../context.ts';
import { createJobLog, createLogCounter, type JobLog, type LogCounter } from '../job-log.ts';
import { isStopping } from '../jobs.ts';
import { reasonOf } from '../reason.ts';
import { interruptedReason } from '../restart.ts';
import { SPOOL_MODE, spoolFailure } from '../spool.ts';
import { withStore } from '../stores.ts';
import { phaseAfterRun } from './decide.ts';
import { recordBackup } from './record.ts';
import { persistBackup } from './persist.ts';

export interface BackupInput {
  /** As it lies in the cluster, InProgress. */
  backup: Backup;
  location: BackupStorageLocation;
  snapshotLocations: readonly VolumeSnapshotLocation[];
  policies: ResourcePolicies | undefined;
}

/**
 * Runs the backup and uploads it.
 * @returns the backup with the status that it has now: Failed, waiting for operations, or finalizing
 * @throws what keeps it from running at all: actions that cannot be loaded, a store that cannot be used, a backup of
 *   the same name in the store
 */
export async function executeBackup(context: ServerContext, input: BackupInput): Promise<Backup> {
  const { namespace, spool, options } = context;
  const name = input.backup.metadata.name as string;
  const serverLog = context.log.with({ backup: `${namespace}/${name}` });
  serverLog.info('Setting up backup log');
  const counter = createLogCounter();
  const jobLog = await createJobLog(spool, name, options.flags['log-format']);
  const archivePath = spool.path(`${name}.tar.gz`);
  try {
    const log = context.log.tee(jobLog, counter).with({ backup: `${namespace}/${name}` });
    log.info('Getting backup item actions');
    const actions = await context.actions.backupItemActions();
    log.info('Setting up backup store to check for backup existence');
    await checkAbsent(context, input.location, name);
    return await runAndPersist(context, input, { actions, log, serverLog, counter, jobLog, archivePath });
  } finally {
    await jobLog.dispose();
    await spool.remove(archivePath);
  }
}

/** @throws Failure `BACKUP_EXISTS`, or what kept us from looking */
async function checkAbsent(
  context: ServerContext,
  location: BackupStorageLocation,
  name: string,
): Promise<void> {
  await withStore(context.stores, location, async (store) => {
    let exists: boolean;
    try {
      exists = await store.backupExists(name);
    } catch (error) {
      throw wrap(error, 'error checking if backup already exists in object storage');
    }
    if (exists) {
      throw new Failure({
        code: 'BACKUP_EXISTS',
        message: 'backup already exists in object storage',
        object: `backup ${name}`,
        remedy: `the bucket holds backups/${name} already: choose another name, or remove that one first with \`velero backup delete ${name}\` once it has been synced into the cluster`,
      });
    }
  });
}

interface Run {
  actions: readonly BackupItemAction[];
  /** Writes to the backup's log as well. */
  log: Logger;
  serverLog: Logger;
  counter: LogCounter;
  jobLog: JobLog;
  archivePath: string;
}

async function runAndPersist(context: ServerContext, input: BackupInput, run: Run): Promise<Backup> {
  const { clock, jobs } = context;
  const { log, serverLog, counter } = run;
  const fatal: unknown[] = [];
  let outcome: BackupOutcome | undefined;
  let inProgress = false;
  const status: BackupStatus = { ...input.backup.status };
  try {
    outcome = await runEngine(context, input, run);
    // What is done already must not make the backup wait.
    const poll = await pollBackupOperations(outcome.operations, input.backup, run.actions, {
      log,
      clock,
      signal: jobs.signal,
    });
    for (const error of poll.errors) log.error(error);
    outcome = { ...outcome, operations: poll.operations };
    inProgress = poll.inProgress;
    Object.assign(status, figuresOf(outcome, poll));
  } catch (error) {
    // There is no time to upload anything while the server stops.
    if (isStopping(error) || jobs.signal.aborted) throw jobs.signal.aborted ? jobs.signal.reason : error;
    log.error('Error backing up', { error });
    fatal.push(error);
    // On a full disk the log and the credentials need the room that half an archive takes.
    await context.spool.remove(run.archivePath);
  }
  setCount(status, 'warnings', counter.warnings);
  setCount(status, 'errors', counter.errors);
  const logPath = await run.jobLog.finish().catch((error: unknown) => {
    const failure = wrap(spoolFailure(error, context.spool.directory), 'error getting backup log file');
    // What made the backup fail matters more than that its log went the same way.
    if (fatal.length === 0) fatal.push(failure);
    else serverLog.error(failure.message);
    return undefined;
  });
  status.phase = phaseAfterRun({
    fatal: fatal.length > 0,
    errors: counter.errors,
    operationsInProgress: inProgress,
  });
  const endedAt = () => rfc3339(clock.now());
  if (status.phase === 'Failed') status.completionTimestamp = endedAt();
  let ended: Backup = { ...input.backup, status };
  recordBackup(context, ended, {
    finalizing: false,
    ...(outcome === undefined ? {} : { archiveBytes: outcome.archive.compressedBytes }),
  });
  serverLog.info('Setting up backup store to persist the backup');
  try {
    await persistBackup(context, input.location, {
      backup: ended,
      logPath,
      archivePath: run.archivePath,
      outcome,
      warnings: counter.warningResult(),
      errors: counter.errorResult(),
    });
  } catch (error) {
    fatal.push(error);
  }
  if (fatal.length > 0) {
    const failed = fatal.length === 1 ? fatal[0] : new AggregateError(fatal, '');
    serverLog.error('backup failed', { error: failed });
    ended = {
      ...ended,
      status: {
        ...status,
        phase: 'Failed',
        failureReason: isStopping(failed) ? interruptedReason('backup', 'stopping') : reasonOf(failed),
        completionTimestamp: status.completionTimestamp ?? endedAt(),
      },
    };
  }
  serverLog.info(`Initial backup processing complete, moving to ${ended.status?.phase}`);
  return ended;
}

function runEngine(context: ServerContext, input: BackupInput, run: Run): Promise<BackupOutcome> {
  const { kube, namespace, features, options, clock, jobs } = context;
  const name = input.backup.metadata.name as string;
  return runBackup({
    backup: input.backup,
    kube,
    actions: run.actions,
    volumes: new VolumeBackup({
      kube,
      policies: input.policies,
      snapshotLocations: input.snapshotLocations,
      volumeSnapshotter: (provider) => context.actions.volumeSnapshotter(provider),
      features,
    }),
    settings: {
      features,
      ...(options.given.has('client-page-size') ? { pageSize: options.flags['client-page-size'] } : {}),
    },
    store: (archive) =>
      pipeline(archive, createWriteStream(run.archivePath, { flags: 'wx', mode: SPOOL_MODE }), {
        signal: jobs.signal,
      }).catch((error: unknown) => {
        throw spoolFailure(error, context.spool.directory);
      }),
    onProgress: async (progress) => {
      try {
        await kube.patch(KINDS.Backup, name, namespace, 'merge', {
          metadata: { uid: input.backup.metadata.uid },
          status: { progress: withoutZeros(progress) },
        });
      } catch (error) {
        // Not worth a warning of the backup: the next one, or the last, tells it all.
        run.serverLog.debug('the progress could not be written', { error: messageOf(error) });
      }
    },
    log: run.log,
    clock,
    signal: jobs.signal,
  });
}

function figuresOf(outcome: BackupOutcome, poll: { completed: number; failed: number }): BackupStatus {
  const figures: BackupStatus = {
    progress: withoutZeros(outcome.progress),
    hookStatus: {
      ...(outcome.hookStatus.hooksAttempted > 0 ? { hooksAttempted: outcome.hookStatus.hooksAttempted } : {}),
      ...(outcome.hookStatus.hooksFailed > 0 ? { hooksFailed: outcome.hookStatus.hooksFailed } : {}),
    },
  };
  setCount(figures, 'volumeSnapshotsAttempted', outcome.volumeSnapshots.length);
  setCount(
    figures,
    'volumeSnapshotsCompleted',
    outcome.volumeSnapshots.filter((snapshot) => snapshot.status.phase === 'Completed').length,
  );
  setCount(figures, 'csiVolumeSnapshotsAttempted', outcome.csiVolumeSnapshots.length);
  setCount(figures, 'backupItemOperationsAttempted', outcome.operations.length);
  setCount(figures, 'backupItemOperationsCompleted', poll.completed);
  setCount(figures, 'backupItemOperationsFailed', poll.failed);
  return figures;
}

/** Zero is left out, as Go's omitempty does. */
function withoutZeros(progress: BackupProgress): NonNullable<BackupStatus['progress']> {
  const { totalItems, itemsBackedUp } = progress;
  return {
    ...(totalItems > 0 ? { totalItems } : {}),
    ...(itemsBackedUp > 0 ? { itemsBackedUp } : {}),
  };
}

type CountField = {
  [K in keyof BackupStatus]-?: NonNullable<BackupStatus[K]> extends number ? K : never;
}[keyof BackupStatus];

/** Zero is left out, as Go's omitempty does. */
function setCount(status: BackupStatus, field: CountField, count: number): void {
  if (count > 0) status[field] = count;
}
