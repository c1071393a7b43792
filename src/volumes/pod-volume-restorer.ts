/** Pod volumes at a restore: says what keeps their data from coming back (pkg/podvolume/restorer.go of the original). */

import type { KubeObject } from '../api/object.ts';
import type { PodVolumeBackup } from '../api/pod-volume-backup.ts';
import type { KubeClient } from '../kube/contract.ts';
import { messageOf, wrap } from '../lib/errors.ts';
import { volumeBackupsOfPod } from './backups-of-pod.ts';
import { requireNodeAgents } from './node-agent.ts';

export interface PodVolumeRestorerOptions {
  kube: KubeClient;
  /** The server's. */
  namespace: string;
  podVolumeBackups: readonly PodVolumeBackup[];
  signal: AbortSignal;
}

/**
 * Which pods have volumes in the backup, and why their data does not come back. There is no data path behind it: a pod
 * with such volumes waits in its init container, and the restore tells so instead of ending Completed.
 */
export function podVolumeRestorer(options: PodVolumeRestorerOptions): {
  hasVolumes(pod: KubeObject, sourceNamespace: string): boolean;
  restore(input: { pod: KubeObject; sourceNamespace: string }): Promise<string[]>;
} {
  const { kube, namespace, podVolumeBackups, signal } = options;
  return {
    hasVolumes: (pod, sourceNamespace) => volumeBackupsOfPod(podVolumeBackups, pod, sourceNamespace).size > 0,
    restore: async ({ pod, sourceNamespace }) => {
      try {
        await requireNodeAgents(kube, namespace, signal);
      } catch (error) {
        return [messageOf(wrap(error, 'error to check node agent status'))];
      }
      const volumes = volumeBackupsOfPod(podVolumeBackups, pod, sourceNamespace);
      const name = `${pod.metadata.namespace}/${pod.metadata.name}`;
      return [...volumes.keys()].map(
        (volume) =>
          `pod volume restore failed: volume ${volume} of pod ${name}: this server does not restore the data of pod volumes; the pod waits for it in its init container. Restore it with a server that does`,
      );
    },
  };
}
