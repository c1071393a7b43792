/** One item's place in a backup. */
export interface ItemRef {
  /** `pods`, `deployments.apps`. */
  resource: string;
  /** Empty for cluster-scoped items. */
  namespace: string;
  name: string;
  /** Directory of the API version, e.g. `v1-preferredversion`; absent for the unversioned copy. */
  version?: string;
}

/** What a restore reads from a backup archive; bodies are fetched one by one and not kept. */
export interface BackupContents {
  /** `resources` of the archive: resource → namespace ('' for cluster) → sorted item names; undefined where the archive holds none. */
  readonly resources: ReadonlyMap<string, ReadonlyMap<string, readonly string[]>> | undefined;
  /** Version directories of a resource, e.g. `v1-preferredversion`, `v2beta1`. */
  versions(resource: string): readonly string[];
  has(item: ItemRef): boolean;
  /** The item's JSON bytes. @throws Failure where the archive does not hold it */
  read(item: ItemRef): Promise<Uint8Array>;
}
