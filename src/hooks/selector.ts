/** Which items a hook of a spec is for (ResourceHookSelector in internal/hook/item_hook_handler.go). */

import { IncludesExcludes } from '../filter/includes-excludes.ts';
import { resourceIncludesExcludes } from '../filter/resources.ts';
import { compileLabelSelector, type LabelMatcher } from '../filter/selector.ts';
import type { Discovery } from '../kube/contract.ts';
import type { LabelSelector } from '../api/core/references.ts';

export interface HookSelector {
  appliesTo(groupResource: string, namespace: string, labels: Readonly<Record<string, string>>): boolean;
}

interface SelectorSpec {
  includedNamespaces?: readonly string[] | null;
  excludedNamespaces?: readonly string[] | null;
  includedResources?: readonly string[] | null;
  excludedResources?: readonly string[] | null;
  labelSelector?: LabelSelector | null;
}

/**
 * Resolves a hook's selector once, so that asking it costs little.
 * @throws Failure where the label selector is malformed
 */
export function hookSelector(spec: SelectorSpec, discovery: Discovery): HookSelector {
  const namespaces = new IncludesExcludes(spec.includedNamespaces, spec.excludedNamespaces);
  const resources = resourceIncludesExcludes(discovery, spec.includedResources, spec.excludedResources);
  const labels: LabelMatcher | undefined =
    spec.labelSelector === undefined || spec.labelSelector === null
      ? undefined
      : compileLabelSelector(spec.labelSelector);
  return {
    appliesTo: (groupResource, namespace, itemLabels) =>
      namespaces.shouldInclude(namespace) &&
      resources.shouldInclude(groupResource) &&
      (labels === undefined || labels(itemLabels)),
  };
}
