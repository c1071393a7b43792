/** The namespaces of a backup: which exist, which are listed, which Namespace objects are kept (nsTracker of the original). */

import type { BackupSpec } from '../api/backup.ts';
import type { IncludesExcludes } from '../filter/includes-excludes.ts';
import { namespacesToList } from '../filter/namespaces.ts';
import { compileLabelSelector, type LabelMatcher } from '../filter/selector.ts';
import type { ApiResource, KubeClient } from '../kube/contract.ts';
import { isNotFound } from '../kube/errors.ts';
import { hasGlob } from '../lib/glob.ts';
import type { Logger } from '../lib/log.ts';
import { type Item, itemOf } from './item-head.ts';

/** From so many included namespaces on, one list over all is cheaper than one list each. */
const MANY_NAMESPACES = 32;

export interface LiveNamespaces {
  /** By name; empty where they could not be read. */
  items: ReadonlyMap<string, Item>;
  /** False where they were not read, or could not be. */
  known: boolean;
}

/** Reads all namespaces. A failure is logged as an error, and the backup goes on without their objects. */
export async function readNamespaces(
  kube: KubeClient,
  resource: ApiResource,
  log: Logger,
  signal: AbortSignal,
): Promise<LiveNamespaces> {
  const items = new Map<string, Item>();
  try {
    for await (const page of kube.pages(resource, { signal })) {
      for (const raw of page.items) {
        const item = itemOf(raw);
        items.set(item.name, item);
      }
    }
    return { items, known: true };
  } catch (error) {
    if (signal.aborted) throw error;
    log.error('error list namespaces', { error, group: 'v1', resource: 'namespaces' });
    return { items: new Map(), known: false };
  }
}

/** Logs an error for each included namespace that does not exist; `*` and patterns are no names. */
export function checkIncludedNamespaces(spec: BackupSpec, live: LiveNamespaces, log: Logger): void {
  if (!live.known) return;
  for (const name of spec.includedNamespaces ?? []) {
    if (name === '' || hasGlob(name) || live.items.has(name)) continue;
    log.error(`fail to get the namespace ${name} specified in backup.Spec.IncludedNamespaces`, {
      group: 'v1',
      resource: 'namespaces',
    });
  }
}

export interface ListScope {
  /** One list each; undefined for lists over all namespaces. */
  listNamespaces: readonly string[] | undefined;
  /** Set where lists over all namespaces stand in for many single ones. */
  keepNamespaces?: ReadonlySet<string>;
}

/** Decides how namespaced types are listed. */
export function listScope(filter: IncludesExcludes, live: LiveNamespaces, log: Logger): ListScope {
  const wanted = namespacesToList(filter, live.items.keys());
  for (const pattern of wanted.unmatched) {
    log.warn(`no namespace matches the pattern ${pattern} in backup.Spec.IncludedNamespaces`);
  }
  if (wanted.all) return { listNamespaces: undefined };
  const names = live.known ? wanted.names.filter((name) => live.items.has(name)) : wanted.names;
  if (live.known && names.length >= MANY_NAMESPACES && names.length * 4 >= live.items.size) {
    return { listNamespaces: undefined, keepNamespaces: new Set(names) };
  }
  return { listNamespaces: names };
}

/**
 * The Namespace objects to keep: those that match a selector, those that the namespace filter names, and those in which
 * something was found. A namespace that came into being after the list was read is read now.
 * @throws where the signal is aborted
 */
export async function keptNamespaces(options: {
  spec: BackupSpec;
  filter: IncludesExcludes;
  live: LiveNamespaces;
  found: ReadonlySet<string>;
  kube: KubeClient;
  resource: ApiResource;
  log: Logger;
  signal: AbortSignal;
}): Promise<Item[]> {
  const { spec, filter, live, found, kube, resource, log, signal } = options;
  const selectors = selectorsOf(spec);
  const kept: Item[] = [];
  for (const [name, item] of live.items) {
    const { labels } = item;
    const keep =
      found.has(name) ||
      selectors.some((matches) => matches(labels)) ||
      // With a selector, "everything" does not name any namespace.
      (!(filter.includesEverything && selectors.length > 0) && filter.shouldInclude(name));
    if (keep) kept.push(item);
  }
  if (!live.known) return kept;
  for (const name of found) {
    if (live.items.has(name)) continue;
    try {
      kept.push(itemOf(await kube.getRaw(resource, name, undefined, signal)));
    } catch (error) {
      if (signal.aborted) throw error;
      // Gone again: there is nothing left to keep of it.
      if (!isNotFound(error))
        log.error('Error getting item', { error, resource: 'namespaces', namespace: '', name });
    }
  }
  return kept;
}

function selectorsOf(spec: BackupSpec): LabelMatcher[] {
  const selectors = spec.labelSelector ? [spec.labelSelector] : [];
  return [...selectors, ...(spec.orLabelSelectors ?? [])].map(compileLabelSelector);
}
