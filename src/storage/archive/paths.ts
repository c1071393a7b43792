/** Where an item lies inside a backup archive (pkg/archive/filesystem.go and pkg/backup/item_backupper.go of the original). */

export const VERSION_PATH = 'metadata/version';
export const FORMAT_VERSION = '1.1.0';
export const RESOURCES_DIR = 'resources';
export const NAMESPACES_DIR = 'namespaces';
export const CLUSTER_DIR = 'cluster';
export const PREFERRED_SUFFIX = '-preferredversion';

/** One item as the archive names it. */
export interface ItemPlace {
  /** `pods`, `deployments.apps`. */
  groupResource: string;
  /** Empty for cluster scope. */
  namespace: string;
  name: string;
}

/**
 * Path of an item's file.
 * @param versionDir directory of the version, e.g. `v1-preferredversion`; empty for the one without
 */
export function itemPath(place: ItemPlace, versionDir = ''): string {
  const version = versionDir === '' ? '' : `/${versionDir}`;
  const scope = place.namespace === '' ? CLUSTER_DIR : `${NAMESPACES_DIR}/${place.namespace}`;
  return `${RESOURCES_DIR}/${place.groupResource}${version}/${scope}/${place.name}.json`;
}

/**
 * All paths under which a backup stores an item: two for one of the server's preferred version, else one.
 * @param version the version that the object had before any action ran
 */
export function itemPaths(place: ItemPlace, version: string, preferred: boolean): string[] {
  return preferred
    ? [itemPath(place), itemPath(place, version + PREFERRED_SUFFIX)]
    : [itemPath(place, version)];
}
