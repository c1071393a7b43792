/** Which resource types a backup collects, and in which order (pkg/backup/item_collector.go, pkg/discovery/helper.go). */

import type { ResourceFilter } from '../filter/resources.ts';
import { type ApiResource, type Discovery, groupResource, groupVersion } from '../kube/contract.ts';
import type { Logger } from '../lib/log.ts';
import { type ItemType, itemType } from './item-type.ts';

const NEEDED_VERBS = ['list', 'create', 'get', 'delete'];

/** In the core group these come first, so that a pod's hooks run around the snapshots of its volumes. */
const CORE_FIRST = ['pods', 'persistentvolumeclaims', 'persistentvolumes'];

/** Types that two groups serve as the same objects; whichever is met first is collected. */
const COHABITING: Readonly<Record<string, readonly string[]>> = {
  deployments: ['extensions', 'apps'],
  daemonsets: ['extensions', 'apps'],
  replicasets: ['extensions', 'apps'],
  networkpolicies: ['extensions', 'networking.k8s.io'],
  events: ['', 'events.k8s.io'],
};

/**
 * The types to collect in order: group by group as the server lists them, `extensions` last.
 * @param allVersions every served version of a type, not only the preferred one
 */
export function planTypes(
  discovery: Discovery,
  filter: ResourceFilter,
  allVersions: boolean,
  log: Logger,
): ItemType[] {
  const met = new Set<string>();
  const plan: ItemType[] = [];
  let group: string | undefined;
  for (const resource of ordered(discovery.resources({ allVersions }))) {
    const version = groupVersion(resource);
    if (version !== group) {
      group = version;
      log.info('Getting items for group', { group });
    }
    const fields = { group, resource: resource.resource };
    log.info('Getting items for resource', fields);
    const type = groupResource(resource);
    if (!filter.shouldInclude(type)) {
      log.info("Skipping resource because it's excluded", fields);
      continue;
    }
    const groups = COHABITING[resource.resource];
    if (groups?.includes(resource.group)) {
      if (met.has(resource.resource)) {
        const [one, two] = groups.map((name) => groupResource({ group: name, resource: resource.resource }));
        log.info("Skipping resource because it cohabitates and we've already processed it", {
          ...fields,
          cohabitatingResource1: one,
          cohabitatingResource2: two,
        });
        continue;
      }
      met.add(resource.resource);
    }
    plan.push(itemType(resource, discovery.find(resource.group, resource.resource)?.version));
  }
  return plan;
}

/** Only types that can be backed up and restored, groups kept together in the server's order. */
function ordered(resources: readonly ApiResource[]): ApiResource[] {
  const usable = resources.filter((resource) => NEEDED_VERBS.every((verb) => resource.verbs.includes(verb)));
  const rank = (resource: ApiResource): number => {
    if (resource.group === 'extensions') return CORE_FIRST.length + 2;
    if (resource.group !== '') return CORE_FIRST.length + 1;
    const first = CORE_FIRST.indexOf(resource.resource);
    return first < 0 ? CORE_FIRST.length : first;
  };
  // The sort is stable; the core group comes first in every server's order.
  return usable.sort((left, right) => rank(left) - rank(right));
}
