/** Warnings and errors of a backup or restore, as the results file in the bucket groups them (pkg/util/results). */

import { list, map, optional, type Static, struct, text } from '../schema.ts';

const messages = list('Messages.', text('One message.'));

/** One half of a results file, with every part left out that is empty. */
export const storedResult = struct('Warnings or errors.', {
  velero: optional(messages),
  cluster: optional(messages),
  namespaces: optional(map('By namespace.', messages)),
});
export type StoredResult = Static<typeof storedResult>;

/** `<name>-results.gz`. */
export const storedResults = struct('Errors and warnings.', { errors: storedResult, warnings: storedResult });
export type StoredResults = Static<typeof storedResults>;

/** Messages while they are gathered: `velero` for the run as a whole, `cluster` for cluster-scoped items. */
export interface Result {
  velero: string[];
  cluster: string[];
  namespaces: Record<string, string[]>;
}

export function emptyResult(): Result {
  return { velero: [], cluster: [], namespaces: {} };
}

/** Adds a message about an item: under its namespace, or under `cluster` where it has none. */
export function addToResult(result: Result, namespace: string, message: string): void {
  if (namespace === '') result.cluster.push(message);
  else namespaceMessages(result, namespace).push(message);
}

/** Adds everything in `more` to `result`. */
export function mergeResults(result: Result, more: Readonly<StoredResult>): void {
  for (const message of more.velero ?? []) result.velero.push(message);
  for (const message of more.cluster ?? []) result.cluster.push(message);
  for (const [namespace, found] of Object.entries(more.namespaces ?? {})) {
    const known = namespaceMessages(result, namespace);
    for (const message of found) known.push(message);
  }
}

/** How many messages there are: what `status.warnings` and `status.errors` hold. */
export function countResult(result: Readonly<StoredResult>): number {
  let count = (result.velero?.length ?? 0) + (result.cluster?.length ?? 0);
  for (const found of Object.values(result.namespaces ?? {})) count += found.length;
  return count;
}

function namespaceMessages(result: Result, namespace: string): string[] {
  const known = Object.hasOwn(result.namespaces, namespace) ? result.namespaces[namespace] : undefined;
  if (known !== undefined) return known;
  const fresh: string[] = [];
  result.namespaces[namespace] = fresh;
  return fresh;
}
