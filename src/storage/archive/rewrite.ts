/** Replaces items in an archive: what finalizing a backup does (buildFinalTarball in pkg/backup/backup.go of the original). */

import type { Readable } from 'node:stream';
import { DEFAULT_LIMITS, readTarGz } from './tar-gz.ts';
import type { TarLimits } from './tar-parser.ts';
import { type ArchiveSummary, type ArchiveWriterOptions, createArchiveWriter } from './writer.ts';

export interface RewriteOptions extends Omit<ArchiveWriterOptions, 'writeVersion'> {
  /** What messages call the archive that is read. */
  name?: string;
  limits?: TarLimits;
}

/**
 * Copies an archive entry by entry in its order; an entry whose path is among the updates gets the new content, and
 * updates that were not there follow at the end. Memory stays bounded, so the archive must be read from `stream`
 * while it is made.
 * @param updates path in the archive → JSON bytes
 * @returns the new archive and a promise for its figures (`items` counts replaced and added files), which rejects with
 *   Failure `ARCHIVE_…` where the old archive is damaged; the stream then fails too
 */
export function rewriteArchive(
  source: Readable,
  updates: ReadonlyMap<string, Uint8Array>,
  options: RewriteOptions = {},
): { stream: Readable; done: Promise<ArchiveSummary & { replaced: number; added: number }> } {
  const writer = createArchiveWriter({ ...options, writeVersion: false });
  const copy = async () => {
    const seen = new Set<string>();
    let waiting: Promise<void> | undefined;
    await readTarGz(
      source,
      options.name ?? 'of the backup',
      options.limits ?? DEFAULT_LIMITS,
      (entry) => {
        if (entry.type !== 'file') return;
        const update = updates.get(entry.path);
        if (update !== undefined) seen.add(entry.path);
        waiting = writer.add(
          entry.path,
          update ?? entry.content,
          update === undefined ? entry.mtimeSeconds : undefined,
        );
      },
      () => waiting,
      options.signal,
    );
    for (const [path, content] of updates) {
      if (!seen.has(path)) await writer.add(path, content);
    }
    const summary = await writer.finish();
    return { ...summary, replaced: seen.size, added: updates.size - seen.size };
  };
  const done = copy().catch((error: unknown) => {
    writer.abort(error as Error);
    throw error;
  });
  // The reader of the stream learns of the failure too; where only it listens, nothing else may end the process.
  done.catch(() => undefined);
  return { stream: writer.stream, done };
}
