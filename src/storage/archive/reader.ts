/**
 * Reads a backup's tar.gz once, front to back, and then gives random access to its items with bounded memory.
 * Ours and the original's archives are read alike (pkg/archive/extractor.go, pkg/archive/parser.go of the original,
 * which unpacks into a directory of small files instead).
 */

import type { Readable } from 'node:stream';
import { Failure } from '../../lib/errors.ts';
import { goQuote } from '../../lib/go-text.ts';
import type { Logger } from '../../lib/log.ts';
import { type Extent, type IndexedItem, ItemIndex, parseItemPath, pathOf } from './item-index.ts';
import {
  CLUSTER_DIR,
  FORMAT_VERSION,
  NAMESPACES_DIR,
  PREFERRED_SUFFIX,
  RESOURCES_DIR,
  VERSION_PATH,
} from './paths.ts';
import { Spool } from './spool.ts';
import type { TarEntry, TarLimits } from './tar-parser.ts';
import { DEFAULT_LIMITS, readTarGz } from './tar-gz.ts';

/** One item file of a backup. Cheap to make: nothing of the object itself is held. */
export interface ArchiveItem {
  /** `pods`, `deployments.apps`: the name of the directory under `resources/`. */
  readonly groupResource: string;
  /** The API version whose directory holds the file; empty for the directory without a version. */
  readonly version: string;
  /** Empty for a cluster-scoped item. */
  readonly namespace: string;
  /** The file's name without `.json`. */
  readonly name: string;
  /** The key for {@link Archive.read}: the path inside the archive. */
  readonly path: string;
  /** Bytes of JSON. */
  readonly size: number;
}

export interface ArchiveVersion {
  /** E.g. `v1`, without the `-preferredversion` mark. */
  readonly version: string;
  /** True where the backed-up cluster preferred this version. */
  readonly preferred: boolean;
}

interface ItemQuery {
  /** Absent or empty: the directory without a version, which holds every item of the preferred version. */
  version?: string;
  /** Absent: all namespaces and cluster-scoped items; empty: cluster-scoped items only. */
  namespace?: string;
}

/** An opened backup. Holds an index only; the bytes lie in memory (small archives) or in an unlinked temporary file. */
export interface Archive {
  /** Content of `metadata/version`, e.g. `1.1.0`; empty where the archive has none. */
  readonly formatVersion: string;
  /** What was found and ignored, in the original's words; also logged while opening. */
  readonly warnings: readonly string[];
  /** Regular files in the archive, `metadata/version` included. */
  readonly entries: number;
  /** Bytes read from the store, and their SHA-256 in hex. */
  readonly compressedBytes: number;
  readonly sha256: string;
  /** Directory names under `resources/`, sorted. */
  groupResources(): string[];
  /** API versions with a directory of their own, sorted by directory name; empty for an unknown group resource. */
  versions(groupResource: string): ArchiveVersion[];
  /** Namespaces (empty string: cluster scope) in which there are items of this kind, sorted. */
  namespaces(groupResource: string, version?: string): string[];
  /** Items by namespace, then in the order of their file names, as the original walks them. */
  items(groupResource: string, query?: ItemQuery): Iterable<ArchiveItem>;
  /** How many items {@link items} would give, without making them. */
  count(groupResource: string, query?: ItemQuery): number;
  /** One item, or undefined. A namespace of '' means cluster scope. */
  find(groupResource: string, namespace: string, name: string, version?: string): ArchiveItem | undefined;
  /**
   * The JSON bytes of an item. Many may be read at once.
   * @throws Failure `ARCHIVE_ENTRY_MISSING` for a path that is not an item of this archive
   */
  read(item: ArchiveItem | string): Promise<Buffer>;
  /** Frees memory and the temporary file. Reads after it fail. */
  close(): Promise<void>;
}

export interface OpenArchiveOptions {
  signal?: AbortSignal;
  log?: Logger;
  /** What messages call the archive, e.g. `s3://bucket/backups/nightly/nightly.tar.gz`. */
  name?: string;
  /** Bytes of item content kept in memory before a temporary file is used (default 16 MiB). */
  memoryLimit?: number;
  /** Where that file is made (default the system's directory for temporary files). */
  tempDir?: string;
  /** Uncompressed bytes of the whole archive at most (default 64 GiB): a bound for hostile archives. */
  maxBytes?: number;
  /** Bytes of one entry at most (default 64 MiB; etcd takes 1.5 MiB for an object). */
  maxEntryBytes?: number;
  /** Refuse an archive without `resources/`, as the original's parser does (default true). */
  requireResources?: boolean;
}

const MEMORY_LIMIT = 16 * 1024 ** 2;

/**
 * Reads the stream to its end and indexes it.
 * @throws Failure `ARCHIVE_TRUNCATED`, `ARCHIVE_CORRUPT`, `ARCHIVE_NOT_GZIP`, `ARCHIVE_NOT_TAR`, `ARCHIVE_UNSAFE_PATH`,
 *   `ARCHIVE_NEWER_FORMAT`, `ARCHIVE_TOO_LARGE`, `ARCHIVE_NO_RESOURCES`; whatever the source throws passes through
 */
export async function openArchive(source: Readable, options: OpenArchiveOptions = {}): Promise<Archive> {
  const archive = new SpooledArchive(options);
  try {
    await archive.fill(source);
    return archive;
  } catch (error) {
    await archive.close();
    throw error;
  }
}

class SpooledArchive implements Archive {
  formatVersion = '';
  readonly warnings: string[] = [];
  entries = 0;
  compressedBytes = 0;
  sha256 = '';
  readonly #index = new ItemIndex();
  /** Files outside `resources/`, such as `metadata/version`. */
  readonly #others = new Map<string, Extent>();
  readonly #spool: Spool;
  readonly #options: OpenArchiveOptions;
  readonly #name: string;
  /** The content stored last: an item's two files are neighbours with the same bytes, which are kept once. */
  #last: { content: Buffer; length: number; position: number } = {
    content: Buffer.alloc(0),
    length: 0,
    position: 0,
  };
  #sawResources = false;

  constructor(options: OpenArchiveOptions) {
    this.#options = options;
    this.#name = options.name ?? 'of the backup';
    this.#spool = new Spool({ memoryLimit: options.memoryLimit ?? MEMORY_LIMIT, tempDir: options.tempDir });
  }

  async fill(source: Readable): Promise<void> {
    const limits: TarLimits = {
      maxBytes: this.#options.maxBytes ?? DEFAULT_LIMITS.maxBytes,
      maxEntryBytes: this.#options.maxEntryBytes ?? DEFAULT_LIMITS.maxEntryBytes,
    };
    const read = await readTarGz(
      source,
      this.#name,
      limits,
      (entry) => this.#take(entry),
      () => (this.#spool.wantsFlush ? this.#spool.flush() : undefined),
      this.#options.signal,
    );
    this.compressedBytes = read.compressedBytes;
    this.sha256 = read.sha256;
    this.#last.content = Buffer.alloc(0);
    if (!this.#sawResources && this.#options.requireResources !== false) {
      throw new Failure({
        code: 'ARCHIVE_NO_RESOURCES',
        message: `directory "${RESOURCES_DIR}": does not exist`,
        object: this.#name,
        remedy: 'the archive holds no items; a backup that selected nothing has nothing to restore',
      });
    }
  }

  #take(entry: TarEntry): void {
    if (entry.type === 'other') return;
    const path = safePath(entry.path, this.#name);
    if (path === RESOURCES_DIR || path.startsWith(`${RESOURCES_DIR}/`)) this.#sawResources = true;
    if (entry.type === 'directory') {
      this.#takeDirectory(path);
      return;
    }
    this.entries++;
    if (path === VERSION_PATH) this.#takeVersion(entry.content.toString('utf8').trim());
    const place = parseItemPath(path);
    if (!('unexpected' in place)) {
      this.#index.add(place, this.#store(entry.content), entry.content.length);
    } else if (place.unexpected === 'outside') {
      this.#others.set(path, { position: this.#store(entry.content), size: entry.content.length });
    } else {
      this.warnings.push(place.unexpected);
      this.#options.log?.warn(place.unexpected);
    }
  }

  #takeDirectory(path: string): void {
    const [top, kind, version] = path.split('/');
    if (top !== RESOURCES_DIR || kind === undefined) return;
    this.#index.addKind(kind);
    if (version !== undefined && version !== NAMESPACES_DIR && version !== CLUSTER_DIR) {
      this.#index.addVersion(kind, version);
    }
  }

  #takeVersion(text: string): void {
    this.formatVersion = text;
    const major = /^(\d+)\./.exec(text)?.[1];
    if (major === undefined) {
      const warning = `Ignoring unreadable format version ${goQuote(text)} of backup archive ${this.#name}`;
      this.warnings.push(warning);
      this.#options.log?.warn(warning);
    } else if (Number(major) > Number(FORMAT_VERSION.split('.')[0])) {
      throw new Failure({
        code: 'ARCHIVE_NEWER_FORMAT',
        message: `backup archive ${this.#name} has format version ${text}; this version reads up to ${FORMAT_VERSION.split('.')[0]}.x`,
        object: this.#name,
        remedy: 'restore it with the newer version that wrote it',
      });
    }
  }

  #store(content: Buffer): number {
    const last = this.#last;
    if (content.length === last.length && content.compare(last.content, 0, last.length) === 0)
      return last.position;
    last.position = this.#spool.append(content);
    last.length = content.length;
    if (last.content.length < content.length) last.content = Buffer.allocUnsafe(content.length * 2);
    content.copy(last.content);
    return last.position;
  }

  groupResources(): string[] {
    return this.#index.groupResources();
  }

  versions(groupResource: string): ArchiveVersion[] {
    return this.#index.versionDirs(groupResource).map((dir) => {
      const preferred = dir.endsWith(PREFERRED_SUFFIX);
      return { version: preferred ? dir.slice(0, -PREFERRED_SUFFIX.length) : dir, preferred };
    });
  }

  namespaces(groupResource: string, version = ''): string[] {
    return this.#index.namespaces(groupResource, version);
  }

  *items(groupResource: string, query: ItemQuery = {}): Generator<ArchiveItem> {
    for (const item of this.#index.items(groupResource, query.version ?? '', query.namespace))
      yield publicItem(item);
  }

  count(groupResource: string, query: ItemQuery = {}): number {
    return this.#index.count(groupResource, query.version ?? '', query.namespace);
  }

  find(groupResource: string, namespace: string, name: string, version = ''): ArchiveItem | undefined {
    const item = this.#index.find(groupResource, version, namespace, name);
    return item === undefined ? undefined : publicItem(item);
  }

  async read(item: ArchiveItem | string): Promise<Buffer> {
    const path = typeof item === 'string' ? item : item.path;
    const place = parseItemPath(path);
    const extent =
      'unexpected' in place
        ? this.#others.get(path)
        : this.#index.find(place.groupResource, place.versionDir, place.namespace, place.name);
    if (extent === undefined) {
      throw new Failure({
        code: 'ARCHIVE_ENTRY_MISSING',
        message: `backup archive ${this.#name} has no entry ${goQuote(path)}`,
        object: this.#name,
      });
    }
    return this.#spool.read(extent.position, extent.size);
  }

  async close(): Promise<void> {
    this.#index.clear();
    this.#others.clear();
    await this.#spool.close();
  }
}

function publicItem(item: IndexedItem): ArchiveItem {
  const preferred = item.versionDir.endsWith(PREFERRED_SUFFIX);
  return {
    groupResource: item.groupResource,
    version: preferred ? item.versionDir.slice(0, -PREFERRED_SUFFIX.length) : item.versionDir,
    namespace: item.namespace,
    name: item.name,
    path: pathOf(item),
    size: item.size,
  };
}

/** No part is empty or consists of dots. */
const PLAIN_PATH = /^(?:(?!\.{1,2}(?:\/|$))[^/\0]+(?:\/|$))+(?<!\/)$/;

/**
 * The path without a leading `./` and trailing `/`.
 * @throws Failure `ARCHIVE_UNSAFE_PATH` for one that would lie outside the directory it is unpacked into
 */
function safePath(path: string, name: string): string {
  if (PLAIN_PATH.test(path)) return path;
  const parts = path.split('/').filter((part, i) => part !== '.' && (part !== '' || i === 0));
  if (path.includes('\0') || parts[0] === '' || parts.includes('..')) {
    throw new Failure({
      code: 'ARCHIVE_UNSAFE_PATH',
      message: `backup archive ${name} is refused: entry ${goQuote(path)} points outside the archive`,
      object: name,
      remedy: 'no backup contains such a path; check who wrote the archive',
    });
  }
  return parts.join('/');
}
