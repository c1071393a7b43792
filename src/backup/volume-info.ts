/** Makes a backup's volume infos (internal/volume/volumes_information.go of the original). */

import type { BackupOperation } from '../api/documents/item-operation.ts';
import { readResourceIdentifier } from '../api/documents/item-operation.ts';
import type { NativeSnapshot } from '../api/documents/native-snapshot.ts';
import { type BackupVolumeInfo, type PVInfo, UNKNOWN_VALUE } from '../api/documents/volume-info.ts';
import { ANNOTATIONS, LABELS, labelValue } from '../api/labels.ts';
import type { KubeObject } from '../api/object.ts';
import type { PodVolumeBackup } from '../api/pod-volume-backup.ts';
import type { Logger } from '../lib/log.ts';
import { quantityValue } from '../lib/quantity.ts';
import { type SkippedVolume, skippedReason } from './skip-tracker.ts';
import type { VolumesSummary } from './volume-port.ts';
import type { VolumeRecord, VolumeRecords } from './volume-records.ts';

export interface VolumeInfoInput {
  backupName: string;
  records: VolumeRecords;
  skipped: readonly SkippedVolume[];
  nativeSnapshots: readonly NativeSnapshot[];
  summary: VolumesSummary;
  operations: readonly BackupOperation[];
  /** Told of each volume that the backup does not know: at level info, as it is no fault of the backup's. */
  log: Logger;
}

/** In the original's order: skipped, native snapshots, CSI snapshots, file backups, moved data. */
export function volumeInfos(input: VolumeInfoInput): BackupVolumeInfo[] {
  return [
    ...skippedInfos(input),
    ...nativeInfos(input),
    ...csiInfos(input),
    ...podVolumeInfos(input),
    ...movedInfos(input),
  ];
}

function base(record: VolumeRecord): BackupVolumeInfo {
  return {
    ...(record.claimName === '' ? {} : { pvcName: record.claimName }),
    ...(record.claimNamespace === '' ? {} : { pvcNamespace: record.claimNamespace }),
    pvName: record.pvName,
    snapshotDataMoved: false,
    preserveLocalSnapshot: false,
    skipped: false,
    pvInfo: pvInfo(record),
  };
}

function pvInfo(record: VolumeRecord): PVInfo {
  return { reclaimPolicy: record.reclaimPolicy, labels: record.labels };
}

function skippedInfos({ skipped, records, log }: VolumeInfoInput): BackupVolumeInfo[] {
  return skipped.flatMap((volume) => {
    const record = records.ofVolume(volume.name);
    if (record === undefined) {
      log.info(`Cannot find info for PV ${volume.name}`);
      return [];
    }
    return [{ ...base(record), skipped: true, skippedReason: skippedReason(volume) }];
  });
}

function nativeInfos({ nativeSnapshots, records, log }: VolumeInfoInput): BackupVolumeInfo[] {
  return nativeSnapshots.flatMap(({ spec, status }) => {
    const record = records.ofVolume(spec.persistentVolumeName);
    if (record === undefined) {
      log.info(`cannot find info for PV ${spec.persistentVolumeName}`);
      return [];
    }
    return [
      {
        ...base(record),
        backupMethod: 'NativeSnapshot' as const,
        nativeSnapshotInfo: {
          snapshotHandle: status.providerSnapshotID ?? '',
          volumeType: spec.volumeType,
          volumeAZ: spec.volumeAZ ?? '',
          iops: String(spec.volumeIOPS ?? 0),
        },
      },
    ];
  });
}

/** The fields of VolumeSnapshot, its content and its class that matter here. */
interface SnapshotView extends KubeObject {
  spec?: { volumeSnapshotClassName?: string; source?: { persistentVolumeClaimName?: string } };
  status?: { boundVolumeSnapshotContentName?: string; restoreSize?: string; creationTime?: string };
}
interface ContentView extends KubeObject {
  status?: { snapshotHandle?: string };
}
interface ClassView extends KubeObject {
  driver?: string;
}

function csiInfos(input: VolumeInfoInput): BackupVolumeInfo[] {
  const { summary, records, operations, log } = input;
  const infos: BackupVolumeInfo[] = [];
  for (const snapshot of summary.csiVolumeSnapshots as readonly SnapshotView[]) {
    const { name = '', namespace = '', labels } = snapshot.metadata;
    const what = `${namespace}/${name}`;
    if (labels?.[LABELS.backupName] !== labelValue(input.backupName)) continue;
    const className = snapshot.spec?.volumeSnapshotClassName;
    const contentName = snapshot.status?.boundVolumeSnapshotContentName;
    const claim = snapshot.spec?.source?.persistentVolumeClaimName;
    if (className === undefined) {
      log.info(`Cannot find VolumeSnapshotClass for VolumeSnapshot ${what}`);
      continue;
    }
    if (contentName === undefined) {
      log.info(`Cannot fine VolumeSnapshotContent for VolumeSnapshot ${what}`);
      continue;
    }
    if (claim === undefined) {
      log.info(`VolumeSnapshot ${what} doesn't have a source PVC`);
      continue;
    }
    const named = (objects: readonly KubeObject[], wanted: string) =>
      objects.find((object) => object.metadata.name === wanted);
    const snapshotClass: ClassView | undefined = named(summary.csiVolumeSnapshotClasses, className);
    const content: ContentView | undefined = named(summary.csiVolumeSnapshotContents, contentName);
    if (snapshotClass === undefined || content === undefined) {
      log.info(`fail to get VolumeSnapshotContent or VolumeSnapshotClass for VolumeSnapshot: ${what}`);
      continue;
    }
    const record = records.ofClaim(namespace, claim);
    if (record === undefined) {
      log.info(`cannot find info for PVC ${namespace}/${claim}`);
      continue;
    }
    const operation = operations.find(({ spec }) => {
      const item = readResourceIdentifier(spec.resourceIdentifier);
      return (
        item.group === 'snapshot.storage.k8s.io' &&
        item.resource === 'volumesnapshots' &&
        item.name === name &&
        item.namespace === namespace
      );
    });
    const { creationTime, restoreSize } = snapshot.status ?? {};
    infos.push({
      ...base(record),
      backupMethod: 'CSISnapshot',
      preserveLocalSnapshot: true,
      csiSnapshotInfo: {
        snapshotHandle: content.status?.snapshotHandle ?? '',
        size: (restoreSize === undefined ? undefined : quantityValue(restoreSize)) ?? 0,
        driver: snapshotClass.driver ?? '',
        vscName: contentName,
        ...(operation === undefined ? {} : { operationID: operation.spec.operationID }),
      },
      ...(creationTime === undefined ? {} : { startTimestamp: creationTime }),
    });
  }
  return infos;
}

function podVolumeInfos({ summary, records, log }: VolumeInfoInput): BackupVolumeInfo[] {
  return summary.podVolumeBackups.flatMap((backup) => {
    // The claim is noted on the object itself; the pod may be gone by now.
    const claim = backup.metadata.annotations?.[ANNOTATIONS.pvcName] ?? '';
    const namespace = backup.spec.pod.namespace ?? '';
    const record = claim === '' ? undefined : records.ofClaim(namespace, claim);
    if (claim !== '' && record === undefined) {
      log.info(`Cannot find info for PVC ${namespace}/${claim}`);
      return [];
    }
    return [podVolumeInfo(backup, record)];
  });
}

function podVolumeInfo(backup: PodVolumeBackup, record: VolumeRecord | undefined): BackupVolumeInfo {
  const { spec, status } = backup;
  const times = { start: status?.startTimestamp, completion: status?.completionTimestamp };
  const size = status?.progress?.totalBytes ?? 0;
  return {
    ...(record === undefined
      ? { snapshotDataMoved: false, preserveLocalSnapshot: false, skipped: false }
      : base(record)),
    backupMethod: 'PodVolumeBackup',
    ...(times.start === undefined || times.start === null ? {} : { startTimestamp: times.start }),
    ...(times.completion === undefined || times.completion === null
      ? {}
      : { completionTimestamp: times.completion }),
    pvbInfo: {
      ...(status?.snapshotID === undefined || status.snapshotID === ''
        ? {}
        : { snapshotHandle: status.snapshotID }),
      ...(size === 0 ? {} : { size }),
      uploaderType: spec.uploaderType ?? '',
      volumeName: spec.volume,
      podName: spec.pod.name ?? '',
      podNamespace: spec.pod.namespace ?? '',
      ...(spec.node === '' ? {} : { nodeName: spec.node }),
    },
  };
}

/** The fields of a DataUpload that matter here. */
interface DataUploadView extends KubeObject {
  spec?: { datamover?: string; csiSnapshot?: { snapshotClass?: string } | null };
  status?: { startTimestamp?: string | null };
}

function movedInfos(input: VolumeInfoInput): BackupVolumeInfo[] {
  const { summary, records, operations, log } = input;
  const infos: BackupVolumeInfo[] = [];
  for (const { spec } of operations) {
    const item = readResourceIdentifier(spec.resourceIdentifier);
    if (item.group !== '' || item.resource !== 'persistentvolumeclaims') continue;
    const claim = `${item.namespace}/${item.name}`;
    const wanted = (spec.postOperationItems ?? [])
      .map(readResourceIdentifier)
      .find((post) => post.group === 'velero.io' && post.resource === 'datauploads');
    if (wanted === undefined) {
      log.info(`cannot find DataUpload for PVC ${claim} backup async operation`);
      continue;
    }
    const upload: DataUploadView | undefined = summary.dataUploads.find(
      ({ metadata }) => metadata.name === wanted.name && metadata.namespace === wanted.namespace,
    );
    if (upload === undefined) {
      log.info(
        `fail to get DataUpload for operation ${spec.operationID}: DataUpload.velero.io "${wanted.name}" not found`,
      );
      continue;
    }
    const record = records.ofClaim(item.namespace, item.name);
    if (record === undefined) {
      log.info(`Cannot find info for PVC ${claim}`);
      continue;
    }
    const snapshotClass: ClassView | undefined = summary.snapshotClasses.find(
      ({ metadata }) => metadata.name === upload.spec?.csiSnapshot?.snapshotClass,
    );
    const started = upload.status?.startTimestamp;
    const mover = upload.spec?.datamover ?? '';
    infos.push({
      ...base(record),
      backupMethod: 'CSISnapshot',
      snapshotDataMoved: true,
      csiSnapshotInfo: {
        snapshotHandle: UNKNOWN_VALUE,
        size: 0,
        driver: snapshotClass?.driver ?? '',
        vscName: UNKNOWN_VALUE,
        operationID: UNKNOWN_VALUE,
      },
      snapshotDataMovementInfo: {
        dataMover: mover === '' ? 'velero' : mover,
        uploaderType: 'kopia',
        snapshotHandle: '',
        operationID: spec.operationID,
        size: 0,
      },
      ...(started === undefined || started === null ? {} : { startTimestamp: started }),
    });
  }
  return infos;
}
