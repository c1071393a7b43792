/** Under which resource an item is created (getResourceClient and its surroundings in pkg/restore/restore.go of the original). */

import type { KubeObject } from '../api/object.ts';
import { type ApiResource, groupVersion } from '../kube/contract.ts';
import { goQuote } from '../lib/go-text.ts';
import type { RestoreContext } from './context.ts';
import { splitApiVersion, splitGroupResource } from './transform.ts';

/** The resource, or why there is none; what is not grave is a warning. */
type TargetResource = { resource: ApiResource } | { problem: string; grave: boolean };

/**
 * Finds the resource under which the object is created. An action may have changed its API version or even its kind.
 * @param formerKind the object's kind in the backup
 * @param place how the item is named, the resource that it was backed up as, and its target namespace
 */
export async function targetResource(
  context: RestoreContext,
  object: KubeObject,
  formerKind: string,
  place: { id: string; groupResource: string; namespace: string },
): Promise<TargetResource> {
  const { discovery } = context.request.kube;
  const { id, groupResource, namespace } = place;
  const parts = splitApiVersion(object.apiVersion);
  if (!parts) {
    const what = `namespace ${goQuote(namespace)}, resource ${goQuote(groupResource)}`;
    return {
      problem: `error getting updated resource client for ${what}: unexpected GroupVersion string: ${object.apiVersion}`,
      grave: false,
    };
  }
  const [group, version] = parts;
  const [formerResource] = splitGroupResource(groupResource);
  const find = () =>
    object.kind === formerKind
      ? discovery.find(group, formerResource, version)
      : discovery.forKind(object.apiVersion, object.kind);
  const found = find();
  if (found) return { resource: withScope(found, namespace) };
  // Something else may have brought the kind into the cluster meanwhile: ask once more, for each kind once.
  const key = `${object.apiVersion}/${object.kind}`;
  let asked = context.missingKinds.get(key);
  if (!asked) {
    asked = discovery.refresh(context.request.signal).then(find, find);
    context.missingKinds.set(key, asked);
  }
  const late = await asked;
  if (late) return { resource: withScope(late, namespace) };
  const gvk = `${object.apiVersion}, Kind=${object.kind}`;
  if (object.kind !== formerKind) {
    return { problem: `error getting GVR for ${gvk}: no matches for ${gvk}`, grave: true };
  }
  const served = discovery.versions(group).map((other) => groupVersion({ group, version: other }));
  const hint =
    served.length === 0
      ? 'restore its custom resource definition or install what serves it'
      : `the cluster serves ${served.join(', ')}`;
  return {
    problem: `error restoring ${id}: the server could not find the requested resource (${gvk} is not served by this cluster: ${hint})`,
    grave: true,
  };
}

/** The path of a request follows the namespace that the item had, as the original's client does. */
function withScope(resource: ApiResource, namespace: string): ApiResource {
  const namespaced = namespace !== '';
  return resource.namespaced === namespaced ? resource : { ...resource, namespaced };
}
