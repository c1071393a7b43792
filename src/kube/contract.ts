/**
 * What the rest of the project knows of a cluster. Any resource, built in or custom, is spoken of by its
 * {@link ApiResource}; objects keep every field and every digit that the server sent.
 */

import type { Readable } from 'node:stream';
import type { KubeObject } from '../api/object.ts';

/** One resource type as discovery describes it. */
export interface ApiResource {
  /** Empty for the core group. */
  group: string;
  version: string;
  /** Lower-case plural, e.g. `deployments`. */
  resource: string;
  kind: string;
  singular: string;
  shortNames: readonly string[];
  namespaced: boolean;
  verbs: readonly string[];
  /** True where `version` is the group's preferred version. */
  preferred: boolean;
}

/** `deployments.apps`, or `pods` for the core group. */
export function groupResource(resource: Pick<ApiResource, 'group' | 'resource'>): string {
  return resource.group === '' ? resource.resource : `${resource.resource}.${resource.group}`;
}

/** `apps/v1`, or `v1` for the core group. */
export function groupVersion(resource: Pick<ApiResource, 'group' | 'version'>): string {
  return resource.group === '' ? resource.version : `${resource.group}/${resource.version}`;
}

/** An object as the server sent it: its bytes are kept, and parsed only when somebody looks. */
export interface RawItem {
  /** JSON text with `apiVersion` and `kind` present. */
  readonly bytes: Uint8Array;
  /** Parsed once and shared: treat it as read-only. Integers beyond 2^53 survive in `bytes`; see {@link KubeClient}. */
  readonly object: KubeObject;
}

/** What a create gave back; parsed only when somebody looks. */
export interface CreatedItem extends RawItem {
  readonly uid: string | undefined;
  readonly resourceVersion: string | undefined;
}

export interface ListPage {
  items: readonly RawItem[];
  resourceVersion: string;
  /** Items that the server still holds back, where it says so. */
  remaining?: number;
}

export interface ListOptions {
  namespace?: string | undefined;
  labelSelector?: string | undefined;
  fieldSelector?: string | undefined;
  /** Items a page; 0 asks for everything at once. Default 1000. */
  pageSize?: number | undefined;
  /** Asks for `metadata` alone (PartialObjectMetadata), which is smaller; kind and apiVersion are then the server's. */
  metadataOnly?: boolean | undefined;
  signal?: AbortSignal | undefined;
}

export interface WriteOptions {
  dryRun?: boolean;
  fieldManager?: string;
  signal?: AbortSignal | undefined;
  /** `status` or another subresource. */
  subresource?: string;
  /** The object's name where a create concerns a subresource of it (`token`, `eviction`, `binding`). */
  name?: string;
  /** Goes past the limiter and does not wait for a server that is away: for leases. */
  urgent?: boolean;
  /** What the server does about unknown and duplicate fields. Default `Ignore`: they are dropped without a word. */
  fieldValidation?: 'Ignore' | 'Warn' | 'Strict';
}

export interface DeleteOptions {
  propagationPolicy?: 'Foreground' | 'Background' | 'Orphan';
  gracePeriodSeconds?: number;
  /** Refuse unless the object still has this UID. */
  uid?: string;
  signal?: AbortSignal | undefined;
}

export type PatchKind = 'json' | 'merge' | 'strategic' | 'apply';

export interface WatchEvent {
  /** `SYNC` once: everything that existed at the start has been delivered as ADDED. `RELIST` before a new full set. */
  type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'SYNC' | 'RELIST';
  object?: KubeObject;
}

export interface WatchOptions {
  namespace?: string | undefined;
  labelSelector?: string | undefined;
  fieldSelector?: string | undefined;
  /** As of lists. */
  metadataOnly?: boolean | undefined;
  /** Told why the list or the watch failed and will be tried again; an expired version is no failure. */
  onError?: ((error: unknown) => void) | undefined;
  signal: AbortSignal;
}

export interface ExecOptions {
  namespace: string;
  pod: string;
  container?: string;
  command: readonly string[];
  /** Milliseconds; the remote process is left running where it passes. */
  timeoutMs?: number;
  signal?: AbortSignal | undefined;
  stdin?: Readable;
}

export interface ExecResult {
  stdout: string;
  stderr: string;
  exitCode: number;
}

/** The API server's version as `/version` gives it. */
export interface ServerVersion {
  gitVersion: string;
  major: string;
  minor: string;
}

export interface Discovery {
  /** All served resources without subresources: preferred versions only unless `allVersions`. In the server's order. */
  resources(options?: { allVersions?: boolean }): readonly ApiResource[];
  /**
   * Resolves what a person types (plural, singular, short name, kind; `name.group`; `name.version.group`), the
   * preferred version first. Undefined where the cluster serves nothing of that name.
   */
  resolve(name: string): ApiResource | undefined;
  /** The resource that serves this apiVersion and kind. */
  forKind(apiVersion: string, kind: string): ApiResource | undefined;
  /** One group's resource in one version, or its preferred version where none is given. */
  find(group: string, resource: string, version?: string): ApiResource | undefined;
  /** Versions served of a group, the preferred one first. */
  versions(group: string): readonly string[];
  /** Groups that could not be read, with the reason; their resources are missing above. */
  failures(): ReadonlyMap<string, string>;
  /** @throws KubeError where the server does not answer at all */
  refresh(signal?: AbortSignal): Promise<void>;
  serverVersion(): Promise<ServerVersion>;
}

/**
 * Every call throws {@link KubeError} (kube/errors.ts) where the server refuses. Reads are tried again on a broken
 * connection, 429 and 5xx; a write where it certainly was not carried out, or where doing it twice is the same as once.
 * The repeat of a create whose answer was lost finds its own object and gives that; where it cannot be sure, and
 * wherever else a write may have been carried out, the error says `maybeApplied`. Objects given to `create` and
 * `update` may be parsed objects or JSON bytes, which are sent as they are.
 */
export interface KubeClient {
  readonly server: string;
  readonly discovery: Discovery;
  get<T extends KubeObject = KubeObject>(
    resource: ApiResource,
    name: string,
    namespace?: string,
    signal?: AbortSignal,
  ): Promise<T>;
  /** As get, with the bytes. */
  getRaw(resource: ApiResource, name: string, namespace?: string, signal?: AbortSignal): Promise<RawItem>;
  /** The whole list, parsed. For a list of unknown length use `pages`. */
  list<T extends KubeObject = KubeObject>(resource: ApiResource, options?: ListOptions): Promise<T[]>;
  /** Page after page; an expired continue token (410) starts that list again and yields only what was not yet given. */
  pages(resource: ApiResource, options?: ListOptions): AsyncIterable<ListPage>;
  create<T extends KubeObject = KubeObject>(
    resource: ApiResource,
    object: KubeObject | Uint8Array,
    namespace?: string,
    options?: WriteOptions,
  ): Promise<T>;
  /** As create, the answer unparsed: the way for many objects. */
  createRaw(
    resource: ApiResource,
    object: KubeObject | Uint8Array,
    namespace?: string,
    options?: WriteOptions,
  ): Promise<CreatedItem>;
  update<T extends KubeObject = KubeObject>(
    resource: ApiResource,
    object: KubeObject | Uint8Array,
    options?: WriteOptions,
  ): Promise<T>;
  patch<T extends KubeObject = KubeObject>(
    resource: ApiResource,
    name: string,
    namespace: string | undefined,
    kind: PatchKind,
    patch: unknown,
    options?: WriteOptions & { force?: boolean },
  ): Promise<T>;
  delete(resource: ApiResource, name: string, namespace?: string, options?: DeleteOptions): Promise<void>;
  deleteCollection(resource: ApiResource, options: ListOptions & DeleteOptions): Promise<void>;
  /**
   * An endless stream in order: a full set, SYNC, then changes. Ends only when the signal is aborted; broken
   * connections and expired versions are mended inside.
   */
  watch(resource: ApiResource, options: WatchOptions): AsyncIterable<WatchEvent>;
  exec(options: ExecOptions): Promise<ExecResult>;
  /** Any path, e.g. `/readyz`; the body as text. */
  raw(
    method: string,
    path: string,
    body?: string | Uint8Array,
    contentType?: string,
    signal?: AbortSignal,
  ): Promise<string>;
  /** Counts since the start: what the benchmark and the metrics read. */
  readonly stats: { requests: number; throttledMs: number; retries: number };
  close(): Promise<void>;
}
