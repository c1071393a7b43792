/**
 * What the API server serves: aggregated discovery, one request for all groups, or the old way, one request a group
 * version, where the server knows no better. A group that cannot be read is reported and does not stop the others
 * (pkg/discovery of the original, client-go discovery and restmapper).
 */

import { messageOf } from '../lib/errors.ts';
import { type ApiResource, type Discovery, groupVersion, type ServerVersion } from './contract.ts';
import { isNotFound, KubeError } from './errors.ts';
import type { Transport } from './transport.ts';

export interface GroupVersion {
  version: string;
  /** Undefined where it could not be read. */
  resources: ApiResource[] | undefined;
}

export interface Group {
  name: string;
  preferred: string;
  versions: GroupVersion[];
}

const AGGREGATED = [
  'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList',
  'application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList',
  'application/json',
].join(',');

/** Old-style requests at once. */
const CONCURRENCY = 8;

export class DiscoveryCache implements Discovery {
  readonly #transport: Transport;
  #index: DiscoveryIndex | undefined;
  #refreshing: Promise<void> | undefined;

  readonly #accept: string | undefined;

  /** @param options `aggregated: false` asks the old way only */
  constructor(transport: Transport, options: { aggregated?: boolean } = {}) {
    this.#transport = transport;
    this.#accept = options.aggregated === false ? undefined : AGGREGATED;
  }

  resources(options: { allVersions?: boolean } = {}): readonly ApiResource[] {
    const index = this.#loaded();
    return options.allVersions === true ? index.all : index.preferred;
  }

  resolve(name: string): ApiResource | undefined {
    return this.#loaded().resolve(name);
  }

  forKind(apiVersion: string, kind: string): ApiResource | undefined {
    return this.#loaded().byKind.get(`${apiVersion}\n${kind}`);
  }

  find(group: string, resource: string, version?: string): ApiResource | undefined {
    const index = this.#loaded();
    if (version !== undefined && version !== '')
      return index.byResource.get(`${group}\n${version}\n${resource}`);
    return index.preferredByResource.get(`${group}\n${resource}`);
  }

  versions(group: string): readonly string[] {
    return this.#loaded().versions.get(group) ?? [];
  }

  failures(): ReadonlyMap<string, string> {
    return this.#loaded().failures;
  }

  refresh(signal?: AbortSignal): Promise<void> {
    this.#refreshing ??= this.#load(signal).finally(() => {
      this.#refreshing = undefined;
    });
    return this.#refreshing;
  }

  async serverVersion(): Promise<ServerVersion> {
    const answer = await this.#transport.request({
      method: 'GET',
      path: '/version',
      lane: 'read',
      repeatable: true,
    });
    const info = JSON.parse(answer.body.toString('utf8')) as Partial<ServerVersion>;
    return { gitVersion: info.gitVersion ?? '', major: info.major ?? '', minor: info.minor ?? '' };
  }

  #loaded(): DiscoveryIndex {
    if (this.#index === undefined) {
      throw new Error('discovery was asked before it was read: await discovery.refresh() first');
    }
    return this.#index;
  }

  async #load(signal: AbortSignal | undefined): Promise<void> {
    const failures = new Map<string, string>();
    const [core, named] = await Promise.all([this.#core(failures, signal), this.#named(failures, signal)]);
    this.#index = new DiscoveryIndex([...core, ...named], failures);
  }

  async #get(path: string, accept: string | undefined, signal: AbortSignal | undefined) {
    const answer = await this.#transport.request({
      method: 'GET',
      path,
      accept,
      lane: 'read',
      repeatable: true,
      signal,
    });
    const type = answer.headers['content-type'];
    return {
      aggregated: typeof type === 'string' && type.includes('as=APIGroupDiscoveryList'),
      body: JSON.parse(answer.body.toString('utf8')) as unknown,
    };
  }

  async #core(failures: Map<string, string>, signal: AbortSignal | undefined): Promise<Group[]> {
    let answer: { aggregated: boolean; body: unknown };
    try {
      answer = await this.#get('/api', this.#accept, signal);
    } catch (error) {
      if (isNotFound(error)) return [];
      throw error;
    }
    if (answer.aggregated) return fromAggregated(answer.body as AggregatedList, failures);
    const versions = (answer.body as { versions?: string[] }).versions ?? [];
    const group: Group = {
      name: '',
      preferred: versions[0] ?? '',
      versions: versions.map((version) => ({ version, resources: undefined })),
    };
    await this.#readVersions([group], failures, signal);
    return [group];
  }

  async #named(failures: Map<string, string>, signal: AbortSignal | undefined): Promise<Group[]> {
    let answer: { aggregated: boolean; body: unknown };
    try {
      answer = await this.#get('/apis', this.#accept, signal);
    } catch (error) {
      if (isNotFound(error)) return [];
      throw error;
    }
    if (answer.aggregated) return fromAggregated(answer.body as AggregatedList, failures);
    const groups = ((answer.body as OldGroupList).groups ?? []).map((group) => ({
      name: group.name,
      preferred: group.preferredVersion?.version ?? group.versions[0]?.version ?? '',
      versions: group.versions.map(({ version }): GroupVersion => ({ version, resources: undefined })),
    }));
    await this.#readVersions(groups, failures, signal);
    return groups;
  }

  async #readVersions(
    groups: readonly Group[],
    failures: Map<string, string>,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const work = groups.flatMap((group) => group.versions.map((version) => ({ group, version })));
    const worker = async (): Promise<void> => {
      for (let job = work.shift(); job !== undefined; job = work.shift()) {
        const { group, version } = job;
        const gv = groupVersion({ group: group.name, version: version.version });
        try {
          const { body } = await this.#get(
            group.name === '' ? `/api/${gv}` : `/apis/${gv}`,
            undefined,
            signal,
          );
          version.resources = fromOldList(group, version.version, body as OldResourceList);
        } catch (error) {
          signal?.throwIfAborted();
          if (error instanceof KubeError && error.status === 0) throw error;
          failures.set(gv, messageOf(error));
        }
      }
    };
    await Promise.all(Array.from({ length: CONCURRENCY }, worker));
  }
}

interface AggregatedList {
  items?: readonly {
    metadata?: { name?: string };
    versions?: readonly {
      version: string;
      freshness?: string;
      resources?: readonly {
        resource: string;
        responseKind?: { group?: string; version?: string; kind?: string } | null;
        scope?: string;
        singularResource?: string;
        verbs?: readonly string[];
        shortNames?: readonly string[];
      }[];
    }[];
  }[];
}

interface OldGroupList {
  groups?: readonly {
    name: string;
    versions: readonly { version: string }[];
    preferredVersion?: { version: string };
  }[];
}

interface OldResourceList {
  resources?: readonly {
    name: string;
    singularName?: string;
    namespaced?: boolean;
    kind: string;
    verbs?: readonly string[];
    shortNames?: readonly string[];
  }[];
}

function fromAggregated(list: AggregatedList, failures: Map<string, string>): Group[] {
  return (list.items ?? []).map((item) => {
    const name = item.metadata?.name ?? '';
    const fresh = (item.versions ?? []).filter(({ version, freshness }) => {
      if (freshness !== 'Stale') return true;
      failures.set(
        groupVersion({ group: name, version }),
        `stale GroupVersion discovery: ${groupVersion({ group: name, version })}`,
      );
      return false;
    });
    const preferred = fresh[0]?.version ?? '';
    const versions = fresh.map(({ version, resources }) => ({
      version,
      resources: (resources ?? []).flatMap((entry): ApiResource[] => {
        // Without a kind it is only the parent of subresources.
        const kind = entry.responseKind?.kind ?? '';
        if (kind === '' || entry.resource.includes('/')) return [];
        return [
          {
            group: name,
            version,
            resource: entry.resource,
            kind,
            singular: singularOf(entry.singularResource, kind),
            shortNames: entry.shortNames ?? [],
            namespaced: entry.scope === 'Namespaced',
            verbs: entry.verbs ?? [],
            preferred: version === preferred,
          },
        ];
      }),
    }));
    return { name, preferred, versions };
  });
}

function fromOldList(group: Group, version: string, list: OldResourceList): ApiResource[] {
  return (list.resources ?? []).flatMap((entry): ApiResource[] =>
    entry.name.includes('/')
      ? []
      : [
          {
            group: group.name,
            version,
            resource: entry.name,
            kind: entry.kind,
            singular: singularOf(entry.singularName, entry.kind),
            shortNames: entry.shortNames ?? [],
            namespaced: entry.namespaced === true,
            verbs: entry.verbs ?? [],
            preferred: version === group.preferred,
          },
        ],
  );
}

function singularOf(given: string | undefined, kind: string): string {
  return given === undefined || given === '' ? kind.toLowerCase() : given;
}

/** Verbs without which a type cannot be backed up: short names of types that lack one do not hide others. */
const ESSENTIAL = ['list', 'create', 'get', 'delete'];

/** One reading of discovery, ordered: core first, then as the server lists, `extensions` last. */
export class DiscoveryIndex {
  readonly all: readonly ApiResource[];
  readonly preferred: readonly ApiResource[];
  readonly failures: ReadonlyMap<string, string>;
  readonly versions = new Map<string, string[]>();
  readonly byKind = new Map<string, ApiResource>();
  readonly byResource = new Map<string, ApiResource>();
  readonly preferredByResource = new Map<string, ApiResource>();
  /** Preferred version first within a group: the order in which names are looked up. */
  readonly #byPriority: readonly ApiResource[];

  constructor(groups: readonly Group[], failures: ReadonlyMap<string, string>) {
    this.failures = failures;
    const ordered = [
      ...groups.filter(({ name }) => name !== 'extensions'),
      ...groups.filter(({ name }) => name === 'extensions'),
    ];
    const all: ApiResource[] = [];
    const byPriority: ApiResource[] = [];
    for (const group of ordered) {
      const readable = group.versions.filter(({ resources }) => resources !== undefined);
      const first = readable.filter(({ version }) => version === group.preferred);
      const rest = readable.filter(({ version }) => version !== group.preferred);
      this.versions.set(
        group.name,
        [...first, ...rest].map(({ version }) => version),
      );
      for (const { resources = [] } of readable) all.push(...resources);
      for (const { resources = [] } of [...first, ...rest]) byPriority.push(...resources);
    }
    for (const resource of byPriority) {
      const gv = groupVersion(resource);
      setOnce(this.byKind, `${gv}\n${resource.kind}`, resource);
      setOnce(this.byResource, `${resource.group}\n${resource.version}\n${resource.resource}`, resource);
      setOnce(this.preferredByResource, `${resource.group}\n${resource.resource}`, resource);
    }
    this.all = all;
    // A resource that only an unpreferred version serves is listed in that version (ServerPreferredResources).
    this.preferred = all.filter(
      (resource) => this.preferredByResource.get(`${resource.group}\n${resource.resource}`) === resource,
    );
    this.#byPriority = byPriority;
  }

  /** As `kubectl get NAME` finds it: case does not count, the group may be shortened from its end. */
  resolve(typed: string): ApiResource | undefined {
    const name = typed.trim().toLowerCase();
    if (name === '') return undefined;
    const parts = name.split('.');
    const [resource = ''] = parts;
    if (parts.length >= 3) {
      // name.version.group comes before name.group, as `certificates.cert-manager.io` is the rarer reading.
      const version = parts[1] as string;
      const group = parts.slice(2).join('.');
      const exact = this.#match(resource, (entry) => entry.group === group && entry.version === version);
      if (exact !== undefined) return exact;
    }
    if (parts.length === 1) return this.#match(resource, () => true);
    const group = parts.slice(1).join('.');
    return (
      this.#match(resource, (entry) => entry.group === group) ??
      this.#match(resource, (entry) => entry.group.startsWith(group)) ??
      (parts.length === 2
        ? this.#match(resource, (entry) => entry.group === '' && entry.version === group)
        : undefined)
    );
  }

  #match(name: string, among: (entry: ApiResource) => boolean): ApiResource | undefined {
    const candidates = this.#byPriority.filter(among);
    const short = candidates.find(
      (entry) => entry.shortNames.includes(name) && ESSENTIAL.every((verb) => entry.verbs.includes(verb)),
    );
    const wanted = short === undefined ? name : short.resource;
    return (
      candidates.find(
        (entry) =>
          (entry.resource === wanted || entry.singular === wanted) &&
          (short === undefined || entry.group === short.group),
      ) ??
      candidates.find((entry) => entry.kind.toLowerCase() === name) ??
      candidates.find((entry) => entry.shortNames.includes(name))
    );
  }
}

function setOnce(map: Map<string, ApiResource>, key: string, resource: ApiResource): void {
  if (!map.has(key)) map.set(key, resource);
}
