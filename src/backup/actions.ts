/** Item actions of backups, and of their deletion, with their selectors resolved (pkg/plugin/framework/action_resolver.go of the original). */

import { IncludesExcludes } from '../filter/includes-excludes.ts';
import { resourceIncludesExcludes } from '../filter/resources.ts';
import { compileSelectorText } from '../filter/selector.ts';
import type { Discovery } from '../kube/contract.ts';
import type { BackupItemAction, ResourceSelector } from '../plugin/contract.ts';

interface Selective {
  appliesTo(): Promise<ResourceSelector>;
}

export interface ResolvedAction<Action extends Selective = BackupItemAction> {
  readonly action: Action;
  /** Some item of this type may be meant. */
  readonly appliesToType: (groupResource: string) => boolean;
  /** Namespace is empty for cluster-scoped items. */
  readonly appliesTo: (
    groupResource: string,
    namespace: string,
    labels: Readonly<Record<string, string>>,
  ) => boolean;
}

/**
 * Asks each action once what it applies to.
 * @throws what an action throws, or Failure where its label selector is malformed
 */
export async function resolveActions<Action extends Selective>(
  actions: readonly Action[],
  discovery: Discovery,
): Promise<ResolvedAction<Action>[]> {
  return Promise.all(actions.map((action) => resolveAction(action, discovery)));
}

async function resolveAction<Action extends Selective>(
  action: Action,
  discovery: Discovery,
): Promise<ResolvedAction<Action>> {
  const selector = await action.appliesTo();
  const resources = resourceIncludesExcludes(
    discovery,
    selector.includedResources,
    selector.excludedResources,
  );
  const namespaces = new IncludesExcludes(selector.includedNamespaces, selector.excludedNamespaces);
  const labels =
    selector.labelSelector === undefined || selector.labelSelector === ''
      ? undefined
      : compileSelectorText(selector.labelSelector);
  const types = new Map<string, boolean>();
  const appliesToType = (groupResource: string): boolean => {
    let applies = types.get(groupResource);
    if (applies === undefined) {
      applies = resources.shouldInclude(groupResource);
      types.set(groupResource, applies);
    }
    return applies;
  };
  return {
    action,
    appliesToType,
    appliesTo: (groupResource, namespace, itemLabels) =>
      appliesToType(groupResource) &&
      // A restriction to namespaces leaves out whatever has none.
      (namespace === '' ? namespaces.includesEverything : namespaces.shouldInclude(namespace)) &&
      (labels === undefined || labels(itemLabels)),
  };
}
