/** Snapshots of PVs by a provider's volume snapshotter (takePVSnapshot in pkg/backup/item_backupper.go). */

import type { Backup } from '../api/backup.ts';
import type { NativeSnapshot } from '../api/documents/native-snapshot.ts';
import type { KubeObject } from '../api/object.ts';
import type { VolumeSnapshotLocation } from '../api/volume-snapshot-location.ts';
import { wrap } from '../lib/errors.ts';
import type { Logger } from '../lib/log.ts';
import type { VolumeSnapshotter } from '../plugin/contract.ts';
import { zoneOfPv } from './decide.ts';

type SnapshotResult =
  | { kind: 'taken'; snapshot: NativeSnapshot; error?: Error }
  | { kind: 'skipped'; reason: string };

interface PvView extends KubeObject {
  spec?: {
    nodeAffinity?: { required?: { nodeSelectorTerms?: Parameters<typeof zoneOfPv>[1] | null } | null } | null;
  };
}

/** The snapshots of one backup. */
export class NativeSnapshots {
  readonly #locations: readonly VolumeSnapshotLocation[];
  readonly #snapshotter: (provider: string) => Promise<VolumeSnapshotter>;
  /** By location, once it has been made ready. */
  readonly #ready = new Map<string, VolumeSnapshotter>();

  constructor(
    locations: readonly VolumeSnapshotLocation[],
    snapshotter: (provider: string) => Promise<VolumeSnapshotter>,
  ) {
    this.#locations = locations;
    this.#snapshotter = snapshotter;
  }

  /**
   * Snapshots the PV at the first location whose provider knows it.
   * @throws where the provider cannot tell the volume's type
   */
  async take(pv: KubeObject, backup: Backup, log: Logger): Promise<SnapshotResult> {
    const pvName = pv.metadata.name ?? '';
    const found = await this.#findVolume(pv, log);
    if (found === undefined) {
      log.info(
        'Persistent volume is not a supported volume type for Velero-native volumeSnapshotter snapshot, skipping.',
      );
      return { kind: 'skipped', reason: 'no applicable volumesnapshotter found' };
    }
    const { snapshotter, location, volumeId } = found;
    const volumeLog = log.with({ volumeID: volumeId });
    const terms = (pv as PvView).spec?.nodeAffinity?.required?.nodeSelectorTerms ?? [];
    const zone = zoneOfPv(pv.metadata.labels ?? {}, terms);
    volumeLog.info('Getting volume information');
    const { volumeType, iops } = await snapshotter
      .getVolumeInfo(volumeId, zone)
      .catch((error: unknown) => Promise.reject(wrap(error, 'error getting volume info')));
    volumeLog.info('Snapshotting persistent volume');
    const spec: NativeSnapshot['spec'] = {
      backupName: backup.metadata.name ?? '',
      backupUID: backup.metadata.uid ?? '',
      location,
      persistentVolumeName: pvName,
      providerVolumeID: volumeId,
      volumeType,
      ...(zone === '' ? {} : { volumeAZ: zone }),
      ...(iops === undefined ? {} : { volumeIOPS: iops }),
    };
    const tags = {
      ...backup.metadata.labels,
      'velero.io/backup': backup.metadata.name ?? '',
      'velero.io/pv': pvName,
    };
    try {
      const providerSnapshotID = await snapshotter.createSnapshot(volumeId, zone, tags);
      return { kind: 'taken', snapshot: { spec, status: { phase: 'Completed', providerSnapshotID } } };
    } catch (error) {
      return {
        kind: 'taken',
        snapshot: { spec, status: { phase: 'Failed' } },
        error: wrap(error, 'error taking snapshot of volume'),
      };
    }
  }

  async #findVolume(
    pv: KubeObject,
    log: Logger,
  ): Promise<{ snapshotter: VolumeSnapshotter; location: string; volumeId: string } | undefined> {
    for (const location of this.#locations) {
      const name = location.metadata.name ?? '';
      const locationLog = log.with({ volumeSnapshotLocation: name });
      let snapshotter: VolumeSnapshotter;
      try {
        snapshotter = await this.#makeReady(location, name);
      } catch (error) {
        locationLog.error('Error getting volume snapshotter for volume snapshot location', { error });
        continue;
      }
      try {
        const volumeId = await snapshotter.getVolumeId(pv);
        if (volumeId !== '') {
          locationLog.info('Got volume ID for persistent volume');
          return { snapshotter, location: name, volumeId };
        }
        locationLog.warn('No volume ID returned by volume snapshotter for persistent volume');
      } catch (error) {
        locationLog.error('Error attempting to get volume ID for persistent volume', { error });
      }
    }
    return undefined;
  }

  async #makeReady(location: VolumeSnapshotLocation, name: string): Promise<VolumeSnapshotter> {
    const known = this.#ready.get(name);
    if (known !== undefined) return known;
    const snapshotter = await this.#snapshotter(location.spec.provider);
    await snapshotter.init(location.spec.config ?? {});
    this.#ready.set(name, snapshotter);
    return snapshotter;
  }
}
