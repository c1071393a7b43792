/** The volumes of a backup: native snapshots, CSI snapshots with moved data. */

import type { BackupVolumeInfo } from '../../api/documents/volume-info.ts';
import type { Describer } from '../print/describer.ts';
import type { VolumeFacts, VolumeStep } from './backup-facts.ts';

/** What is said where the information could not be had. */
export const VOLUME_TROUBLE: Readonly<Record<VolumeStep, string>> = {
  get: 'error getting backup volume info',
  read: 'error reading backup volume info',
  native: 'error concluding native snapshot info',
  csi: 'error concluding CSI snapshot info',
};

/** @returns false where nothing more can be said about volumes */
export function describeSnapshots(d: Describer, details: boolean, volumes: VolumeFacts): boolean {
  if (volumes.state === 'failed') {
    d.line(`\t<${VOLUME_TROUBLE[volumes.step]}: ${volumes.reason}>`);
    return false;
  }
  const { native, csi, legacy } = volumes;
  d.line(`\tVelero-Native Snapshots:${native.length === 0 ? ' <none included>' : ''}`);
  for (const info of native) describeNative(d, details, info);
  d.line();
  const none = legacy ? ' <none included or not detectable>' : ' <none included>';
  d.line(`\tCSI Snapshots:${csi.length === 0 ? none : ''}`);
  for (const info of csi) {
    d.line(`\t\t${info.pvcNamespace ?? ''}/${info.pvcName ?? ''}:`);
    describeLocal(d, details, info);
    describeMoved(d, details, info);
  }
  d.line();
  return true;
}

function describeNative(d: Describer, details: boolean, info: BackupVolumeInfo): void {
  const name = info.pvName ?? '';
  if (!details) {
    d.line(`\t\t${name}: specify --details for more information`);
    return;
  }
  const snapshot = info.nativeSnapshotInfo;
  d.line(`\t\t${name}:`);
  d.line(`\t\t\tSnapshot ID:\t${snapshot?.snapshotHandle ?? ''}`);
  d.line(`\t\t\tType:\t${snapshot?.volumeType ?? ''}`);
  d.line(`\t\t\tAvailability Zone:\t${snapshot?.volumeAZ ?? ''}`);
  d.line(`\t\t\tIOPS:\t${snapshot?.iops ?? ''}`);
}

function describeLocal(d: Describer, details: boolean, info: BackupVolumeInfo): void {
  if (!info.preserveLocalSnapshot) return;
  if (!details) {
    d.line('\t\t\tSnapshot: included, specify --details for more information');
    return;
  }
  const snapshot = info.csiSnapshotInfo;
  d.line('\t\t\tSnapshot:');
  if (!info.snapshotDataMoved && snapshot?.operationID) {
    d.line(`\t\t\t\tOperation ID: ${snapshot.operationID}`);
  }
  d.line(`\t\t\t\tSnapshot Content Name: ${snapshot?.vscName ?? ''}`);
  d.line(`\t\t\t\tStorage Snapshot ID: ${snapshot?.snapshotHandle ?? ''}`);
  d.line(`\t\t\t\tSnapshot Size (bytes): ${snapshot?.size ?? 0}`);
  d.line(`\t\t\t\tCSI Driver: ${snapshot?.driver ?? ''}`);
}

function describeMoved(d: Describer, details: boolean, info: BackupVolumeInfo): void {
  if (!info.snapshotDataMoved) return;
  if (!details) {
    d.line('\t\t\tData Movement: included, specify --details for more information');
    return;
  }
  const moved = info.snapshotDataMovementInfo;
  d.line('\t\t\tData Movement:');
  d.line(`\t\t\t\tOperation ID: ${moved?.operationID ?? ''}`);
  d.line(`\t\t\t\tData Mover: ${moved?.dataMover || 'velero'}`);
  d.line(`\t\t\t\tUploader Type: ${moved?.uploaderType ?? ''}`);
  d.line(`\t\t\t\tMoved data Size (bytes): ${moved?.size ?? 0}`);
}
