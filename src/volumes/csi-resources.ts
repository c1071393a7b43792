/** The CSI snapshot objects of a backup, as its files in the bucket hold them (pkg/backup/snapshots.go). */

import type { Backup } from '../api/backup.ts';
import { LABELS, labelValue } from '../api/labels.ts';
import type { KubeObject } from '../api/object.ts';
import type { KubeClient } from '../kube/contract.ts';
import type { Logger } from '../lib/log.ts';

const GROUP = 'snapshot.storage.k8s.io';

export interface CsiResources {
  csiVolumeSnapshots: readonly KubeObject[];
  csiVolumeSnapshotContents: readonly KubeObject[];
  /** The classes that the contents name. */
  csiVolumeSnapshotClasses: readonly KubeObject[];
  /** All classes of the cluster: they tell the driver of a snapshot that was moved. */
  snapshotClasses: readonly KubeObject[];
}

export const noCsiResources: CsiResources = {
  csiVolumeSnapshots: [],
  csiVolumeSnapshotContents: [],
  csiVolumeSnapshotClasses: [],
  snapshotClasses: [],
};

/**
 * Snapshots and contents labelled with the backup, and the classes that they name. With moved data the snapshots do not
 * outlive the backup and are not given. A list that fails is logged as an error.
 */
export async function csiResources(
  kube: KubeClient,
  backup: Backup,
  log: Logger,
  signal: AbortSignal,
): Promise<CsiResources> {
  const labelSelector = `${LABELS.backupName}=${labelValue(backup.metadata.name ?? '')}`;
  const list = async (resource: string, selector?: string): Promise<KubeObject[]> => {
    const type = kube.discovery.find(GROUP, resource);
    if (type === undefined) return [];
    try {
      return await kube.list(type, { labelSelector: selector, signal });
    } catch (error) {
      if (signal.aborted) throw error;
      log.error(`Error listing ${resource}.${GROUP}`, { error });
      return [];
    }
  };
  const classes = await list('volumesnapshotclasses');
  if (backup.spec.snapshotMoveData === true) {
    log.info('backup SnapshotMoveData is set to true, skip VolumeSnapshot resource persistence.');
    return { ...noCsiResources, snapshotClasses: classes };
  }
  const snapshots = await list('volumesnapshots', labelSelector);
  const contents = await list('volumesnapshotcontents', labelSelector);
  const named = new Set(
    contents.map(
      (content) => (content as { spec?: { volumeSnapshotClassName?: string } }).spec?.volumeSnapshotClassName,
    ),
  );
  return {
    csiVolumeSnapshots: snapshots,
    csiVolumeSnapshotContents: contents,
    csiVolumeSnapshotClasses: classes.filter(({ metadata }) => named.has(metadata.name)),
    snapshotClasses: classes,
  };
}
