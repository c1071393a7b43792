/**
 * Checks and completes a Restore before it runs (pkg/controller/restore_controller.go of the original). What must be
 * read from the cluster comes through {@link RestoreSources}; nothing is written here.
 */

import type { Backup } from '../api/backup.ts';
import type { BackupStorageLocation } from '../api/backup-storage-location.ts';
import type { Restore } from '../api/restore.ts';
import type { ResourceModifiers } from './modifiers/modifiers.ts';

/** What the check reads, all of it in the server's namespace. Each throws the API's error where it cannot. */
export interface RestoreSources {
  backupsOfSchedule(schedule: string): Promise<readonly Backup[]>;
  backup(name: string): Promise<Backup>;
  location(name: string): Promise<BackupStorageLocation>;
  configMap(name: string): Promise<{ data?: Record<string, string>; binaryData?: Record<string, string> }>;
}

export interface PreparedRestore {
  /** A copy with the spec completed; `status.validationErrors` holds what is wrong. The caller writes it. */
  restore: Restore;
  /** Empty where the restore may run; the same list as `restore.status.validationErrors`. */
  validationErrors: readonly string[];
  /** Present where there are no validation errors. */
  backup?: Backup;
  location?: BackupStorageLocation;
  modifiers?: ResourceModifiers;
}

/**
 * Validates and defaults a Restore that is about to run.
 * @param options.namespace the server's namespace, used in messages
 * @param options.itemOperationTimeout the server's `--item-operation-timeout` as a Go duration (`4h0m0s`)
 */
export declare function prepareRestore(
  restore: Restore,
  sources: RestoreSources,
  options: { namespace: string; itemOperationTimeout: string },
): Promise<PreparedRestore>;
