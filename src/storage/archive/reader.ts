/**
 * Reads a backup's tar.gz once, front to back, and then gives random access to its items with bounded memory.
 * Ours and the original's archives are read alike (pkg/archive/extractor.go, pkg/archive/parser.go of the original,
 * which unpacks into a directory of small files instead).
 */

import type { Readable } from 'node:stream';
import type { Logger } from '../../lib/log.ts';

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

export interface ItemQuery {
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

/**
 * Reads the stream to its end and indexes it.
 * @throws Failure `ARCHIVE_TRUNCATED`, `ARCHIVE_CORRUPT`, `ARCHIVE_NOT_GZIP`, `ARCHIVE_NOT_TAR`, `ARCHIVE_UNSAFE_PATH`,
 *   `ARCHIVE_NEWER_FORMAT`, `ARCHIVE_TOO_LARGE`, `ARCHIVE_NO_RESOURCES`
 */
export type OpenArchive = (source: Readable, options?: OpenArchiveOptions) => Promise<Archive>;
