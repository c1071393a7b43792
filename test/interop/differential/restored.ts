/** What restores left in the cluster, side by side. */

import type { ApiObject } from '../../support/api.ts';
import { type Difference, settled } from '../../support/compare.ts';
import type { Side } from '../../support/velero.ts';
import { Lines, namespaceOf, normal, normalValue, type Pair, SIDES } from './pair.ts';

interface ResourceList {
  groupVersion: string;
  resources: { name: string; namespaced: boolean; kind: string; verbs: string[] }[];
}

/** Every object that carries a side in its name or its namespace, by kind and normalised name. */
export async function restoredObjects(pair: Pair): Promise<Record<Side, Map<string, ApiObject>>> {
  const found = { real: new Map<string, ApiObject>(), ours: new Map<string, ApiObject>() };
  for (const path of await listable(pair)) {
    for (const object of await pair.api.list(path)) {
      const { name, namespace = '' } = object.metadata;
      const side = SIDES.find((one) => belongsTo(one, namespace === '' ? name : namespace));
      if (side === undefined || SIDES.some((one) => (namespace || name) === namespaceOf(one))) continue;
      const resource = path.slice(path.lastIndexOf('/') + 1);
      found[side].set(normal(`${namespace}/${resource}/${name}`), object);
    }
  }
  return found;
}

function belongsTo(side: Side, name: string): boolean {
  return new RegExp(`(?<![a-z])${side}(?![a-z])`).test(name);
}

async function listable(pair: Pair): Promise<string[]> {
  const groups = await pair.api.get<{ groups: { preferredVersion: { groupVersion: string } }[] }>('/apis');
  const paths: string[] = [];
  for (const version of [
    'api/v1',
    ...groups.groups.map((one) => `apis/${one.preferredVersion.groupVersion}`),
  ]) {
    const list = await pair.api.get<ResourceList>(`/${version}`);
    for (const { name, verbs } of list.resources) {
      // Events tell of their own times.
      if (verbs.includes('list') && name !== 'events') paths.push(`/${version}/${name}`);
    }
  }
  return paths;
}

/** The lines in which what one side restored into some namespaces, or cluster-wide (''), differs from the other's. */
export function compareRestored(
  objects: Record<Side, ReadonlyMap<string, ApiObject>>,
  namespaces: readonly string[],
): string[] {
  const lines = new Lines();
  const keys = new Set([...objects.real.keys(), ...objects.ours.keys()]);
  for (const key of [...keys].filter((one) => namespaces.includes(one.slice(0, one.indexOf('/')))).sort()) {
    const [real, ours] = [objects.real.get(key), objects.ours.get(key)];
    if (!real || !ours) {
      lines.all.push(`${key}: only ${real ? 'the real' : 'ours'} restored it`);
      continue;
    }
    lines.add(key, settled(real, { status: true }), settled(ours, { status: true }), (one) =>
      handedOut(key, one),
    );
  }
  return lines.all;
}

/** Values that the API server gives out anew each time. */
function handedOut(key: string, { path, left, right }: Difference): boolean {
  if (left === undefined || right === undefined) return false;
  return (
    (key.includes('/services/') && /clusterIPs?(\[0\])?$|[nN]odePort$/.test(path)) ||
    /(claimRef\.resourceVersion|deletionTimestamp|lastTransitionTime|lastPhaseTransitionTime)$/.test(path)
  );
}

/** Names of the namespaces that a Restore maps to, normalised. */
export function targetsOf(restore: ApiObject): string[] {
  const { namespaceMapping = {} } = restore['spec'] as { namespaceMapping?: Record<string, string> };
  return [...new Set(Object.values(namespaceMapping).map((name) => normalValue(name) as string))];
}
