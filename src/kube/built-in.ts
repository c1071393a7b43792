/** Resource types that our own code speaks of, as every cluster serves them; no discovery is needed for them. */

import type { ApiResource } from './contract.ts';

function core(resource: string, kind: string, namespaced: boolean): ApiResource {
  return builtIn('', 'v1', resource, kind, namespaced);
}

function builtIn(
  group: string,
  version: string,
  resource: string,
  kind: string,
  namespaced: boolean,
): ApiResource {
  return {
    group,
    version,
    resource,
    kind,
    singular: kind.toLowerCase(),
    shortNames: [],
    namespaced,
    verbs: [],
    preferred: true,
  };
}

export const NODES = core('nodes', 'Node', false);
export const NAMESPACES = core('namespaces', 'Namespace', false);
export const PODS = core('pods', 'Pod', true);
export const SERVICE_ACCOUNTS = core('serviceaccounts', 'ServiceAccount', true);
export const CONFIG_MAPS = core('configmaps', 'ConfigMap', true);
export const PERSISTENT_VOLUMES = core('persistentvolumes', 'PersistentVolume', false);
export const PERSISTENT_VOLUME_CLAIMS = core('persistentvolumeclaims', 'PersistentVolumeClaim', true);
export const STORAGE_CLASSES = builtIn('storage.k8s.io', 'v1', 'storageclasses', 'StorageClass', false);
export const VOLUME_SNAPSHOTS = builtIn(
  'snapshot.storage.k8s.io',
  'v1',
  'volumesnapshots',
  'VolumeSnapshot',
  true,
);
