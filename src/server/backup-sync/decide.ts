/** Which backups of a bucket are made known to the cluster, and which of the cluster are gone (backup_sync_controller.go). */

import type { Backup } from '../../api/backup.ts';
import type { BackupStorageLocation } from '../../api/backup-storage-location.ts';
import type { PodVolumeBackup } from '../../api/pod-volume-backup.ts';
import type { KubeObject, OwnerReference } from '../../api/object.ts';
import { LABELS, labelValue } from '../../api/labels.ts';
import { parseDuration } from '../../lib/duration.ts';

/** True where the location is due for a sync at `now`; times are milliseconds. */
export function isDueForSync(location: BackupStorageLocation, serverPeriodMs: number, now: number): boolean {
  const fallback = serverPeriodMs <= 0 ? 60_000 : serverPeriodMs;
  const own = location.spec?.backupSyncPeriod;
  let period = fallback;
  if (own !== undefined && own !== null) {
    const asked = parseDuration(own);
    if (asked === 0) return false;
    if (asked !== undefined && asked > 0) period = asked;
  }
  const last = location.status?.lastSyncedTime;
  if (last === undefined || last === null) return true;
  const since = now - Date.parse(last);
  // A time to come was written by a clock that has been set back since.
  return since >= period || since < 0;
}

/** The default location first, then the rest as they were. */
export function defaultFirst(locations: readonly BackupStorageLocation[]): BackupStorageLocation[] {
  const first = locations.find((location) => location.spec?.default === true);
  return first === undefined ? [...locations] : [first, ...locations.filter((other) => other !== first)];
}

const UNFINISHED: readonly string[] = [
  'WaitingForPluginOperations',
  'WaitingForPluginOperationsPartiallyFailed',
  'Finalizing',
  'FinalizingPartiallyFailed',
];

/**
 * The Backup to create for one found in a bucket; undefined for an unfinished one, which another server is still
 * working on, until it has expired: then it comes as PartiallyFailed, so that it can be collected.
 * @param owners its owner references that hold in this cluster
 */
export function backupToCreate(
  found: Backup,
  namespace: string,
  location: string,
  owners: readonly OwnerReference[],
  now: number,
): Backup | undefined {
  const status = { ...found.status };
  if (status.phase !== undefined && UNFINISHED.includes(status.phase)) {
    const expiration = status.expiration;
    if (expiration === undefined || expiration === null || Date.parse(expiration) > now) return undefined;
    status.phase = 'PartiallyFailed';
  }
  const { resourceVersion: _version, ownerReferences: _owners, ...metadata } = found.metadata;
  return {
    ...found,
    metadata: {
      ...metadata,
      namespace,
      labels: { ...metadata.labels, [LABELS.storageLocation]: labelValue(location) },
      ...(owners.length > 0 ? { ownerReferences: [...owners] } : {}),
    },
    spec: { ...found.spec, storageLocation: location },
    status,
  };
}

/** A PodVolumeBackup found in a bucket, tied to the Backup that has just been created in this cluster. */
export function podVolumeBackupToCreate(
  found: PodVolumeBackup,
  backup: Backup,
  location: string,
): PodVolumeBackup {
  const { resourceVersion: _version, ...metadata } = found.metadata;
  const uid = backup.metadata.uid as string;
  const labels = { ...metadata.labels };
  if (labels[LABELS.backupUid] !== undefined) labels[LABELS.backupUid] = uid;
  return {
    ...found,
    metadata: {
      ...metadata,
      namespace: backup.metadata.namespace as string,
      labels,
      ...(metadata.ownerReferences === undefined
        ? {}
        : { ownerReferences: metadata.ownerReferences.map((owner) => ownedBy(owner, backup)) }),
    },
    spec: { ...found.spec, backupStorageLocation: location },
  };
}

function ownedBy(owner: OwnerReference, backup: Backup): OwnerReference {
  return owner.apiVersion === 'velero.io/v1' && owner.kind === 'Backup' && owner.name === backup.metadata.name
    ? { ...owner, uid: backup.metadata.uid as string }
    : owner;
}

/**
 * A VolumeSnapshotContent found in a bucket, made static: it exists only so that deleting the backup removes the
 * snapshot from the storage, and must point to no VolumeSnapshot that exists.
 */
export function snapshotContentToCreate(found: KubeObject): KubeObject {
  const { resourceVersion: _version, ...metadata } = found.metadata;
  const status = found['status'] as { snapshotHandle?: string } | undefined;
  const uid = metadata.uid ?? '';
  return {
    ...found,
    metadata,
    spec: {
      ...(found['spec'] as Record<string, unknown>),
      source: status?.snapshotHandle === undefined ? {} : { snapshotHandle: status.snapshotHandle },
      volumeSnapshotRef: {
        apiVersion: 'snapshot.storage.k8s.io/v1',
        kind: 'VolumeSnapshot',
        namespace: `ns-${uid}`,
        name: `name-${uid}`,
      },
    },
  };
}

/** Finished backups of a location that its bucket no longer lists. */
export function orphans(backups: readonly Backup[], location: string, listed: ReadonlySet<string>): Backup[] {
  const label = labelValue(location);
  return backups.filter(
    (backup) =>
      backup.metadata.labels?.[LABELS.storageLocation] === label &&
      (backup.status?.phase === 'Completed' || backup.status?.phase === 'PartiallyFailed') &&
      !listed.has(backup.metadata.name as string),
  );
}

/**
 * Names the store behind a location. Backups are taken for orphans only while this stays what it was when they were
 * last seen: a location that was pointed to another bucket by mistake must not empty the cluster.
 */
export function storeIdentity(location: BackupStorageLocation): string {
  const { provider, objectStorage, config } = location.spec;
  const path = [objectStorage.bucket, objectStorage.prefix]
    .map((part) => (part ?? '').replace(/^\/+|\/+$/g, ''))
    .filter((part) => part !== '')
    .join('/');
  const endpoint = config?.['s3Url'] ?? config?.['storageAccount'] ?? '';
  return `${provider}:${path}${endpoint === '' ? '' : `@${endpoint}`}`;
}
