/** Deletes what a backup consists of, step by step; a step that fails is noted and does not stop the next. */

import type { Backup } from '../../api/backup.ts';
import type { BackupStorageLocation } from '../../api/backup-storage-location.ts';
import { KINDS } from '../../api/kinds.ts';
import { LABELS, labelValue } from '../../api/labels.ts';
import type { PodVolumeBackup } from '../../api/pod-volume-backup.ts';
import type { Restore } from '../../api/restore.ts';
import type { VolumeSnapshotLocation } from '../../api/volume-snapshot-location.ts';
import { isNotFound } from '../../kube/errors.ts';
import { messageOf, wrap } from '../../lib/errors.ts';
import type { Logger } from '../../lib/log.ts';
import type { VolumeSnapshotter } from '../../plugin/contract.ts';
import type { BackupStore } from '../../storage/backup-store.ts';
import type { ServerContext } from '../context.ts';
import { withStore } from '../stores.ts';
import { runDeleteActions } from './actions.ts';

/** How long the restores of a backup may take to go, in milliseconds. */
const RESTORES_GONE_MS = 60_000;

/**
 * Runs delete actions, removes snapshots, bucket objects and restores of the backup; not the Backup itself.
 * @returns what could not be deleted
 * @throws where the store cannot be opened
 */
export async function deleteBackupData(
  context: ServerContext,
  backup: Backup,
  location: BackupStorageLocation,
  log: Logger,
): Promise<string[]> {
  const errors: string[] = [];
  const name = backup.metadata.name as string;
  await withStore(context.stores, location, async (store) => {
    try {
      if (await holdsAnother(store, backup, log)) return;
    } catch (error) {
      // Nothing is deleted from a store that does not say whose it is.
      errors.push(messageOf(error));
      return;
    }
    await runDeleteActions(context, backup, store, log);
    log.info('Removing PV snapshots');
    errors.push(...(await removeNativeSnapshots(context, store, name, log)));
    log.info('Removing pod volume snapshots');
    errors.push(...(await podVolumeSnapshots(context, name, log)));
    if (backup.spec.snapshotMoveData === true) {
      log.info('Removing local datauploads');
      errors.push(...(await removeDataUploads(context, name)));
    }
    log.info('Removing backup from backup storage');
    try {
      await store.deleteBackup(name);
    } catch (error) {
      errors.push(messageOf(error));
    }
  });
  log.info('Removing restores');
  errors.push(...(await removeRestores(context, name, log)));
  return errors;
}

/**
 * Whether the store has another backup under this name: the location was pointed to another bucket since, or this
 * backup failed because the name was taken. That one may be somebody's only copy.
 */
async function holdsAnother(store: BackupStore, backup: Backup, log: Logger): Promise<boolean> {
  const name = backup.metadata.name as string;
  if (!(await store.backupExists(name))) return false;
  let stored: Backup;
  try {
    stored = await store.getBackupMetadata(name);
  } catch (error) {
    // Damaged metadata say nothing: what is asked for is that this backup goes.
    log.warn('The metadata of the stored backup cannot be read', { error });
    return false;
  }
  const ours = backup.status?.startTimestamp;
  const theirs = stored.status?.startTimestamp;
  if (theirs === undefined || theirs === ours) return false;
  log.warn(
    `The location holds another backup of this name, started ${theirs}; this one ${ours === undefined ? 'never started' : `started ${ours}`}. Its data is left alone, only the Backup object is deleted`,
    { storage: store.name },
  );
  return true;
}

async function removeNativeSnapshots(
  context: ServerContext,
  store: BackupStore,
  name: string,
  log: Logger,
): Promise<string[]> {
  const errors: string[] = [];
  const snapshotters = new Map<string, Promise<VolumeSnapshotter>>();
  let snapshots: Awaited<ReturnType<BackupStore['getBackupVolumeSnapshots']>>;
  try {
    snapshots = await store.getBackupVolumeSnapshots(name);
  } catch (error) {
    return [wrap(error, "error getting backup's volume snapshots").message];
  }
  for (const { spec, status } of snapshots) {
    const id = status.providerSnapshotID ?? '';
    log.info('Removing snapshot associated with backup', { providerSnapshotID: id });
    const location = spec.location ?? '';
    let snapshotter = snapshotters.get(location);
    if (snapshotter === undefined) {
      snapshotter = snapshotterOf(context, location);
      snapshotters.set(location, snapshotter);
    }
    try {
      const ready = await snapshotter;
      await ready.deleteSnapshot(id).catch((error: unknown) => {
        throw wrap(error, `error deleting snapshot ${id}`);
      });
    } catch (error) {
      errors.push(messageOf(error));
    }
  }
  return errors;
}

async function snapshotterOf(context: ServerContext, name: string): Promise<VolumeSnapshotter> {
  const { kube, namespace, actions, credentials } = context;
  const explain = (what: string) => (error: unknown) => {
    throw wrap(error, what);
  };
  const location = await kube
    .get<VolumeSnapshotLocation>(KINDS.VolumeSnapshotLocation, name, namespace)
    .catch(explain(`error getting volume snapshot location ${name}`));
  const { provider, credential } = location.spec;
  const config: Record<string, string> = { ...location.spec.config };
  if (credential !== undefined && credential !== null) {
    config['credentialsFile'] = await credentials
      .path(credential)
      .catch(explain('unable to get credentials'));
  }
  const snapshotter = await actions
    .volumeSnapshotter(provider)
    .catch(explain(`error getting volume snapshotter for provider ${provider}`));
  await snapshotter
    .init(config)
    .catch(explain(`error initializing volume snapshotter for volume snapshot location ${name}`));
  return snapshotter;
}

/** Says which file system backups stay in their repository; they are not removed without one. */
async function podVolumeSnapshots(context: ServerContext, name: string, log: Logger): Promise<string[]> {
  try {
    const found = await context.kube.list<PodVolumeBackup>(KINDS.PodVolumeBackup, {
      namespace: context.namespace,
      labelSelector: `${LABELS.backupName}=${labelValue(name)}`,
    });
    for (const { metadata, spec, status } of found) {
      if ((status?.snapshotID ?? '') === '') continue;
      log.warn('The data of a pod volume backup stays in its repository until that is maintained', {
        podVolumeBackup: metadata.name,
        snapshotID: status?.snapshotID,
        volumeNamespace: spec.pod.namespace,
      });
    }
    return [];
  } catch (error) {
    return [messageOf(error)];
  }
}

async function removeDataUploads(context: ServerContext, name: string): Promise<string[]> {
  const { kube, namespace } = context;
  try {
    await kube.deleteCollection(KINDS.DataUpload, {
      namespace,
      labelSelector: `${LABELS.backupName}=${labelValue(name)}`,
    });
    return [];
  } catch (error) {
    return [messageOf(error)];
  }
}

/** Deletes the restores of the backup and waits until their finalizers have removed their files. */
async function removeRestores(context: ServerContext, name: string, log: Logger): Promise<string[]> {
  const { kube, namespace, clock, jobs } = context;
  const errors: string[] = [];
  const ofBackup = async () =>
    (await kube.list<Restore>(KINDS.Restore, { namespace })).filter(({ spec }) => spec.backupName === name);
  try {
    for (const { metadata } of await ofBackup()) {
      const restoreName = metadata.name as string;
      log.info('Deleting restore referencing backup', { restore: `${namespace}/${restoreName}` });
      await kube.delete(KINDS.Restore, restoreName, namespace).catch((error: unknown) => {
        if (isNotFound(error)) return;
        errors.push(wrap(error, `error deleting restore ${namespace}/${restoreName}`).message);
      });
    }
    const deadline = clock.now() + RESTORES_GONE_MS;
    for (;;) {
      const left = await ofBackup();
      if (left.length === 0) return errors;
      if (clock.now() >= deadline) {
        const names = left.map(({ metadata }) => `${namespace}/${metadata.name}`).join(', ');
        errors.push(`error deleting restore ${names}: still there after a minute`);
        return errors;
      }
      await clock.sleep(1000, jobs.signal);
    }
  } catch (error) {
    log.error('Error listing restore API objects', { error });
    errors.push(messageOf(error));
    return errors;
  }
}
