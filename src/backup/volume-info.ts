/** The volume records of a backup as its files in the bucket hold them (internal/volume of the original). */

/** One entry of `<backup>-volumesnapshots.json.gz`. */
export interface NativeSnapshot {
  spec: {
    backupName: string;
    backupUID: string;
    location: string;
    persistentVolumeName: string;
    providerVolumeID: string;
    volumeType: string;
    volumeAZ?: string;
    volumeIOPS?: number;
  };
  status: { providerSnapshotID?: string; phase: 'New' | 'Completed' | 'Failed' };
}

/** One entry of `<backup>-volumeinfo.json.gz`. Times are RFC 3339, sizes bytes. */
export interface BackupVolumeInfo {
  pvcName?: string;
  pvcNamespace?: string;
  pvName?: string;
  backupMethod?: 'NativeSnapshot' | 'PodVolumeBackup' | 'CSISnapshot';
  snapshotDataMoved: boolean;
  preserveLocalSnapshot: boolean;
  skipped: boolean;
  skippedReason?: string;
  startTimestamp?: string;
  completionTimestamp?: string;
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
    snapshotHandle: string;
    operationID: string;
    size: number;
  };
  nativeSnapshotInfo?: { snapshotHandle: string; volumeType: string; volumeAZ: string; iops: string };
  pvbInfo?: {
    snapshotHandle?: string;
    size?: number;
    uploaderType: string;
    volumeName: string;
    podName: string;
    podNamespace: string;
    nodeName?: string;
  };
  pvInfo?: { reclaimPolicy: string; labels: Record<string, string> | null };
}
