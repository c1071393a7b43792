/**
 * What every object store must offer, and nothing more. A provider owes: read-after-write for a key just put; no
 * partial object ever visible under its key; listings in key order, complete however long; times out rather than
 * hangs. Retry, metrics and checksums are layers around it (storage/layers), never inside a provider.
 */

import type { Readable } from 'node:stream';

/**
 * What is to be stored. A function gives a new stream from the beginning at every call: only such a body and one in
 * memory can be sent again after a failure.
 */
export type ObjectBody = Readable | Uint8Array | (() => Readable);

export interface PutOptions {
  signal?: AbortSignal;
  /** Bytes, where known beforehand: spares a multipart upload of a small object. */
  size?: number;
}

export interface ObjectInfo {
  key: string;
  /** Bytes. */
  size: number;
  /** Milliseconds since the epoch; absent where the store does not say. */
  lastModified?: number;
}

/** One bucket at one provider. Keys are whole: the prefix of a location is added by the bucket layout, not here. */
export interface ObjectStore {
  /** E.g. `s3://bucket`: for messages. */
  readonly name: string;
  /** Stores the whole body or nothing. */
  put(key: string, body: ObjectBody, options?: PutOptions): Promise<void>;
  exists(key: string, signal?: AbortSignal): Promise<boolean>;
  /** @throws Failure `OBJECT_NOT_FOUND` */
  get(key: string, signal?: AbortSignal): Promise<Readable>;
  /** Every object whose key begins with `prefix`, in key order. */
  list(prefix: string, signal?: AbortSignal): AsyncIterable<ObjectInfo>;
  /** The distinct key prefixes below `prefix` that end in `delimiter`, as the original's ListCommonPrefixes. */
  listCommonPrefixes(prefix: string, delimiter: string, signal?: AbortSignal): Promise<string[]>;
  /** Deleting what is not there succeeds. */
  delete(key: string, signal?: AbortSignal): Promise<void>;
  /** A URL that lets its holder read the object for `ttlMs` milliseconds. */
  signedUrl(key: string, ttlMs: number): Promise<string>;
  close(): Promise<void>;
}

/** The configuration of a provider as the original's plugins get it: `spec.config` plus bucket, prefix, caCert, credentialsFile. */
export type ObjectStoreConfig = Readonly<Record<string, string>>;

/** What a provider module exports and `storage/index.ts` lists. */
export interface ObjectStoreProvider {
  /** E.g. `velero.io/aws`. */
  readonly name: string;
  /** Config keys that are accepted; others are refused with the original's wording. */
  readonly configKeys: readonly string[];
  /** @throws Failure naming the location's fault: bucket missing, bad credentials file, unknown key. */
  open(config: ObjectStoreConfig): Promise<ObjectStore>;
}
