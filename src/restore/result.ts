/** Warnings and errors of a restore, grouped as its results file stores them (pkg/util/results of the original). */

import { messageOf } from '../lib/errors.ts';

/** One half of a results file: `velero` for the restore as a whole, `cluster` for cluster-scoped items. */
export interface Result {
  velero: string[];
  cluster: string[];
  namespaces: Record<string, string[]>;
}

export function emptyResult(): Result {
  return { velero: [], cluster: [], namespaces: {} };
}

/** Adds a message about an item: under its namespace, or under `cluster` where it has none. */
export function addToResult(result: Result, namespace: string, problem: unknown): void {
  const message = messageOf(problem);
  if (namespace === '') {
    result.cluster.push(message);
    return;
  }
  const list = result.namespaces[namespace];
  if (list) list.push(message);
  else result.namespaces[namespace] = [message];
}

/** Adds everything in `more` to `result`. */
export function mergeResults(result: Result, more: Result): void {
  result.velero.push(...more.velero);
  result.cluster.push(...more.cluster);
  for (const [namespace, messages] of Object.entries(more.namespaces)) {
    const list = result.namespaces[namespace];
    if (list) list.push(...messages);
    else result.namespaces[namespace] = [...messages];
  }
}

/** How many messages there are: what `status.warnings` and `status.errors` hold. */
export function countResult(result: Result): number {
  let count = result.velero.length + result.cluster.length;
  for (const messages of Object.values(result.namespaces)) count += messages.length;
  return count;
}

/** The results file's JSON text with its final newline: empty parts are left out, as the original's `omitempty` does. */
export function encodeResults(warnings: Result, errors: Result): string {
  return `${JSON.stringify({ errors: compact(errors), warnings: compact(warnings) })}\n`;
}

/** Reads one half of a results file; missing parts are empty. */
export function decodeResult(value: unknown): Result {
  const half = (value ?? {}) as Partial<Result>;
  return {
    velero: [...(half.velero ?? [])],
    cluster: [...(half.cluster ?? [])],
    namespaces: Object.fromEntries(
      Object.entries(half.namespaces ?? {}).map(([namespace, messages]) => [namespace, [...messages]]),
    ),
  };
}

function compact(result: Result): Partial<Result> {
  return {
    ...(result.velero.length > 0 ? { velero: result.velero } : {}),
    ...(result.cluster.length > 0 ? { cluster: result.cluster } : {}),
    ...(Object.keys(result.namespaces).length > 0 ? { namespaces: result.namespaces } : {}),
  };
}
