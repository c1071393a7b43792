/** PersistentVolumes and their claims (restoreItem, handlePVHasNativeSnapshot and pv_restorer.go in pkg/restore). */

import { randomUUID } from 'node:crypto';
import { ANNOTATIONS, LABELS, labelValue } from '../api/labels.ts';
import type { KubeObject } from '../api/object.ts';
import { isNotFound } from '../kube/errors.ts';
import { Failure, wrap } from '../lib/errors.ts';
import { pollUntil } from '../lib/poll.ts';
import type { RestoreContext } from './context.ts';
import { isTerminating } from './namespaces.ts';
import { CONFIG_MAPS, NAMESPACES, PERSISTENT_VOLUME_CLAIMS, PERSISTENT_VOLUMES } from '../kube/built-in.ts';
import { itemId } from './transform.ts';

interface ClaimRef {
  name?: string;
  namespace?: string;
  uid?: string;
  resourceVersion?: string;
  [field: string]: unknown;
}

interface VolumeSpec {
  claimRef?: ClaimRef;
  persistentVolumeReclaimPolicy?: string;
  [field: string]: unknown;
}

const BINDING_ANNOTATIONS = ['pv.kubernetes.io/bind-completed', 'pv.kubernetes.io/bound-by-controller'];

type Handling = 'native-snapshot' | 'provision' | 'as-is';

/**
 * Decides what becomes of a volume.
 * @returns the volume to restore, or undefined where its provisioner is to make a new one
 * @throws Failure where the volume in the cluster stays in the way, or its snapshot cannot be restored
 */
export async function prepareVolume(
  context: RestoreContext,
  volume: KubeObject,
): Promise<KubeObject | undefined> {
  const name = volume.metadata.name ?? '';
  const log = context.log.with({ name, groupResource: 'persistentvolumes' });
  const { handling, reason } = await chooseHandling(context, volume);
  if (handling === 'native-snapshot') return await fromNativeSnapshot(context, volume);
  if (handling === 'provision') {
    log.info(`Dynamically re-provisioning persistent volume because ${reason}.`);
    context.volumesToProvision.add(name);
    return undefined;
  }
  log.info(`Restoring persistent volume as-is because ${reason}.`);
  return withoutBinding(withMappedClaim(context, volume));
}

async function chooseHandling(
  context: RestoreContext,
  volume: KubeObject,
): Promise<{ handling: Handling; reason: string }> {
  const name = volume.metadata.name ?? '';
  const { volumeInfos, volumeSnapshots, podVolumeBackups, csiVolumeSnapshots } = context.request;
  const hasPodVolumeBackup = 'it has a pod volume backup to be restored';
  const hasCsi = 'it has a CSI VolumeSnapshot or a related snapshot DataUpload';
  const notSaved = (): { handling: Handling; reason: string } =>
    specOf(volume).persistentVolumeReclaimPolicy === 'Delete'
      ? { handling: 'provision', reason: "it doesn't have a snapshot and its reclaim policy is Delete" }
      : { handling: 'as-is', reason: "it doesn't have a snapshot and its reclaim policy is not Delete" };

  const info = volumeInfos.findLast((candidate) => (candidate.pvName ?? '') === name);
  if (info) {
    switch (info.backupMethod) {
      case 'NativeSnapshot':
        return { handling: 'native-snapshot', reason: '' };
      case 'PodVolumeBackup':
        return { handling: 'provision', reason: hasPodVolumeBackup };
      case 'CSISnapshot':
        return { handling: 'provision', reason: hasCsi };
      default:
        return notSaved();
    }
  }
  // Backups from before 1.13 have no such records: what else they hold must tell.
  context.log.info(`Cannot find BackupVolumeInfo for PV ${name}.`);
  if (volumeSnapshots.some((snapshot) => snapshot.spec.persistentVolumeName === name)) {
    return { handling: 'native-snapshot', reason: '' };
  }
  const claim = specOf(volume).claimRef;
  if (claim) {
    const isClaim = (namespace: string | undefined, claimName: string | undefined) =>
      namespace === claim.namespace && claimName === claim.name;
    if (
      podVolumeBackups.some((backup) =>
        isClaim(backup.spec.pod?.namespace, backup.metadata.annotations?.[ANNOTATIONS.pvcName]),
      )
    ) {
      return { handling: 'provision', reason: hasPodVolumeBackup };
    }
    const sourceOf = (snapshot: KubeObject) =>
      (snapshot['spec'] as { source?: { persistentVolumeClaimName?: string } } | undefined)?.source
        ?.persistentVolumeClaimName;
    if (
      csiVolumeSnapshots.some((snapshot) => isClaim(snapshot.metadata.namespace, sourceOf(snapshot))) ||
      (await hasDataUploadResult(context, claim))
    ) {
      return { handling: 'provision', reason: hasCsi };
    }
  }
  return notSaved();
}

/** The restore of the claim's DataUpload has left exactly one result. */
async function hasDataUploadResult(context: RestoreContext, claim: ClaimRef): Promise<boolean> {
  const { kube, restore, settings, signal } = context.request;
  const claimLabel = labelValue(`${claim.namespace}.${claim.name}`);
  try {
    const results = await kube.list(CONFIG_MAPS, {
      namespace: settings.namespace,
      labelSelector: [
        `${LABELS.restoreUid}=${labelValue(restore.metadata.uid ?? '')}`,
        `${LABELS.pvcNamespaceName}=${claimLabel}`,
        `${LABELS.resourceUsage}=DataUpload`,
      ].join(','),
      signal,
    });
    return results.length === 1;
  } catch (error) {
    signal.throwIfAborted();
    context.log.warn('Fail to list DataUpload result CM.', { error });
    return false;
  }
}

async function fromNativeSnapshot(context: RestoreContext, saved: KubeObject): Promise<KubeObject> {
  const oldName = saved.metadata.name ?? '';
  let rename = await mustRename(context, saved);
  let volume = withMappedClaim(context, saved);
  // A volume with a new name cannot be in the cluster yet.
  let make = rename;
  if (!rename) {
    try {
      make = await isFree(context, oldName);
    } catch (error) {
      throw wrap(error, `error waiting on in-cluster persistentvolume ${oldName}`);
    }
  }
  if (make) {
    volume = withoutBinding(volume);
    try {
      volume = await makeFromSnapshot(context, volume);
    } catch (error) {
      const id = itemId('persistentvolumes', '', oldName);
      throw wrap(error, `error executing PVAction for ${id}`);
    }
    // A snapshotter may have named the volume itself.
    if (volume.metadata.name !== oldName) rename = true;
  }
  if (!rename) return volume;
  const newName =
    volume.metadata.name === oldName ? `velero-clone-${randomUUID()}` : (volume.metadata.name ?? '');
  context.renamedVolumes.set(oldName, newName);
  const snapshot = context.nativeSnapshots.get(oldName);
  if (snapshot) {
    context.nativeSnapshots.delete(oldName);
    context.nativeSnapshots.set(newName, snapshot);
  }
  return {
    ...volume,
    metadata: {
      ...volume.metadata,
      name: newName,
      annotations: { ...volume.metadata.annotations, [ANNOTATIONS.originalPvName]: oldName },
    },
  };
}

/** A volume gets a new name where its claim moves to another namespace and the volume is still in the cluster. */
async function mustRename(context: RestoreContext, volume: KubeObject): Promise<boolean> {
  const mapping = context.request.restore.spec.namespaceMapping ?? {};
  const claim = specOf(volume).claimRef;
  if (!claim || !Object.hasOwn(mapping, claim.namespace ?? '')) return false;
  const { kube, signal } = context.request;
  try {
    await kube.get(PERSISTENT_VOLUMES, volume.metadata.name ?? '', undefined, signal);
    return true;
  } catch (error) {
    if (isNotFound(error)) return false;
    throw wrap(error, 'error checking if persistent volume exists in the cluster');
  }
}

/**
 * Waits while the volume of this name, its claim or the claim's namespace are going away.
 * @returns true where there is no such volume, false where there is one that stays
 * @throws Failure when time is up
 */
async function isFree(context: RestoreContext, name: string): Promise<boolean> {
  const { kube, clock, signal, settings } = context.request;
  const timeoutMs = settings.terminatingResourceTimeoutMs;
  let waitingFor = '';
  const later = (what: string): undefined => {
    waitingFor = what;
    return undefined;
  };
  const read = async (what: string, get: () => Promise<KubeObject>): Promise<KubeObject | undefined> => {
    try {
      return await get();
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw wrap(error, what);
    }
  };
  return await pollUntil<boolean>(
    async () => {
      const volume = await read(`could not retrieve in-cluster copy of PV ${name}`, () =>
        kube.get(PERSISTENT_VOLUMES, name, undefined, signal),
      );
      if (!volume) return true;
      const phase = (volume['status'] as { phase?: string } | undefined)?.phase;
      if (phase === 'Released' || volume.metadata.deletionTimestamp !== undefined) {
        return later('the volume in the cluster is released or being deleted');
      }
      const claim = specOf(volume).claimRef;
      if (!claim) return false;
      const claimName = claim.name ?? '';
      const namespace = claim.namespace ?? '';
      const live = await read(`error getting claim ${claimName} for persistent volume`, () =>
        kube.get(PERSISTENT_VOLUME_CLAIMS, claimName, namespace, signal),
      );
      if (!live) return later(`its claim ${namespace}/${claimName} is gone but the volume is not`);
      if (live.metadata.deletionTimestamp !== undefined) {
        return later(`its claim ${namespace}/${claimName} is being deleted`);
      }
      const home = await read(`error getting namespace ${namespace} associated with PV ${name}`, () =>
        kube.get(NAMESPACES, namespace, undefined, signal),
      );
      if (!home || isTerminating(home)) return later(`namespace ${namespace} of its claim is being deleted`);
      return false;
    },
    {
      clock,
      signal,
      timeoutMs,
      intervalMs: Math.min(1000, Math.max(1, timeoutMs / 10)),
      pending: () => waitingFor,
    },
  );
}

/**
 * Lets the snapshotter make a volume from its snapshot; without a snapshot, or where volumes are not wanted, the volume
 * is given back as it is.
 */
async function makeFromSnapshot(context: RestoreContext, volume: KubeObject): Promise<KubeObject> {
  const { request } = context;
  const name = volume.metadata.name ?? '';
  if (name === '') {
    throw new Failure({ code: 'RESTORE_PV_NO_NAME', message: 'PersistentVolume is missing its name' });
  }
  if (request.restore.spec.restorePVs === false) return volume;
  const snapshot = request.volumeSnapshots.find((candidate) => candidate.spec.persistentVolumeName === name);
  if (!snapshot) {
    context.log.info('No snapshot found for persistent volume', { persistentVolume: name });
    return volume;
  }
  const { provider, config } = await request.snapshotLocation(snapshot.spec.location);
  const snapshotter = await request.volumeSnapshotter(provider);
  await snapshotter.init(config);
  const { volumeType, volumeAZ = '', volumeIOPS } = snapshot.spec;
  const snapshotId = snapshot.status.providerSnapshotID ?? '';
  const volumeId = await snapshotter.createVolumeFromSnapshot(snapshotId, volumeType, volumeAZ, volumeIOPS);
  context.log.info('successfully restored persistent volume from snapshot', {
    persistentVolume: name,
    providerSnapshotID: snapshotId,
  });
  const updated = await snapshotter.setVolumeId(volume, volumeId);
  context.nativeSnapshots.set(updated.metadata.name ?? name, {
    snapshotHandle: snapshotId,
    volumeType,
    volumeAZ,
    iops: String(volumeIOPS ?? 0),
  });
  return updated;
}

/**
 * A claim as it is to be created: free of its former binding, and pointing to the volume's new name, or to none where
 * a new volume is to be made.
 */
export function prepareClaim(context: RestoreContext, claim: KubeObject): KubeObject {
  const spec = claim['spec'] as { volumeName?: string } | undefined;
  const volumeName = spec?.volumeName ?? '';
  if (volumeName === '') return claim;
  let prepared = withoutBinding(claim);
  if (context.volumesToProvision.has(volumeName)) {
    const { volumeName: _former, ...rest } = prepared['spec'] as { volumeName?: string };
    prepared = { ...prepared, spec: rest };
  }
  const newName = context.renamedVolumes.get(volumeName);
  if (newName !== undefined) {
    prepared = { ...prepared, spec: { ...(prepared['spec'] as object), volumeName: newName } };
  }
  return prepared;
}

function withMappedClaim(context: RestoreContext, volume: KubeObject): KubeObject {
  const spec = specOf(volume);
  const claim = spec.claimRef;
  const mapping = context.request.restore.spec.namespaceMapping ?? {};
  if (!claim || !Object.hasOwn(mapping, claim.namespace ?? '')) return volume;
  const claimRef = { ...claim, namespace: mapping[claim.namespace ?? ''] };
  return { ...volume, spec: { ...spec, claimRef } };
}

/** Without what ties a volume or claim to objects that are no more. */
export function withoutBinding(object: KubeObject): KubeObject {
  const copy: KubeObject = { ...object, metadata: { ...object.metadata } };
  const spec = specOf(object);
  if (spec.claimRef) {
    const { uid: _uid, resourceVersion: _version, ...claimRef } = spec.claimRef;
    copy['spec'] = { ...spec, claimRef };
  }
  const annotations = object.metadata.annotations;
  if (annotations) {
    const kept = Object.entries(annotations).filter(([key]) => !BINDING_ANNOTATIONS.includes(key));
    if (kept.length > 0) copy.metadata.annotations = Object.fromEntries(kept);
    else delete copy.metadata.annotations;
  }
  return copy;
}

function specOf(object: KubeObject): VolumeSpec {
  return (object['spec'] ?? {}) as VolumeSpec;
}
