/**
 * Checks and completes a Backup before it runs (prepareBackupRequest in pkg/controller/backup_controller.go of the
 * original). Pure: the caller gathers what must be read, and writes the result.
 */

import type { Backup } from '../api/backup.ts';
import type { BackupStorageLocation } from '../api/backup-storage-location.ts';
import type { VolumeSnapshotLocation } from '../api/volume-snapshot-location.ts';
import type { ServerVersion } from '../kube/contract.ts';

/** Something read from the cluster, or the message of why it could not be read. */
export type Gathered<T> = { value: T } | { error: string };

/** The server's flags that fill what a Backup leaves open; times are milliseconds. */
export interface BackupDefaults {
  /** `--default-backup-ttl`, 720 hours. */
  ttlMs: number;
  /** 10 minutes. */
  csiSnapshotTimeoutMs: number;
  /** `--default-item-operation-timeout`, 4 hours. */
  itemOperationTimeoutMs: number;
  /** `--resource-timeout`, 10 minutes. */
  resourceTimeoutMs: number;
  /** `--default-volumes-to-fs-backup`. */
  volumesToFsBackup: boolean;
  /** `--default-snapshot-move-data`. */
  snapshotMoveData: boolean;
  /** `--default-backup-storage-location`. */
  storageLocation: string;
  /** `--default-volume-snapshot-locations`: provider → location. */
  snapshotLocations: Readonly<Record<string, string>>;
}

export interface PrepareBackupInput {
  backup: Backup;
  defaults: BackupDefaults;
  /** Milliseconds since the epoch. */
  now: number;
  serverVersion: ServerVersion;
  /** All BackupStorageLocations of the Backup's namespace. */
  locations: Gathered<readonly BackupStorageLocation[]>;
  /** All VolumeSnapshotLocations of the Backup's namespace, `spec.config` completed with `credentialsFile`. */
  snapshotLocations: Gathered<readonly VolumeSnapshotLocation[]>;
  /** Why the credential of a VolumeSnapshotLocation could not be had, by its name; asked only for those that are used. */
  snapshotLocationCredentialErrors?: ReadonlyMap<string, string>;
  /** Names of the namespaces labelled `velero.io/exclude-from-backup=true`. */
  excludedNamespaces: Gathered<readonly string[]>;
  /** The message where `readResourcePolicies` (volumes/resource-policies.ts) refused the Backup's policy. */
  resourcePolicyError?: string | undefined;
}

export interface PreparedBackup {
  /**
   * A copy with spec, labels, annotations and status completed; `status.validationErrors` holds what is wrong. Phase and
   * timestamps are the caller's to set.
   */
  backup: Backup;
  /** Empty where the backup may run; the same list as `status.validationErrors`. */
  validationErrors: readonly string[];
  /** Present where it was found. */
  location?: BackupStorageLocation;
  /** In the order in which they are tried. */
  snapshotLocations: readonly VolumeSnapshotLocation[];
  /** For the server's log, at level warning. */
  warnings: readonly string[];
}

/** Validates and defaults a Backup that is about to run; all faults are listed, not only the first. */
export declare function prepareBackup(input: PrepareBackupInput): PreparedBackup;
