/**
 * The log of one backup or restore: every line is compressed into a spool file for the upload, and warnings and errors
 * are counted and kept for the results file (pkg/util/logging/{dual_mode_logger,log_counter_hook}.go).
 */

import type { FileHandle } from 'node:fs/promises';
import { promisify } from 'node:util';
import { gzip, gzipSync } from 'node:zlib';
import { addToResult, emptyResult, type Result } from '../api/documents/result.ts';
import { formatEntry, type LogEntry, type LogSink } from '../lib/log.ts';
import { openSpoolFile, type Spool } from './spool.ts';

const gzipAsync = promisify(gzip);

/** Text that becomes one gzip member; members side by side are one valid file. */
const CHUNK_BYTES = 256 * 1024;
/** Beyond this many chunks in work the writer is faster than the compressor and has to wait. */
const MAX_PENDING = 32;
/** Logs are large and compress well at any level. */
const GZIP = { level: 1 };

export interface JobLog extends LogSink {
  /** Ends the file: what is logged later goes to the other sinks only. Gives its path. */
  finish(): Promise<string>;
  /** Removes the file. */
  dispose(): Promise<void>;
}

/** Starts a log in `spool` with lines in the given format. What cannot be written is reported by `finish`. */
export async function createJobLog(spool: Spool, name: string, format: 'text' | 'json'): Promise<JobLog> {
  const path = spool.path(`${name}-logs.gz`);
  const file = await openSpoolFile(path);
  const writer = new MemberWriter(file);
  let finished: Promise<string> | undefined;
  return {
    write(entry) {
      if (finished === undefined) writer.add(formatEntry(entry, format));
    },
    finish() {
      finished ??= writer.close().then(() => path);
      return finished;
    },
    async dispose() {
      finished ??= writer.close().then(() => path);
      // A log that could not be written was reported when it was to be uploaded.
      await finished.catch(() => undefined);
      await spool.remove(path);
    },
  };
}

/** Compresses chunks side by side and appends them in order. */
class MemberWriter {
  readonly #file: FileHandle;
  #lines: string[] = [];
  #bytes = 0;
  readonly #queue: Promise<Buffer>[] = [];
  #writing: Promise<void> | undefined;
  #failure: unknown;

  constructor(file: FileHandle) {
    this.#file = file;
  }

  add(line: string): void {
    this.#lines.push(line);
    this.#bytes += line.length;
    if (this.#bytes >= CHUNK_BYTES) this.#flush();
  }

  async close(): Promise<void> {
    // An empty log is still a gzip file.
    this.#flush();
    await this.#writing;
    await this.#file.close();
    if (this.#failure !== undefined) throw this.#failure as Error;
  }

  #flush(): void {
    const text = Buffer.from(this.#lines.join(''));
    this.#lines = [];
    this.#bytes = 0;
    // Compressing here makes the writer wait, so that text does not pile up in memory.
    const member =
      this.#queue.length >= MAX_PENDING ? Promise.resolve(gzipSync(text, GZIP)) : gzipAsync(text, GZIP);
    // The writer looks at each member in turn; a failure must not count as unhandled until it does.
    member.catch(() => undefined);
    this.#queue.push(member);
    this.#writing ??= this.#drain();
  }

  async #drain(): Promise<void> {
    try {
      for (let next = this.#queue[0]; next !== undefined; next = this.#queue[0]) {
        const bytes = await next;
        if (this.#failure === undefined) await this.#file.write(bytes);
        void this.#queue.shift();
      }
    } catch (error) {
      this.#failure = error;
      this.#queue.length = 0;
    } finally {
      this.#writing = undefined;
    }
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
