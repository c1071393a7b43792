/** Reads what the check of a Backup needs to know of the cluster. */

import type { Backup } from '../../api/backup.ts';
import type { BackupStorageLocation } from '../../api/backup-storage-location.ts';
import { KINDS } from '../../api/kinds.ts';
import { LABELS } from '../../api/labels.ts';
import type { VolumeSnapshotLocation } from '../../api/volume-snapshot-location.ts';
import type { BackupDefaults, Gathered, PrepareBackupInput } from '../../backup/prepare.ts';
import { messageOf, wrap } from '../../lib/errors.ts';
import { readResourcePolicies, type ResourcePolicies } from '../../volumes/resource-policies.ts';
import { readConfigMap, type ServerContext } from '../context.ts';

const CSI_SNAPSHOT_TIMEOUT_MS = 10 * 60_000;

export interface GatheredBackup {
  input: PrepareBackupInput;
  policies: ResourcePolicies | undefined;
}

/** Faults are part of the result: each of them makes the Backup invalid, none hides another. */
export async function gatherForBackup(context: ServerContext, backup: Backup): Promise<GatheredBackup> {
  const { kube, namespace, clock } = context;
  const namespaces = kube.discovery.find('', 'namespaces');
  const [serverVersion, locations, snapshots, excluded, policies] = await Promise.all([
    kube.discovery.serverVersion(),
    gathered(kube.list<BackupStorageLocation>(KINDS.BackupStorageLocation, { namespace })),
    gathered(snapshotLocations(context)),
    gathered(
      namespaces === undefined
        ? Promise.reject(new Error('the cluster serves no namespaces'))
        : kube
            .list(namespaces, { labelSelector: `${LABELS.excludeFromBackup}=true` })
            .then((items) => items.map((item) => item.metadata.name as string)),
    ),
    gathered(readResourcePolicies(backup, (name) => readConfigMap(context, name))),
  ]);
  return {
    policies: 'value' in policies ? policies.value : undefined,
    input: {
      backup,
      defaults: backupDefaultsOf(context),
      now: clock.now(),
      serverVersion,
      locations,
      snapshotLocations: 'value' in snapshots ? { value: snapshots.value.locations } : snapshots,
      ...('value' in snapshots ? { snapshotLocationCredentialErrors: snapshots.value.errors } : {}),
      excludedNamespaces: excluded,
      resourcePolicyError: 'error' in policies ? policies.error : undefined,
    },
  };
}

function backupDefaultsOf({ options: { flags } }: ServerContext): BackupDefaults {
  return {
    ttlMs: flags['default-backup-ttl'],
    csiSnapshotTimeoutMs: CSI_SNAPSHOT_TIMEOUT_MS,
    itemOperationTimeoutMs: flags['default-item-operation-timeout'],
    resourceTimeoutMs: flags['resource-timeout'],
    volumesToFsBackup: flags['default-volumes-to-fs-backup'],
    snapshotMoveData: flags['default-snapshot-move-data'],
    storageLocation: flags['default-backup-storage-location'],
    snapshotLocations: flags['default-volume-snapshot-locations'],
  };
}

/** The snapshot locations with their credentials as files, and why a credential could not be had. */
async function snapshotLocations(
  context: ServerContext,
): Promise<{ locations: VolumeSnapshotLocation[]; errors: Map<string, string> }> {
  const { kube, namespace, credentials } = context;
  const errors = new Map<string, string>();
  const found = await kube.list<VolumeSnapshotLocation>(KINDS.VolumeSnapshotLocation, { namespace });
  const locations = await Promise.all(
    found.map(async (location) => {
      const { credential } = location.spec;
      if (credential === undefined || credential === null) return location;
      try {
        const credentialsFile = await credentials.path(credential);
        return {
          ...location,
          spec: { ...location.spec, config: { ...location.spec.config, credentialsFile } },
        };
      } catch (error) {
        errors.set(location.metadata.name as string, messageOf(wrap(error, 'unable to get credentials')));
        return location;
      }
    }),
  );
  return { locations, errors };
}

async function gathered<T>(value: Promise<T>): Promise<Gathered<T>> {
  try {
    return { value: await value };
  } catch (error) {
    return { error: messageOf(error) };
  }
}
