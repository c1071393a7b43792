/** Reads a tar.gz stream entry by entry, one pass, checking every layer of it. */

import { createHash } from 'node:crypto';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { Failure } from '../../lib/errors.ts';
import { corrupt, type TarEntry, type TarLimits, TarParser } from './tar-parser.ts';

const CHUNK = 256 * 1024;

/** 64 GiB and 64 MiB: above any backup of a cluster and any object that etcd holds, below what fills a disk unnoticed. */
export const DEFAULT_LIMITS: TarLimits = { maxBytes: 64 * 1024 ** 3, maxEntryBytes: 64 * 1024 ** 2 };

/**
 * Hands every entry to `onEntry`, in order.
 * @param pause called after each chunk; reading goes on when its promise, if any, is fulfilled
 * @returns bytes read, their SHA-256 (hex), and bytes of tar
 * @throws Failure `ARCHIVE_…`; errors of the source pass through
 */
export async function readTarGz(
  source: Readable,
  name: string,
  limits: TarLimits,
  onEntry: (entry: TarEntry) => void,
  pause: () => Promise<void> | undefined,
  signal?: AbortSignal,
): Promise<{ compressedBytes: number; sha256: string; bytes: number }> {
  const hash = createHash('sha256');
  const parser = new TarParser(name, limits, onEntry);
  let compressedBytes = 0;
  const tap = async function* (chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    let magic = Buffer.alloc(0);
    for await (const chunk of chunks) {
      if (magic.length < 2) {
        magic = Buffer.concat([magic, chunk.subarray(0, 2)]);
        if (magic[0] !== 0x1f || (magic.length > 1 && magic[1] !== 0x8b)) throw notGzip(name);
      }
      hash.update(chunk);
      compressedBytes += chunk.length;
      yield chunk;
    }
    if (compressedBytes === 0) throw truncated(name, 'it is empty');
  };
  try {
    await pipeline(
      source,
      tap,
      createGunzip({ chunkSize: CHUNK }),
      async (chunks: AsyncIterable<Buffer>) => {
        for await (const chunk of chunks) {
          parser.push(chunk);
          const waiting = pause();
          if (waiting !== undefined) await waiting;
        }
        parser.end();
      },
      signal === undefined ? {} : { signal },
    );
  } catch (error) {
    throw gzipFailure(error, name, compressedBytes);
  }
  return { compressedBytes, sha256: hash.digest('hex'), bytes: parser.bytes };
}

function gzipFailure(error: unknown, name: string, bytes: number): unknown {
  const code = (error as { code?: unknown }).code;
  if (code === 'Z_BUF_ERROR') return truncated(name, `its compressed data ends after ${bytes} bytes`, error);
  if (code === 'Z_DATA_ERROR') return corrupt(name, 'its compressed data cannot be unpacked', error);
  return error;
}

function truncated(name: string, what: string, cause?: unknown): Failure {
  return new Failure({
    code: 'ARCHIVE_TRUNCATED',
    message: `backup archive ${name} is cut off: ${what}`,
    object: name,
    remedy: 'the upload was not finished or the object was damaged in the store; use another backup',
    cause,
  });
}

function notGzip(name: string): Failure {
  return new Failure({
    code: 'ARCHIVE_NOT_GZIP',
    message: `backup archive ${name} is not gzip-compressed: gzip: invalid header`,
    object: name,
    remedy: 'check what was put under this key: a backup is a gzip-compressed tar archive',
  });
}
