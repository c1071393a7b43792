/** What remains after the items of a restore (pkg/controller/restore_finalizer_controller.go of the original). */

import { addToResult, emptyResult, type Result } from '../api/documents/result.ts';
import type { BackupVolumeInfo, PVInfo } from '../api/documents/volume-info.ts';
import type { KubeObject } from '../api/object.ts';
import type { Restore } from '../api/restore.ts';
import type { KubeClient } from '../kube/contract.ts';
import { isNotFound } from '../kube/errors.ts';
import type { Clock } from '../lib/clock.ts';
import { Failure, messageOf } from '../lib/errors.ts';
import { InFlight } from '../lib/in-flight.ts';
import type { Logger } from '../lib/log.ts';
import { createMergePatch } from '../lib/merge-patch.ts';
import { pollUntil } from '../lib/poll.ts';
import type { HookTracker } from './hook-tracker.ts';
import { PERSISTENT_VOLUME_CLAIMS, PERSISTENT_VOLUMES, STORAGE_CLASSES } from '../kube/built-in.ts';
import { createdClaims } from './restored-volumes.ts';

const VOLUMES_AT_ONCE = 3;
const VOLUME_POLL_MS = 10_000;
const HOOK_POLL_MS = 1000;

export interface FinalizeRequest {
  restore: Restore;
  /** The restored resource list as it was uploaded. */
  resourceList: Readonly<Record<string, readonly string[]>>;
  /** The backup's volume infos. */
  volumeInfos: readonly BackupVolumeInfo[];
  kube: KubeClient;
  hooks: HookTracker;
  /** `--resource-timeout` in milliseconds. */
  resourceTimeoutMs: number;
  log: Logger;
  clock: Clock;
  signal: AbortSignal;
}

export interface FinalizeOutcome {
  warnings: Result;
  errors: Result;
  /** For `status.hookStatus`, set also where there were no hooks. */
  hookStatus: { hooksAttempted: number; hooksFailed: number };
}

/**
 * Gives volumes that were provisioned anew the settings of those that were backed up, and waits for hooks that still
 * run. The tracker keeps what it knows of them: the caller deletes that once it is written, for until then this may be
 * asked again.
 * @throws the signal's reason where it is aborted
 */
export async function finalizeRestore(request: FinalizeRequest): Promise<FinalizeOutcome> {
  const { restore, hooks, clock, signal, log } = request;
  const errors = emptyResult();
  await patchVolumes(request, errors);
  const name = restore.metadata.name ?? '';
  log.info('Waiting for restore exec hooks starts', { restore: name });
  // Every hook has a deadline of its own, so that this wait ends.
  while (!hooks.isComplete(name)) await clock.sleep(HOOK_POLL_MS, signal);
  log.info('Done waiting for restore exec hooks starts', { restore: name });
  for (const { namespace, message } of hooks.errors(name)) addToResult(errors, namespace, message);
  const { attempted, failed } = hooks.stat(name);
  return {
    warnings: emptyResult(),
    errors,
    hookStatus: { hooksAttempted: attempted, hooksFailed: failed },
  };
}

async function patchVolumes(request: FinalizeRequest, errors: Result): Promise<void> {
  const { restore, log, signal } = request;
  const mapping = restore.spec.namespaceMapping ?? {};
  const created = createdClaims(request.resourceList);
  const bound = new InFlight(VOLUMES_AT_ONCE);
  const work = request.volumeInfos.map(async (info) => {
    const { pvInfo, pvcName = '', pvcNamespace = '', backupMethod } = info;
    if (!pvInfo || (backupMethod !== 'PodVolumeBackup' && backupMethod !== 'CSISnapshot')) return;
    const namespace = Object.hasOwn(mapping, pvcNamespace) ? (mapping[pvcNamespace] as string) : pvcNamespace;
    if (!created.has(`${namespace}/${pvcName}`)) return;
    const room = bound.enter();
    if (room) await room;
    try {
      await patchVolume(request, namespace, pvcName, pvInfo);
    } catch (error) {
      signal.throwIfAborted();
      const problem = `fail to patch dynamic PV, err: ${messageOf(error)}, PVC: ${pvcName}, PV: ${info.pvName ?? ''}`;
      log.error(problem);
      addToResult(errors, namespace, problem);
    } finally {
      bound.leave();
    }
  });
  if (created.size > 0) log.info('patching newly dynamically provisioned PV starts');
  await Promise.all(work);
  if (created.size > 0) log.info('patching newly dynamically provisioned PV ends');
}

/** Waits for the claim to be bound and patches its volume. @throws Failure when time is up; the API's error */
async function patchVolume(
  request: FinalizeRequest,
  namespace: string,
  claimName: string,
  saved: PVInfo,
): Promise<void> {
  const { kube, clock, signal, resourceTimeoutMs, log } = request;
  let waitingFor = '';
  const later = (what: string): undefined => {
    waitingFor = what;
    return undefined;
  };
  await pollUntil<true>(
    async () => {
      const claim = await found(kube.get(PERSISTENT_VOLUME_CLAIMS, claimName, namespace, signal));
      if (!claim) return later(`PVC ${namespace}/${claimName} is not there`);
      const claimSpec = (claim['spec'] ?? {}) as { volumeName?: string; storageClassName?: string };
      const phase = phaseOf(claim);
      if (phase === 'Pending' && (await waitsForConsumer(request, claimSpec.storageClassName))) {
        log.warn(
          `skipping PV patch to restore custom reclaim policy, if any: StorageClass ${claimSpec.storageClassName} used by PVC ${claimName} has VolumeBindingMode set to WaitForFirstConsumer, and the PVC is also in a pending state`,
        );
        return true;
      }
      const volumeName = claimSpec.volumeName ?? '';
      if (phase !== 'Bound' || volumeName === '') return later(`PVC ${namespace}/${claimName} is not bound`);
      const volume = await found(kube.get(PERSISTENT_VOLUMES, volumeName, undefined, signal));
      if (!volume) return later(`PV ${volumeName} is not there`);
      const { claimRef } = (volume['spec'] ?? {}) as { claimRef?: { name?: string; namespace?: string } };
      if (!claimRef || phaseOf(volume) !== 'Bound') return later(`PV ${volumeName} is not bound`);
      if (claimRef.name !== claimName || claimRef.namespace !== namespace) {
        throw new Failure({
          code: 'RESTORE_PV_UNEXPECTED_CLAIM',
          message: `PV was bound by unexpected PVC, unexpected PVC: ${claimRef.namespace}/${claimRef.name}, expected PVC: ${namespace}/${claimName}`,
          object: `persistentvolume ${volumeName}`,
        });
      }
      const patch = volumePatch(volume, saved);
      if (patch) {
        await kube.patch(PERSISTENT_VOLUMES, volumeName, undefined, 'merge', patch, { signal });
        log.info(`newly dynamically provisioned PV:${volumeName} has been patched using volume info`);
      }
      return true;
    },
    {
      clock,
      signal,
      timeoutMs: resourceTimeoutMs,
      intervalMs: Math.min(VOLUME_POLL_MS, Math.max(1, resourceTimeoutMs / 10)),
      pending: () => waitingFor,
    },
  );
}

/** A class that binds only when a pod comes: such a claim may stay pending for ever. */
async function waitsForConsumer(
  request: FinalizeRequest,
  storageClass: string | undefined,
): Promise<boolean> {
  if (storageClass === undefined || storageClass === '') return false;
  const found = await request.kube.get(STORAGE_CLASSES, storageClass, undefined, request.signal);
  return found['volumeBindingMode'] === 'WaitForFirstConsumer';
}

/** The patch that gives a volume the saved reclaim policy and labels; undefined where it has them. */
export function volumePatch(volume: KubeObject, saved: PVInfo): Record<string, unknown> | undefined {
  const spec = (volume['spec'] ?? {}) as Record<string, unknown>;
  const labels = volume.metadata.labels ?? {};
  const wanted = saved.labels ?? {};
  const differs =
    spec['persistentVolumeReclaimPolicy'] !== saved.reclaimPolicy ||
    Object.entries(wanted).some(([key, value]) => labels[key] !== value);
  if (!differs) return undefined;
  const { labels: _before, ...metadata } = volume.metadata;
  return createMergePatch(volume, {
    ...volume,
    metadata: Object.keys(wanted).length === 0 ? metadata : { ...metadata, labels: wanted },
    spec: { ...spec, persistentVolumeReclaimPolicy: saved.reclaimPolicy },
  });
}

function phaseOf(object: KubeObject): string | undefined {
  return (object['status'] as { phase?: string } | undefined)?.phase;
}

async function found(get: Promise<KubeObject>): Promise<KubeObject | undefined> {
  try {
    return await get;
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}
