/** Backup item actions with their selectors resolved (pkg/plugin/framework/action_resolver.go of the original). */

import { IncludesExcludes } from '../filter/includes-excludes.ts';
import { resourceIncludesExcludes } from '../filter/resources.ts';
import { compileSelectorText } from '../filter/selector.ts';
import type { Discovery } from '../kube/contract.ts';
import type { BackupItemAction } from '../plugin/contract.ts';

export interface ResolvedAction {
  readonly action: BackupItemAction;
  /** Some item of this type may be meant. */
  appliesToType(groupResource: string): boolean;
  /** Namespace is empty for cluster-scoped items. */
  appliesTo(groupResource: string, namespace: string, labels: Readonly<Record<string, string>>): boolean;
}

/**
 * Asks each action once what it applies to.
 * @throws what an action throws, or Failure where its label selector is malformed
 */
export async function resolveActions(
  actions: readonly BackupItemAction[],
  discovery: Discovery,
): Promise<ResolvedAction[]> {
  return Promise.all(actions.map((action) => resolveAction(action, discovery)));
}

async function resolveAction(action: BackupItemAction, discovery: Discovery): Promise<ResolvedAction> {
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
