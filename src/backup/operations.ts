/** Asynchronous operations that backup actions have started, and their progress (pkg/itemoperation, backup_operations_controller.go). */

import type { Backup } from '../api/backup.ts';
import type { Clock } from '../lib/clock.ts';
import type { ActionContext, BackupItemAction } from '../plugin/contract.ts';

/** A struct without JSON names in Go, hence the capitals. */
export interface OperationItem {
  Group: string;
  Resource: string;
  Namespace: string;
  Name: string;
}

export interface OperationStatus {
  phase: 'New' | 'InProgress' | 'Completed' | 'Failed';
  error?: string;
  nCompleted?: number;
  nTotal?: number;
  operationUnits?: string;
  description?: string;
  /** RFC 3339, like the two below. */
  created?: string;
  started?: string;
  updated?: string;
}

/** One entry of `<backup>-itemoperations.json.gz`. */
export interface BackupOperation {
  spec: {
    backupName: string;
    backupUID: string;
    backupItemAction: string;
    resourceIdentifier: OperationItem;
    operationID: string;
    postOperationItems: OperationItem[] | null;
  };
  status: OperationStatus;
}

export interface OperationsPoll {
  /** The list as it is now; the list given is not changed in place. */
  operations: BackupOperation[];
  /** Some operation is still open. */
  inProgress: boolean;
  changed: boolean;
  completed: number;
  failed: number;
  /** Texts of the operations that failed in this poll: `<err>, plugin: <action name>`. */
  errors: string[];
}

/**
 * Asks every open operation for its progress once; one that is past the backup's `itemOperationTimeout` is cancelled.
 * Never throws: an action that is missing or fails ends its operation as failed.
 */
export declare function pollBackupOperations(
  operations: readonly BackupOperation[],
  backup: Backup,
  actions: readonly BackupItemAction[],
  context: ActionContext & { clock: Clock },
): Promise<OperationsPoll>;
