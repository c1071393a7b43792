/** Reads an archive to its end and keeps nothing: what was uploaded is proven to be there and whole. */

import type { Readable } from 'node:stream';
import { parseItemPath } from './item-index.ts';
import { PREFERRED_SUFFIX } from './paths.ts';
import { DEFAULT_LIMITS, readTarGz } from './tar-gz.ts';
import type { TarLimits } from './tar-parser.ts';
import type { ArchiveSummary } from './writer.ts';

export interface ScanOptions {
  signal?: AbortSignal;
  /** What messages call the archive. */
  name?: string;
  limits?: TarLimits;
}

/**
 * @returns the figures that `ArchiveWriter.finish` gave for the same archive
 * @throws Failure `ARCHIVE_TRUNCATED`, `ARCHIVE_CORRUPT`, `ARCHIVE_NOT_GZIP`, `ARCHIVE_NOT_TAR`, `ARCHIVE_TOO_LARGE`;
 *   what the source throws passes through
 */
export async function scanArchive(source: Readable, options: ScanOptions = {}): Promise<ArchiveSummary> {
  let entries = 0;
  let items = 0;
  const read = await readTarGz(
    source,
    options.name ?? 'of the backup',
    options.limits ?? DEFAULT_LIMITS,
    (entry) => {
      if (entry.type !== 'file') return;
      entries++;
      const place = parseItemPath(entry.path);
      // The second copy of an item, in the directory of the preferred version, is not counted again.
      if (!('unexpected' in place) && !place.versionDir.endsWith(PREFERRED_SUFFIX)) items++;
    },
    () => undefined,
    options.signal,
  );
  return { entries, items, ...read };
}
