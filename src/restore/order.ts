/** The order in which resources are restored (pkg/restore/priority.go and restore.go of the original). */

import { Failure } from '../lib/errors.ts';

export interface RestorePriorities {
  /** Restored first, in this order. */
  high: readonly string[];
  /** Restored last, in this order. */
  low: readonly string[];
}

/** What the server uses where `--restore-resource-priorities` says nothing. */
export const DEFAULT_PRIORITIES: RestorePriorities = {
  high: [
    'customresourcedefinitions',
    'namespaces',
    'storageclasses',
    'volumesnapshotclass.snapshot.storage.k8s.io',
    'volumesnapshotcontents.snapshot.storage.k8s.io',
    'volumesnapshots.snapshot.storage.k8s.io',
    'datauploads.velero.io',
    'persistentvolumes',
    'persistentvolumeclaims',
    'serviceaccounts',
    'secrets',
    'configmaps',
    'limitranges',
    'pods',
    // After pods: a ReplicaSet adopts its restored pods instead of making new ones.
    'replicasets.apps',
    'clusterclasses.cluster.x-k8s.io',
    'endpoints',
    // After endpoints: a Service would otherwise own fresh Endpoints before the restored ones arrive.
    'services',
  ],
  low: [
    'clusterbootstraps.run.tanzu.vmware.com',
    'clusters.cluster.x-k8s.io',
    'clusterresourcesets.addons.cluster.x-k8s.io',
  ],
};

const SEPARATOR = '-';

/**
 * Reads the flag: comma-separated resources, a lone `-` between high and low priorities. The list that the text does
 * not give keeps its default.
 * @throws Failure `multiple priority separator "-" found`
 */
export function parsePriorities(text: string): RestorePriorities {
  if (text === '') return DEFAULT_PRIORITIES;
  const high: string[] = [];
  const low: string[] = [];
  let list = high;
  let separated = false;
  for (const element of text.split(',')) {
    if (element === SEPARATOR) {
      if (separated) {
        throw new Failure({
          code: 'RESTORE_PRIORITIES',
          message: `multiple priority separator ${JSON.stringify(SEPARATOR)} found`,
          object: '--restore-resource-priorities',
          remedy: 'give at most one element that is only "-"',
        });
      }
      separated = true;
      list = low;
      continue;
    }
    list.push(element);
  }
  return {
    high: high.length === 0 ? DEFAULT_PRIORITIES.high : high,
    low: low.length === 0 ? DEFAULT_PRIORITIES.low : low,
  };
}

/** The flag's text for these priorities, as the original prints its value. */
export function formatPriorities(priorities: RestorePriorities): string {
  const parts = [...priorities.high];
  if (priorities.low.length > 0) parts.push(SEPARATOR, ...priorities.low);
  return parts.join(',');
}

/** High priorities, then everything else in the backup by name, then low priorities; a name may come twice. */
export function orderResources(priorities: RestorePriorities, inBackup: Iterable<string>): string[] {
  const named = new Set([...priorities.high, ...priorities.low]);
  const rest = [...inBackup].filter((resource) => !named.has(resource)).sort(byCodePoint);
  return [...priorities.high, ...rest, ...priorities.low];
}

function byCodePoint(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
