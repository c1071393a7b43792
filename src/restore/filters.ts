/** What a restore's spec lets through (RestoreWithResolvers and getOrderedResourceCollection in pkg/restore/restore.go). */

import type { RestoreSpec } from '../api/restore.ts';
import { IncludesExcludes } from '../filter/includes-excludes.ts';
import { resourceIncludesExcludes } from '../filter/resources.ts';
import { compileLabelSelector, type LabelMatcher } from '../filter/selector.ts';
import type { Discovery } from '../kube/contract.ts';

/** These are restored whatever the filters say: claims whose data was moved need them. */
const MUST_HAVE: ReadonlySet<string> = new Set(['datauploads.velero.io']);

export class RestoreFilters {
  readonly #spec: RestoreSpec;
  readonly #discovery: Discovery;
  readonly #namespaces: IncludesExcludes;
  readonly #matches: LabelMatcher | undefined;
  readonly #orMatches: readonly LabelMatcher[];
  #resources: IncludesExcludes;
  #status: IncludesExcludes | undefined;

  /** @throws Failure where a label selector is malformed */
  constructor(spec: RestoreSpec, discovery: Discovery) {
    this.#spec = spec;
    this.#discovery = discovery;
    this.#namespaces = new IncludesExcludes(spec.includedNamespaces, spec.excludedNamespaces);
    this.#matches = spec.labelSelector ? compileLabelSelector(spec.labelSelector) : undefined;
    this.#orMatches = (spec.orLabelSelectors ?? []).map((selector) => compileLabelSelector(selector));
    this.#resources = this.#resolveResources();
    this.#status = this.#resolveStatus();
  }

  /**
   * Resolves resource names anew. The original resolves them once, before custom resource definitions are restored, and
   * so does not find a custom resource by its short name or without its group in an empty cluster.
   */
  resolve(): void {
    this.#resources = this.#resolveResources();
    this.#status = this.#resolveStatus();
  }

  includesResource(groupResource: string): boolean {
    return MUST_HAVE.has(groupResource) || this.#resources.shouldInclude(groupResource);
  }

  /** Volume data comes back only where neither claims nor volumes are left out. */
  get includesVolumes(): boolean {
    return (
      this.#resources.shouldInclude('persistentvolumeclaims') &&
      this.#resources.shouldInclude('persistentvolumes')
    );
  }

  /** @param namespace as it is in the backup */
  includesNamespace(groupResource: string, namespace: string): boolean {
    return MUST_HAVE.has(groupResource) || this.#namespaces.shouldInclude(namespace);
  }

  /** Whether cluster-scoped items are taken from the backup as such, not only as what another item needs. */
  get collectsClusterScope(): boolean {
    const wanted = this.#spec.includeClusterResources;
    if (wanted === false) return false;
    return wanted === true || this.#namespaces.includesEverything;
  }

  /** Whether a cluster-scoped item that another item needs may be restored. */
  get allowsClusterScope(): boolean {
    return this.#spec.includeClusterResources !== false;
  }

  /** True where no label selector can leave an item out. */
  get takesAllLabels(): boolean {
    return this.#matches === undefined && this.#orMatches.length === 0;
  }

  matchesLabels(groupResource: string, labels: Readonly<Record<string, string>> | undefined): boolean {
    if (this.takesAllLabels || MUST_HAVE.has(groupResource)) return true;
    const present = labels ?? {};
    if (this.#matches && !this.#matches(present)) return false;
    return this.#orMatches.length === 0 || this.#orMatches.some((matches) => matches(present));
  }

  /** Whether the saved status of this resource is put back. */
  restoresStatus(groupResource: string): boolean {
    return this.#status?.shouldInclude(groupResource) ?? false;
  }

  #resolveResources(): IncludesExcludes {
    const { includedResources, excludedResources } = this.#spec;
    return resourceIncludesExcludes(this.#discovery, includedResources, excludedResources);
  }

  #resolveStatus(): IncludesExcludes | undefined {
    const status = this.#spec.restoreStatus;
    if (!status) return undefined;
    return resourceIncludesExcludes(this.#discovery, status.includedResources, status.excludedResources);
  }
}
