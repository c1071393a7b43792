/**
 * Structured logging in logrus' two formats. The text form is part of the product: it is uploaded with every backup
 * and restore and printed by the command line (pkg/util/logging of the original).
 */

import { rfc3339 } from './clock.ts';
import { Failure } from './errors.ts';
import { goQuote } from './go-text.ts';

export const LOG_LEVELS = ['trace', 'debug', 'info', 'warning', 'error', 'fatal', 'panic'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];
export type LogFormat = 'text' | 'json';
export type LogFields = Readonly<Record<string, unknown>>;

export interface LogEntry {
  time: number;
  level: LogLevel;
  message: string;
  fields: LogFields;
}

/** Where entries go: standard output, a compressed file, a counter. Must not throw. */
export interface LogSink {
  write(entry: LogEntry): void;
}

export interface Logger {
  /** A logger whose entries also carry these fields; later fields win. An Error becomes field `error`. */
  with(fields: LogFields): Logger;
  trace(message: string, fields?: LogFields): void;
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  /** True where an entry of this level would be written: spares the work of composing it. */
  enabled(level: LogLevel): boolean;
  /** The same logger writing to more sinks besides; used for the log of one backup or restore. */
  tee(...sinks: LogSink[]): Logger;
}

export interface LoggerOptions {
  level?: LogLevel;
  sinks: readonly LogSink[];
  fields?: LogFields;
  now?: () => number;
}

/** Makes a logger; entries below `level` (default info) are dropped before they reach a sink. */
export function createLogger(options: LoggerOptions): Logger {
  return new FieldLogger(
    LOG_LEVELS.indexOf(options.level ?? 'info'),
    options.sinks,
    options.fields ?? {},
    options.now ?? Date.now,
  );
}

class FieldLogger implements Logger {
  readonly #threshold: number;
  readonly #sinks: readonly LogSink[];
  readonly #fields: LogFields;
  readonly #now: () => number;

  constructor(threshold: number, sinks: readonly LogSink[], fields: LogFields, now: () => number) {
    this.#threshold = threshold;
    this.#sinks = sinks;
    this.#fields = fields;
    this.#now = now;
  }

  with(fields: LogFields): Logger {
    return new FieldLogger(this.#threshold, this.#sinks, { ...this.#fields, ...fields }, this.#now);
  }

  tee(...sinks: LogSink[]): Logger {
    return new FieldLogger(this.#threshold, [...this.#sinks, ...sinks], this.#fields, this.#now);
  }

  enabled(level: LogLevel): boolean {
    return LOG_LEVELS.indexOf(level) >= this.#threshold && this.#sinks.length > 0;
  }

  trace(message: string, fields?: LogFields): void {
    this.#write('trace', message, fields);
  }
  debug(message: string, fields?: LogFields): void {
    this.#write('debug', message, fields);
  }
  info(message: string, fields?: LogFields): void {
    this.#write('info', message, fields);
  }
  warn(message: string, fields?: LogFields): void {
    this.#write('warning', message, fields);
  }
  error(message: string, fields?: LogFields): void {
    this.#write('error', message, fields);
  }

  #write(level: LogLevel, message: string, fields: LogFields | undefined): void {
    if (!this.enabled(level)) return;
    const entry = {
      time: this.#now(),
      level,
      message,
      fields: fields ? { ...this.#fields, ...fields } : this.#fields,
    };
    for (const sink of this.#sinks) sink.write(entry);
  }
}

/** A logger that writes nothing. */
export const silentLogger: Logger = createLogger({ sinks: [], level: 'panic' });

let lastSecond = Number.NaN;
let lastText = '';

/** Many lines share a second: its text is made once. */
function timeText(ms: number): string {
  const second = Math.floor(ms / 1000);
  if (second !== lastSecond) {
    lastText = rfc3339(ms);
    lastSecond = second;
  }
  return lastText;
}

/** One line of logrus' TextFormatter (fields sorted, `error` as its message) or JSONFormatter, with the newline. */
export function formatEntry(entry: LogEntry, format: LogFormat = 'text'): string {
  const time = timeText(entry.time);
  if (format === 'json') {
    const record: Record<string, unknown> = {};
    for (const [key, value] of Object.entries(entry.fields)) {
      const name = key === 'time' || key === 'level' || key === 'msg' ? `fields.${key}` : key;
      record[name] = value instanceof Error ? value.message : value;
    }
    record['level'] = entry.level;
    record['msg'] = entry.message;
    record['time'] = time;
    return `${JSON.stringify(sortKeys(record))}\n`;
  }
  let line = `time="${time}" level=${entry.level} msg=${quote(entry.message)}`;
  for (const key of Object.keys(entry.fields).sort()) {
    const value = entry.fields[key];
    if (value === undefined) continue;
    line += ` ${key}=${quote(textOf(value))}`;
  }
  return `${line}\n`;
}

function sortKeys(record: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1)));
}

function textOf(value: unknown): string {
  if (value instanceof Error) {
    return value instanceof Failure && value.remedy ? `${value.message} (${value.remedy})` : value.message;
  }
  return typeof value === 'string'
    ? value
    : typeof value === 'object'
      ? JSON.stringify(value)
      : String(value);
}

const BARE = /^[a-zA-Z0-9\-._/@^+]*$/;

/** Quotes as logrus does: bare words stay bare, all else as a Go string literal. */
function quote(text: string): string {
  return BARE.test(text) ? text : goQuote(text);
}

/** Writes formatted lines to a function such as `process.stdout.write`. */
export function lineSink(write: (line: string) => void, format: LogFormat = 'text'): LogSink {
  return { write: (entry) => write(formatEntry(entry, format)) };
}
