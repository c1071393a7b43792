/**
 * Observes Backups whose items and operations are done; brings items that operations have changed up to date in the
 * archive, and writes the last phase (pkg/controller/backup_finalizer_controller.go).
 */

import { createWriteStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import type { Backup } from '../../api/backup.ts';
import type { BackupStorageLocation } from '../../api/backup-storage-location.ts';
import type { BackupOperation } from '../../api/documents/item-operation.ts';
import { KINDS } from '../../api/kinds.ts';
import { finalizeBackup } from '../../backup/finalize.ts';
import { rfc3339 } from '../../lib/clock.ts';
import { formatDuration } from '../../lib/duration.ts';
import { messageOf, wrap } from '../../lib/errors.ts';
import type { Logger } from '../../lib/log.ts';
import type { BackupStore } from '../../storage/backup-store.ts';
import { scheduleOf } from '../backup/decide.ts';
import { endPartiallyFailed } from '../backup/end.ts';
import { readBack } from '../backup/persist.ts';
import { recordBackup } from '../backup/record.ts';
import { getCurrent, type ServerContext } from '../context.ts';
import type { Patience } from '../patience.ts';
import { readSpoolFile, SPOOL_MODE } from '../spool.ts';
import { withStore } from '../stores.ts';
import { writeFinally } from '../writes.ts';
import { completedSnapshots, finalPhase, isFinalizing } from './decide.ts';

/** @param patience how long a store may be away before the backup is given up */
export async function reconcileFinalizingBackup(
  context: ServerContext,
  patience: Patience,
  name: string,
): Promise<void> {
  const backup = await getCurrent<Backup>(context, KINDS.Backup, name);
  if (backup === undefined || !isFinalizing(backup.status?.phase) || context.jobs.stopping) return;
  const log = context.log.with({
    controller: 'backup-finalizer',
    backup: `${context.namespace}/${name}`,
  });
  const locationName = backup.spec.storageLocation ?? '';
  const location = await getCurrent<BackupStorageLocation>(
    context,
    KINDS.BackupStorageLocation,
    locationName,
  );
  if (location === undefined) {
    const reason = `the backup cannot be finalized: backup storage location ${locationName} does not exist`;
    log.error(reason);
    await endPartiallyFailed(context, backup, reason);
    return;
  }
  try {
    await context.jobs.run(`finalizing backup ${context.namespace}/${name}`, () =>
      finalize(context, backup, location, log),
    );
    patience.clear(name);
  } catch (error) {
    if (context.jobs.signal.aborted || !patience.isExhausted(name)) throw error;
    patience.clear(name);
    const limit = formatDuration(context.options.flags['default-item-operation-timeout']);
    const reason = `the backup could not be finalized within ${limit}: ${messageOf(error)}`;
    log.error(reason);
    await endPartiallyFailed(context, backup, reason, location);
  }
}

async function finalize(
  context: ServerContext,
  backup: Backup,
  location: BackupStorageLocation,
  log: Logger,
): Promise<void> {
  const name = backup.metadata.name as string;
  const phase = backup.status?.phase;
  if (!isFinalizing(phase)) return;
  await withStore(context.stores, location, async (store) => {
    const operations = await store.getBackupItemOperations(name).catch((error: unknown) => {
      throw wrap(error, 'Error getting backup item operations');
    });
    const archiveBytes =
      operations.length > 0 ? await renewArchive(context, backup, store, operations, log) : undefined;
    const snapshots = completedSnapshots(operations);
    const ended: Backup = {
      ...backup,
      status: {
        ...backup.status,
        phase: finalPhase(phase),
        completionTimestamp: rfc3339(context.clock.now()),
        ...(snapshots > 0 ? { csiVolumeSnapshotsCompleted: snapshots } : {}),
      },
    };
    await store.putBackupMetadata(ended).catch((error: unknown) => {
      throw wrap(error, 'error uploading backup json');
    });
    await writeFinally(context.writes, KINDS.Backup, backup, ended);
    const schedule = scheduleOf(backup);
    const good = ended.status?.phase === 'Completed';
    context.metrics.add(good ? 'backup_success_total' : 'backup_partial_failure_total', schedule);
    context.metrics.set('backup_last_status', schedule, good ? 1 : 0);
    recordBackup(context, ended, {
      finalizing: true,
      ...(archiveBytes === undefined ? {} : { archiveBytes }),
    });
  });
}

/** Makes the archive anew with the items that operations have changed, uploads it and proves it. Gives its size. */
async function renewArchive(
  context: ServerContext,
  backup: Backup,
  store: BackupStore,
  operations: readonly BackupOperation[],
  log: Logger,
): Promise<number> {
  const { kube, spool, features, jobs } = context;
  const name = backup.metadata.name as string;
  const path = spool.path(`${name}.tar.gz`);
  log.info('Setting up finalized backup temp file');
  try {
    const outcome = await finalizeBackup({
      backup,
      kube,
      actions: await context.actions.backupItemActions(),
      settings: { features },
      operations,
      volumeInfos: await store.getBackupVolumeInfos(name),
      archive: await store.getBackupContents(name),
      store: (archive) =>
        pipeline(archive, createWriteStream(path, { flags: 'wx', mode: SPOOL_MODE }), {
          signal: jobs.signal,
        }),
      log,
      signal: jobs.signal,
    });
    await store.putBackupVolumeInfos(name, outcome.volumeInfos);
    await store
      .putBackupContents(name, () => readSpoolFile(path))
      .catch((error: unknown) => {
        throw wrap(error, 'error uploading backup final contents');
      });
    await readBack(store, name, outcome.archive, jobs.signal);
    return outcome.archive.compressedBytes;
  } finally {
    await spool.remove(path);
  }
}
