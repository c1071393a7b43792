/** Which items lie in the backup. The one thing that grows with the number of objects, so it holds names only. */

import type { ResourceList } from '../api/documents/resource-list.ts';
import { resourceListEntry, sortResourceList } from '../api/documents/resource-list.ts';

export class SeenItems {
  readonly #kinds = new Map<string, Set<string>>();
  #count = 0;

  /** How many items there are. */
  get count(): number {
    return this.#count;
  }

  /** @param kind `v1/Pod`, `apps/v1/Deployment` */
  has(kind: string, namespace: string, name: string): boolean {
    return this.#kinds.get(kind)?.has(resourceListEntry(namespace, name)) ?? false;
  }

  /** False where the item was there already. */
  add(kind: string, namespace: string, name: string): boolean {
    let names = this.#kinds.get(kind);
    if (names === undefined) {
      names = new Set();
      this.#kinds.set(kind, names);
    }
    const before = names.size;
    names.add(resourceListEntry(namespace, name));
    if (names.size === before) return false;
    this.#count++;
    return true;
  }

  /** The resource list as it is uploaded. */
  resourceList(): ResourceList {
    const lists: Record<string, string[]> = {};
    for (const [kind, names] of this.#kinds) lists[kind] = [...names];
    return sortResourceList(lists);
  }
}
