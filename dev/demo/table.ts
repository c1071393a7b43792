import { isDeepStrictEqual } from 'node:util';
import type { DemoObject } from './kubectl.ts';

export interface Row {
  object: string;
  backedUp: boolean;
  deleted: boolean;
  restored: boolean;
  equal: boolean;
  /** Where it is not equal: the first field that differs. */
  remark: string;
}

/**
 * One row for each object that was there before the loss. Objects that a controller makes under a new name each time
 * (endpoint slices) are matched by what they belong to.
 */
export function compareObjects(
  before: ReadonlyMap<string, DemoObject>,
  lost: ReadonlyMap<string, DemoObject>,
  after: ReadonlyMap<string, DemoObject>,
  backedUp: ReadonlySet<string>,
): Row[] {
  return [...before]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, object]) => {
      const restored = after.get(key) ?? madeAnew(object, after);
      const difference = restored
        ? firstDifference(withoutFleeting(object), withoutFleeting(restored), '')
        : 'missing';
      return {
        object: key,
        backedUp: backedUp.has(key),
        deleted: !lost.has(key),
        restored: restored !== undefined,
        equal: backedUp.has(key) && !lost.has(key) && difference === '',
        remark: difference,
      };
    });
}

function madeAnew(object: DemoObject, after: ReadonlyMap<string, DemoObject>): DemoObject | undefined {
  if (object.kind !== 'EndpointSlice') return undefined;
  const service = serviceOf(object);
  return [...after.values()].find((one) => one.kind === 'EndpointSlice' && serviceOf(one) === service);
}

function serviceOf(object: DemoObject): string | undefined {
  return (object.metadata['labels'] as Record<string, string> | undefined)?.['kubernetes.io/service-name'];
}

/** What the cluster hands out anew to any object: identity, times, addresses, and what controllers report. */
function withoutFleeting(object: DemoObject): unknown {
  const copy = structuredClone(object) as DemoObject & { spec?: Record<string, unknown>; status?: unknown };
  const metadata = copy.metadata as Record<string, unknown>;
  for (const field of [
    'uid',
    'resourceVersion',
    'creationTimestamp',
    'generation',
    'managedFields',
    'ownerReferences',
    'generateName',
  ]) {
    delete metadata[field];
  }
  const labels = metadata['labels'] as Record<string, string> | undefined;
  delete labels?.['velero.io/backup-name'];
  delete labels?.['velero.io/restore-name'];
  if (labels && Object.keys(labels).length === 0) delete metadata['labels'];
  delete copy.status;
  if (copy.kind === 'Service') {
    delete copy.spec?.['clusterIP'];
    delete copy.spec?.['clusterIPs'];
  }
  if (copy.kind === 'Endpoints') {
    delete copy['subsets'];
    // Says when the controller was last triggered.
    delete metadata['annotations'];
  }
  if (copy.kind === 'EndpointSlice') {
    delete copy['endpoints'];
    delete metadata['name'];
    delete metadata['annotations'];
  }
  return copy;
}

function firstDifference(left: unknown, right: unknown, path: string): string {
  if (isDeepStrictEqual(left, right)) return '';
  if (typeof left === 'object' && typeof right === 'object' && left !== null && right !== null) {
    for (const key of new Set([...Object.keys(left), ...Object.keys(right)])) {
      const found = firstDifference(
        (left as Record<string, unknown>)[key],
        (right as Record<string, unknown>)[key],
        path === '' ? key : `${path}.${key}`,
      );
      if (found !== '') return found;
    }
  }
  return `${path}: ${JSON.stringify(left)?.slice(0, 60)} is now ${JSON.stringify(right)?.slice(0, 60)}`;
}

/** Prints the rows as a table. */
export function printTable(rows: readonly Row[]): void {
  const width = Math.max(...rows.map((row) => row.object.length), 6) + 2;
  const mark = (yes: boolean) => (yes ? 'yes' : 'NO').padEnd(11);
  console.log(
    `\n${'OBJECT'.padEnd(width)}${['BACKED UP', 'DELETED', 'RESTORED', 'EQUAL'].map((h) => h.padEnd(11)).join('')}`,
  );
  for (const row of rows) {
    console.log(
      `${row.object.padEnd(width)}${mark(row.backedUp)}${mark(row.deleted)}${mark(row.restored)}${mark(row.equal)}${row.equal ? '' : row.remark}`.trimEnd(),
    );
  }
}
