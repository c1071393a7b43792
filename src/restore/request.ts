/** What a restore is given and what it hands back. It knows no controller and no bucket. */

import type { Backup } from '../api/backup.ts';
import type { NativeSnapshot } from '../api/documents/native-snapshot.ts';
import type { ResourceList } from '../api/documents/resource-list.ts';
import type { RestoreOperation } from '../api/documents/item-operation.ts';
import type { Result } from '../api/documents/result.ts';
import type { BackupVolumeInfo, RestoreVolumeInfo } from '../api/documents/volume-info.ts';
import type { KubeObject } from '../api/object.ts';
import type { PodVolumeBackup } from '../api/pod-volume-backup.ts';
import type { Restore } from '../api/restore.ts';
import type { KubeClient } from '../kube/contract.ts';
import type { Clock } from '../lib/clock.ts';
import type { Logger } from '../lib/log.ts';
import type { RestoreItemAction, VolumeSnapshotter } from '../plugin/contract.ts';
import type { HookTracker } from './hook-tracker.ts';
import type { ResourceModifiers } from './modifiers/modifiers.ts';
import type { Archive } from '../storage/archive/reader.ts';
import type { RestorePriorities } from './order.ts';
import type { RestoreProgress } from './progress.ts';

/** The server's settings that a restore heeds; times are milliseconds. */
export interface RestoreSettings {
  /** The namespace in which the server and its custom resources live. */
  namespace: string;
  priorities: RestorePriorities;
  /** `--terminating-resource-timeout`, 10 minutes by default. */
  terminatingResourceTimeoutMs: number;
  /** `--resource-timeout`, 10 minutes by default. */
  resourceTimeoutMs: number;
  /** Feature flags in force, e.g. `EnableCSI`. */
  features: ReadonlySet<string>;
  /** Items worked on at the same time at most; the client's own limiter decides how many requests that makes. Default 160. */
  concurrency?: number;
}

/** Restores the volumes of pods that have just been created; the data path behind it is its own business. */
export interface PodVolumeRestorer {
  /** Whether any of the pod's volumes has a backup to be restored from. */
  hasVolumes(pod: KubeObject, sourceNamespace: string): boolean;
  /**
   * Resolves when all volumes of the pod are restored.
   * @returns messages of what failed, one a volume
   */
  restore(input: {
    restore: Restore;
    /** As the API server made it. */
    pod: KubeObject;
    /** The pod's namespace in the backup. */
    sourceNamespace: string;
    backupLocation: string;
  }): Promise<readonly string[]>;
}

export interface RestoreRequest {
  restore: Restore;
  backup: Backup;
  /** The backup's archive, opened with `requireResources: false`; the caller closes it. */
  archive: Archive;
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
  onProgress(progress: RestoreProgress): Promise<void>;
  /** The restore's own log, which is uploaded when the run ends. */
  log: Logger;
  /** The server's log: hooks go on after the run. */
  serverLog: Logger;
  clock: Clock;
  /** Aborted when the server stops; the run then throws its reason, and hooks still waiting end. */
  signal: AbortSignal;
}

export interface RestoreOutcome {
  warnings: Result;
  errors: Result;
  /** `v1/Pod` → sorted `ns/name(created)`: the restored resource list as it is uploaded. */
  resourceList: ResourceList;
  /** Operations that actions have started; poll them with `pollRestoreOperations`. */
  operations: RestoreOperation[];
  volumeInfos: RestoreVolumeInfo[];
}
