/** The volume records of a restore (RestoreVolumeInfoTracker in internal/volume/volumes_information.go of the original). */

import type { DataDownload } from '../api/data-download.ts';
import type { ResourceList } from '../api/documents/resource-list.ts';
import type { RestoreVolumeInfo } from '../api/documents/volume-info.ts';
import { KINDS } from '../api/kinds.ts';
import { ANNOTATIONS, LABELS, labelValue } from '../api/labels.ts';
import type { KubeObject } from '../api/object.ts';
import type { PodVolumeRestore } from '../api/pod-volume-restore.ts';
import type { ApiResource } from '../kube/contract.ts';
import { isNotFound } from '../kube/errors.ts';
import { forEachLimited } from '../lib/pool.ts';
import { quantityValue } from '../lib/quantity.ts';
import type { RestoreContext } from './context.ts';
import { PERSISTENT_VOLUME_CLAIMS, PERSISTENT_VOLUMES, PODS, VOLUME_SNAPSHOTS } from '../kube/built-in.ts';

/** A claim that this restore made, with the volume that it is bound to, if any. */
interface RestoredClaim {
  namespace: string;
  name: string;
  volume: string | undefined;
  snapshot: KubeObject | undefined;
}

const CREATED = '(created)';
const CLAIMS_AT_ONCE = 32;

/** `namespace/name` of the claims that a restore made, from its resource list. */
export function createdClaims(resourceList: Readonly<Record<string, readonly string[]>>): Set<string> {
  const entries = resourceList['v1/PersistentVolumeClaim'] ?? [];
  return new Set(
    entries.filter((entry) => entry.endsWith(CREATED)).map((entry) => entry.slice(0, -CREATED.length)),
  );
}

/** Gathers what is known of the restored volumes; what cannot be read is logged and left out. */
export async function restoredVolumes(
  context: RestoreContext,
  resourceList: ResourceList,
): Promise<RestoreVolumeInfo[]> {
  const found: (RestoredClaim | undefined)[] = [];
  await forEachLimited([...createdClaims(resourceList)].entries(), CLAIMS_AT_ONCE, async ([index, key]) => {
    const [namespace = '', name = ''] = key.split('/');
    found[index] = await readClaim(context, namespace, name);
  });
  const claims = found.filter((claim) => claim !== undefined);
  return [
    ...(await podVolumes(context, claims)),
    ...nativeSnapshots(context, claims),
    ...claims.flatMap(csiSnapshot),
    ...(await movedData(context, claims)),
  ];
}

async function readClaim(
  context: RestoreContext,
  namespace: string,
  name: string,
): Promise<RestoredClaim | undefined> {
  const log = context.log.with({ namespace, name });
  const claim = await read(context, PERSISTENT_VOLUME_CLAIMS, name, namespace, 'Failed to get PVC');
  if (!claim) return undefined;
  const spec = (claim['spec'] ?? {}) as {
    volumeName?: string;
    dataSource?: { kind: string; name: string };
  };
  const phase = (claim['status'] as { phase?: string } | undefined)?.phase;
  let snapshot: KubeObject | undefined;
  if (spec.dataSource?.kind === 'VolumeSnapshot') {
    snapshot = await read(
      context,
      VOLUME_SNAPSHOTS,
      spec.dataSource.name,
      namespace,
      'Failed to get VolumeSnapshot',
    );
  }
  let volume: string | undefined;
  if (phase === 'Bound' && spec.volumeName) {
    const bound = await read(context, PERSISTENT_VOLUMES, spec.volumeName, undefined, 'Failed to get PV');
    if (bound) volume = spec.volumeName;
  } else {
    log.warn('PVC is not bound or has no volume name');
  }
  return { namespace, name, volume, snapshot };
}

async function podVolumes(
  context: RestoreContext,
  claims: readonly RestoredClaim[],
): Promise<RestoreVolumeInfo[]> {
  const infos: RestoreVolumeInfo[] = [];
  for (const { spec, status } of await ours<PodVolumeRestore>(context, KINDS.PodVolumeRestore)) {
    const namespace = spec.pod.namespace ?? '';
    const pod = await read(
      context,
      PODS,
      spec.pod.name ?? '',
      namespace,
      'Fail to get the pod of a PodVolumeRestore',
    );
    const volumes =
      (
        pod?.['spec'] as
          | { volumes?: { name: string; persistentVolumeClaim?: { claimName: string } }[] }
          | undefined
      )?.volumes ?? [];
    const claimName = volumes.find((volume) => volume.name === spec.volume)?.persistentVolumeClaim?.claimName;
    // Data of a volume without a claim is not kept in any volume that could be listed.
    if (claimName === undefined) continue;
    const volume = claims.find((claim) => claim.namespace === namespace && claim.name === claimName)?.volume;
    infos.push({
      pvcName: claimName,
      pvcNamespace: namespace,
      ...(volume === undefined ? {} : { pvName: volume }),
      restoreMethod: 'PodVolumeRestore',
      snapshotDataMoved: false,
      pvrInfo: {
        snapshotHandle: spec.snapshotID,
        size: status?.progress?.totalBytes ?? 0,
        uploaderType: spec.uploaderType ?? '',
        volumeName: spec.volume,
        podName: spec.pod.name ?? '',
        podNamespace: namespace,
      },
    });
  }
  return infos;
}

function nativeSnapshots(context: RestoreContext, claims: readonly RestoredClaim[]): RestoreVolumeInfo[] {
  return [...context.nativeSnapshots].map(([pvName, nativeSnapshotInfo]) => {
    const claim = claims.find((candidate) => candidate.volume === pvName);
    return {
      ...(claim ? { pvcName: claim.name, pvcNamespace: claim.namespace } : {}),
      pvName,
      restoreMethod: 'NativeSnapshot',
      snapshotDataMoved: false,
      nativeSnapshotInfo,
    };
  });
}

function csiSnapshot(claim: RestoredClaim): RestoreVolumeInfo[] {
  const { snapshot } = claim;
  if (!snapshot) return [];
  const annotations = snapshot.metadata.annotations ?? {};
  const spec = snapshot['spec'] as { source?: { volumeSnapshotContentName?: string } } | undefined;
  const status = snapshot['status'] as { restoreSize?: string } | undefined;
  return [
    {
      pvcName: claim.name,
      pvcNamespace: claim.namespace,
      ...(claim.volume === undefined ? {} : { pvName: claim.volume }),
      restoreMethod: 'CSISnapshot',
      snapshotDataMoved: false,
      csiSnapshotInfo: {
        snapshotHandle: annotations[ANNOTATIONS.volumeSnapshotHandle] ?? '',
        size: quantityValue(status?.restoreSize ?? '') ?? 0,
        driver: annotations[ANNOTATIONS.csiDriverName] ?? '',
        vscName: spec?.source?.volumeSnapshotContentName ?? '',
      },
    },
  ];
}

async function movedData(
  context: RestoreContext,
  claims: readonly RestoredClaim[],
): Promise<RestoreVolumeInfo[]> {
  const downloads = await ours<DataDownload>(context, KINDS.DataDownload);
  return downloads.map(({ metadata, spec }) => {
    const { pvc, pv, namespace } = spec.targetVolume;
    const claim = claims.find((candidate) => candidate.namespace === namespace && candidate.name === pvc);
    const volume = claim?.volume ?? pv;
    return {
      pvcName: pvc,
      pvcNamespace: namespace,
      ...(volume === '' ? {} : { pvName: volume }),
      restoreMethod: 'CSISnapshot',
      snapshotDataMoved: true,
      snapshotDataMovementInfo: {
        dataMover: spec.datamover || 'velero',
        uploaderType: 'kopia',
        snapshotHandle: spec.snapshotID,
        operationID: metadata.labels?.[LABELS.asyncOperationId] ?? '',
        size: 0,
      },
    };
  });
}

/** This restore's objects of a kind; none where the cluster does not serve it. */
async function ours<T extends KubeObject>(context: RestoreContext, kind: ApiResource): Promise<T[]> {
  const { kube, restore, signal, settings } = context.request;
  if (!kube.discovery.find(kind.group, kind.resource, kind.version)) return [];
  try {
    return await kube.list<T>(kind, {
      namespace: settings.namespace,
      labelSelector: `${LABELS.restoreName}=${labelValue(restore.metadata.name ?? '')}`,
      signal,
    });
  } catch (error) {
    signal.throwIfAborted();
    context.log.error(`Failed to List ${kind.kind}s`, { error });
    return [];
  }
}

async function read(
  context: RestoreContext,
  resource: ApiResource,
  name: string,
  namespace: string | undefined,
  complaint: string,
): Promise<KubeObject | undefined> {
  const { kube, signal } = context.request;
  try {
    return await kube.get(resource, name, namespace, signal);
  } catch (error) {
    signal.throwIfAborted();
    const fields = { namespace, name, error };
    if (isNotFound(error)) context.log.warn(complaint, fields);
    else context.log.error(complaint, fields);
    return undefined;
  }
}
