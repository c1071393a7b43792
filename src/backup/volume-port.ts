/**
 * What the backup engine asks about volumes. One port serves one backup: it remembers what was taken. The engine keeps
 * track of what was skipped and why; the port decides and moves data.
 */

import type { Backup } from '../api/backup.ts';
import type { BackupOperation } from '../api/documents/item-operation.ts';
import type { NativeSnapshot } from '../api/documents/native-snapshot.ts';
import type { KubeObject } from '../api/object.ts';
import type { PodVolumeBackup } from '../api/pod-volume-backup.ts';
import type { Logger } from '../lib/log.ts';

export interface VolumeContext {
  backup: Backup;
  /** Carries the fields of the item concerned. */
  log: Logger;
  signal: AbortSignal;
  /** The backup's filters leave PersistentVolumeClaims out: then volumes behind claims are not backed up as files. */
  claimsExcluded: boolean;
}

/** What became of the volumes of one pod. */
export interface PodVolumesResult {
  /** Names of the volumes for which a PodVolumeBackup was made. */
  taken: readonly string[];
  /** Names of the PVs behind volumes that were taken. */
  takenVolumes: readonly string[];
  /** PVs that were not taken, with the reason for the skip summary. */
  skippedVolumes: readonly { pvName: string; reason: string }[];
  /** Each fails the pod. */
  errors: readonly Error[];
}

/** What became of a PV that may be snapshotted natively. */
export type SnapshotResult =
  /** The record, also of a snapshot that failed; `error` then fails the PV. */
  | { kind: 'taken'; snapshot: NativeSnapshot; error?: Error }
  /** Nothing was done; the reason goes to the skip summary. */
  | { kind: 'skipped'; reason: string };

/** What exists of a backup's volumes once all items were processed. */
export interface VolumesSummary {
  podVolumeBackups: readonly PodVolumeBackup[];
  csiVolumeSnapshots: readonly KubeObject[];
  csiVolumeSnapshotContents: readonly KubeObject[];
  csiVolumeSnapshotClasses: readonly KubeObject[];
  /** All VolumeSnapshotClasses of the cluster: they tell the driver of a snapshot that was moved. */
  snapshotClasses: readonly KubeObject[];
  /** DataUploads of the backup's operations, as they are now. */
  dataUploads: readonly KubeObject[];
}

export interface VolumeBackupPort {
  /** True where volume policies are set for this backup. */
  readonly hasPolicies: boolean;
  /** The type of the action of the first volume policy that matches the PV: `skip`, `fs-backup`, `snapshot`. */
  policyAction(pv: KubeObject): string | undefined;
  /** Whether this volume of the pod is backed up as files. */
  wantsFileBackup(pod: KubeObject, volumeName: string, context: VolumeContext): Promise<boolean>;
  /** Whether a PV, or the PV behind a PVC, is to be snapshotted in whatever way there is for it. */
  wantsSnapshot(object: KubeObject, context: VolumeContext): Promise<boolean>;
  /** Starts the file backup of these volumes of a pod; does not wait for the data. */
  backUpPodVolumes(
    pod: KubeObject,
    volumeNames: readonly string[],
    context: VolumeContext,
  ): Promise<PodVolumesResult>;
  /** Snapshots a PV by the provider of the first location that knows it. */
  snapshot(pv: KubeObject, context: VolumeContext): Promise<SnapshotResult>;
  /** Waits for what was started and gathers what there is. Failures are logged as errors. */
  finish(operations: readonly BackupOperation[], context: VolumeContext): Promise<VolumesSummary>;
}
