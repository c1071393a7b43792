/**
 * The log of one backup or restore: every line goes into a spool file that is compressed for the upload, and warnings
 * and errors are counted and kept for the results file (pkg/util/logging/{dual_mode_logger,log_counter_hook}.go).
 *
 * A large backup logs a million lines, in bursts that no compressor keeps up with. So text is first appended to a file
 * as it is, which costs next to nothing, and a pump behind it compresses that file with bounded memory.
 */

import { closeSync, openSync, writeSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { addToResult, emptyResult, type Result } from '../api/documents/result.ts';
import type { LogEntry, LogSink } from '../lib/log.ts';
import { formatLine, type LogFormat } from './log-output.ts';
import { openSpoolFile, SPOOL_MODE, type Spool } from './spool.ts';

const gzipAsync = promisify(gzip);

/** Text that is gathered before it is appended to the file. */
const APPEND_BYTES = 64 * 1024;
/** Text that becomes one gzip member; members side by side are one valid file. */
const MEMBER_BYTES = 1024 * 1024;
/** Logs are large and compress well at any level. */
const GZIP = { level: 1 };

export interface JobLog extends LogSink {
  /** Ends the file: what is logged later goes to the other sinks only. Gives its path. @throws what kept it from being written */
  finish(): Promise<string>;
  /** Removes the file. */
  dispose(): Promise<void>;
}

/** Starts a log in `spool` with lines in the given format. What cannot be written is reported by `finish`. */
export async function createJobLog(spool: Spool, name: string, format: LogFormat): Promise<JobLog> {
  const rawPath = spool.path(`${name}-logs`);
  const path = spool.path(`${name}-logs.gz`);
  const text = new TextFile(rawPath);
  const pump = new GzipPump(await open(rawPath, 'r'), await openSpoolFile(path));
  let finished: Promise<string> | undefined;
  const finish = async () => {
    const failure = text.close();
    try {
      await pump.finish(text.written);
      if (failure !== undefined) throw failure;
    } catch (error) {
      await spool.remove(path);
      throw error;
    } finally {
      await spool.remove(rawPath);
    }
    return path;
  };
  return {
    write(entry) {
      if (finished !== undefined) return;
      text.add(formatLine(entry, format));
      pump.offer(text.written);
    },
    finish() {
      finished ??= finish();
      return finished;
    },
    async dispose() {
      finished ??= finish();
      // A log that could not be written was reported when it was to be uploaded.
      await finished.catch(() => undefined);
      await spool.remove(path);
    },
  };
}

/** Lines in a file, appended by the chunk. */
class TextFile {
  readonly #file: number;
  #lines: string[] = [];
  #size = 0;
  #failure: Error | undefined;
  /** Bytes in the file. */
  written = 0;

  constructor(path: string) {
    this.#file = openSync(path, 'wx', SPOOL_MODE);
  }

  add(line: string): void {
    this.#lines.push(line);
    this.#size += line.length;
    if (this.#size >= APPEND_BYTES) this.#append();
  }

  /** Gives what kept a chunk from being written. */
  close(): Error | undefined {
    this.#append();
    closeSync(this.#file);
    return this.#failure;
  }

  #append(): void {
    const bytes = Buffer.from(this.#lines.join(''));
    this.#lines = [];
    this.#size = 0;
    if (this.#failure !== undefined) return;
    try {
      let from = 0;
      while (from < bytes.length) from += writeSync(this.#file, bytes, from);
      this.written += bytes.length;
    } catch (error) {
      // A logger must not throw; the upload tells that the log is incomplete.
      this.#failure = error as Error;
    }
  }
}

/** Compresses a file that grows, member by member, into another. */
class GzipPump {
  readonly #from: FileHandle;
  readonly #to: FileHandle;
  readonly #buffer = Buffer.allocUnsafe(MEMBER_BYTES);
  #available = 0;
  #done = 0;
  #running: Promise<void> | undefined;
  #failure: unknown;

  constructor(from: FileHandle, to: FileHandle) {
    this.#from = from;
    this.#to = to;
  }

  /** So many bytes are in the file now. */
  offer(bytes: number): void {
    this.#available = bytes;
    if (this.#available - this.#done >= MEMBER_BYTES) this.#start();
  }

  /** Compresses the rest and closes both files. */
  async finish(bytes: number): Promise<void> {
    try {
      this.#available = bytes;
      await this.#running;
      // An empty log is still a gzip file.
      do await this.#member();
      while (this.#done < this.#available);
    } finally {
      await this.#from.close();
      await this.#to.close();
    }
    if (this.#failure !== undefined) throw this.#failure as Error;
  }

  #start(): void {
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined;
    });
  }

  async #run(): Promise<void> {
    try {
      while (this.#available - this.#done >= MEMBER_BYTES) await this.#member();
    } catch (error) {
      this.#failure = error;
    }
  }

  async #member(): Promise<void> {
    const wanted = Math.min(MEMBER_BYTES, this.#available - this.#done);
    let length = 0;
    while (length < wanted) {
      const { bytesRead } = await this.#from.read(this.#buffer, length, wanted - length, this.#done + length);
      if (bytesRead === 0) throw new Error('the spooled log is shorter than what was written to it');
      length += bytesRead;
    }
    await writeAll(this.#to, await gzipAsync(this.#buffer.subarray(0, length), GZIP));
    this.#done += length;
  }
}

/** A disk that is nearly full takes a part of the bytes without an error. */
async function writeAll(file: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    done += (await file.write(bytes, done, bytes.length - done)).bytesWritten;
  }
}

export interface LogCounter extends LogSink {
  readonly warnings: number;
  readonly errors: number;
  /** Messages of warnings as the results file groups them. */
  warningResult(): Result;
  errorResult(): Result;
}

/** Counts warnings and errors and composes their messages for the results file. */
export function createLogCounter(): LogCounter {
  const warnings = { count: 0, result: emptyResult() };
  const errors = { count: 0, result: emptyResult() };
  return {
    write(entry) {
      if (entry.level !== 'warning' && entry.level !== 'error') return;
      const side = entry.level === 'warning' ? warnings : errors;
      side.count += 1;
      add(side.result, entry);
    },
    get warnings() {
      return warnings.count;
    },
    get errors() {
      return errors.count;
    },
    warningResult: () => warnings.result,
    errorResult: () => errors.result,
  };
}

function add(result: Result, entry: LogEntry): void {
  const { namespace } = entry.fields;
  const message = resultMessage(entry);
  // Only an entry that names no namespace at all is of the whole job; an empty one is of a cluster-scoped item.
  if (typeof namespace === 'string') addToResult(result, namespace, message);
  else result.velero.push(message);
}

/** ` resource: /pods name: /web message: /… error: /…`; the leading blank is the original's. */
function resultMessage(entry: LogEntry): string {
  const { resource, name, error } = entry.fields;
  let message = '';
  if (resource !== undefined) message += ` resource: /${text(resource)}`;
  if (name !== undefined) message += ` name: /${text(name)}`;
  message += ` message: /${entry.message}`;
  if (error !== undefined) message += ` error: /${text(error)}`;
  return message;
}

function text(value: unknown): string {
  if (value instanceof Error) return value.message;
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
}
