/** Merging a backed-up ServiceAccount into the one in the cluster (pkg/restore/merge_service_account.go of the original). */

import type { KubeObject } from '../api/object.ts';

interface Named {
  name?: string;
}

/**
 * The cluster's account with the secrets, image pull secrets, labels and annotations that it lacks; where both have a
 * label or annotation, the cluster's value stays.
 */
export function mergeServiceAccount(live: KubeObject, saved: KubeObject): KubeObject {
  return {
    ...live,
    ...union('secrets', live, saved),
    ...union('imagePullSecrets', live, saved),
    metadata: {
      ...live.metadata,
      ...missingKeys('labels', live, saved),
      ...missingKeys('annotations', live, saved),
    },
  };
}

function union(field: string, live: KubeObject, saved: KubeObject): Record<string, readonly Named[]> {
  const have = (live[field] ?? []) as Named[];
  const names = new Set(have.map((entry) => entry.name));
  const added: Named[] = [];
  for (const entry of (saved[field] ?? []) as Named[]) {
    if (names.has(entry.name)) continue;
    names.add(entry.name);
    added.push(entry);
  }
  return added.length === 0 ? {} : { [field]: [...have, ...added] };
}

function missingKeys(
  field: 'labels' | 'annotations',
  live: KubeObject,
  saved: KubeObject,
): Record<string, Record<string, string>> {
  const merged = { ...saved.metadata[field], ...live.metadata[field] };
  return Object.keys(merged).length === 0 ? {} : { [field]: merged };
}
