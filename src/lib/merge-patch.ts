/** JSON merge patches (RFC 7396): making one from two documents, and applying one. */

import { jsonEqual } from './json.ts';

type JsonObject = Record<string, unknown>;

/**
 * The smallest merge patch that turns `from` into `to`; undefined where they are equal. Arrays are replaced whole,
 * what `to` lacks becomes null.
 */
export function createMergePatch(from: JsonObject, to: JsonObject): JsonObject | undefined {
  const changes: [string, unknown][] = [];
  for (const [key, value] of Object.entries(to)) {
    if (!Object.hasOwn(from, key)) {
      changes.push([key, value]);
      continue;
    }
    const old = from[key];
    if (isObject(old) && isObject(value)) {
      const inner = createMergePatch(old, value);
      if (inner !== undefined) changes.push([key, inner]);
    } else if (!jsonEqual(old, value)) {
      changes.push([key, value]);
    }
  }
  for (const key of Object.keys(from)) if (!Object.hasOwn(to, key)) changes.push([key, null]);
  return changes.length === 0 ? undefined : Object.fromEntries(changes);
}

/** The document after the patch; neither argument is changed. */
export function applyMergePatch(document: unknown, patch: unknown): unknown {
  if (!isObject(patch)) return patch;
  const result = new Map(Object.entries(isObject(document) ? document : {}));
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) result.delete(key);
    else result.set(key, applyMergePatch(result.get(key), value));
  }
  return Object.fromEntries(result);
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !JSON.isRawJSON(value);
}
