/** What has become of each item of a restore, and who waits for whom (pkg/restore/request.go of the original). */

import type { ResourceList, RestoredItemResult } from '../api/documents/resource-list.ts';
import { resourceListEntry, resourceListKey, sortResourceList } from '../api/documents/resource-list.ts';

const RESULTS: readonly RestoredItemResult[] = ['created', 'updated', 'failed', 'skipped'];
/** Added to a result's number where the item is known to be in the cluster. */
const EXISTS = 4;

/** One item under way. Others that need it wait for `done`. */
export class ItemVisit {
  readonly key: string;
  readonly done: Promise<void>;
  result: RestoredItemResult | undefined;
  exists = false;
  /** The item whose end this one waits for: a child that it is restoring, or one that is under way elsewhere. */
  waitsFor: ItemVisit | undefined;
  #settle!: () => void;

  constructor(key: string) {
    this.key = key;
    this.done = new Promise((resolve) => {
      this.#settle = resolve;
    });
  }

  settle(): void {
    this.#settle();
  }

  /** Whether waiting for `other` would never end, because it waits, itself or through others, for this one. */
  wouldDeadlock(other: ItemVisit): boolean {
    for (let at: ItemVisit | undefined = other; at; at = at.waitsFor) if (at === this) return true;
    return false;
  }
}

/** Finished items are kept as a number each: 300,000 of them must not cost an object each. */
export class RestoredItems {
  readonly #byKind = new Map<string, Map<string, ItemVisit | number>>();
  #size = 0;

  /** Items begun or finished. */
  get size(): number {
    return this.#size;
  }

  /**
   * Takes an item to work on.
   * @returns the visit to be ended with `finish`; where the item was taken before, that visit, or whether it exists
   */
  begin(
    apiVersion: string,
    kind: string,
    namespace: string,
    name: string,
  ): { fresh: ItemVisit } | { underWay: ItemVisit } | { exists: boolean } {
    const items = this.#itemsOf(resourceListKey(apiVersion, kind));
    const key = resourceListEntry(namespace, name);
    const before = items.get(key);
    if (before === undefined) {
      const visit = new ItemVisit(key);
      items.set(key, visit);
      this.#size++;
      return { fresh: visit };
    }
    return before instanceof ItemVisit ? { underWay: before } : { exists: before >= EXISTS };
  }

  finish(apiVersion: string, kind: string, visit: ItemVisit, result: RestoredItemResult): void {
    this.#itemsOf(resourceListKey(apiVersion, kind)).set(visit.key, code(result, visit.exists));
    visit.settle();
  }

  /** Notes an item that was not worked on as such: a namespace made for its items, or one that could not be begun. */
  note(apiVersion: string, kind: string, namespace: string, name: string, result: RestoredItemResult): void {
    const items = this.#itemsOf(resourceListKey(apiVersion, kind));
    const key = resourceListEntry(namespace, name);
    if (items.has(key)) return;
    items.set(key, code(result, result === 'created'));
    this.#size++;
  }

  /** Whether any item of this kind was created or updated. */
  hasChanged(apiVersion: string, kind: string): boolean {
    for (const value of this.#byKind.get(resourceListKey(apiVersion, kind))?.values() ?? []) {
      if (typeof value === 'number' && value % EXISTS <= 1) return true;
    }
    return false;
  }

  /** The restored resource list as it is uploaded. */
  resourceList(): ResourceList {
    const list: Record<string, string[]> = {};
    for (const [kind, items] of this.#byKind) {
      const entries: string[] = [];
      for (const [key, value] of items) {
        const number = typeof value === 'number' ? value : code('failed', false);
        entries.push(`${key}(${RESULTS[number % EXISTS]})`);
      }
      list[kind] = entries;
    }
    return sortResourceList(list);
  }

  #itemsOf(kind: string): Map<string, ItemVisit | number> {
    let items = this.#byKind.get(kind);
    if (!items) {
      items = new Map();
      this.#byKind.set(kind, items);
    }
    return items;
  }
}

function code(result: RestoredItemResult, exists: boolean): number {
  return RESULTS.indexOf(result) + (exists ? EXISTS : 0);
}
