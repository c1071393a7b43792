/** A download that notices when it was cut off and goes on where it broke. */

import { Readable } from 'node:stream';
import type { GetObjectCommandOutput } from '@aws-sdk/client-s3';
import { Failure } from '../lib/errors.ts';
import { type Clock, systemClock } from '../lib/clock.ts';
import { isPassing, storeFailure } from './store-errors.ts';

export interface DownloadPart {
  body: AsyncIterable<Uint8Array> & { destroy?: (error?: Error) => void };
  /** Bytes from here to the end of the object, where the store says so. */
  length: number | undefined;
  etag: string | undefined;
}

export interface DownloadOptions {
  /** `s3://bucket/prefix`, and the key, for messages. */
  name: string;
  key: string;
  /** Milliseconds without a byte after which the connection counts as dead. */
  idleMs: number;
  /** Tries in a row that may bring nothing new (default 5). */
  maxStalls?: number;
  clock?: Clock;
  signal?: AbortSignal | undefined;
}

/** Opens the object again at a position, provided it is still the same (`etag`). */
export type OpenAt = (position: number, etag: string | undefined) => Promise<DownloadPart>;

/**
 * The stream of an object whose first part has been opened already. A part that ends early, stalls or breaks is
 * followed by a request for the rest.
 */
export function resumingDownload(first: DownloadPart, openAt: OpenAt, options: DownloadOptions): Readable {
  return Readable.from(download(first, openAt, options), { objectMode: false, highWaterMark: 1024 * 1024 });
}

async function* download(
  first: DownloadPart,
  openAt: OpenAt,
  options: DownloadOptions,
): AsyncGenerator<Uint8Array> {
  const clock = options.clock ?? systemClock;
  const total = first.length;
  let part: DownloadPart | undefined = first;
  let position = 0;
  let stalls = 0;
  let failure: unknown;
  for (;;) {
    try {
      part ??= await openAt(position, first.etag);
      for await (const chunk of withIdleLimit(part, options)) {
        position += chunk.length;
        stalls = 0;
        yield chunk;
      }
      if (total === undefined || position === total) return;
      failure = undefined;
    } catch (error) {
      options.signal?.throwIfAborted();
      if (isChecksum(error)) throw damaged(options, error);
      if (!isPassing(error) && !isBroken(error)) throw error;
      failure = error;
    }
    part = undefined;
    stalls++;
    // A checksum that the store states for the whole cannot fit what was read in parts; the length is still checked.
    if (stalls > (options.maxStalls ?? 5) || (total !== undefined && position > total)) {
      throw cutOff(options, position, total, failure);
    }
    await clock.sleep(Math.min(200 * 2 ** stalls, 5000), options.signal);
  }
}

function cutOff(
  options: DownloadOptions,
  position: number,
  total: number | undefined,
  cause: unknown,
): Error {
  const size = total === undefined ? '' : ` of ${total}`;
  return storeFailure(
    'STORE_UNREACHABLE',
    options.name,
    `error getting object ${options.key}: ${options.name}: the download broke off after ${position}${size} bytes, also when it was resumed`,
    'check the network between this pod and the store, and its load',
    cause,
  );
}

function isChecksum(error: unknown): boolean {
  return !(error instanceof Failure) && /checksum mismatch/i.test((error as Error).message);
}

function damaged(options: DownloadOptions, cause: unknown): Error {
  return storeFailure(
    'STORE_CORRUPT',
    options.name,
    `error getting object ${options.key}: ${options.name}: the object is damaged: ${(cause as Error).message}`,
    'the object was changed or cut off after it was written: bring it back from a copy or an older version of the bucket',
    cause,
  );
}

/** Anything that a socket or parser says while a body is being read; what the store says comes as a Failure. */
function isBroken(error: unknown): boolean {
  if (error instanceof Failure) return false;
  const { code, name, message } = error as { code?: string; name?: string; message?: string };
  return (
    code !== undefined ||
    name === 'TimeoutError' ||
    /aborted|hang up|terminated|premature/i.test(message ?? '')
  );
}

async function* withIdleLimit(part: DownloadPart, options: DownloadOptions): AsyncGenerator<Uint8Array> {
  const iterator = part.body[Symbol.asyncIterator]();
  try {
    for (;;) {
      const next = await beforeIdle(iterator.next(), options);
      if (next.done) return;
      yield next.value;
    }
  } finally {
    // Also where the reader left early: an unread body would keep its connection.
    part.body.destroy?.();
  }
}

async function beforeIdle<T>(work: Promise<T>, options: DownloadOptions): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const timeout = setTimeout(() => {
    reject(
      storeFailure(
        'STORE_TIMEOUT',
        options.name,
        `error getting object ${options.key}: ${options.name}: no data for ${options.idleMs} ms`,
      ),
    );
  }, options.idleMs);
  const cancel = () => reject(options.signal?.reason as Error);
  options.signal?.addEventListener('abort', cancel, { once: true });
  try {
    if (options.signal?.aborted) throw options.signal.reason;
    return await Promise.race([work, promise]);
  } finally {
    clearTimeout(timeout);
    options.signal?.removeEventListener('abort', cancel);
    // What is left behind may still fail; that must not end the process.
    work.catch(() => undefined);
  }
}

/** The parts of the SDK's answer that matter here. */
export function downloadPart(output: GetObjectCommandOutput): DownloadPart {
  return {
    body: output.Body as unknown as DownloadPart['body'],
    length: output.ContentLength,
    etag: output.ETag,
  };
}
