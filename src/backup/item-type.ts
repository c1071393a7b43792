import { type ApiResource, groupResource, groupVersion } from '../kube/contract.ts';

/** A resource type of a backup with the names under which it goes. */
export interface ItemType {
  readonly resource: ApiResource;
  /** `deployments.apps` */
  readonly groupResource: string;
  /** `apps/v1/Deployment`, the key of the resource list. */
  readonly kind: string;
  /** Its version is the one that the server prefers: items are then stored under two paths. */
  readonly preferred: boolean;
}

/** @param preferredVersion what the server prefers of this type; its own version where that is not known */
export function itemType(resource: ApiResource, preferredVersion: string | undefined): ItemType {
  return {
    resource,
    groupResource: groupResource(resource),
    kind: `${groupVersion(resource)}/${resource.kind}`,
    preferred: preferredVersion === undefined || preferredVersion === resource.version,
  };
}
