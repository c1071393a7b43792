/** What a backup is given and what it hands back. It knows no controller and no bucket. */

import type { Readable } from 'node:stream';
import type { Backup } from '../api/backup.ts';
import type { BackupOperation } from '../api/documents/item-operation.ts';
import type { NativeSnapshot } from '../api/documents/native-snapshot.ts';
import type { ResourceList } from '../api/documents/resource-list.ts';
import type { BackupVolumeInfo } from '../api/documents/volume-info.ts';
import type { KubeObject } from '../api/object.ts';
import type { PodVolumeBackup } from '../api/pod-volume-backup.ts';
import type { KubeClient } from '../kube/contract.ts';
import type { Clock } from '../lib/clock.ts';
import type { Logger } from '../lib/log.ts';
import type { BackupItemAction } from '../plugin/contract.ts';
import type { ArchiveSummary } from '../storage/archive/writer.ts';
import type { VolumeBackupPort } from './volume-port.ts';

/** The server's settings that a backup heeds. */
export interface BackupSettings {
  /** Feature flags in force, e.g. `EnableCSI`, `EnableAPIGroupVersions`. */
  features: ReadonlySet<string>;
  /** `--client-page-size`: items a page, 0 for unpaged lists; 500 where absent. */
  pageSize?: number | undefined;
  /** Lists in flight at once beside the ordered ones; 4 where absent. */
  concurrentLists?: number | undefined;
}

/** `status.progress` of a Backup. */
export interface BackupProgress {
  totalItems: number;
  itemsBackedUp: number;
}

export interface BackupRequest {
  /** As {@link prepareBackup} completed it. */
  backup: Backup;
  kube: KubeClient;
  /** In the order in which they are to run. */
  actions: readonly BackupItemAction[];
  /** Made for this backup: it remembers which volumes were taken. */
  volumes: VolumeBackupPort;
  settings: BackupSettings;
  /**
   * Takes the archive (tar.gz) as it is made, e.g. into a spool file; called once. What it throws ends the backup. A
   * consumer that is slow holds the whole backup back, so that memory stays bounded.
   */
  store(archive: Readable): Promise<void>;
  /** Called at most once a second and never twice at once; what it throws is logged as a warning. */
  onProgress(progress: BackupProgress): Promise<void>;
  /** The backup's own logger: its entries of level warning and error are the backup's warnings and errors. */
  log: Logger;
  clock: Clock;
  signal: AbortSignal;
}

export interface BackupOutcome {
  /** What was written: compare it with what the store gives back. */
  archive: ArchiveSummary;
  /** `v1/Pod` → sorted `ns/name`: the resource list as it is uploaded. */
  resourceList: ResourceList;
  /** Operations that actions have started; poll them with `pollBackupOperations`. */
  operations: BackupOperation[];
  podVolumeBackups: PodVolumeBackup[];
  volumeSnapshots: NativeSnapshot[];
  volumeInfos: BackupVolumeInfo[];
  csiVolumeSnapshots: KubeObject[];
  csiVolumeSnapshotContents: KubeObject[];
  csiVolumeSnapshotClasses: KubeObject[];
  /** For `status.hookStatus`. */
  hookStatus: { hooksAttempted: number; hooksFailed: number };
  /** The final `status.progress`: both numbers are what lies in the backup. */
  progress: BackupProgress;
}
