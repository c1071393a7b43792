/** Definitions of custom resources that follow what was stored of them (backupCRD in pkg/backup/backup.go). */

import type { KubeClient } from '../kube/contract.ts';
import { isNotFound } from '../kube/errors.ts';
import type { Logger } from '../lib/log.ts';
import { type Item, itemOf } from './item-head.ts';
import { type ItemType, itemType } from './item-type.ts';

export const DEFINITIONS = 'customresourcedefinitions.apiextensions.k8s.io';

/**
 * The definitions of these types, as far as they are custom ones. One that cannot be read is logged as an error.
 * @param types `widgets.example.com`; a definition has the name of its type
 */
export async function* readDefinitions(
  kube: KubeClient,
  types: readonly string[],
  log: Logger,
  signal: AbortSignal,
): AsyncGenerator<{ item: Item; type: ItemType }> {
  const resource = kube.discovery.find('apiextensions.k8s.io', 'customresourcedefinitions');
  if (resource === undefined) return;
  const type = itemType(resource, resource.version);
  // The core group has no definitions; of other types only asking tells.
  for (const name of types.filter((known) => known.includes('.')).sort()) {
    signal.throwIfAborted();
    let item: Item;
    try {
      item = itemOf(await kube.getRaw(resource, name, undefined, signal));
    } catch (error) {
      signal.throwIfAborted();
      if (!isNotFound(error)) {
        log.error(`Error getting CRD ${name}`, { error, resource: DEFINITIONS, namespace: '', name });
      }
      continue;
    }
    log.info(`Found associated CRD ${name} to add to backup`);
    yield { item, type };
  }
}
