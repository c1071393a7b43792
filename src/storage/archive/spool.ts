/**
 * Bytes that are written once and read at random: in memory while they are few, else in a temporary file that only
 * its owner can read and that has no name any more, so that it vanishes with the process, however that ends.
 */

import { randomUUID } from 'node:crypto';
import { type FileHandle, open, unlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Failure, messageOf } from '../../lib/errors.ts';

const CHUNK = 1024 * 1024;

export interface SpoolOptions {
  /** Bytes kept in memory before a file is used. */
  memoryLimit: number;
  tempDir?: string | undefined;
}

/** Positions are bytes from the start. One writer; any number of readers of what has been flushed. */
export class Spool {
  readonly #memoryLimit: number;
  readonly #tempDir: string;
  /** Full chunks that are not in the file; all of them while there is no file. */
  #chunks: Buffer[] = [];
  #current: Buffer = Buffer.allocUnsafe(64 * 1024);
  #used = 0;
  /** Bytes before `#current`. */
  #flushed = 0;
  #file: FileHandle | undefined;
  #filed = 0;
  #closed = false;

  constructor(options: SpoolOptions) {
    this.#memoryLimit = options.memoryLimit;
    this.#tempDir = options.tempDir ?? tmpdir();
  }

  /** Bytes written so far. */
  get length(): number {
    return this.#flushed + this.#used;
  }

  /** True where a write to the file is due: call `flush` before much more is appended. */
  get wantsFlush(): boolean {
    return this.#file === undefined ? this.length > this.#memoryLimit : this.#chunks.length >= 4;
  }

  /** Copies the bytes; returns where they begin. */
  append(bytes: Uint8Array): number {
    const start = this.length;
    let from = 0;
    while (from < bytes.length) {
      if (this.#used === this.#current.length) this.#next();
      const count = Math.min(bytes.length - from, this.#current.length - this.#used);
      this.#current.set(bytes.subarray(from, from + count), this.#used);
      this.#used += count;
      from += count;
    }
    return start;
  }

  #next(): void {
    this.#chunks.push(this.#current);
    this.#flushed += this.#current.length;
    this.#current = Buffer.allocUnsafe(CHUNK);
    this.#used = 0;
  }

  /** Moves full chunks to the file. @throws Failure `SPOOL_FAILED`, e.g. for a full disk */
  async flush(): Promise<void> {
    try {
      this.#file ??= await this.#open();
      while (this.#chunks.length > 0) {
        const chunk = this.#chunks[0] as Buffer;
        for (let done = 0; done < chunk.length; ) {
          const { bytesWritten } = await this.#file.write(
            chunk,
            done,
            chunk.length - done,
            this.#filed + done,
          );
          done += bytesWritten;
        }
        this.#filed += chunk.length;
        this.#chunks.shift();
      }
    } catch (error) {
      throw new Failure({
        code: 'SPOOL_FAILED',
        message: `cannot unpack the backup into ${this.#tempDir}: ${messageOf(error)}`,
        object: this.#tempDir,
        remedy: 'give the directory for temporary files more room, or set TMPDIR to another one',
        cause: error,
      });
    }
  }

  async #open(): Promise<FileHandle> {
    const path = join(this.#tempDir, `backup-${process.pid}-${randomUUID()}.spool`);
    const file = await open(path, 'wx+', 0o600);
    await unlink(path);
    return file;
  }

  /** @throws Failure `SPOOL_FAILED` after `close`, or where the disk fails */
  async read(position: number, length: number): Promise<Buffer> {
    if (this.#closed) throw spoolFailure('the archive has been closed');
    const out = Buffer.allocUnsafeSlow(length);
    let done = 0;
    while (done < length && position + done < this.#filed && this.#file !== undefined) {
      const wanted = Math.min(length - done, this.#filed - position - done);
      const { bytesRead } = await this.#file.read(out, done, wanted, position + done);
      if (bytesRead === 0) throw spoolFailure('the temporary file is shorter than what was written');
      done += bytesRead;
    }
    if (done < length) this.#copyHeld(out, position, done);
    return out;
  }

  #copyHeld(out: Buffer, position: number, from: number): void {
    let done = from;
    let start = this.#filed;
    for (const chunk of [...this.#chunks, this.#current.subarray(0, this.#used)]) {
      const at = position + done - start;
      if (at < chunk.length) done += chunk.copy(out, done, at);
      if (done === out.length) return;
      start += chunk.length;
    }
    throw spoolFailure(`bytes ${position} to ${position + out.length} were never written`);
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#chunks = [];
    this.#current = Buffer.alloc(0);
    this.#used = 0;
    const file = this.#file;
    this.#file = undefined;
    await file?.close();
  }
}

function spoolFailure(what: string): Failure {
  return new Failure({ code: 'SPOOL_FAILED', message: `cannot read from the unpacked backup: ${what}` });
}
