/** The volume records of a backup and of a restore, as their files in the bucket hold them (internal/volume). */

export type VolumeMethod = 'NativeSnapshot' | 'PodVolumeBackup' | 'CSISnapshot' | 'PodVolumeRestore';

/** One entry of `<backup>-volumeinfo.json.gz`; fields that a restore does not look at are kept. */
export interface BackupVolumeInfo {
  pvcName?: string;
  pvcNamespace?: string;
  pvName?: string;
  backupMethod?: VolumeMethod | '';
  snapshotDataMoved?: boolean;
  skipped?: boolean;
  pvInfo?: { reclaimPolicy?: string; labels?: Record<string, string> };
  [field: string]: unknown;
}

/** One entry of `<backup>-volumesnapshots.json.gz`. */
export interface NativeSnapshot {
  spec: {
    backupName?: string;
    backupUID?: string;
    location?: string;
    persistentVolumeName?: string;
    providerVolumeID?: string;
    volumeType?: string;
    volumeAZ?: string;
    volumeIOPS?: number;
  };
  status: { providerSnapshotID?: string; phase?: string };
}

/** One entry of `<restore>-volumeinfo.json.gz`. */
export interface RestoreVolumeInfo {
  pvcName?: string;
  pvcNamespace?: string;
  pvName?: string;
  restoreMethod?: VolumeMethod;
  snapshotDataMoved: boolean;
  csiSnapshotInfo?: {
    snapshotHandle: string;
    size: number;
    driver: string;
    vscName: string;
    operationID?: string;
  };
  snapshotDataMovementInfo?: {
    dataMover: string;
    uploaderType: string;
    retainedSnapshot?: string;
    snapshotHandle?: string;
    operationID?: string;
  };
  nativeSnapshotInfo?: {
    snapshotHandle: string;
    volumeType: string;
    volumeAZ: string;
    iops: string;
  };
  pvrInfo?: {
    snapshotHandle: string;
    size: number;
    uploaderType: string;
    volumeName: string;
    podName: string;
    podNamespace: string;
    nodeName: string;
  };
}
