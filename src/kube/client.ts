/** The client that the rest of the project is given: any resource, by its {@link ApiResource}. */

import { isDeepStrictEqual } from 'node:util';
import type { KubeObject } from '../api/object.ts';
import type { Answer } from './collector.ts';
import type { ClusterConfig } from './config.ts';
import type {
  ApiResource,
  CreatedItem,
  DeleteOptions,
  ExecOptions,
  ExecResult,
  KubeClient,
  ListOptions,
  ListPage,
  PatchKind,
  RawItem,
  WatchEvent,
  WatchOptions,
  WriteOptions,
} from './contract.ts';
import { DiscoveryCache } from './discovery.ts';
import { isAlreadyExists, isNotFound } from './errors.ts';
import { execInPod } from './exec.ts';
import { LazyItem } from './items.ts';
import { listPages } from './list.ts';
import { objectName, query, resourcePath, selectors } from './paths.ts';
import { Transport, type TransportOptions } from './transport.ts';
import { watchResource } from './watch.ts';
import { goJson } from '../lib/go-json.ts';

export type ClientOptions = TransportOptions;

/**
 * Makes a client; nothing is asked of the server yet. Await `discovery.refresh()` before names are resolved.
 * @throws TypeError where `config.server` is no URL
 */
export function createKubeClient(config: ClusterConfig, options: ClientOptions = {}): Client {
  return new Client(config, options);
}

/**
 * Makes a client and reads discovery.
 * @throws KubeError where the server does not answer or refuses us
 */
export async function connectKube(config: ClusterConfig, options: ClientOptions = {}): Promise<Client> {
  const client = new Client(config, options);
  try {
    await client.discovery.refresh();
  } catch (error) {
    await client.close();
    throw error;
  }
  return client;
}

const PATCH_TYPES: Readonly<Record<PatchKind, string>> = {
  json: 'application/json-patch+json',
  merge: 'application/merge-patch+json',
  strategic: 'application/strategic-merge-patch+json',
  // The server reads it as YAML, of which JSON is a part.
  apply: 'application/apply-patch+yaml',
};

class Client implements KubeClient {
  readonly server: string;
  readonly discovery: DiscoveryCache;
  readonly transport: Transport;
  readonly #manager: string;

  constructor(config: ClusterConfig, options: ClientOptions) {
    this.transport = new Transport(config, options);
    this.server = config.server;
    this.discovery = new DiscoveryCache(this.transport);
    this.#manager = (options.userAgent ?? 'oadp').split('/')[0] as string;
  }

  get stats(): Transport['stats'] {
    return this.transport.stats;
  }

  async get<T extends KubeObject = KubeObject>(
    resource: ApiResource,
    name: string,
    namespace?: string,
    signal?: AbortSignal,
  ): Promise<T> {
    const item = await this.getRaw(resource, name, namespace, signal);
    return item.object as T;
  }

  async getRaw(
    resource: ApiResource,
    name: string,
    namespace?: string,
    signal?: AbortSignal,
  ): Promise<RawItem> {
    const answer = await this.transport.request({
      method: 'GET',
      path: resourcePath(resource, namespace, name),
      lane: 'read',
      repeatable: true,
      signal,
      object: objectName(resource, namespace, name),
    });
    return new LazyItem(answer.body);
  }

  async list<T extends KubeObject = KubeObject>(resource: ApiResource, options?: ListOptions): Promise<T[]> {
    const all: T[] = [];
    for await (const page of this.pages(resource, options)) {
      for (const item of page.items) all.push(item.object as T);
    }
    return all;
  }

  pages(resource: ApiResource, options?: ListOptions): AsyncIterable<ListPage> {
    return listPages(this.transport, resource, options);
  }

  async create<T extends KubeObject = KubeObject>(
    resource: ApiResource,
    object: KubeObject | Uint8Array,
    namespace?: string,
    options: WriteOptions = {},
  ): Promise<T> {
    const item = await this.createRaw(resource, object, namespace, options);
    return item.object as T;
  }

  async createRaw(
    resource: ApiResource,
    object: KubeObject | Uint8Array,
    namespace?: string,
    options: WriteOptions = {},
  ): Promise<CreatedItem> {
    const parsed = object instanceof Uint8Array ? undefined : object;
    const place = resource.namespaced ? (namespace ?? parsed?.metadata.namespace) : undefined;
    // Escaped as Go does: the server keeps the bytes of a raw field (the data of a ControllerRevision) and later compares
    // them with what Go writes; without that a StatefulSet could not adopt its restored revision.
    const body = parsed === undefined ? (object as Uint8Array) : goJson(parsed);
    const started = Date.now();
    const request = {
      method: 'POST',
      path: resourcePath(resource, place, options.name, options.subresource) + writeQuery(options),
      body,
      ...urgency(options),
      // A lost answer is reason to ask again only where the second try would meet the first one's object.
      repeatable: options.subresource === undefined && namedOnce(object),
      signal: options.signal,
      object: objectName(resource, place, parsed?.metadata.name),
    } as const;
    try {
      const answer = await this.transport.request(request);
      return new LazyItem(answer.body);
    } catch (error) {
      if (isAlreadyExists(error) && error.maybeApplied && options.dryRun !== true) {
        const live = await this.#ownCreation(resource, object, place, started, options.signal);
        if (live !== undefined) return live;
      }
      throw error;
    }
  }

  /**
   * The answer to a create was lost and its repeat met an object of that name: ours, if it holds all that we sent and
   * is no older than our first try.
   */
  async #ownCreation(
    resource: ApiResource,
    object: KubeObject | Uint8Array,
    namespace: string | undefined,
    started: number,
    signal: AbortSignal | undefined,
  ): Promise<CreatedItem | undefined> {
    const sent =
      object instanceof Uint8Array
        ? (JSON.parse(Buffer.from(object).toString('utf8')) as KubeObject)
        : object;
    let answer: Answer;
    try {
      answer = await this.transport.request({
        method: 'GET',
        path: resourcePath(resource, namespace, sent.metadata.name),
        lane: 'read',
        repeatable: true,
        signal,
      });
    } catch {
      // Whatever it was, the caller is better served by the refusal that says `maybeApplied`.
      signal?.throwIfAborted();
      return undefined;
    }
    const live = new LazyItem(answer.body);
    const date = answer.headers['date'];
    const skew = typeof date === 'string' ? Date.parse(date) - Date.now() : 0;
    const created = Date.parse(live.object.metadata.creationTimestamp ?? '');
    // Times have whole seconds, the Date header as well as creationTimestamp.
    const young = created >= started + (Number.isNaN(skew) ? 0 : skew) - 2000;
    return young && carries(live.object, sent) ? live : undefined;
  }

  async update<T extends KubeObject = KubeObject>(
    resource: ApiResource,
    object: KubeObject | Uint8Array,
    options: WriteOptions = {},
  ): Promise<T> {
    const parsed =
      object instanceof Uint8Array
        ? (JSON.parse(Buffer.from(object).toString('utf8')) as KubeObject)
        : object;
    const { name, namespace, resourceVersion } = parsed.metadata;
    const answer = await this.transport.request({
      method: 'PUT',
      path: resourcePath(resource, namespace, name, options.subresource) + writeQuery(options),
      body: object instanceof Uint8Array ? object : goJson(object),
      ...urgency(options),
      // With a resource version the second try of a lost update meets a conflict, which says `maybeApplied`.
      repeatable: resourceVersion === undefined || resourceVersion === '',
      signal: options.signal,
      object: objectName(resource, namespace, name),
    });
    return new LazyItem(answer.body).object as T;
  }

  async patch<T extends KubeObject = KubeObject>(
    resource: ApiResource,
    name: string,
    namespace: string | undefined,
    kind: PatchKind,
    patch: unknown,
    options: WriteOptions & { force?: boolean } = {},
  ): Promise<T> {
    const values = { ...writeValues(options), force: options.force };
    if (kind === 'apply') values.fieldManager ??= this.#manager;
    const answer = await this.transport.request({
      method: 'PATCH',
      path: resourcePath(resource, namespace, name, options.subresource) + query(values),
      body: patch instanceof Uint8Array ? patch : goJson(patch),
      contentType: PATCH_TYPES[kind],
      ...urgency(options),
      repeatable: kind !== 'json',
      signal: options.signal,
      object: objectName(resource, namespace, name),
    });
    return new LazyItem(answer.body).object as T;
  }

  async delete(
    resource: ApiResource,
    name: string,
    namespace?: string,
    options: DeleteOptions = {},
  ): Promise<void> {
    try {
      await this.transport.request({
        method: 'DELETE',
        path: resourcePath(resource, namespace, name),
        body: deleteBody(options),
        lane: 'write',
        repeatable: true,
        signal: options.signal,
        object: objectName(resource, namespace, name),
      });
    } catch (error) {
      // Gone at the second try because the first one, whose answer was lost, deleted it.
      if (isNotFound(error) && error.maybeApplied) return;
      throw error;
    }
  }

  async deleteCollection(resource: ApiResource, options: ListOptions & DeleteOptions): Promise<void> {
    await this.transport.request({
      method: 'DELETE',
      path: resourcePath(resource, options.namespace) + query({ ...selectors(options) }),
      body: deleteBody(options),
      lane: 'write',
      repeatable: true,
      signal: options.signal,
      object: objectName(resource, options.namespace),
    });
  }

  watch(resource: ApiResource, options: WatchOptions): AsyncIterable<WatchEvent> {
    return watchResource(this.transport, resource, options);
  }

  exec(options: ExecOptions): Promise<ExecResult> {
    return execInPod(this.transport, options);
  }

  async raw(
    method: string,
    path: string,
    body?: string | Uint8Array,
    contentType?: string,
    signal?: AbortSignal,
  ): Promise<string> {
    const answer = await this.transport.request({
      method: method.toUpperCase() as 'GET',
      path,
      body,
      contentType,
      accept: '*/*',
      lane: method.toUpperCase() === 'GET' ? 'read' : 'write',
      repeatable: method.toUpperCase() === 'GET',
      signal,
    });
    return answer.body.toString('utf8');
  }

  close(): Promise<void> {
    return this.transport.close();
  }
}

export type { Client };

/** True where creating twice cannot make two objects: it has a name, not a prefix for the server to complete. */
function namedOnce(object: KubeObject | Uint8Array): boolean {
  if (!(object instanceof Uint8Array))
    return object.metadata.name !== undefined && object.metadata.name !== '';
  const bytes = Buffer.from(object.buffer, object.byteOffset, object.byteLength);
  return !bytes.includes('"generateName"');
}

function writeValues(options: WriteOptions): {
  dryRun: string | undefined;
  fieldManager: string | undefined;
  fieldValidation: string;
} {
  return {
    dryRun: options.dryRun === true ? 'All' : undefined,
    fieldManager: options.fieldManager,
    // Unknown fields are dropped either way; being warned of each of them costs the server a second decoding.
    fieldValidation: options.fieldValidation ?? 'Ignore',
  };
}

function urgency(options: WriteOptions): { lane: 'write' } | { lane: undefined; patienceMs: number } {
  return options.urgent === true ? { lane: undefined, patienceMs: 0 } : { lane: 'write' };
}

function writeQuery(options: WriteOptions): string {
  return query(writeValues(options));
}

function deleteBody(options: DeleteOptions): string {
  const body: Record<string, unknown> = { apiVersion: 'v1', kind: 'DeleteOptions' };
  if (options.propagationPolicy !== undefined) body['propagationPolicy'] = options.propagationPolicy;
  if (options.gracePeriodSeconds !== undefined) body['gracePeriodSeconds'] = options.gracePeriodSeconds;
  if (options.uid !== undefined) body['preconditions'] = { uid: options.uid };
  return JSON.stringify(body);
}

/** Written by the server, whatever was sent. */
const SERVER_FIELDS = new Set([
  'uid',
  'resourceVersion',
  'creationTimestamp',
  'generation',
  'managedFields',
  'selfLink',
]);

/** Whether `live` holds everything that `sent` holds; what the server or webhooks added is no matter. */
function carries(live: KubeObject, sent: KubeObject): boolean {
  for (const [field, value] of Object.entries(sent)) {
    if (field === 'status' || field === 'apiVersion') continue;
    if (field === 'metadata') {
      for (const [key, inner] of Object.entries(sent.metadata)) {
        if (SERVER_FIELDS.has(key) || inner === undefined) continue;
        if (!includes(live.metadata[key], inner)) return false;
      }
    } else if (!includes(live[field], value)) {
      return false;
    }
  }
  return true;
}

function includes(live: unknown, sent: unknown): boolean {
  if (sent === undefined || sent === null) return true;
  if (Array.isArray(sent)) {
    if (!Array.isArray(live)) return sent.length === 0;
    return sent.length === live.length && sent.every((item, index) => includes(live[index], item));
  }
  if (typeof sent === 'object') {
    if (typeof live !== 'object' || live === null) return Object.keys(sent).length === 0;
    const record = live as Record<string, unknown>;
    return Object.entries(sent).every(([key, value]) => includes(record[key], value));
  }
  return isDeepStrictEqual(live, sent) || isZero(sent, live);
}

/** A zero value that the server leaves out. */
function isZero(sent: unknown, live: unknown): boolean {
  return live === undefined && (sent === '' || sent === 0 || sent === false);
}
