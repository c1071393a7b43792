/**
 * Observes BackupStorageLocations; creates Backups for what their stores hold and the cluster does not know, and
 * removes Backups whose data is gone (pkg/controller/backup_sync_controller.go).
 */

import type { Backup } from '../../api/backup.ts';
import type { BackupStorageLocation } from '../../api/backup-storage-location.ts';
import { KINDS } from '../../api/kinds.ts';
import { ANNOTATIONS, LABELS, labelValue } from '../../api/labels.ts';
import type { KubeObject, OwnerReference } from '../../api/object.ts';
import type { Schedule } from '../../api/schedule.ts';
import { type ApiResource, isAlreadyExists, isNotFound } from '../../kube/index.ts';
import { rfc3339 } from '../../lib/clock.ts';
import { Failure } from '../../lib/errors.ts';
import type { Logger } from '../../lib/log.ts';
import { forEachLimited } from '../../lib/pool.ts';
import type { BackupStore } from '../../storage/backup-store.ts';
import { getCurrent, type ServerContext } from '../context.ts';
import { withStore } from '../stores.ts';
import { writeChanges } from '../writes.ts';
import {
  backupToCreate,
  orphans,
  podVolumeBackupToCreate,
  snapshotContentToCreate,
  storeIdentity,
} from './decide.ts';

/** Backups that are looked at side by side. */
const CONCURRENCY = 8;

export async function reconcileSync(context: ServerContext, name: string): Promise<void> {
  const location = await getCurrent<BackupStorageLocation>(context, KINDS.BackupStorageLocation, name);
  if (location === undefined) return;
  const log = context.log.with({
    controller: 'backup-sync',
    backupLocation: `${context.namespace}/${name}`,
  });
  let synced: BackupStorageLocation | undefined;
  try {
    synced = await withStore(context.stores, location, (store) => sync(context, location, store, log));
  } catch (error) {
    // The location's own controller says the same in its status; the next period tries again.
    log.error('Error syncing the backups of this location', { error });
    return;
  }
  await writeChanges(context.kube, KINDS.BackupStorageLocation, location, synced);
}

/** Gives the location with the time of this sync. @throws where the store or the cluster cannot be listed */
async function sync(
  context: ServerContext,
  location: BackupStorageLocation,
  store: BackupStore,
  log: Logger,
): Promise<BackupStorageLocation> {
  const { kube, namespace, clock } = context;
  const listed = new Set(await store.listBackups());
  log.debug('Got backups from backup store', { backupCount: listed.size });
  const known = await kube.list<Backup>(KINDS.Backup, { namespace });
  const names = new Set(known.map((backup) => backup.metadata.name as string));
  const unknown = [...listed].filter((name) => !names.has(name));
  if (unknown.length > 0) {
    log.info(
      `Found ${unknown.length} backups in the backup location that do not exist in the cluster and need to be synced`,
    );
  }
  await forEachLimited(unknown, CONCURRENCY, async (name) => {
    const backupLog = log.with({ backup: name });
    try {
      await bringIn(context, location, store, name, backupLog);
    } catch (error) {
      backupLog.error('Error syncing backup into cluster', { error });
    }
  });

  const annotations = { ...location.metadata.annotations };
  const locationName = location.metadata.name as string;
  const gone = orphans(known, locationName, listed);
  const identity = storeIdentity(location);
  const seenAt = annotations[ANNOTATIONS.lastSyncedStore];
  if (gone.length > 0 && seenAt !== undefined && seenAt !== identity) {
    log.warn(
      `${gone.length} backups of this location are not in its store any more, which was ${seenAt} and now is ${identity}; ` +
        'they are kept. Point the location back to that store, or delete the Backup objects if they are not needed',
    );
  } else {
    await forEachLimited(gone, CONCURRENCY, (backup) => removeOrphan(context, store, backup, log));
    annotations[ANNOTATIONS.lastSyncedStore] = identity;
  }
  return {
    ...location,
    metadata: { ...location.metadata, annotations },
    status: { ...location.status, lastSyncedTime: rfc3339(clock.now()) },
  };
}

async function bringIn(
  context: ServerContext,
  location: BackupStorageLocation,
  store: BackupStore,
  name: string,
  log: Logger,
): Promise<void> {
  const { kube, namespace, clock } = context;
  log.info('Attempting to sync backup into cluster');
  if (!(await store.backupExists(name))) {
    log.debug(`backup ${name} doesn't exist in backup store, skip`);
    return;
  }
  const found = await store.getBackupMetadata(name);
  const locationName = location.metadata.name as string;
  const owners = await validOwners(context, found.metadata.ownerReferences ?? [], log);
  const backup = backupToCreate(found, namespace, locationName, owners, clock.now());
  if (backup === undefined) {
    log.debug(`Skipping non-expired incomplete backup ${name}`);
    return;
  }
  // Read first: where the store fails now, the next sync takes up the backup with all that belongs to it.
  const podVolumeBackups = await unlessCorrupt(store.getPodVolumeBackups(name), log);
  const csi = await csiObjects(context, store, name, log);
  let created: Backup;
  try {
    created = await kube.create<Backup>(KINDS.Backup, backup, namespace);
  } catch (error) {
    if (!isAlreadyExists(error)) throw error;
    log.debug('Backup already exists in cluster');
    return;
  }
  log.info('Successfully synced backup into cluster');
  for (const podVolumeBackup of podVolumeBackups) {
    await createEach(
      context,
      KINDS.PodVolumeBackup,
      podVolumeBackupToCreate(podVolumeBackup, created, locationName),
      log,
    );
  }
  for (const { resource, object } of csi) await createEach(context, resource, object, log);
}

/** Classes and contents of the backup's CSI snapshots, where this cluster has such types. */
async function csiObjects(
  { kube, features }: ServerContext,
  store: BackupStore,
  name: string,
  log: Logger,
): Promise<{ resource: ApiResource; object: KubeObject }[]> {
  if (!features.has('EnableCSI')) return [];
  const classes = kube.discovery.find('snapshot.storage.k8s.io', 'volumesnapshotclasses');
  const contents = kube.discovery.find('snapshot.storage.k8s.io', 'volumesnapshotcontents');
  if (classes === undefined || contents === undefined) return [];
  const foundClasses = await unlessCorrupt(store.getCsiVolumeSnapshotClasses(name), log);
  const foundContents = await unlessCorrupt(store.getCsiVolumeSnapshotContents(name), log);
  return [
    ...foundClasses.map((found) => {
      const { resourceVersion: _version, ...metadata } = found.metadata;
      return { resource: classes, object: { ...found, metadata } };
    }),
    ...foundContents.map((found) => ({ resource: contents, object: snapshotContentToCreate(found) })),
  ];
}

/** A document that is damaged stays so, and must not keep the rest of its backup away. */
async function unlessCorrupt<T>(document: Promise<T[]>, log: Logger): Promise<T[]> {
  try {
    return await document;
  } catch (error) {
    if (!(error instanceof Failure) || error.code !== 'DOCUMENT_CORRUPT') throw error;
    log.error('Error syncing what belongs to this backup into cluster', { error });
    return [];
  }
}

/** Creates what belongs to a backup; that it exists is fine, that it cannot be created stops nothing else. */
async function createEach(
  context: ServerContext,
  resource: ApiResource,
  object: KubeObject,
  log: Logger,
): Promise<void> {
  try {
    await context.kube.create(resource, object, object.metadata.namespace);
  } catch (error) {
    if (isAlreadyExists(error)) return;
    log.error(`Error syncing ${resource.singular} ${object.metadata.name} into cluster`, { error });
  }
}

/** Owners that are in this cluster as well; a Backup with a foreign owner would be collected at once. */
async function validOwners(
  context: ServerContext,
  owners: readonly OwnerReference[],
  log: Logger,
): Promise<OwnerReference[]> {
  const valid: OwnerReference[] = [];
  for (const owner of owners) {
    if (owner.kind === 'Schedule') {
      const schedule = await getCurrent<Schedule>(context, KINDS.Schedule, owner.name);
      if (schedule === undefined) {
        log.warn(
          `Removing missing schedule ownership reference ${context.namespace}/${owner.name} from backup`,
        );
        continue;
      }
      if (schedule.metadata.uid !== owner.uid) {
        log.warn(
          `Removing schedule ownership reference with mismatched UIDs. Expected ${owner.uid}, got ${schedule.metadata.uid}`,
        );
        continue;
      }
    } else {
      log.warn(`Unable to check ownership reference for unknown kind, ${owner.kind}`);
    }
    valid.push(owner);
  }
  return valid;
}

async function removeOrphan(
  context: ServerContext,
  store: BackupStore,
  backup: Backup,
  log: Logger,
): Promise<void> {
  const { kube, namespace } = context;
  const name = backup.metadata.name as string;
  const backupLog = log.with({ backup: name });
  try {
    // A backup that ended after the store was listed is not an orphan.
    if (await store.backupExists(name)) return;
    await kube.delete(KINDS.Backup, name, namespace, { uid: backup.metadata.uid as string });
    backupLog.debug('Deleted orphaned backup from cluster');
    await removeSnapshots(context, name, backupLog);
  } catch (error) {
    if (isNotFound(error)) return;
    backupLog.error('Error deleting orphaned backup from cluster', { error });
  }
}

/** The snapshots of a backup that is gone. */
async function removeSnapshots(context: ServerContext, name: string, log: Logger): Promise<void> {
  const { kube, features } = context;
  if (!features.has('EnableCSI')) return;
  const labelSelector = `${LABELS.backupName}=${labelValue(name)}`;
  const snapshots = kube.discovery.find('snapshot.storage.k8s.io', 'volumesnapshots');
  const contents = kube.discovery.find('snapshot.storage.k8s.io', 'volumesnapshotcontents');
  if (snapshots !== undefined) {
    for (const snapshot of await kube.list(snapshots, { labelSelector })) {
      const { namespace, name: snapshotName } = snapshot.metadata;
      await kube.delete(snapshots, snapshotName as string, namespace).catch((error: unknown) => {
        log.warn(`Failed to delete volumesnapshot ${namespace}/${snapshotName}`, { error });
      });
    }
  }
  if (contents !== undefined) {
    await kube.deleteCollection(contents, { labelSelector }).catch((error: unknown) => {
      log.warn(`Failed to delete volumesnapshotcontents for backup: ${name}`, { error });
    });
  }
}
