/** Filters of resource types: by the old lists or by the lists per scope (pkg/util/collections/includes_excludes.go). */

import type { BackupSpec } from '../api/backup.ts';
import { type ApiResource, type Discovery, groupResource } from '../kube/contract.ts';
import type { Logger } from '../lib/log.ts';
import { IncludesExcludes } from './includes-excludes.ts';

type Names = readonly string[] | null | undefined;

/** Which resource types are in. Types are named `deployments.apps`, or `pods` for the core group. */
export interface ResourceFilter {
  /** The type is collected. */
  shouldInclude(typeName: string): boolean;
  /** The type is left out even where an action brings an item of it along. */
  shouldExclude(typeName: string): boolean;
}

/**
 * The full name of the resource that a person means by plural, singular, short name or kind. A name that the cluster
 * does not know is given back as it is, so that a list of unknown names does not become an empty one, which would mean
 * everything.
 */
export function resolveResourceName(discovery: Discovery, name: string): string {
  const resource = discovery.resolve(name);
  return resource === undefined ? name : groupResource(resource);
}

/** Lists of resources with their names resolved; `*` among the excludes is ignored. */
export function resourceIncludesExcludes(
  discovery: Discovery,
  includes: Names,
  excludes: Names,
): IncludesExcludes {
  const resolve = (name: string) => (name === '*' ? name : resolveResourceName(discovery, name));
  return new IncludesExcludes(
    (includes ?? []).map(resolve),
    (excludes ?? []).filter((name) => name !== '*').map(resolve),
  );
}

/** True where the old lists decide: any of them is set, or none of the lists at all. */
export function usesOldResourceFilters(spec: BackupSpec): boolean {
  return hasOldFilters(spec) || !hasScopedFilters(spec);
}

/** includedResources, excludedResources or includeClusterResources is set. */
export function hasOldFilters(spec: BackupSpec): boolean {
  return (
    filled(spec.includedResources) ||
    filled(spec.excludedResources) ||
    (spec.includeClusterResources !== undefined && spec.includeClusterResources !== null)
  );
}

/** Any of the four lists per scope is set. */
export function hasScopedFilters(spec: BackupSpec): boolean {
  return (
    filled(spec.includedClusterScopedResources) ||
    filled(spec.excludedClusterScopedResources) ||
    filled(spec.includedNamespaceScopedResources) ||
    filled(spec.excludedNamespaceScopedResources)
  );
}

function filled(names: Names): boolean {
  return names !== undefined && names !== null && names.length > 0;
}

/** The resource filter of a backup; logs what it includes and excludes. */
export function backupResourceFilter(
  spec: BackupSpec,
  namespaces: IncludesExcludes,
  discovery: Discovery,
  log: Logger,
): ResourceFilter {
  const filter = usesOldResourceFilters(spec)
    ? new OldResourceFilter(spec, namespaces, discovery, log)
    : new ScopedResourceFilter(spec, namespaces, discovery, log);
  return {
    shouldInclude: remember((typeName) => filter.shouldInclude(typeName)),
    shouldExclude: remember((typeName) => filter.shouldExclude(typeName)),
  };
}

/** Types are asked about for every item, so each is decided once. */
function remember(decide: (typeName: string) => boolean): (typeName: string) => boolean {
  const decided = new Map<string, boolean>();
  return (typeName) => {
    let answer = decided.get(typeName);
    if (answer === undefined) {
      answer = decide(typeName);
      decided.set(typeName, answer);
    }
    return answer;
  };
}

function find(discovery: Discovery, typeName: string, log: Logger): ApiResource | undefined {
  const dot = typeName.indexOf('.');
  const resource =
    dot < 0 ? discovery.find('', typeName) : discovery.find(typeName.slice(dot + 1), typeName.slice(0, dot));
  if (resource !== undefined) return resource;
  log.error(`fail to get resource ${typeName}. the cluster does not serve it`);
  return undefined;
}

class OldResourceFilter implements ResourceFilter {
  readonly #resources: IncludesExcludes;
  readonly #clusterResources: boolean | undefined;
  readonly #namespaces: IncludesExcludes;
  readonly #discovery: Discovery;
  readonly #log: Logger;

  constructor(spec: BackupSpec, namespaces: IncludesExcludes, discovery: Discovery, log: Logger) {
    this.#resources = resourceIncludesExcludes(discovery, spec.includedResources, spec.excludedResources);
    this.#clusterResources = spec.includeClusterResources ?? undefined;
    this.#namespaces = namespaces;
    this.#discovery = discovery;
    this.#log = log;
    log.info(`Including resources: ${this.#resources.includesText()}`);
    log.info(`Excluding resources: ${this.#resources.excludesText()}`);
  }

  shouldInclude(typeName: string): boolean {
    const resource = find(this.#discovery, typeName, this.#log);
    if (resource === undefined) return false;
    if (!resource.namespaced && this.#clusterResources === false) {
      this.#log.info(
        `Skipping resource ${typeName}, because it's cluster-scoped, and IncludeClusterResources is set to false.`,
      );
      return false;
    }
    // Unset means: only in a backup of the whole cluster. Of namespaces the item filter decides later.
    if (
      typeName !== 'namespaces' &&
      !resource.namespaced &&
      this.#clusterResources === undefined &&
      !this.#namespaces.includesEverything
    ) {
      this.#log.info(
        `Skipping resource ${typeName}, because it's cluster-scoped and only specific namespaces or namespace scope types are included in the backup.`,
      );
      return false;
    }
    return this.#resources.shouldInclude(typeName);
  }

  shouldExclude(typeName: string): boolean {
    if (this.#resources.excludeMatches(typeName)) return true;
    const resource = find(this.#discovery, typeName, this.#log);
    if (resource === undefined) return true;
    if (resource.namespaced) return false;
    if (this.#clusterResources === false) return true;
    return this.#clusterResources === undefined && !this.#resources.shouldInclude(typeName);
  }
}

class ScopedResourceFilter implements ResourceFilter {
  readonly #namespaced: IncludesExcludes;
  readonly #cluster: IncludesExcludes;
  readonly #namespaces: IncludesExcludes;
  readonly #discovery: Discovery;
  readonly #log: Logger;

  constructor(spec: BackupSpec, namespaces: IncludesExcludes, discovery: Discovery, log: Logger) {
    const scoped = (names: Names, namespaced: boolean) =>
      (names ?? []).flatMap((name) => {
        if (name === '*') return [name];
        const resource = discovery.resolve(name);
        if (resource === undefined) return [name];
        return resource.namespaced === namespaced ? [groupResource(resource)] : [];
      });
    this.#namespaced = new IncludesExcludes(
      scoped(spec.includedNamespaceScopedResources, true),
      scoped(spec.excludedNamespaceScopedResources, true),
    );
    this.#cluster = new IncludesExcludes(
      scoped(spec.includedClusterScopedResources, false),
      scoped(spec.excludedClusterScopedResources, false),
    );
    this.#namespaces = namespaces;
    this.#discovery = discovery;
    this.#log = log;
    log.info(`Including namespace-scoped resources: ${this.#namespaced.includesText()}`);
    log.info(`Excluding namespace-scoped resources: ${this.#namespaced.excludesText()}`);
    log.info(`Including cluster-scoped resources: [${this.#cluster.includes.join(' ')}]`);
    log.info(`Excluding cluster-scoped resources: ${this.#cluster.excludesText()}`);
  }

  shouldInclude(typeName: string): boolean {
    const resource = find(this.#discovery, typeName, this.#log);
    if (resource === undefined) return false;
    if (resource.namespaced) {
      return !this.#namespaced.excludesAll && this.#namespaced.shouldInclude(typeName);
    }
    if (this.#cluster.excludesAll || this.#cluster.excludeMatches(typeName)) return false;
    if (
      this.#cluster.includes.length === 0 &&
      this.#cluster.excludes.length === 0 &&
      this.#namespaces.includesEverything &&
      this.#namespaced.includesEverything
    ) {
      return true;
    }
    return this.#cluster.includeNames(typeName) || typeName === 'namespaces';
  }

  shouldExclude(typeName: string): boolean {
    const resource = find(this.#discovery, typeName, this.#log);
    if (resource === undefined) return true;
    return (resource.namespaced ? this.#namespaced : this.#cluster).excludeMatches(typeName);
  }
}
