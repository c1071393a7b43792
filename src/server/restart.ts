/**
 * What a server does with the work of its former life: runs that were in progress cannot be taken up again, and say so
 * (markInProgressCRsFailed in pkg/cmd/server/server.go). Waiting and finalizing ones go on by themselves.
 */

import type { Backup } from '../api/backup.ts';
import type { BackupStorageLocation } from '../api/backup-storage-location.ts';
import type { DataUploadPhase } from '../api/data-upload.ts';
import { KINDS, type KindAddress } from '../api/kinds.ts';
import { LABELS } from '../api/labels.ts';
import type { KubeObject } from '../api/object.ts';
import type { Restore } from '../api/restore.ts';
import { rfc3339 } from '../lib/clock.ts';
import { Failure, messageOf } from '../lib/errors.ts';
import type { BackupStore } from '../storage/backup-store.ts';
import type { ServerContext } from './context.ts';
import { withStore } from './stores.ts';
import { type WriteDeps, writeFinally } from './writes.ts';

/** Why a run is Failed that the server was `starting` or `stopping` over. */
export function interruptedReason(what: 'backup' | 'restore', when: 'starting' | 'stopping'): string {
  return `found a ${what} with status "InProgress" during the server ${when}, mark it as "Failed"`;
}

/**
 * Marks every run in progress as Failed and its data movements to be cancelled. Faults are logged, not thrown.
 * @returns the backups among them, for {@link removeHalfBackups}
 */
export async function markInterrupted(deps: WriteDeps, namespace: string): Promise<Backup[]> {
  const backups = await markRuns<Backup>(deps, namespace, 'backup', KINDS.Backup, (uid) =>
    cancelMovements(deps, namespace, 'dataupload', KINDS.DataUpload, LABELS.backupUid, uid),
  );
  await markRuns<Restore>(deps, namespace, 'restore', KINDS.Restore, (uid) =>
    cancelMovements(deps, namespace, 'datadownload', KINDS.DataDownload, LABELS.restoreUid, uid),
  );
  return backups;
}

/**
 * A server that is killed while it uploads a backup leaves its metadata without an archive: nothing can be restored
 * from that, its name cannot be used again, and a sync makes a Backup of it once it has expired. So the metadata is
 * removed where it is of this very run and no archive is there. Faults are logged, not thrown.
 */
export async function removeHalfBackups(
  context: Pick<ServerContext, 'kube' | 'namespace' | 'stores' | 'log'>,
  interrupted: readonly Backup[],
): Promise<void> {
  const { kube, namespace, stores } = context;
  for (const backup of interrupted) {
    const name = backup.metadata.name as string;
    const log = context.log.with({ backup: `${namespace}/${name}` });
    try {
      const location = await kube.get<BackupStorageLocation>(
        KINDS.BackupStorageLocation,
        backup.spec.storageLocation ?? '',
        namespace,
      );
      await withStore(stores, location, async (store) => {
        if (!(await store.backupExists(name))) return;
        const stored = await store.getBackupMetadata(name);
        if (stored.metadata.uid !== backup.metadata.uid || (await hasContents(store, name))) return;
        await store.deleteBackupArchive(name);
        log.info('Removed what the interrupted backup left in object storage: metadata without an archive');
      });
    } catch (error) {
      log.warn('Could not look for what the interrupted backup left in object storage', { error });
    }
  }
}

async function hasContents(store: BackupStore, name: string): Promise<boolean> {
  try {
    (await store.getBackupContents(name)).destroy();
    return true;
  } catch (error) {
    if (error instanceof Failure && error.code === 'OBJECT_NOT_FOUND') return false;
    throw error;
  }
}

/** @returns the runs that are Failed now */
async function markRuns<T extends Backup | Restore>(
  deps: WriteDeps,
  namespace: string,
  what: 'backup' | 'restore',
  kind: KindAddress,
  cancel: (uid: string) => Promise<void>,
): Promise<T[]> {
  const { kube, log, clock } = deps;
  const marked: T[] = [];
  let runs: T[];
  try {
    runs = await kube.list<T>(kind, { namespace });
  } catch (error) {
    log.error(`failed to list ${what}s`, { error });
    return marked;
  }
  for (const run of runs) {
    const name = run.metadata.name as string;
    if (run.status?.phase !== 'InProgress') {
      log.debug(`the status of ${what} "${name}" is "${run.status?.phase ?? ''}", skip`);
      continue;
    }
    const failureReason = interruptedReason(what, 'starting');
    try {
      await writeFinally(deps, kind, run, {
        ...run,
        status: {
          ...run.status,
          phase: 'Failed',
          failureReason,
          completionTimestamp: rfc3339(clock.now()),
        },
      });
    } catch (error) {
      log.error(`failed to patch ${what} "${name}"`, { error });
      continue;
    }
    log.warn(failureReason, { [what]: name });
    marked.push(run);
    await cancel(run.metadata.uid ?? '');
  }
  return marked;
}

const CANCELLABLE: readonly string[] = ['', 'New', 'Accepted', 'Prepared', 'InProgress'];

/** What a DataUpload and a DataDownload have in common here. */
interface Movement extends KubeObject {
  spec?: { cancel?: boolean };
  status?: { phase?: DataUploadPhase; message?: string };
}

async function cancelMovements(
  deps: WriteDeps,
  namespace: string,
  what: 'dataupload' | 'datadownload',
  kind: KindAddress,
  label: string,
  uid: string,
): Promise<void> {
  const { kube, log } = deps;
  let movements: Movement[];
  try {
    movements = await kube.list<Movement>(kind, {
      namespace,
      labelSelector: `${label}=${uid}`,
    });
  } catch (error) {
    log.error(`failed to list ${what}s`, { error });
    return;
  }
  for (const movement of movements) {
    const phase = movement.status?.phase ?? '';
    if (!CANCELLABLE.includes(phase)) continue;
    const message = `found a ${what} with status "${phase}" during the velero server starting, mark it as cancel`;
    const name = movement.metadata.name as string;
    try {
      await writeFinally(deps, kind, movement, {
        ...movement,
        spec: { ...movement.spec, cancel: true },
        status: { ...movement.status, message },
      });
      log.warn(message, { [what]: name });
    } catch (error) {
      log.error(`failed to mark ${what} "${name}" cancel: ${messageOf(error)}`);
    }
  }
}
