/** Which restore actions concern which items (pkg/plugin/framework/action_resolver.go of the original). */

import type { KubeObject } from '../api/object.ts';
import { IncludesExcludes } from '../filter/includes-excludes.ts';
import { resourceIncludesExcludes } from '../filter/resources.ts';
import { compileSelectorText, type LabelMatcher } from '../filter/selector.ts';
import type { Discovery } from '../kube/contract.ts';
import type { ResourceSelector, RestoreItemAction } from '../plugin/contract.ts';

/** Part of the names of all CSI actions, ours and the original's plugin's. */
const CSI_ACTION = 'velero.io/csi-';

interface ResolvedAction<A> {
  action: A;
  selector: ResourceSelector;
  resources: IncludesExcludes;
  namespaces: IncludesExcludes;
  matches: LabelMatcher | undefined;
}

/** An action with the test on an item's labels that remains to be made, if any. */
export interface ApplicableAction<A> {
  action: A;
  matches: LabelMatcher | undefined;
}

interface Action {
  readonly name: string;
  appliesTo(): Promise<ResourceSelector>;
}

/** Actions with their selectors resolved; what applies to a resource in a namespace is worked out once. */
export class ResolvedActions<A extends Action = RestoreItemAction> {
  readonly #actions: readonly ResolvedAction<A>[];
  readonly #discovery: Discovery;
  readonly #applicable = new Map<string, readonly ApplicableAction<A>[]>();

  private constructor(actions: readonly ResolvedAction<A>[], discovery: Discovery) {
    this.#actions = actions;
    this.#discovery = discovery;
  }

  /**
   * Asks every action what it applies to.
   * @throws what an action throws, or Failure where its label selector is malformed
   */
  static async resolve<A extends Action>(
    actions: readonly A[],
    discovery: Discovery,
  ): Promise<ResolvedActions<A>> {
    const resolved = await Promise.all(
      actions.map(async (action): Promise<ResolvedAction<A>> => {
        const selector = await action.appliesTo();
        const text = selector.labelSelector ?? '';
        return {
          action,
          selector,
          resources: resolveResources(selector, discovery),
          namespaces: new IncludesExcludes(selector.includedNamespaces, selector.excludedNamespaces),
          matches: text === '' ? undefined : compileSelectorText(text),
        };
      }),
    );
    return new ResolvedActions(resolved, discovery);
  }

  /** Resolves resource names anew, after custom resource definitions have changed what the cluster serves. */
  refresh(): void {
    for (const action of this.#actions) action.resources = resolveResources(action.selector, this.#discovery);
    this.#applicable.clear();
  }

  /** @param namespace the item's namespace in the cluster, empty for cluster scope */
  for(groupResource: string, namespace: string): readonly ApplicableAction<A>[] {
    const key = `${groupResource}\n${namespace}`;
    const known = this.#applicable.get(key);
    if (known) return known;
    const applicable = this.#actions
      .filter(({ resources, namespaces }) => {
        if (!resources.shouldInclude(groupResource)) return false;
        return namespace === '' ? namespaces.includesEverything : namespaces.shouldInclude(namespace);
      })
      .map(({ action, matches }) => ({ action, matches }));
    this.#applicable.set(key, applicable);
    return applicable;
  }
}

/** Whether an action is to be left out because CSI support is off. */
export function isCsiActionWithoutFeature(name: string, features: ReadonlySet<string>): boolean {
  return name.includes(CSI_ACTION) && !features.has('EnableCSI');
}

/** Whether the item's labels let the action see it. */
export function actionMatches<A>(applicable: ApplicableAction<A>, item: KubeObject): boolean {
  return applicable.matches === undefined || applicable.matches(item.metadata.labels ?? {});
}

function resolveResources(selector: ResourceSelector, discovery: Discovery): IncludesExcludes {
  return resourceIncludesExcludes(discovery, selector.includedResources, selector.excludedResources);
}
