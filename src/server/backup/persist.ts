/** Uploads a backup and reads its archive back: no backup counts as done whose archive is not in the store as it was written. */

import type { Backup } from '../../api/backup.ts';
import type { BackupStorageLocation } from '../../api/backup-storage-location.ts';
import type { Result } from '../../api/documents/result.ts';
import type { BackupOutcome } from '../../backup/request.ts';
import { aggregateMessage, Failure, messageOf } from '../../lib/errors.ts';
import { scanArchive } from '../../storage/archive/scan.ts';
import type { ArchiveSummary } from '../../storage/archive/writer.ts';
import type { BackupStore } from '../../storage/backup-store.ts';
import type { ServerContext } from '../context.ts';
import { readSpoolFile } from '../spool.ts';
import { withStore } from '../stores.ts';

export interface BackupToPersist {
  backup: Backup;
  /** Spool files; the log is absent where it could not be written. */
  logPath: string | undefined;
  archivePath: string;
  /** Absent where the engine failed: then there is nothing but the log and what went wrong. */
  outcome: BackupOutcome | undefined;
  warnings: Result;
  errors: Result;
}

/**
 * Uploads everything in the order that the original keeps, and reads the archive back. The store is opened anew, for
 * credentials may have changed while a long backup ran.
 * @throws what kept a file from the store, Failure `ARCHIVE_NOT_READ_BACK`; archive and metadata are removed then
 */
export async function persistBackup(
  context: ServerContext,
  location: BackupStorageLocation,
  what: BackupToPersist,
): Promise<void> {
  await withStore(context.stores, location, async (store) => {
    const { outcome, logPath } = what;
    const name = what.backup.metadata.name as string;
    await store.putBackup({
      name,
      metadata: what.backup,
      ...(logPath === undefined ? {} : { log: () => readSpoolFile(logPath) }),
      results: { warnings: what.warnings, errors: what.errors },
      ...(outcome === undefined
        ? {}
        : {
            contents: () => readSpoolFile(what.archivePath),
            contentsSize: outcome.archive.compressedBytes,
            podVolumeBackups: outcome.podVolumeBackups,
            volumeSnapshots: outcome.volumeSnapshots,
            itemOperations: outcome.operations,
            resourceList: outcome.resourceList,
            csiVolumeSnapshots: outcome.csiVolumeSnapshots,
            csiVolumeSnapshotContents: outcome.csiVolumeSnapshotContents,
            csiVolumeSnapshotClasses: outcome.csiVolumeSnapshotClasses,
            volumeInfos: outcome.volumeInfos,
          }),
    });
    if (outcome === undefined) return;
    try {
      await readBack(store, name, outcome.archive, context.jobs.signal);
    } catch (error) {
      throw await removeUnproven(store, name, error);
    }
  });
}

/**
 * Reads the archive from the store and compares it with what was written.
 * @throws Failure `ARCHIVE_NOT_READ_BACK` where they differ or where it cannot be read
 */
export async function readBack(
  store: BackupStore,
  name: string,
  written: Pick<ArchiveSummary, 'entries' | 'compressedBytes' | 'sha256'>,
  signal: AbortSignal,
): Promise<void> {
  let found: ArchiveSummary;
  try {
    found = await scanArchive(await store.getBackupContents(name), {
      signal,
      name: `of backup ${name}`,
    });
  } catch (error) {
    if (signal.aborted) throw error;
    throw notReadBack(name, messageOf(error), error);
  }
  if (found.sha256 !== written.sha256 || found.entries !== written.entries) {
    throw notReadBack(
      name,
      `${found.entries} files in ${found.compressedBytes} bytes (sha256 ${found.sha256}) lie in the store, ` +
        `${written.entries} files in ${written.compressedBytes} bytes (sha256 ${written.sha256}) were written`,
    );
  }
}

function notReadBack(name: string, cause: string, error?: unknown): Failure {
  return new Failure({
    code: 'ARCHIVE_NOT_READ_BACK',
    message: `the archive of backup ${name} cannot be read back from object storage as it was written: ${cause}`,
    object: `backup ${name}`,
    remedy: 'check the object store for lost or changed uploads, then run the backup again',
    cause: error,
  });
}

/** What is not proven must not look like a backup to anybody. */
async function removeUnproven(store: BackupStore, name: string, error: unknown): Promise<unknown> {
  try {
    await store.deleteBackupArchive(name);
    return error;
  } catch (deletion) {
    return new AggregateError([error, deletion], aggregateMessage([messageOf(error), messageOf(deletion)]));
  }
}
