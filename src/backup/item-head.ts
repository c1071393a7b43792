/** What the engine must know of every item, read from the bytes without parsing the whole. */

import type { RawItem } from '../kube/contract.ts';

export interface ItemHead {
  /** Empty for cluster-scoped items. */
  namespace: string;
  name: string;
  labels: Readonly<Record<string, string>>;
  /** A deletion timestamp is set. */
  deleting: boolean;
}

/** The head of an item. */
export function itemHead(item: RawItem): ItemHead {
  const { metadata } = item.object;
  return {
    namespace: metadata.namespace ?? '',
    name: metadata.name ?? '',
    labels: metadata.labels ?? {},
    deleting: metadata.deletionTimestamp !== undefined,
  };
}
