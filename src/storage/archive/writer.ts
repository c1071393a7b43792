/**
 * Writes a backup's tar.gz as a stream with bounded memory. The gzip file consists of members of 1 MiB of tar each,
 * which libuv's threads compress side by side; every reader of gzip goes on from one member to the next. Small writes
 * into one gzip stream would cost a thread round trip each, which is ten times the work.
 */

import { createHash } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { Readable } from 'node:stream';
import { constants, gzip } from 'node:zlib';
import { FORMAT_VERSION, type ItemPlace, itemPaths, VERSION_PATH } from './paths.ts';
import { BLOCK, entryHeader, roundUp, writeEntryHeader } from './tar-header.ts';

export interface ArchiveWriterOptions {
  /** Zlib's 1 to 9 (default 6, as Go's). */
  level?: number;
  /** Bytes of tar a gzip member holds (default 1 MiB). */
  memberBytes?: number;
  /** Members compressed at once (default: as many as there are processors, 4 at most). */
  parallel?: number;
  /** Milliseconds since the epoch for every entry; default is the time of writing. */
  mtime?: number;
  /** Aborting destroys the stream with the signal's reason. */
  signal?: AbortSignal;
  /** False leaves `metadata/version` to the caller: for rewriting an archive, whose copy brings it along. */
  writeVersion?: boolean;
}

export interface ArchiveItemPlace extends ItemPlace {
  /** The API version that the object had before any action changed it. */
  version: string;
  /** True where that is the version which the server prefers: the item is then stored under two paths. */
  preferred: boolean;
}

/** What was written; read back from the store, the same figures prove that nothing was lost. */
export interface ArchiveSummary {
  /** Files in the tar, `metadata/version` included. */
  entries: number;
  /** Calls of `addItem`. */
  items: number;
  /** Bytes of tar. */
  bytes: number;
  compressedBytes: number;
  /** Hex digest of the compressed bytes. */
  sha256: string;
}

export interface ArchiveWriter {
  /** The compressed archive. It must be consumed while items are added: what is not read holds the writer back. */
  readonly stream: Readable;
  /**
   * Stores an item's JSON under its path or paths. The bytes are copied before this returns.
   * @returns a promise where the caller must wait before it adds more, else undefined
   * @throws whatever ended the stream
   */
  addItem(place: ArchiveItemPlace, json: Uint8Array): Promise<void> | undefined;
  /** Stores a file under a path of its own; otherwise as `addItem`. */
  add(path: string, content: Uint8Array, mtimeSeconds?: number): Promise<void> | undefined;
  /** Ends the archive and waits until its last byte has been consumed. Adding afterwards is an error of the caller. */
  finish(): Promise<ArchiveSummary>;
  /** Gives up: the stream ends with this error, and so do waiting calls. */
  abort(error: Error): void;
}

/** Starts an archive; see {@link ArchiveWriter}. */
export function createArchiveWriter(options: ArchiveWriterOptions = {}): ArchiveWriter {
  return new MemberWriter(options);
}

interface Waiter {
  resolve: () => void;
  reject: (error: Error) => void;
}

class MemberWriter implements ArchiveWriter {
  readonly stream: Readable;
  readonly #level: number;
  readonly #memberBytes: number;
  readonly #parallel: number;
  readonly #mtimeSeconds: number | undefined;
  readonly #hash = createHash('sha256');
  /** Compressed members in order; undefined while a thread still works on it. */
  readonly #queue: { done: Buffer | undefined }[] = [];
  readonly #spare: Buffer[] = [];
  #current: Buffer;
  #used = 0;
  #inFlight = 0;
  /** Tar buffers that wait for a free thread. */
  readonly #pending: { raw: Buffer; length: number; slot: { done: Buffer | undefined } }[] = [];
  #wanted = false;
  #ended = false;
  #finished = false;
  #error: Error | undefined;
  #waiters: Waiter[] = [];
  #roomMade: Promise<void> | undefined;
  #entries = 0;
  #items = 0;
  #bytes = 0;
  #compressedBytes = 0;

  constructor(options: ArchiveWriterOptions) {
    this.#level = options.level ?? 6;
    this.#memberBytes = options.memberBytes ?? 1024 * 1024;
    this.#parallel = options.parallel ?? Math.min(4, Math.max(2, availableParallelism()));
    this.#mtimeSeconds = options.mtime === undefined ? undefined : Math.floor(options.mtime / 1000);
    this.#current = Buffer.allocUnsafe(this.#memberBytes);
    const streamOptions: ConstructorParameters<typeof Readable>[0] = {
      highWaterMark: 1024 * 1024,
      read: () => {
        this.#wanted = true;
        this.#drain();
      },
      destroy: (error, callback) => {
        if (!this.#finished) this.#fail(error ?? new Error('the archive stream was closed before its end'));
        callback(error);
      },
    };
    if (options.signal !== undefined) streamOptions.signal = options.signal;
    this.stream = new Readable(streamOptions);
    // Whoever reads sees the error; where nobody reads yet it must not end the process.
    this.stream.on('error', () => undefined);
    if (options.writeVersion !== false) this.#append(VERSION_PATH, Buffer.from(`${FORMAT_VERSION}\n`));
  }

  addItem(place: ArchiveItemPlace, json: Uint8Array): Promise<void> | undefined {
    for (const path of itemPaths(place, place.version, place.preferred)) this.#append(path, json);
    this.#items++;
    return this.#room();
  }

  add(path: string, content: Uint8Array, mtimeSeconds?: number): Promise<void> | undefined {
    this.#append(path, content, mtimeSeconds);
    return this.#room();
  }

  async finish(): Promise<ArchiveSummary> {
    if (this.#error) throw this.#error;
    this.#write(Buffer.alloc(2 * BLOCK), 2 * BLOCK);
    this.#flush();
    this.#ended = true;
    this.#drain();
    while (!this.#finished) await this.#wait();
    return {
      entries: this.#entries,
      items: this.#items,
      bytes: this.#bytes,
      compressedBytes: this.#compressedBytes,
      sha256: this.#hash.digest('hex'),
    };
  }

  abort(error: Error): void {
    this.#fail(error);
    this.stream.destroy(error);
  }

  #append(path: string, content: Uint8Array, mtimeSeconds?: number): void {
    if (this.#error) throw this.#error;
    if (this.#ended) throw new Error(`archive entry ${path} added after the archive was finished`);
    const mtime = mtimeSeconds ?? this.#mtimeSeconds ?? Math.floor(Date.now() / 1000);
    if (this.#memberBytes - this.#used < BLOCK) this.#flush();
    if (writeEntryHeader(this.#current, this.#used, path, content.length, mtime)) {
      this.#used += BLOCK;
      this.#bytes += BLOCK;
    } else {
      const header = entryHeader(path, content.length, mtime);
      this.#write(header, header.length);
    }
    this.#write(content, roundUp(content.length));
    this.#entries++;
  }

  /** Copies content and pads it with zeros to `padded` bytes, over as many members as it takes. */
  #write(content: Uint8Array, padded: number): void {
    this.#bytes += padded;
    let from = 0;
    while (from < padded) {
      if (this.#used === this.#memberBytes) this.#flush();
      const count = Math.min(padded - from, this.#memberBytes - this.#used);
      const real = Math.max(0, Math.min(count, content.length - from));
      this.#current.set(real === content.length ? content : content.subarray(from, from + real), this.#used);
      if (real < count) this.#current.fill(0, this.#used + real, this.#used + count);
      this.#used += count;
      from += count;
    }
  }

  #flush(): void {
    if (this.#used === 0) return;
    const slot = { done: undefined };
    this.#queue.push(slot);
    this.#pending.push({ raw: this.#current, length: this.#used, slot });
    this.#current = this.#spare.pop() ?? Buffer.allocUnsafe(this.#memberBytes);
    this.#used = 0;
    this.#start();
  }

  #start(): void {
    while (this.#inFlight < this.#parallel) {
      const job = this.#pending.shift();
      if (job === undefined) return;
      this.#inFlight++;
      // One output chunk that surely holds the result spares zlib's further rounds through the thread pool.
      const options = {
        level: this.#level,
        memLevel: 9,
        chunkSize: job.length + 4096,
        strategy: constants.Z_DEFAULT_STRATEGY,
      };
      gzip(job.raw.subarray(0, job.length), options, (error, compressed) => {
        this.#inFlight--;
        if (error) {
          this.abort(error);
          return;
        }
        // The result is a view of a chunk as large as the input; what waits in the queue must not hold all of it.
        job.slot.done = Buffer.from(compressed);
        if (this.#spare.length < this.#parallel) this.#spare.push(job.raw);
        this.#start();
        this.#drain();
      });
    }
  }

  #drain(): void {
    while (this.#wanted && this.#error === undefined) {
      const done = this.#queue[0]?.done;
      if (done === undefined) break;
      this.#queue.shift();
      this.#hash.update(done);
      this.#compressedBytes += done.length;
      this.#wanted = this.stream.push(done);
    }
    if (this.#ended && this.#queue.length === 0 && !this.#finished && this.#error === undefined) {
      this.#finished = true;
      this.stream.push(null);
    }
    if (this.#hasRoom() || this.#finished) this.#wake();
  }

  #hasRoom(): boolean {
    return this.#queue.length <= 2 * this.#parallel;
  }

  /** One promise for all who wait: a caller that adds several entries before it waits leaves none of them unheeded. */
  #room(): Promise<void> | undefined {
    if (this.#hasRoom()) return undefined;
    this.#roomMade ??= this.#waitForRoom();
    return this.#roomMade;
  }

  async #waitForRoom(): Promise<void> {
    try {
      while (!this.#hasRoom()) await this.#wait();
    } finally {
      this.#roomMade = undefined;
    }
  }

  #wait(): Promise<void> {
    if (this.#error) return Promise.reject(this.#error);
    return new Promise((resolve, reject) => this.#waiters.push({ resolve, reject }));
  }

  #wake(): void {
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const waiter of waiters) waiter.resolve();
  }

  #fail(error: Error): void {
    if (this.#error) return;
    this.#error = error;
    this.#pending.length = 0;
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const waiter of waiters) waiter.reject(error);
  }
}
