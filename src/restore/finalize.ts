import type { Restore } from '../api/restore.ts';
import type { KubeClient } from '../kube/contract.ts';
import type { Clock } from '../lib/clock.ts';
import type { Logger } from '../lib/log.ts';
import type { HookTracker } from './hook-tracker.ts';
import type { Result } from './result.ts';
import type { BackupVolumeInfo } from './volume-info.ts';

export interface FinalizeRequest {
  restore: Restore;
  /** The restored resource list as it was uploaded. */
  resourceList: Readonly<Record<string, readonly string[]>>;
  volumeInfos: readonly BackupVolumeInfo[];
  kube: KubeClient;
  hooks: HookTracker;
  /** `--resource-timeout` in milliseconds. */
  resourceTimeoutMs: number;
  log: Logger;
  clock: Clock;
  signal: AbortSignal;
}

export interface FinalizeOutcome {
  warnings: Result;
  errors: Result;
  /** For `status.hookStatus`, set also where there were no hooks. */
  hookStatus: { hooksAttempted: number; hooksFailed: number };
}

/** What remains after the items: settings of volumes that were provisioned anew, and hooks still running. */
export declare function finalizeRestore(request: FinalizeRequest): Promise<FinalizeOutcome>;
