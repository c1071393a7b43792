/** What a restore is given and what it hands back. It knows no controller and no bucket. */

import type { Backup } from '../api/backup.ts';
import type { KubeObject } from '../api/object.ts';
import type { PodVolumeBackup } from '../api/pod-volume-backup.ts';
import type { Restore } from '../api/restore.ts';
import type { ApiResource, KubeClient } from '../kube/contract.ts';
import type { Clock } from '../lib/clock.ts';
import type { Logger } from '../lib/log.ts';
import type { RestoreItemAction, VolumeSnapshotter } from '../plugin/contract.ts';
import type { HookTracker } from './hook-tracker.ts';
import type { ResourceModifiers } from './modifiers/modifiers.ts';
import type { RestoreOperation } from './operations.ts';
import type { RestorePriorities } from './order.ts';
import type { BackupContents } from './read.ts';
import type { Result } from './result.ts';
import type { BackupVolumeInfo, NativeSnapshot, RestoreVolumeInfo } from './volume-info.ts';

/** The server's settings that a restore heeds; times are milliseconds. */
export interface RestoreSettings {
  /** The namespace in which the server and its custom resources live. */
  namespace: string;
  priorities: RestorePriorities;
  /** `--terminating-resource-timeout`, 10 minutes by default. */
  terminatingResourceTimeoutMs: number;
  /** `--resource-timeout`, 10 minutes by default. */
  resourceTimeoutMs: number;
  /** `--fs-backup-timeout`, 240 minutes by default. */
  podVolumeTimeoutMs: number;
  /** Feature flags in force, e.g. `EnableCSI`. */
  features: ReadonlySet<string>;
  /** Requests in flight at most; the client's own limiter decides where absent. */
  concurrency?: number;
}

/** Restores the volumes of one pod that has just been created; the data path behind it is its own business. */
export interface PodVolumeRestorer {
  /**
   * Resolves when all volumes of the pod are restored.
   * @returns messages of what failed, one a volume
   */
  restore(input: {
    restore: Restore;
    pod: KubeObject;
    podVolumeBackups: readonly PodVolumeBackup[];
    sourceNamespace: string;
    backupLocation: string;
    signal: AbortSignal;
  }): Promise<readonly string[]>;
}

export interface RestoreRequest {
  restore: Restore;
  backup: Backup;
  contents: BackupContents;
  /** In the order in which they are to run. */
  actions: readonly RestoreItemAction[];
  modifiers?: ResourceModifiers | undefined;
  podVolumeBackups: readonly PodVolumeBackup[];
  /** The backup's native snapshot records (`-volumesnapshots.json.gz`). */
  volumeSnapshots: readonly NativeSnapshot[];
  /** The backup's CSI VolumeSnapshots (`-csi-volumesnapshots.json.gz`). */
  csiVolumeSnapshots: readonly KubeObject[];
  /** The backup's volume infos (`-volumeinfo.json.gz`); empty for old backups. */
  volumeInfos: readonly BackupVolumeInfo[];
  kube: KubeClient;
  settings: RestoreSettings;
  hooks: HookTracker;
  volumeSnapshotter(provider: string): Promise<VolumeSnapshotter>;
  /**
   * The provider name and configuration of a VolumeSnapshotLocation, its credential already a file.
   * @throws Failure where there is none of that name
   */
  snapshotLocation(name: string): Promise<{ provider: string; config: Readonly<Record<string, string>> }>;
  podVolumes?: PodVolumeRestorer | undefined;
  /** Called at most once a second and once at the end; what it throws is logged. */
  onProgress(progress: { totalItems: number; itemsRestored: number }): Promise<void>;
  log: Logger;
  clock: Clock;
  signal: AbortSignal;
}

export interface RestoreOutcome {
  warnings: Result;
  errors: Result;
  /** `v1/Pod` → sorted `ns/name(created)`: the restored resource list as it is uploaded. */
  resourceList: Record<string, string[]>;
  /** Operations that actions have started; poll them with `pollRestoreOperations`. */
  operations: RestoreOperation[];
  volumeInfos: RestoreVolumeInfo[];
}

/** A resource that the cluster serves, together with the name that messages use for it. */
export interface ServedResource {
  resource: ApiResource;
  /** `deployments.apps`, `pods`. */
  groupResource: string;
}
