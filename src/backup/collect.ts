/** Lists of the planned types, page by page, as jobs that can be run side by side (pkg/backup/item_collector.go). */

import type { BackupSpec } from '../api/backup.ts';
import type { IncludesExcludes } from '../filter/includes-excludes.ts';
import { labelSelectorText } from '../filter/selector.ts';
import type { KubeClient } from '../kube/contract.ts';
import type { Logger } from '../lib/log.ts';
import { type Item, itemOf } from './item-head.ts';
import type { ItemType } from './item-type.ts';

export interface CollectorOptions {
  spec: BackupSpec;
  kube: KubeClient;
  namespaces: IncludesExcludes;
  /** One namespace a list, or undefined for lists over all. */
  listNamespaces: readonly string[] | undefined;
  /** Drops items of lists over all namespaces that are in none of these; set where many namespaces are included. */
  keepNamespaces?: ReadonlySet<string> | undefined;
  pageSize: number | undefined;
  log: Logger;
  signal: AbortSignal;
}

/** One page of items of one type. */
export interface ItemPage {
  type: ItemType;
  items: readonly Item[];
}

/**
 * Lists types. A list that fails is logged as an error and the others go on: what was given of it until then stays
 * in the backup.
 */
export class Collector {
  readonly #options: CollectorOptions;
  /** Selectors in their text form; one list each. */
  readonly #selectors: readonly (string | undefined)[];
  /** Namespaces in which some item was found. */
  readonly foundNamespaces = new Set<string>();
  /** Items found so far. */
  found = 0;
  /** What the server says it still holds back, by list. */
  readonly #heldBack = new Map<object, number>();

  constructor(options: CollectorOptions) {
    this.#options = options;
    const { labelSelector, orLabelSelectors } = options.spec;
    const texts =
      orLabelSelectors !== undefined && orLabelSelectors !== null && orLabelSelectors.length > 0
        ? orLabelSelectors.map(labelSelectorText)
        : [labelSelector ? labelSelectorText(labelSelector) : ''];
    // An empty selector means everything; there is no text for it in a request.
    this.#selectors = [...new Set(texts)].map((text) => (text === '' ? undefined : text));
  }

  /** Items that are known to come but have not been given yet. */
  get outstanding(): number {
    let sum = 0;
    for (const count of this.#heldBack.values()) sum += count;
    return sum;
  }

  /** The pages of a type: namespace after namespace, selector after selector. */
  async *pages(type: ItemType): AsyncGenerator<ItemPage> {
    const { listNamespaces } = this.#options;
    const namespaces = type.resource.namespaced ? (listNamespaces ?? [undefined]) : [undefined];
    for (const namespace of namespaces) yield* this.#list(type, namespace);
  }

  /** The lists of a type as single jobs, for running them side by side where their order does not matter. */
  jobs(type: ItemType): (() => AsyncGenerator<ItemPage>)[] {
    const { listNamespaces } = this.#options;
    const namespaces = type.resource.namespaced ? (listNamespaces ?? [undefined]) : [undefined];
    return namespaces.map((namespace) => () => this.#list(type, namespace));
  }

  async *#list(type: ItemType, namespace: string | undefined): AsyncGenerator<ItemPage> {
    const { kube, pageSize, signal } = this.#options;
    const { group, version, resource } = type.resource;
    const log = this.#options.log.with({
      group: group === '' ? version : `${group}/${version}`,
      resource,
      namespace: namespace ?? '',
    });
    log.info('Listing items');
    const job = {};
    let retrieved = 0;
    try {
      for (const labelSelector of this.#selectors) {
        for await (const page of kube.pages(type.resource, {
          namespace,
          labelSelector,
          pageSize,
          signal,
        })) {
          this.#heldBack.set(job, page.remaining ?? 0);
          const items = this.#note(type, namespace, page.items.map(itemOf));
          retrieved += items.length;
          if (items.length > 0) yield { type, items };
        }
      }
      log.info(`Retrieved ${retrieved} items`);
    } catch (error) {
      if (signal.aborted) throw error;
      log.error('Error listing items', { error });
    } finally {
      this.#heldBack.delete(job);
    }
  }

  #note(type: ItemType, namespace: string | undefined, items: readonly Item[]): readonly Item[] {
    let kept = items;
    if (type.resource.namespaced && namespace === undefined) {
      const { keepNamespaces } = this.#options;
      if (keepNamespaces !== undefined) {
        kept = items.filter((item) => keepNamespaces.has(item.namespace));
      }
      for (const item of kept) this.foundNamespaces.add(item.namespace);
    } else if (namespace !== undefined && items.length > 0) {
      this.foundNamespaces.add(namespace);
    }
    this.found += kept.length;
    return kept;
  }
}

/**
 * Goes through several page streams in order, with the first pages of the next few already on their way.
 * @param count streams begun ahead of the one being read
 */
export async function* inOrder(
  streams: readonly (() => AsyncGenerator<ItemPage>)[],
  count: number,
): AsyncGenerator<ItemPage> {
  const begun: { stream: AsyncGenerator<ItemPage>; first: Promise<IteratorResult<ItemPage>> }[] = [];
  let next = 0;
  const begin = (): void => {
    const open = streams[next++];
    if (open === undefined) return;
    const stream = open();
    const first = stream.next();
    // Its failure is met when its turn comes.
    first.catch(() => undefined);
    begun.push({ stream, first });
  };
  try {
    for (let i = 0; i <= count; i++) begin();
    for (let current = begun[0]; current !== undefined; current = begun[0]) {
      for (let step = await current.first; step.done !== true; step = await current.stream.next()) {
        yield step.value;
      }
      begun.shift();
      begin();
    }
  } finally {
    for (const { stream } of begun) stream.return(undefined).catch(() => undefined);
  }
}
