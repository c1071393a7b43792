/**
 * Strategic merge patches: merge patches that know by which key the elements of a list are told apart
 * (apimachinery's strategicpatch, as internal/resourcemodifiers uses it).
 */

import { KINDS, apiVersionOf } from '../../api/kinds.ts';
import type { KubeObject } from '../../api/object.ts';
import { Failure, messageOf } from '../../lib/errors.ts';
import { cloneJson, jsonEqual } from '../../lib/json.ts';
import { type FieldStrategy, KIND_TYPES, TYPE_FIELDS } from './merge-keys.ts';

type Fields = Record<string, unknown>;

const PATCH = '$patch';
const RETAIN_KEYS = '$retainKeys';
const SET_ORDER = '$setElementOrder/';
const DELETE_VALUES = '$deleteFromPrimitiveList/';

/** Kinds of the snapshot API that the original's server knows; like Velero's own they have no special lists. */
const SNAPSHOT_KINDS = ['VolumeSnapshot', 'VolumeSnapshotContent', 'VolumeSnapshotClass'];

/**
 * The object after the patch; neither argument is changed.
 * @throws Failure for kinds whose lists are not known, `error in applying Strategic Patch …` for a bad patch
 */
export function applyStrategicPatch(object: KubeObject, patch: unknown): KubeObject {
  const type = typeOf(object);
  try {
    return mergeFields(object, asFields(patch, 'patch'), type) as unknown as KubeObject;
  } catch (error) {
    throw new Failure({
      code: 'STRATEGIC_PATCH',
      message: `error in applying Strategic Patch ${messageOf(error)}`,
      cause: error,
    });
  }
}

/** The kinds are those of the original's server: core, apps, batch, snapshots and Velero's own. */
function typeOf({ apiVersion, kind }: KubeObject): string {
  const type = KIND_TYPES[`${apiVersion}/${kind}`];
  if (type !== undefined) return type;
  const ours = Object.values(KINDS).some(
    (known) => known.kind === kind && apiVersionOf(known) === apiVersion,
  );
  if (ours || (apiVersion === 'snapshot.storage.k8s.io/v1' && SNAPSHOT_KINDS.includes(kind)))
    return 'ConfigMap';
  throw new Failure({
    code: 'STRATEGIC_PATCH_KIND',
    message: `no kind "${kind}" is registered for version "${apiVersion}" in scheme`,
    object: `${kind} of ${apiVersion}`,
    remedy: 'use patches or mergePatches for this kind',
  });
}

function mergeFields(original: Fields, patch: Fields, type: string | undefined): Fields {
  const directive = patch[PATCH];
  if (directive === 'replace') {
    const { [PATCH]: _directive, ...rest } = patch;
    return withoutDirectives(rest) as Fields;
  }
  if (directive === 'delete') return {};
  if (directive !== undefined && directive !== 'merge') throw unknownDirective(directive);
  const result = new Map(Object.entries(retained(original, patch)));
  for (const [field, value] of Object.entries(patch)) {
    if (field === PATCH || field === RETAIN_KEYS) continue;
    if (field.startsWith(SET_ORDER)) {
      const listed = field.slice(SET_ORDER.length);
      if (!Object.hasOwn(patch, listed) && result.has(listed)) {
        result.set(
          listed,
          inOrder(asList(result.get(listed), listed), asList(value, field), strategyOf(type, listed)),
        );
      }
    } else if (field.startsWith(DELETE_VALUES)) {
      const listed = field.slice(DELETE_VALUES.length);
      if (result.has(listed)) {
        const gone = asList(value, field);
        const kept = asList(result.get(listed), listed).filter(
          (item) => !gone.some((other) => jsonEqual(item, other)),
        );
        result.set(listed, kept);
      }
    } else if (value === null) {
      result.delete(field);
    } else {
      const order = patch[SET_ORDER + field];
      result.set(field, mergeValue(result.get(field), value, strategyOf(type, field), order));
    }
  }
  return Object.fromEntries(result);
}

/** The original's fields, less those that the patch does not say to keep. */
function retained(original: Fields, patch: Fields): Fields {
  const keep = patch[RETAIN_KEYS];
  if (keep === undefined) return original;
  const keys = asList(keep, RETAIN_KEYS);
  const stray = Object.keys(patch).find(
    (field) => !field.startsWith('$') && patch[field] !== null && !keys.includes(field),
  );
  if (stray !== undefined) {
    throw new Failure({
      code: 'STRATEGIC_PATCH_RETAIN',
      message: `patch content doesn't match retainKeys list: ${stray} is not in it`,
    });
  }
  return Object.fromEntries(Object.entries(original).filter(([field]) => keys.includes(field)));
}

function strategyOf(type: string | undefined, field: string): FieldStrategy | undefined {
  return type === undefined ? undefined : TYPE_FIELDS[type]?.[field];
}

function mergeValue(
  original: unknown,
  patch: unknown,
  strategy: FieldStrategy | undefined,
  order: unknown,
): unknown {
  const strategies = strategy?.strategy ?? [];
  if (isFields(original) && isFields(patch)) {
    if (strategies.includes('replace')) return withoutDirectives(patch);
    return mergeFields(original, patch, strategy?.type);
  }
  if (Array.isArray(original) && Array.isArray(patch) && strategies.includes('merge')) {
    const merged = mergeLists(original, patch, strategy as FieldStrategy);
    return order === undefined ? merged : inOrder(merged, asList(order, SET_ORDER), strategy);
  }
  return withoutDirectives(patch);
}

function mergeLists(
  original: readonly unknown[],
  patch: readonly unknown[],
  strategy: FieldStrategy,
): unknown[] {
  if (![...original, ...patch].every(isFields)) {
    const merged = [...original];
    for (const value of patch) if (!merged.some((other) => jsonEqual(other, value))) merged.push(value);
    return arrange(merged, patch, original, jsonEqual);
  }
  const key = strategy.key;
  if (key === undefined) {
    throw new Failure({ code: 'STRATEGIC_PATCH_KEY', message: 'cannot merge lists without merge key' });
  }
  const sameElement = (a: unknown, b: unknown) => jsonEqual((a as Fields)[key], (b as Fields)[key]);
  let kept = original as readonly Fields[];
  const changes: Fields[] = [];
  let replaces = false;
  for (const element of patch as readonly Fields[]) {
    const directive = element[PATCH];
    if (directive === 'replace') {
      replaces = true;
      if (Object.keys(element).length > 1) changes.push(element);
    } else if (directive === 'delete') {
      requireKey(element, key);
      kept = kept.filter((other) => !sameElement(other, element));
    } else if (directive !== undefined && directive !== 'merge') {
      throw unknownDirective(directive);
    } else {
      requireKey(element, key);
      changes.push(element);
    }
  }
  if (replaces) return changes.map(withoutDirectives);
  const merged = [...kept];
  for (const change of changes) {
    const at = merged.findIndex((other) => sameElement(other, change));
    if (at < 0) merged.push(withoutDirectives(change) as Fields);
    else merged[at] = mergeFields(merged[at] as Fields, change, strategy.type);
  }
  return arrange(merged, changes, original, sameElement);
}

function requireKey(element: Fields, key: string): void {
  if (element[key] !== undefined) return;
  throw new Failure({
    code: 'STRATEGIC_PATCH_KEY',
    message: `map: ${JSON.stringify(element)} does not contain declared merge key: ${key}`,
  });
}

/** Orders a list by `$setElementOrder`. */
function inOrder(
  list: readonly unknown[],
  order: readonly unknown[],
  strategy: FieldStrategy | undefined,
): unknown[] {
  const key = strategy?.key;
  const same = (a: unknown, b: unknown) =>
    key !== undefined && isFields(a) && isFields(b) ? jsonEqual(a[key], b[key]) : jsonEqual(a, b);
  return arrange(list, order, list, same);
}

/** Elements that `wanted` names in its order, the others in theirs before what came after them in `former`. */
function arrange(
  list: readonly unknown[],
  wanted: readonly unknown[],
  former: readonly unknown[],
  same: (a: unknown, b: unknown) => boolean,
): unknown[] {
  const placeIn = (order: readonly unknown[], item: unknown) => order.findIndex((other) => same(other, item));
  const byOrder = (order: readonly unknown[]) => (a: unknown, b: unknown) =>
    placeIn(order, a) - placeIn(order, b);
  const named = list.filter((item) => placeIn(wanted, item) >= 0).sort(byOrder(wanted));
  const others = list.filter((item) => placeIn(wanted, item) < 0).sort(byOrder(former));
  const result: unknown[] = [];
  let next = 0;
  for (const item of named) {
    const place = placeIn(former, item);
    if (place >= 0) {
      while (next < others.length && placeIn(former, others[next]) < place) result.push(others[next++]);
    }
    result.push(item);
  }
  return [...result, ...others.slice(next)];
}

/** What is new in the object must not hold directives, nor nulls that had nothing to delete. */
function withoutDirectives(value: unknown): unknown {
  if (Array.isArray(value)) {
    return value
      .filter((item) => !(isFields(item) && item[PATCH] === 'delete'))
      .map((item: unknown) => withoutDirectives(item));
  }
  if (!isFields(value)) return cloneJson(value);
  return Object.fromEntries(
    Object.entries(value)
      .filter(
        ([field, inner]) =>
          inner !== null &&
          !/^\$(?:patch$|retainKeys$|setElementOrder\/|deleteFromPrimitiveList\/)/.test(field),
      )
      .map(([field, inner]) => [field, withoutDirectives(inner)]),
  );
}

function unknownDirective(directive: unknown): Failure {
  return new Failure({
    code: 'STRATEGIC_PATCH_DIRECTIVE',
    message: `unknown patch type found: ${String(directive)}`,
    remedy: 'use merge, replace or delete as $patch',
  });
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !JSON.isRawJSON(value);
}

function asFields(value: unknown, what: string): Fields {
  if (isFields(value)) return value;
  throw new Failure({ code: 'STRATEGIC_PATCH', message: `${what} is not an object` });
}

function asList(value: unknown, what: string): readonly unknown[] {
  if (Array.isArray(value)) return value;
  throw new Failure({ code: 'STRATEGIC_PATCH', message: `${what} is not a list` });
}
