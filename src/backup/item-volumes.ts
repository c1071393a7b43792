/** The volumes of items: which pod volumes are backed up as files, which PVs are snapshotted (pkg/backup/item_backupper.go). */

import { ClaimTracker, podVolumes } from './claim-tracker.ts';
import { flatten, type ItemContext, PODS, trackSkipped, volumeContext, type Work } from './item-context.ts';

export class ItemVolumes {
  readonly #context: ItemContext;
  readonly #claims = new ClaimTracker();

  constructor(context: ItemContext) {
    this.#context = context;
  }

  /** The volumes of a pod that are backed up as files. */
  async chooseFileVolumes(work: Work, errors: Error[]): Promise<string[]> {
    const { volumes } = this.#context;
    const { object: pod, log } = work;
    if (volumes === undefined) return [];
    const optedOutBy = this.#claims.optedOutBy(work.namespace, work.name);
    if (optedOutBy !== undefined) {
      const reason = `opted out due to annotation in pod ${optedOutBy}`;
      trackSkipped(this.#context.skipped, pod, work.type.groupResource, 'podvolume', reason, log);
    }
    if (work.type.groupResource !== PODS) return [];
    const chosen: string[] = [];
    for (const volume of podVolumes(pod)) {
      let wanted = false;
      try {
        wanted = await volumes.wantsFileBackup(pod, volume.name, volumeContext(this.#context, log));
      } catch (error) {
        errors.push(...flatten(error));
      }
      if (!wanted) {
        this.#claims.optOut(pod, volume);
        continue;
      }
      this.#claims.track(pod, volume);
      const taken = this.#claims.takenClaim(pod, volume);
      if (taken === undefined) {
        chosen.push(volume.name);
      } else {
        log.info(
          'Pod volume uses a persistent volume claim which has already been backed up from another pod, skipping.',
          { podVolume: volume.name, pvcName: taken },
        );
      }
    }
    return chosen;
  }

  /** Starts the file backup of these volumes of a pod. */
  async saveFileVolumes(work: Work, names: readonly string[], errors: Error[]): Promise<void> {
    const { volumes, skipped } = this.#context;
    const pod = work.original;
    const result = await volumes?.backUpPodVolumes(pod, names, volumeContext(this.#context, work.log));
    if (result === undefined) return;
    errors.push(...result.errors);
    for (const volume of podVolumes(pod)) {
      if (result.taken.includes(volume.name)) this.#claims.take(pod, volume);
    }
    for (const { pvName, reason } of result.skippedVolumes) skipped.track(pvName, 'podvolume', reason);
    for (const pvName of result.takenVolumes) skipped.untrack(pvName);
  }

  /** Notes a PV for the volume infos and snapshots it where that is wanted. */
  async saveVolume(work: Work, errors: Error[]): Promise<void> {
    const { volumes, skipped, records, features, backup, volumeSnapshots } = this.#context;
    if (volumes === undefined) return;
    const pv = work.object;
    const pvName = pv.metadata.name ?? '';
    records.addVolume(pv);
    work.log.info('Executing takePVSnapshot');
    const log = work.log.with({ persistentVolume: pvName });
    const context = volumeContext(this.#context, log);
    try {
      if (!(await volumes.wantsSnapshot(pv, context))) {
        const reason = 'not satisfy the criteria for VolumePolicy or the legacy snapshot way';
        skipped.track(pvName, 'volumeSnapshot', reason);
        return;
      }
      const isCsi = (pv as { spec?: { csi?: unknown } }).spec?.csi !== undefined;
      if (features.has('EnableCSI') && isCsi) {
        log.info(`Skipping snapshot of persistent volume ${pvName}, because it's handled by CSI plugin.`);
        return;
      }
      if (backup.spec.snapshotMoveData === true) {
        log.warn("VolumeSnapshotter plugin doesn't support data movement.");
        if (features.has('EnableCSI')) {
          log.warn(
            "Cannot use CSI data mover to handle PV, because PV doesn't contain CSI in spec. Fall back to Velero native snapshot.",
          );
        }
      }
      const result = await volumes.snapshot(pv, context);
      if (result.kind === 'skipped') {
        skipped.track(pvName, 'volumeSnapshot', result.reason);
        return;
      }
      log.info(
        `Untrack the PV ${pvName} from the skipped volumes, because it's backed by Velero native snapshot.`,
      );
      skipped.untrack(pvName);
      volumeSnapshots.push(result.snapshot);
      if (result.error !== undefined) errors.push(result.error);
    } catch (error) {
      errors.push(...flatten(error));
    }
  }
}
