/** Gathers what describe says about a backup: objects of the cluster and files of the store, side by side. */

import type { Backup } from '../../api/backup.ts';
import type { DeleteBackupRequest } from '../../api/delete-backup-request.ts';
import type { BackupOperation } from '../../api/documents/item-operation.ts';
import type { NativeSnapshot } from '../../api/documents/native-snapshot.ts';
import type { ResourceList } from '../../api/documents/resource-list.ts';
import type { StoredResults } from '../../api/documents/result.ts';
import type { BackupVolumeInfo } from '../../api/documents/volume-info.ts';
import { KINDS } from '../../api/kinds.ts';
import { LABELS, labelValue } from '../../api/labels.ts';
import type { KubeObject } from '../../api/object.ts';
import type { PodVolumeBackup } from '../../api/pod-volume-backup.ts';
import type { ApiResource } from '../../kube/contract.ts';
import { messageOf } from '../../lib/errors.ts';
import type { Session } from '../session.ts';
import type { TlsValues } from '../tls-flags.ts';
import { type Fetched, fetchJson } from './fetched.ts';

export interface BackupFacts {
  readonly backup: Backup;
  readonly deleteRequests: readonly DeleteBackupRequest[];
  readonly podVolumeBackups: readonly PodVolumeBackup[];
  /** Undefined where the backup has neither warnings nor errors. */
  readonly results: Fetched<StoredResults> | undefined;
  /** Undefined without details. */
  readonly operations: Fetched<readonly BackupOperation[]> | undefined;
  /** Undefined without details. */
  readonly resourceList: Fetched<ResourceList> | undefined;
  readonly volumes: VolumeFacts;
}

export type VolumeFacts =
  | {
      readonly state: 'ok';
      readonly native: readonly BackupVolumeInfo[];
      readonly csi: readonly BackupVolumeInfo[];
      /** Told from the files of a Velero that wrote no volume information. */
      readonly legacy: boolean;
    }
  | { readonly state: 'failed'; readonly step: VolumeStep; readonly reason: string };

/** Where the information about volumes could not be had. */
export type VolumeStep = 'get' | 'read' | 'native' | 'csi';

/** Never throws: what cannot be had is said in its place. */
export async function gatherBackup(
  session: Session,
  backup: Backup,
  details: boolean,
  tls: TlsValues,
): Promise<BackupFacts> {
  const name = backup.metadata.name ?? '';
  const status = backup.status ?? {};
  const fetch = <T>(kind: Parameters<typeof fetchJson>[1]) => fetchJson<T>(session, kind, name, tls);
  const byName = `${LABELS.backupName}=${labelValue(name)}`;
  const byUid = `${byName},${LABELS.backupUid}=${backup.metadata.uid ?? ''}`;
  const flawed = (status.warnings ?? 0) > 0 || (status.errors ?? 0) > 0;
  const [deleteRequests, podVolumeBackups, results, operations, resourceList, volumes] = await Promise.all([
    listOrComplain<DeleteBackupRequest>(
      session,
      KINDS.DeleteBackupRequest,
      byUid,
      `DeleteBackupRequests for backup ${name}`,
    ),
    listOrComplain<PodVolumeBackup>(
      session,
      KINDS.PodVolumeBackup,
      byName,
      `PodVolumeBackups for backup ${name}`,
    ),
    flawed ? fetch<StoredResults>('BackupResults') : undefined,
    details && (status.backupItemOperationsAttempted ?? 0) > 0
      ? fetch<readonly BackupOperation[]>('BackupItemOperations')
      : undefined,
    details ? fetch<ResourceList>('BackupResourceList') : undefined,
    gatherVolumes(session, backup, tls),
  ]);
  return { backup, deleteRequests, podVolumeBackups, results, operations, resourceList, volumes };
}

/** A list that describe can do without: a refusal is printed and the list is empty. */
export async function listOrComplain<T extends KubeObject>(
  session: Session,
  resource: ApiResource,
  labelSelector: string,
  what: string,
): Promise<T[]> {
  try {
    const kube = await session.kube();
    return await kube.list<T>(resource, { namespace: session.namespace, labelSelector });
  } catch (error) {
    session.terminal.error(`error getting ${what}: ${messageOf(error)}\n`);
    return [];
  }
}

async function gatherVolumes(session: Session, backup: Backup, tls: TlsValues): Promise<VolumeFacts> {
  const name = backup.metadata.name ?? '';
  const infos = await fetchJson<BackupVolumeInfo[]>(session, 'BackupVolumeInfos', name, tls);
  if (infos.state === 'ok') {
    const all = infos.value ?? [];
    return {
      state: 'ok',
      native: all.filter(({ backupMethod }) => backupMethod === 'NativeSnapshot'),
      csi: all.filter(({ backupMethod }) => backupMethod === 'CSISnapshot'),
      legacy: false,
    };
  }
  if (infos.state !== 'missing') {
    return { state: 'failed', step: infos.state === 'unreadable' ? 'read' : 'get', reason: infos.reason };
  }
  const native = await legacyNative(session, backup, tls);
  if (!Array.isArray(native)) return { state: 'failed', step: 'native', reason: native.reason };
  const csi = await legacyCsi(session, backup, tls);
  if (!Array.isArray(csi)) return { state: 'failed', step: 'csi', reason: csi.reason };
  return { state: 'ok', native, csi, legacy: true };
}

interface Trouble {
  reason: string;
}

async function legacyNative(
  session: Session,
  { metadata, status }: Backup,
  tls: TlsValues,
): Promise<BackupVolumeInfo[] | Trouble> {
  if ((status?.volumeSnapshotsAttempted ?? 0) === 0) return [];
  const file = await fetchJson<NativeSnapshot[]>(session, 'BackupVolumeSnapshots', metadata.name ?? '', tls);
  if (file.state !== 'ok') return trouble(file, 'native snapshot info');
  return file.value.map((snapshot) => ({
    ...noVolume,
    pvName: snapshot.spec.persistentVolumeName,
    nativeSnapshotInfo: {
      snapshotHandle: snapshot.status.providerSnapshotID ?? '',
      volumeType: snapshot.spec.volumeType,
      volumeAZ: snapshot.spec.volumeAZ ?? '',
      iops: snapshot.spec.volumeIOPS === undefined ? '' : String(snapshot.spec.volumeIOPS),
    },
  }));
}

interface StoredVolumeSnapshot extends KubeObject {
  spec: { source: { persistentVolumeClaimName?: string } };
  status?: { boundVolumeSnapshotContentName?: string };
}

interface StoredVolumeSnapshotContent extends KubeObject {
  spec: { driver: string };
  status?: { snapshotHandle?: string; restoreSize?: number };
}

async function legacyCsi(
  session: Session,
  { metadata, status }: Backup,
  tls: TlsValues,
): Promise<BackupVolumeInfo[] | Trouble> {
  if ((status?.csiVolumeSnapshotsAttempted ?? 0) === 0) return [];
  const name = metadata.name ?? '';
  const [snapshots, contents] = await Promise.all([
    fetchJson<StoredVolumeSnapshot[]>(session, 'CSIBackupVolumeSnapshots', name, tls),
    fetchJson<StoredVolumeSnapshotContent[]>(session, 'CSIBackupVolumeSnapshotContents', name, tls),
  ]);
  if (snapshots.state !== 'ok') return trouble(snapshots, 'vs list');
  if (contents.state !== 'ok') return trouble(contents, 'vsc list');
  return contents.value.map((content) => {
    const bound = snapshots.value.findLast(
      ({ spec, status: bindings }) =>
        bindings?.boundVolumeSnapshotContentName === content.metadata.name &&
        spec.source.persistentVolumeClaimName !== undefined,
    );
    return {
      ...noVolume,
      preserveLocalSnapshot: true,
      pvcName: bound?.spec.source.persistentVolumeClaimName || '<PVC name not found>',
      pvcNamespace: bound?.metadata.namespace ?? '',
      csiSnapshotInfo: {
        vscName: content.metadata.name ?? '',
        driver: content.spec.driver,
        snapshotHandle: content.status?.snapshotHandle ?? '',
        size: content.status?.restoreSize ?? 0,
      },
    };
  });
}

const noVolume = { snapshotDataMoved: false, preserveLocalSnapshot: false, skipped: false } as const;

function trouble(file: Exclude<Fetched<unknown>, { state: 'ok' }>, what: string): Trouble {
  const verb = file.state === 'unreadable' ? 'decode' : 'download';
  return { reason: `error to ${verb} ${what}: ${file.state === 'missing' ? 'file not found' : file.reason}` };
}
