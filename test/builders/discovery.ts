/** Discovery of an imaginary cluster, made from a short list; the index behind it is the real one. */

import type { ApiResource, Discovery } from '../../src/kube/contract.ts';
import { DiscoveryIndex, type Group } from '../../src/kube/discovery.ts';

const VERBS = ['list', 'create', 'get', 'delete', 'watch', 'update', 'patch'];

/** A resource type; `pods`, `deployments.apps`, with version v1 where none is given. */
export function aResource(name: string, kind: string, options: Partial<ApiResource> = {}): ApiResource {
  const dot = name.indexOf('.');
  return {
    group: dot < 0 ? '' : name.slice(dot + 1),
    version: 'v1',
    resource: dot < 0 ? name : name.slice(0, dot),
    kind,
    singular: kind.toLowerCase(),
    shortNames: [],
    namespaced: true,
    verbs: VERBS,
    preferred: true,
    ...options,
  };
}

/** Types that most tests need. */
export const someResources: readonly ApiResource[] = [
  aResource('configmaps', 'ConfigMap', { shortNames: ['cm'] }),
  aResource('events', 'Event'),
  aResource('namespaces', 'Namespace', { namespaced: false, shortNames: ['ns'] }),
  aResource('nodes', 'Node', { namespaced: false, shortNames: ['no'] }),
  aResource('persistentvolumeclaims', 'PersistentVolumeClaim', { shortNames: ['pvc'] }),
  aResource('persistentvolumes', 'PersistentVolume', { namespaced: false, shortNames: ['pv'] }),
  aResource('pods', 'Pod', { shortNames: ['po'] }),
  aResource('secrets', 'Secret'),
  aResource('deployments.apps', 'Deployment', { shortNames: ['deploy'] }),
  aResource('events.events.k8s.io', 'Event'),
  aResource('networkpolicies.networking.k8s.io', 'NetworkPolicy', { shortNames: ['netpol'] }),
  aResource('tokenreviews.authentication.k8s.io', 'TokenReview', { namespaced: false, verbs: ['create'] }),
  aResource('horizontalpodautoscalers.autoscaling', 'HorizontalPodAutoscaler', {
    version: 'v2',
    shortNames: ['hpa'],
  }),
  aResource('horizontalpodautoscalers.autoscaling', 'HorizontalPodAutoscaler', {
    version: 'v1',
    preferred: false,
    shortNames: ['hpa'],
  }),
  aResource('galaxies.example.com', 'Galaxy', { namespaced: false }),
];

/** What a client would say of a cluster with these types. */
export function discoveryOf(resources: readonly ApiResource[] = someResources): Discovery {
  const groups: Group[] = [];
  for (const resource of resources) {
    let group = groups.find(({ name }) => name === resource.group);
    if (group === undefined) {
      group = { name: resource.group, preferred: resource.version, versions: [] };
      groups.push(group);
    }
    if (resource.preferred) group.preferred = resource.version;
    const version = group.versions.find((known) => known.version === resource.version);
    if (version === undefined) group.versions.push({ version: resource.version, resources: [resource] });
    else version.resources?.push(resource);
  }
  const index = new DiscoveryIndex(groups, new Map());
  return {
    resources: (options) => (options?.allVersions === true ? index.all : index.preferred),
    resolve: (name) => index.resolve(name),
    forKind: (apiVersion, kind) => index.byKind.get(`${apiVersion}\n${kind}`),
    find: (group, resource, version) =>
      version === undefined
        ? index.preferredByResource.get(`${group}\n${resource}`)
        : index.byResource.get(`${group}\n${version}\n${resource}`),
    versions: (group) => index.versions.get(group) ?? [],
    failures: () => index.failures,
    refresh: () => Promise.resolve(),
    serverVersion: () => Promise.resolve({ gitVersion: 'v1.34.4', major: '1', minor: '34' }),
  };
}
