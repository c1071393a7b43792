/** Names of all items of a backup or restore by kind: `<name>-resource-list.json.gz`. */

/** By `<group>/<version>/<Kind>` (`v1/Pod` for the core group), sorted entries `namespace/name` or `name`. */
export type ResourceList = Record<string, string[]>;

/** What a restore did with an item; in its list the word follows the name in brackets (pkg/restore/request.go). */
export const restoredItemResults = ['created', 'updated', 'failed', 'skipped'] as const;
export type RestoredItemResult = (typeof restoredItemResults)[number];

/** Key of a kind in a list. */
export function resourceListKey(apiVersion: string, kind: string): string {
  return `${apiVersion}/${kind}`;
}

/** Entry of an item: of a backup without, of a restore with its result. */
export function resourceListEntry(namespace: string, name: string, result?: RestoredItemResult): string {
  const item = namespace === '' ? name : `${namespace}/${name}`;
  return result === undefined ? item : `${item}(${result})`;
}

/** The list with kinds and entries in the order in which the original writes them. */
export function sortResourceList(resources: Readonly<Record<string, readonly string[]>>): ResourceList {
  const order = (left: string, right: string): number => (left < right ? -1 : left > right ? 1 : 0);
  return Object.fromEntries(
    Object.keys(resources)
      .sort(order)
      .map((kind) => [kind, [...(resources[kind] ?? [])].sort(order)]),
  );
}
