/** Lists by pages, as bytes: one page ahead of whoever reads, and over expired continue tokens. */

import type { ApiResource, ListOptions, ListPage, RawItem } from './contract.ts';
import { groupVersion } from './contract.ts';
import { isGone, KubeError } from './errors.ts';
import { type CutList, cutList, type LazyItem, ListSyntaxError } from './items.ts';
import { objectName, query, resourcePath, selectors } from './paths.ts';
import type { Transport } from './transport.ts';

export const DEFAULT_PAGE_SIZE = 1000;

const METADATA_LIST = 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json';

/** How often a list is begun again because its continue token expired, before it is given up as endless. */
const MAX_RESTARTS = 100;

/**
 * Page after page. While a page is being used the next one is on its way; at most two are in memory.
 * A token that expires (410) is exchanged for the one that the server offers to go on with, or the list is begun
 * again and what was given already is passed over.
 * @throws KubeError
 */
export async function* listPages(
  transport: Pick<Transport, 'request'>,
  resource: ApiResource,
  options: ListOptions = {},
): AsyncGenerator<ListPage> {
  const given = new GivenKeys();
  let restarts = 0;
  let skipping = false;
  let next: Promise<CutList> | undefined = fetchPage(transport, resource, options, undefined);
  while (next !== undefined) {
    let page: CutList;
    try {
      page = await next;
    } catch (error) {
      if (!isGone(error) || ++restarts > MAX_RESTARTS) throw error;
      // The server's own token goes on after the last key that it gave, only at a newer version.
      const token: string | undefined = error.continueToken;
      skipping = token === undefined || token === '';
      next = fetchPage(transport, resource, options, skipping ? undefined : token);
      continue;
    }
    next =
      page.continueToken === '' ? undefined : fetchPage(transport, resource, options, page.continueToken);
    // Whoever stops reading early leaves this promise behind: its failure then concerns nobody.
    next?.catch(() => undefined);
    let items: readonly LazyItem[] = page.items;
    if (skipping) items = items.filter((item) => !given.has(item));
    if (next !== undefined) given.note(page.items);
    const result: ListPage = { items, resourceVersion: page.resourceVersion };
    if (page.remaining !== undefined) result.remaining = page.remaining;
    yield result;
  }
}

async function fetchPage(
  transport: Pick<Transport, 'request'>,
  resource: ApiResource,
  options: ListOptions,
  token: string | undefined,
): Promise<CutList> {
  const pageSize = options.pageSize ?? DEFAULT_PAGE_SIZE;
  const path =
    resourcePath(resource, options.namespace) +
    query({ ...selectors(options), limit: pageSize > 0 ? pageSize : undefined, continue: token });
  const object = objectName(resource, options.namespace);
  const answer = await transport.request({
    method: 'GET',
    path,
    accept: options.metadataOnly === true ? METADATA_LIST : undefined,
    lane: 'read',
    repeatable: true,
    signal: options.signal,
    object,
  });
  try {
    return cutList(answer.body, { kind: resource.kind, apiVersion: groupVersion(resource) });
  } catch (error) {
    if (!(error instanceof ListSyntaxError) && !(error instanceof SyntaxError)) throw error;
    throw new KubeError({
      message: `the server's list of ${object} cannot be read: ${error.message}`,
      status: 0,
      reason: 'BadResponse',
      object,
      cause: error,
    });
  }
}

/**
 * Which items were given, for lists that must begin again. The API server lists in the order of its keys, so the last
 * key is enough; only where the first page shows another order is every key remembered.
 */
class GivenKeys {
  #last: string | undefined;
  #all: Set<string> | undefined;

  note(items: readonly RawItem[]): void {
    const first = items[0];
    const last = items.at(-1);
    if (first === undefined || last === undefined) return;
    if (this.#all === undefined) {
      const firstKey = orderKey(first);
      const lastKey = orderKey(last);
      if (firstKey <= lastKey && (this.#last === undefined || this.#last < firstKey)) {
        this.#last = lastKey;
        return;
      }
      this.#all = new Set();
    }
    for (const item of items) this.#all.add(orderKey(item));
  }

  has(item: RawItem): boolean {
    const key = orderKey(item);
    return (this.#last !== undefined && key <= this.#last) || this.#all?.has(key) === true;
  }
}

/** Sorts as etcd's keys do: names hold ASCII only, and the slash between namespace and name is part of the key. */
function orderKey(item: RawItem): string {
  const { namespace, name } = item.object.metadata;
  return namespace === undefined || namespace === '' ? (name ?? '') : `${namespace}/${name ?? ''}`;
}

/** One page of one of several lists. */
export interface ResourcePage {
  resource: ApiResource;
  page: ListPage;
}

/** The list of this resource could not be had, or not to its end; the others go on. */
export interface ResourceFailure {
  resource: ApiResource;
  error: unknown;
}

/**
 * Lists several resources with pages of `concurrency` of them in flight. Pages come as they arrive; those of one
 * resource come in order. A list that fails is reported and does not stop the others.
 */
export async function* listMany(
  pages: (resource: ApiResource) => AsyncIterable<ListPage>,
  resources: readonly ApiResource[],
  concurrency = 4,
): AsyncGenerator<ResourcePage | ResourceFailure> {
  type Step = { slot: number; resource: ApiResource; result: IteratorResult<ListPage> | { error: unknown } };
  const running = new Map<number, Promise<Step>>();
  const iterators = new Map<number, AsyncIterator<ListPage>>();
  let nextResource = 0;
  const step = (slot: number, resource: ApiResource, iterator: AsyncIterator<ListPage>): void => {
    running.set(
      slot,
      iterator.next().then(
        (result) => ({ slot, resource, result }),
        (error: unknown) => ({ slot, resource, result: { error } }),
      ),
    );
  };
  const start = (slot: number): void => {
    const resource = resources[nextResource++];
    if (resource === undefined) return;
    const iterator = pages(resource)[Symbol.asyncIterator]();
    iterators.set(slot, iterator);
    step(slot, resource, iterator);
  };
  try {
    for (let slot = 0; slot < Math.max(1, concurrency); slot++) start(slot);
    while (running.size > 0) {
      const { slot, resource, result } = await Promise.race(running.values());
      running.delete(slot);
      if ('error' in result) {
        start(slot);
        yield { resource, error: result.error };
      } else if (result.done === true) {
        start(slot);
      } else {
        step(slot, resource, iterators.get(slot) as AsyncIterator<ListPage>);
        yield { resource, page: result.value };
      }
    }
  } finally {
    for (const iterator of iterators.values()) iterator.return?.(undefined)?.catch(() => undefined);
  }
}
