/**
 * Provider `velero.io/filesystem`: objects as files below a directory, one directory a bucket. The embedded default for
 * development, and for a volume shared over NFS.
 */

import { randomBytes, randomUUID } from 'node:crypto';
import type { Dirent } from 'node:fs';
import {
  type FileHandle,
  link,
  mkdir,
  open,
  readdir,
  readFile,
  rename,
  rm,
  rmdir,
  stat,
  unlink,
} from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { Failure, messageOf } from '../lib/errors.ts';
import { signObjectUrl } from './filesystem-url.ts';
import type { ObjectBody, ObjectInfo, ObjectStore, ObjectStoreProvider, PutOptions } from './object-store.ts';
import { checkConfigKeys, locationName } from './provider-config.ts';
import { storeFailure } from './store-errors.ts';

export interface FilesystemOptions {
  /** Directory that holds a directory for each bucket. The server decides it: a location must not name any path. */
  root: string;
  /** Where the server offers signed URLs, without a slash at its end, e.g. `http://velero.velero.svc:8085`. */
  publicUrl: string;
  now?: () => number;
}

/** Unfinished uploads and the signing key; no bucket can have this name. */
const PRIVATE_DIR = '.private';
/** An unfinished upload that nobody has written to for this long is nobody's, in milliseconds. */
const ABANDONED_MS = 24 * 60 * 60_000;
/** S3's rule for names of buckets: also what keeps a name from being a path. */
const BUCKET_NAME = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/;

export function filesystemProvider(options: FilesystemOptions): ObjectStoreProvider {
  return {
    name: 'velero.io/filesystem',
    configKeys: [],
    open: async (config) => {
      const name = locationName('filesystem', config);
      checkConfigKeys(config, [], name);
      const bucket = config['bucket'] ?? '';
      if (!BUCKET_NAME.test(bucket) || bucket.includes('..')) {
        throw storeFailure(
          'STORE_CONFIG',
          name,
          `${JSON.stringify(bucket)} cannot be the name of a bucket`,
          'use 3 to 63 lower-case letters, digits, dots and dashes in objectStorage.bucket',
        );
      }
      const directory = join(options.root, bucket);
      const found = await stat(directory).catch(() => undefined);
      if (found?.isDirectory() !== true) {
        throw storeFailure(
          'BUCKET_NOT_FOUND',
          name,
          `${name}: NoSuchBucket: there is no directory ${directory}`,
          `create the directory ${directory}, or correct objectStorage.bucket of the location`,
        );
      }
      await removeAbandoned(options);
      return new FilesystemStore(name, bucket, options);
    },
  };
}

/** Uploads of killed servers would fill the volume. One that goes on is written to all the time. */
async function removeAbandoned({ root, now = Date.now }: FilesystemOptions): Promise<void> {
  const incoming = join(root, PRIVATE_DIR, 'incoming');
  for (const name of await readdir(incoming).catch(() => [])) {
    const path = join(incoming, name);
    const info = await stat(path).catch(() => undefined);
    if (info !== undefined && now() - info.mtimeMs > ABANDONED_MS) {
      await rm(path, { force: true }).catch(() => undefined);
    }
  }
}

/** The key with which this root's URLs are signed; made at the first call. */
export async function signingKey(root: string): Promise<Buffer> {
  const path = join(root, PRIVATE_DIR, 'signing-key');
  const known = await readFile(path).catch(() => undefined);
  if (known !== undefined && known.length >= 32) return known;
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const temporary = `${path}.${randomUUID()}`;
  const file = await open(temporary, 'wx', 0o600);
  try {
    await file.writeFile(randomBytes(32));
    await file.sync();
  } finally {
    await file.close();
  }
  try {
    // A link fails where another process was first, and no reader ever sees half a key.
    await link(temporary, path);
  } catch (error) {
    if ((error as { code?: string }).code !== 'EEXIST') throw error;
  } finally {
    await unlink(temporary);
  }
  return readFile(path);
}

/** File of an object. @throws Failure `STORE_CONFIG` for a key that would leave the bucket */
export function objectPath(root: string, bucket: string, key: string): string {
  const parts = key.split('/');
  const bad = parts.some((part) => part === '' || part === '.' || part === '..') || key.includes('\0');
  if (bad || !BUCKET_NAME.test(bucket) || bucket.includes('..')) {
    throw storeFailure(
      'STORE_CONFIG',
      `filesystem://${bucket}`,
      `${JSON.stringify(key)} cannot be the key of an object`,
    );
  }
  return join(root, bucket, ...parts);
}

class FilesystemStore implements ObjectStore {
  readonly name: string;
  readonly #bucket: string;
  readonly #options: FilesystemOptions;

  constructor(name: string, bucket: string, options: FilesystemOptions) {
    this.name = name;
    this.#bucket = bucket;
    this.#options = options;
  }

  #path(key: string): string {
    return objectPath(this.#options.root, this.#bucket, key);
  }

  async put(key: string, body: ObjectBody, options: PutOptions = {}): Promise<void> {
    const stream = typeof body === 'function' ? body() : body;
    const path = this.#path(key);
    const incoming = join(this.#options.root, PRIVATE_DIR, 'incoming');
    const temporary = join(incoming, randomUUID());
    try {
      await mkdir(incoming, { recursive: true, mode: 0o700 });
      await writeDurably(temporary, stream, options.signal);
      await this.#moveInto(temporary, path);
    } catch (error) {
      await rm(temporary, { force: true });
      options.signal?.throwIfAborted();
      throw this.#explain(`error putting object ${key}`, error);
    } finally {
      if (!(stream instanceof Uint8Array)) stream.destroy();
    }
  }

  /** A directory that a deletion removes at this very moment is made again. */
  async #moveInto(temporary: string, path: string): Promise<void> {
    for (let tries = 1; ; tries++) {
      await mkdir(dirname(path), { recursive: true });
      try {
        await rename(temporary, path);
        await syncDirectory(dirname(path));
        return;
      } catch (error) {
        if ((error as { code?: string }).code !== 'ENOENT' || tries === 5) throw error;
      }
    }
  }

  async exists(key: string): Promise<boolean> {
    try {
      return (await stat(this.#path(key))).isFile();
    } catch (error) {
      if (isMissing(error)) return false;
      throw this.#explain(`error checking object ${key}`, error);
    }
  }

  async get(key: string, signal?: AbortSignal): Promise<Readable> {
    let file: FileHandle | undefined;
    try {
      file = await open(this.#path(key), 'r');
      const info = await file.stat();
      if (!info.isFile()) throw Object.assign(new Error('it is a directory'), { code: 'ENOENT' });
      return file.createReadStream({
        highWaterMark: 256 * 1024,
        ...(signal === undefined ? {} : { signal }),
      });
    } catch (error) {
      await file?.close();
      throw this.#explain(`error getting object ${key}`, error);
    }
  }

  async *list(prefix: string, signal?: AbortSignal): AsyncGenerator<ObjectInfo> {
    // Only the directory in which the prefix ends has to be walked.
    const base = prefix.slice(0, prefix.lastIndexOf('/') + 1);
    yield* this.#walk(base, prefix, signal);
  }

  /** In key order: a directory counts as its name with a slash, so `a-b` comes before what lies in `a`. */
  async *#walk(base: string, prefix: string, signal: AbortSignal | undefined): AsyncGenerator<ObjectInfo> {
    for (const entry of await this.#entries(base)) {
      signal?.throwIfAborted();
      const key = base + entry.name;
      if (entry.directory) {
        const inside = `${key}/`;
        if (inside.startsWith(prefix) || prefix.startsWith(inside)) yield* this.#walk(inside, prefix, signal);
      } else if (key.startsWith(prefix)) {
        const info = await stat(this.#path(key)).catch(() => undefined);
        if (info !== undefined) yield { key, size: info.size, lastModified: Math.floor(info.mtimeMs) };
      }
    }
  }

  async #entries(base: string): Promise<{ name: string; directory: boolean; order: string }[]> {
    let entries: Dirent[];
    try {
      const path = base === '' ? join(this.#options.root, this.#bucket) : this.#path(base.slice(0, -1));
      entries = await readdir(path, { withFileTypes: true });
    } catch (error) {
      if (isMissing(error) && base !== '') return [];
      throw this.#explain(`error listing ${JSON.stringify(base)}`, error);
    }
    return entries
      .map((entry) => ({
        name: entry.name,
        directory: entry.isDirectory(),
        order: entry.isDirectory() ? `${entry.name}/` : entry.name,
      }))
      .sort((a, b) => (a.order < b.order ? -1 : 1));
  }

  async listCommonPrefixes(prefix: string, delimiter: string, signal?: AbortSignal): Promise<string[]> {
    const prefixes: string[] = [];
    if (delimiter === '/' && (prefix === '' || prefix.endsWith('/'))) {
      for (const entry of await this.#entries(prefix)) {
        if (entry.directory && (await this.#holdsObject(`${prefix}${entry.name}/`))) {
          prefixes.push(`${prefix}${entry.name}/`);
        }
      }
      return prefixes;
    }
    for await (const { key } of this.list(prefix, signal)) {
      const end = key.indexOf(delimiter, prefix.length);
      const common = end === -1 ? undefined : key.slice(0, end + delimiter.length);
      if (common !== undefined && prefixes.at(-1) !== common) prefixes.push(common);
    }
    return prefixes;
  }

  async #holdsObject(base: string): Promise<boolean> {
    for (const entry of await this.#entries(base)) {
      if (!entry.directory || (await this.#holdsObject(`${base}${entry.name}/`))) return true;
    }
    return false;
  }

  async delete(key: string): Promise<void> {
    const path = this.#path(key);
    try {
      await unlink(path);
    } catch (error) {
      if (!isMissing(error) && (error as { code?: string }).code !== 'EISDIR') {
        throw this.#explain(`error deleting object ${key}`, error);
      }
    }
    // A bucket has no directories of its own: those that held nothing but this object go with it.
    const bucketDir = join(this.#options.root, this.#bucket);
    for (let directory = dirname(path); directory.length > bucketDir.length; directory = dirname(directory)) {
      try {
        await rmdir(directory);
      } catch {
        return;
      }
    }
  }

  async signedUrl(key: string, ttlMs: number): Promise<string> {
    this.#path(key);
    const secret = await signingKey(this.#options.root);
    const expires = (this.#options.now ?? Date.now)() + ttlMs;
    return signObjectUrl(secret, this.#options.publicUrl, this.#bucket, key, expires);
  }

  async close(): Promise<void> {}

  #explain(action: string, error: unknown): Failure {
    if (error instanceof Failure) return error;
    const { code } = error as { code?: string };
    const message = `${action}: ${this.name}: ${messageOf(error)}`;
    if (isMissing(error)) return storeFailure('OBJECT_NOT_FOUND', this.name, message, undefined, error);
    if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS') {
      const remedy = 'let the user of the server write in the directory';
      return storeFailure('STORE_ACCESS_DENIED', this.name, message, remedy, error);
    }
    const remedy = code === 'ENOSPC' || code === 'EDQUOT' ? 'give the volume more room' : undefined;
    return storeFailure('STORE_FAILED', this.name, message, remedy, error);
  }
}

function isMissing(error: unknown): boolean {
  const { code } = error as { code?: string };
  return code === 'ENOENT' || code === 'ENOTDIR';
}

async function writeDurably(
  path: string,
  body: Readable | Uint8Array,
  signal: AbortSignal | undefined,
): Promise<void> {
  const file = await open(path, 'wx', 0o640);
  try {
    await file.writeFile(body, signal === undefined ? {} : { signal });
    await file.sync();
  } finally {
    await file.close();
  }
}

/** A rename survives a power cut only once its directory has been written. */
async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}
