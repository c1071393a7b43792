import type { Restore } from '../api/restore.ts';
import type { Clock } from '../lib/clock.ts';
import type { ActionContext, RestoreItemAction } from '../plugin/contract.ts';

/** One entry of `restore-<name>-itemoperations.json.gz` (pkg/itemoperation/restore_operation.go). */
export interface RestoreOperation {
  spec: {
    restoreName: string;
    restoreUID: string;
    restoreItemAction: string;
    /** Keys in upper case, as Go writes a struct without tags. */
    resourceIdentifier: { Group: string; Resource: string; Namespace: string; Name: string };
    operationID: string;
  };
  status: {
    phase: 'New' | 'InProgress' | 'Completed' | 'Failed';
    error?: string;
    nCompleted?: number;
    nTotal?: number;
    operationUnits?: string;
    description?: string;
    /** RFC 3339. */
    created?: string;
    started?: string;
    updated?: string;
  };
}

export interface OperationsPoll {
  /** The list as it is now; `operations` is not changed in place. */
  operations: RestoreOperation[];
  inProgress: boolean;
  changed: boolean;
  completed: number;
  failed: number;
  /** Texts of operations that failed in this poll. */
  errors: string[];
}

/** Asks every open operation for its progress once. */
export declare function pollRestoreOperations(
  operations: readonly RestoreOperation[],
  restore: Restore,
  actions: readonly RestoreItemAction[],
  context: ActionContext & { clock: Clock },
): Promise<OperationsPoll>;
