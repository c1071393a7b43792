/** A resource's objects, kept up to date here, for whoever wants to look them up or be told of changes. */

import type { KubeObject } from '../api/object.ts';
import { silentLogger, type Logger } from '../lib/log.ts';
import { messageOf } from '../lib/errors.ts';
import {
  type ApiResource,
  groupResource,
  groupVersion,
  type KubeClient,
  type WatchOptions,
} from './contract.ts';

/** `namespace/name`, or `name` of what has no namespace. */
export function keyOf(object: Pick<KubeObject, 'metadata'>): string {
  const { namespace, name } = object.metadata;
  return namespace === undefined || namespace === '' ? (name ?? '') : `${namespace}/${name ?? ''}`;
}

/** The two parts of a key. */
export function splitKey(key: string): { namespace: string | undefined; name: string } {
  const slash = key.indexOf('/');
  return slash < 0
    ? { namespace: undefined, name: key }
    : { namespace: key.slice(0, slash), name: key.slice(slash + 1) };
}

export interface InformerOptions<T extends KubeObject>
  extends Omit<WatchOptions, 'signal' | 'metadataOnly' | 'onError'> {
  /**
   * What is kept of each object. `metadata` asks the server for metadata only; `keys` keeps name, namespace, uid and
   * resource version of that. Default `object`.
   */
  keep?: 'object' | 'metadata' | 'keys';
  /** Makes what is kept of what came, e.g. without managedFields; may change and return the same object. */
  transform?: (object: T) => T;
  log?: Logger;
}

export interface InformerHandler<T extends KubeObject> {
  added?(object: T): void;
  /** `old` and `object` may be of the same version after a relist. */
  updated?(old: T, object: T): void;
  deleted?(object: T): void;
}

export class Informer<T extends KubeObject = KubeObject> {
  readonly resource: ApiResource;
  readonly #client: Pick<KubeClient, 'watch'>;
  readonly #options: InformerOptions<T>;
  readonly #objects = new Map<string, T>();
  readonly #handlers = new Set<InformerHandler<T>>();
  readonly #indices = new Map<string, Index<T>>();
  readonly #synced = Promise.withResolvers<void>();
  #isSynced = false;
  #started = false;

  constructor(client: Pick<KubeClient, 'watch'>, resource: ApiResource, options: InformerOptions<T> = {}) {
    this.#client = client;
    this.resource = resource;
    this.#options = options;
  }

  /** Resolves when everything that existed at the start is here. */
  get synced(): Promise<void> {
    return this.#synced.promise;
  }

  get isSynced(): boolean {
    return this.#isSynced;
  }

  get size(): number {
    return this.#objects.size;
  }

  get(key: string): T | undefined {
    return this.#objects.get(key);
  }

  values(): IterableIterator<T> {
    return this.#objects.values();
  }

  keys(): IterableIterator<string> {
    return this.#objects.keys();
  }

  /** Objects by something other than their key; `valuesOf` gives what an object is to be found under. */
  addIndex(name: string, valuesOf: (object: T) => readonly string[]): void {
    const index = new Index(valuesOf);
    for (const [key, object] of this.#objects) index.change(key, undefined, object);
    this.#indices.set(name, index);
  }

  /** @throws Error where no such index was added */
  byIndex(name: string, value: string): T[] {
    const index = this.#indices.get(name);
    if (index === undefined) throw new Error(`the informer has no index ${name}`);
    return index.keys(value).flatMap((key) => this.#objects.get(key) ?? []);
  }

  /** Tells the handler of what is here and of every change; gives what ends that. */
  subscribe(handler: InformerHandler<T>): () => void {
    this.#handlers.add(handler);
    for (const object of this.#objects.values()) this.#call(() => handler.added?.(object));
    return () => this.#handlers.delete(handler);
  }

  /**
   * Lists and watches until the signal is aborted.
   * @throws Error where it runs already
   */
  async run(signal: AbortSignal): Promise<void> {
    if (this.#started) throw new Error('the informer runs already');
    this.#started = true;
    const { keep = 'object', namespace, labelSelector, fieldSelector } = this.#options;
    // During a list that replaces what is here: keys that it has shown.
    let listed: Set<string> | undefined;
    const events = this.#client.watch(this.resource, {
      namespace,
      labelSelector,
      fieldSelector,
      metadataOnly: keep !== 'object',
      onError: (error) =>
        this.#options.log?.warn(`Failed to watch ${groupResource(this.resource)}, trying again`, {
          error: error instanceof Error ? error : new Error(messageOf(error)),
        }),
      signal,
    });
    for await (const { type, object } of events) {
      switch (type) {
        case 'RELIST':
          listed = new Set();
          break;
        case 'SYNC':
          if (listed !== undefined) {
            for (const key of this.#objects.keys()) if (!listed.has(key)) this.#remove(key, undefined);
            listed = undefined;
          }
          this.#isSynced = true;
          this.#synced.resolve();
          break;
        case 'DELETED':
          if (object) this.#remove(keyOf(object), this.#reduce(object));
          break;
        case 'ADDED':
        case 'MODIFIED':
          if (object) {
            const key = keyOf(object);
            listed?.add(key);
            this.#put(key, this.#reduce(object));
          }
          break;
      }
    }
  }

  #reduce(object: KubeObject): T {
    const { keep = 'object', transform } = this.#options;
    let reduced = object as T;
    if (keep !== 'object') {
      const { name, namespace, uid, resourceVersion } = object.metadata;
      const bare: KubeObject['metadata'] = {};
      if (name !== undefined) bare.name = name;
      if (namespace !== undefined) bare.namespace = namespace;
      if (uid !== undefined) bare.uid = uid;
      if (resourceVersion !== undefined) bare.resourceVersion = resourceVersion;
      reduced = {
        apiVersion: groupVersion(this.resource),
        kind: this.resource.kind,
        metadata: keep === 'keys' ? bare : object.metadata,
      } as T;
    }
    return transform === undefined ? reduced : transform(reduced);
  }

  #put(key: string, object: T): void {
    const old = this.#objects.get(key);
    this.#objects.set(key, object);
    for (const index of this.#indices.values()) index.change(key, old, object);
    for (const handler of this.#handlers) {
      this.#call(() => (old === undefined ? handler.added?.(object) : handler.updated?.(old, object)));
    }
  }

  /** @param last the object as it was last, where the server told */
  #remove(key: string, last: T | undefined): void {
    const old = this.#objects.get(key);
    if (old === undefined) return;
    this.#objects.delete(key);
    for (const index of this.#indices.values()) index.change(key, old, undefined);
    for (const handler of this.#handlers) this.#call(() => handler.deleted?.(last ?? old));
  }

  /** A handler's fault is its own: the stream goes on. */
  #call(handler: () => void): void {
    try {
      handler();
    } catch (error) {
      (this.#options.log ?? silentLogger).error(`Error in a handler of ${this.resource.resource}`, {
        error: error instanceof Error ? error : new Error(messageOf(error)),
      });
    }
  }
}

class Index<T> {
  readonly #valuesOf: (object: T) => readonly string[];
  readonly #keys = new Map<string, Set<string>>();

  constructor(valuesOf: (object: T) => readonly string[]) {
    this.#valuesOf = valuesOf;
  }

  keys(value: string): string[] {
    return [...(this.#keys.get(value) ?? [])];
  }

  change(key: string, old: T | undefined, next: T | undefined): void {
    if (old !== undefined) {
      for (const value of this.#valuesOf(old)) {
        const keys = this.#keys.get(value);
        keys?.delete(key);
        if (keys?.size === 0) this.#keys.delete(value);
      }
    }
    if (next === undefined) return;
    for (const value of this.#valuesOf(next)) {
      const keys = this.#keys.get(value);
      if (keys === undefined) this.#keys.set(value, new Set([key]));
      else keys.add(key);
    }
  }
}
