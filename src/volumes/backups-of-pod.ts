/** Which of a pod's volumes have a pod volume backup to be restored from (pkg/podvolume/util.go of the original). */

import type { KubeObject } from '../api/object.ts';
import type { PodVolumeBackup } from '../api/pod-volume-backup.ts';

export interface VolumeBackup {
  snapshotId: string;
  /** `restic` or `kopia`; old backups without a type are restic's. */
  uploaderType: string;
  /** `restic`, `kopia`, or empty where the uploader is unknown. */
  repositoryType: string;
}

interface PodWithVolumes {
  spec?: { volumes?: { name: string; projected?: unknown; downwardAPI?: unknown }[] };
}

/** Annotation prefix by which very old backups recorded restic snapshots. */
const SNAPSHOT_ANNOTATION = 'snapshot.velero.io/';

/**
 * The backed-up volumes of a pod by volume name.
 * @param sourceNamespace the pod's namespace in the backup
 */
export function volumeBackupsOfPod(
  podVolumeBackups: readonly PodVolumeBackup[],
  pod: KubeObject,
  sourceNamespace: string,
): Map<string, VolumeBackup> {
  const found = new Map<string, VolumeBackup>();
  const volumes = (pod as PodWithVolumes).spec?.volumes ?? [];
  for (const { spec, status } of podVolumeBackups) {
    if (spec?.pod?.name !== pod.metadata.name || spec?.pod?.namespace !== sourceNamespace) continue;
    const name = spec?.volume ?? '';
    const snapshotId = status?.snapshotID ?? '';
    if (snapshotId === '') continue;
    const volume = volumes.find((candidate) => candidate.name === name);
    if (volume?.projected || volume?.downwardAPI) continue;
    const uploaderType = spec?.uploaderType || 'restic';
    const repositoryType = uploaderType === 'restic' || uploaderType === 'kopia' ? uploaderType : '';
    found.set(name, { snapshotId, uploaderType, repositoryType });
  }
  if (found.size > 0) return found;
  for (const [key, snapshotId] of Object.entries(pod.metadata.annotations ?? {})) {
    if (!key.startsWith(SNAPSHOT_ANNOTATION)) continue;
    found.set(key.slice(SNAPSHOT_ANNOTATION.length), {
      snapshotId,
      uploaderType: 'restic',
      repositoryType: 'restic',
    });
  }
  return found;
}
