/** Compares objects and documents field by field and says where they differ. */

import type { ApiObject } from './api.ts';

/** One difference: where, and the value of either side (undefined where it is missing). */
export interface Difference {
  path: string;
  left: unknown;
  right: unknown;
}

/** Every leaf in which two JSON values differ. */
export function differences(left: unknown, right: unknown, path = ''): Difference[] {
  if (Object.is(left, right)) return [];
  if (Array.isArray(left) && Array.isArray(right)) {
    const out: Difference[] = [];
    for (let index = 0; index < Math.max(left.length, right.length); index++) {
      out.push(...differences(left[index], right[index], `${path}[${index}]`));
    }
    return out;
  }
  if (isObject(left) && isObject(right)) {
    const out: Difference[] = [];
    for (const key of new Set([...Object.keys(left), ...Object.keys(right)])) {
      out.push(...differences(left[key], right[key], path === '' ? key : `${path}.${key}`));
    }
    return out;
  }
  return [{ path, left, right }];
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Fields that the server or the clock sets anew, and that no restore can keep. */
const FLEETING = ['uid', 'resourceVersion', 'creationTimestamp', 'generation', 'selfLink'];

/**
 * An object without what differs between two restores of the same thing: identity, times, who wrote what when, and
 * the names of the restore and the backup in labels.
 */
export function settled(object: ApiObject, options: { status?: boolean; managers?: boolean } = {}): unknown {
  const copy = structuredClone(object);
  const metadata = copy.metadata as Record<string, unknown>;
  for (const field of FLEETING) delete metadata[field];
  const fields = metadata['managedFields'] as { time?: string; manager?: string }[] | undefined;
  if (fields && options.managers) {
    for (const entry of fields) delete entry.time;
  } else delete metadata['managedFields'];
  const labels = metadata['labels'] as Record<string, string> | undefined;
  if (labels) {
    for (const label of ['velero.io/backup-name', 'velero.io/restore-name']) {
      if (label in labels) labels[label] = '*';
    }
  }
  if (!options.status) delete copy['status'];
  const owners = metadata['ownerReferences'] as { uid?: string }[] | undefined;
  for (const owner of owners ?? []) delete owner.uid;
  return copy;
}

/** The differences between two sets of objects, each as one line. */
export function compareSets(
  left: ReadonlyMap<string, ApiObject>,
  right: ReadonlyMap<string, ApiObject>,
  options: {
    status?: boolean;
    managers?: boolean;
    ignore?: (key: string, difference: Difference) => boolean;
    skip?: (key: string, object: ApiObject) => boolean;
  } = {},
): string[] {
  const lines: string[] = [];
  for (const key of [...new Set([...left.keys(), ...right.keys()])].sort()) {
    const a = left.get(key);
    const b = right.get(key);
    if (options.skip?.(key, (a ?? b) as ApiObject)) continue;
    if (!a || !b) {
      lines.push(`${key}: only on the ${a ? 'left' : 'right'}`);
      continue;
    }
    for (const difference of differences(settled(a, options), settled(b, options))) {
      if (options.ignore?.(key, difference)) continue;
      lines.push(
        `${key}: ${difference.path}: ${JSON.stringify(difference.left)} | ${JSON.stringify(difference.right)}`,
      );
    }
  }
  return lines;
}
