/**
 * Runs one checked restore: archive, engine, log and results, uploads (runValidatedRestore in
 * pkg/controller/restore_controller.go).
 */

import type { Backup } from '../../api/backup.ts';
import type { BackupStorageLocation } from '../../api/backup-storage-location.ts';
import { countResult } from '../../api/documents/result.ts';
import { KINDS } from '../../api/kinds.ts';
import { LABELS, labelValue } from '../../api/labels.ts';
import type { PodVolumeBackup } from '../../api/pod-volume-backup.ts';
import type { Restore, RestoreProgress, RestoreStatus } from '../../api/restore.ts';
import type { VolumeSnapshotLocation } from '../../api/volume-snapshot-location.ts';
import { Failure, messageOf, wrap } from '../../lib/errors.ts';
import type { Logger } from '../../lib/log.ts';
import type { RestoreItemAction } from '../../plugin/contract.ts';
import type { ResourceModifiers } from '../../restore/modifiers/modifiers.ts';
import { pollRestoreOperations } from '../../restore/operations.ts';
import type { RestoreOutcome, RestoreRequest } from '../../restore/request.ts';
import { runRestore } from '../../restore/run.ts';
import { openArchive } from '../../storage/archive/reader.ts';
import type { BackupStore } from '../../storage/backup-store.ts';
import type { ServerContext } from '../context.ts';
import { createJobLog, type JobLog } from '../job-log.ts';
import { reasonOf } from '../reason.ts';
import { readSpoolFile, spoolFailure } from '../spool.ts';
import { withStore } from '../stores.ts';
import { phaseAfterRun, resultLines } from './decide.ts';
import { podVolumeRestorer } from '../../volumes/pod-volume-restorer.ts';

export interface RestoreInput {
  /** As it lies in the cluster, InProgress. */
  restore: Restore;
  backup: Backup;
  location: BackupStorageLocation;
  modifiers: ResourceModifiers | undefined;
}

/**
 * Runs the restore and uploads its files.
 * @returns the restore with the status that it has now: waiting for operations, or finalizing
 * @throws what makes it Failed: actions that cannot be loaded, a store or archive that cannot be read
 */
export async function executeRestore(context: ServerContext, input: RestoreInput): Promise<Restore> {
  const { namespace, spool, options, jobs } = context;
  const name = input.restore.metadata.name as string;
  const jobLog = await createJobLog(spool, name, options.flags['log-format']);
  try {
    const log = context.log.tee(jobLog).with({ restore: `${namespace}/${name}` });
    const { outcome, actions } = await withStore(context.stores, input.location, (store) =>
      runFromStore(context, input, store, log),
    );
    const poll = await pollRestoreOperations(outcome.operations, input.restore, actions, {
      log,
      clock: context.clock,
      signal: jobs.signal,
    });
    for (const error of poll.errors) {
      outcome.errors.velero.push(`error from restore item operation: ${error}`);
    }
    if (jobs.signal.aborted) throw jobs.signal.reason;
    for (const line of resultLines(outcome.errors, 'error')) log.error(line);
    for (const line of resultLines(outcome.warnings, 'warning')) log.warn(line);
    log.info('restore completed');

    const status: RestoreStatus = { ...input.restore.status };
    setCount(status, 'restoreItemOperationsAttempted', outcome.operations.length);
    setCount(status, 'restoreItemOperationsCompleted', poll.completed);
    setCount(status, 'restoreItemOperationsFailed', poll.failed);
    await upload(context, input, { ...outcome, operations: poll.operations }, jobLog);
    setCount(status, 'warnings', countResult(outcome.warnings));
    setCount(status, 'errors', countResult(outcome.errors));
    if (outcome.progress !== undefined) status.progress = withoutZeros(outcome.progress);
    status.phase = phaseAfterRun({
      errors: countResult(outcome.errors),
      operationsInProgress: poll.inProgress,
    });
    return { ...input.restore, status };
  } finally {
    await jobLog.dispose();
  }
}

type CountField = {
  [K in keyof RestoreStatus]-?: NonNullable<RestoreStatus[K]> extends number ? K : never;
}[keyof RestoreStatus];

/** Zero is left out, as Go's omitempty does. */
function withoutZeros({ totalItems = 0, itemsRestored = 0 }: RestoreProgress): RestoreProgress {
  return {
    ...(totalItems > 0 ? { totalItems } : {}),
    ...(itemsRestored > 0 ? { itemsRestored } : {}),
  };
}

/** Zero is left out, as Go's omitempty does. */
function setCount(status: RestoreStatus, field: CountField, count: number): void {
  if (count > 0) status[field] = count;
}

interface Ran {
  outcome: RestoreOutcome & { progress?: NonNullable<RestoreStatus['progress']> };
  actions: readonly RestoreItemAction[];
}

async function runFromStore(
  context: ServerContext,
  input: RestoreInput,
  store: BackupStore,
  log: Logger,
): Promise<Ran> {
  const { kube, namespace, spool, jobs, clock } = context;
  const { signal } = jobs;
  const backupName = input.backup.metadata.name as string;
  const actions = await context.actions.restoreItemActions().catch((error: unknown) => {
    throw wrap(error, 'error getting restore item actions');
  });
  const archive = await store
    .getBackupContents(backupName)
    .then((stream) =>
      openArchive(stream, {
        signal,
        log,
        name: `of backup ${backupName}`,
        tempDir: spool.directory,
        requireResources: false,
      }),
    )
    .catch((error: unknown) => {
      throw wrap(explainedByBackup(error, input.backup), 'error downloading backup');
    });
  try {
    const [podVolumeBackups, volumeSnapshots, csiVolumeSnapshots, volumeInfos] = await Promise.all([
      kube.list<PodVolumeBackup>(KINDS.PodVolumeBackup, {
        namespace,
        labelSelector: `${LABELS.backupName}=${labelValue(backupName)}`,
      }),
      explained(store.getBackupVolumeSnapshots(backupName), 'error fetching volume snapshots metadata'),
      explained(store.getCsiVolumeSnapshots(backupName), 'fail to fetch CSI VolumeSnapshots metadata'),
      store.getBackupVolumeInfos(backupName),
    ]);
    log.info('starting restore');
    let progress: NonNullable<RestoreStatus['progress']> | undefined;
    const outcome = await runRestore({
      ...input,
      archive,
      actions,
      podVolumeBackups,
      volumeSnapshots,
      csiVolumeSnapshots,
      volumeInfos,
      kube,
      settings: restoreSettings(context),
      hooks: context.hooks,
      volumeSnapshotter: (provider) => context.actions.volumeSnapshotter(provider),
      snapshotLocation: (name) => snapshotLocation(context, name),
      podVolumes: podVolumeRestorer({ kube, namespace, podVolumeBackups, signal }),
      onProgress: async (latest) => {
        progress = latest;
        try {
          await kube.patch(KINDS.Restore, input.restore.metadata.name as string, namespace, 'merge', {
            status: { progress: withoutZeros(latest) },
          });
        } catch (error) {
          // Not worth a warning of the restore: the next one, or the last, tells it all.
          context.log.debug('the progress could not be written', { error: messageOf(error) });
        }
      },
      log,
      serverLog: context.log.with({ restore: `${namespace}/${input.restore.metadata.name}` }),
      clock,
      signal,
    });
    return { outcome: { ...outcome, ...(progress === undefined ? {} : { progress }) }, actions };
  } finally {
    await archive.close();
  }
}

/** Why a backup has no archive: its phase tells it better than the store can. */
function explainedByBackup(error: unknown, { metadata, status }: Backup): unknown {
  if (!(error instanceof Failure) || error.code !== 'OBJECT_NOT_FOUND') return error;
  const phase = status?.phase ?? 'New';
  const why =
    phase === 'Completed' || phase === 'PartiallyFailed'
      ? `backup ${metadata.name} is ${phase}, so its archive was removed from the bucket after it had been written: bring it back from a copy of the bucket, or restore another backup`
      : phase === 'Failed' || phase === 'FailedValidation'
        ? `backup ${metadata.name} is ${phase} and has no archive: restore another backup`
        : `backup ${metadata.name} is ${phase} and has no archive yet: wait until it is Completed`;
  const { code, message, object } = error;
  return new Failure({ code, message, object, remedy: why, cause: error });
}

async function explained<T>(value: Promise<T>, what: string): Promise<T> {
  try {
    return await value;
  } catch (error) {
    throw wrap(error, what);
  }
}

function restoreSettings({
  namespace,
  features,
  options: { flags },
}: ServerContext): RestoreRequest['settings'] {
  return {
    namespace,
    priorities: flags['restore-resource-priorities'],
    terminatingResourceTimeoutMs: flags['terminating-resource-timeout'],
    resourceTimeoutMs: flags['resource-timeout'],
    features,
  };
}

async function snapshotLocation(
  context: ServerContext,
  name: string,
): Promise<{ provider: string; config: Readonly<Record<string, string>> }> {
  const location = await context.kube.get<VolumeSnapshotLocation>(
    KINDS.VolumeSnapshotLocation,
    name,
    context.namespace,
  );
  const { provider, config = {}, credential } = location.spec;
  if (credential === undefined || credential === null) return { provider, config };
  return { provider, config: { ...config, credentialsFile: await context.credentials.path(credential) } };
}

/**
 * Uploads the restore's files. Only the log counts: that it is missing makes the restore partially failed. The store
 * is opened anew, for credentials may have changed while a long restore ran.
 */
async function upload(
  context: ServerContext,
  input: RestoreInput,
  outcome: RestoreOutcome,
  jobLog: JobLog,
): Promise<void> {
  const name = input.restore.metadata.name as string;
  const serverLog = context.log.with({ restore: `${context.namespace}/${name}` });
  const attempt = async (what: string, work: () => Promise<void>) => {
    try {
      await work();
    } catch (error) {
      serverLog.error(`Error uploading ${what} to backup storage`, { error });
    }
  };
  // Before the store is opened: on a full disk, its credentials need the room that the log takes until it is finished.
  let logPath: string | undefined;
  try {
    logPath = await jobLog.finish();
  } catch (error) {
    const cause = reasonOf(spoolFailure(error, context.spool.directory));
    outcome.errors.velero.push(`error getting restore log reader: ${cause}`);
  }
  const store = await context.stores.open(input.location).catch((error: unknown) => {
    throw wrap(error, 'error setting up backup store to persist log and results files');
  });
  try {
    if (logPath !== undefined) {
      const path = logPath;
      try {
        await store.putRestoreLog(name, () => readSpoolFile(path));
      } catch (error) {
        outcome.errors.velero.push(`error uploading log file to backup storage: ${messageOf(error)}`);
      }
    }
    await attempt('restore results', () =>
      store.putRestoreResults(name, { warnings: outcome.warnings, errors: outcome.errors }),
    );
    await attempt('restored resource list', () => store.putRestoredResourceList(name, outcome.resourceList));
    await attempt('restore item action operation resource list', () =>
      store.putRestoreItemOperations(name, outcome.operations),
    );
    await attempt('restored volume info', () => store.putRestoreVolumeInfo(name, outcome.volumeInfos));
  } finally {
    await store.close();
  }
}
