/** `orderedResources`: items that a user wants backed up first (sortResourcesByOrder of the original). */

import type { BackupSpec } from '../api/backup.ts';
import type { IncludesExcludes } from '../filter/includes-excludes.ts';
import { compileLabelSelector } from '../filter/selector.ts';
import type { KubeClient } from '../kube/contract.ts';
import { isNotFound } from '../kube/errors.ts';
import type { Logger } from '../lib/log.ts';
import { type Item, itemOf } from './item-head.ts';
import type { ItemType } from './item-type.ts';

/** The names given for a type, `namespace/name` or `name`, in order; the key is the plural without a group. */
export function orderOf(spec: BackupSpec, type: ItemType): string[] {
  const text = spec.orderedResources?.[type.resource.resource] ?? '';
  return text === '' ? [] : text.split(',');
}

/**
 * Reads the named items one by one, so that a list of any length need not be kept to find them in it. What the list
 * would not hold is not taken either: items outside the namespaces, or that no selector matches.
 */
export async function readOrdered(options: {
  spec: BackupSpec;
  type: ItemType;
  namespaces: IncludesExcludes;
  kube: KubeClient;
  log: Logger;
  signal: AbortSignal;
}): Promise<Item[]> {
  const { spec, type, namespaces, kube, log, signal } = options;
  const selectors = [
    ...(spec.labelSelector ? [spec.labelSelector] : []),
    ...(spec.orLabelSelectors ?? []),
  ].map(compileLabelSelector);
  const items: Item[] = [];
  const given = new Set<string>();
  for (const text of orderOf(spec, type)) {
    const item = given.has(text) ? undefined : await read(text);
    given.add(text);
    if (item === undefined) log.warn(`Cannot find resource '${text}'.`);
    else items.push(item);
  }
  return items;

  async function read(text: string): Promise<Item | undefined> {
    const slash = text.indexOf('/');
    const namespace = slash < 0 ? '' : text.slice(0, slash);
    const name = text.slice(slash + 1);
    if (name === '' || name.includes('/') || type.resource.namespaced !== namespace.length > 0) {
      return undefined;
    }
    if (namespace !== '' && !namespaces.shouldInclude(namespace)) return undefined;
    try {
      const item = itemOf(
        await kube.getRaw(type.resource, name, namespace === '' ? undefined : namespace, signal),
      );
      const { labels } = item;
      const selected = selectors.length === 0 || selectors.some((matches) => matches(labels));
      return selected ? item : undefined;
    } catch (error) {
      if (signal.aborted || !isNotFound(error)) throw error;
      return undefined;
    }
  }
}
