/**
 * Flags as data: what a command line flag is called, how its text is read and how help shows it. Every value type
 * reads and prints as the library behind the original's command line does (spf13/pflag 1.0.5 and pkg/cmd/util/flag),
 * down to the wording of its errors. Whoever has settings declares them with these; the grammar is in cli/flags.ts.
 */

import { formatDuration } from './duration.ts';
import { goQuote } from './go-text.ts';

/** How one kind of value is read and shown. */
export interface FlagType<T> {
  /** The word that help shows after the flag's name; `bool` and an empty one are not shown. */
  readonly typeName: string;
  /**
   * @param text what follows the flag
   * @param current the value so far, the default the first time
   * @param changed false the first time: most lists drop their default then
   * @throws Error whose message is the reason that the user is told
   */
  parse(text: string, current: T, changed: boolean): T;
  print(value: T): string;
  /** Default texts that help leaves away. Types without them are judged by their present value, as pflag does. */
  readonly zeroTexts?: readonly string[];
}

export interface Flag<T> {
  readonly type: FlagType<T>;
  readonly usage: string;
  readonly default: T;
  /** One letter. */
  readonly shorthand?: string;
  /** What `--flag` alone means; without it the flag needs a value. */
  readonly noValue?: string;
  /** Accepted, but not shown by help or completion. */
  readonly hidden?: boolean;
}

export type FlagTable = Readonly<Record<string, Flag<unknown>>>;
/** The values of a table, by flag name. */
export type FlagValues<F extends FlagTable> = {
  readonly [K in keyof F]: F[K] extends Flag<infer T> ? T : never;
};

export interface FlagOptions<T> {
  default?: T;
  shorthand?: string;
  noValue?: string;
  hidden?: boolean;
}

function build<T>(type: FlagType<T>, usage: string, fallback: T, options: FlagOptions<T> = {}): Flag<T> {
  const { default: value = fallback, ...rest } = options;
  return { type, usage, default: value, ...rest };
}

/** `--name TEXT` */
export function stringFlag(usage: string, options?: FlagOptions<string>): Flag<string> {
  return build(
    { typeName: 'string', zeroTexts: [''], parse: (text) => text, print: (value) => value },
    usage,
    '',
    options,
  );
}

/** `--name`, `--name=false`; never `--name false`. */
export function boolFlag(usage: string, options?: FlagOptions<boolean>): Flag<boolean> {
  return build({ typeName: 'bool', zeroTexts: ['false'], parse: parseBool, print: String }, usage, false, {
    noValue: 'true',
    ...options,
  });
}

/** A whole number; `0x1f`, `0o17`, `0b1` and `1_000` are numbers too. */
export function intFlag(usage: string, options?: FlagOptions<number>): Flag<number> {
  return build({ typeName: 'int', zeroTexts: ['0'], parse: parseInteger, print: String }, usage, 0, options);
}

/** A number with a fraction. */
export function float32Flag(usage: string, options?: FlagOptions<number>): Flag<number> {
  return build(
    { typeName: 'float32', zeroTexts: ['0'], parse: parseFloat32, print: String },
    usage,
    0,
    options,
  );
}

/** A Go duration; the value is in milliseconds. */
export function durationFlag(usage: string, options?: FlagOptions<number>): Flag<number> {
  return build(
    { typeName: 'duration', zeroTexts: ['0', '0s'], parse: readDuration, print: formatDuration },
    usage,
    0,
    options,
  );
}

/** Comma-separated values (as CSV); the flag given again adds to them. */
export function stringSliceFlag(
  usage: string,
  options?: FlagOptions<readonly string[]>,
): Flag<readonly string[]> {
  return build<readonly string[]>(
    {
      typeName: 'strings',
      zeroTexts: ['[]'],
      parse: (text, current, changed) => {
        const fields = text === '' ? [] : readCsv(text, ',');
        return changed ? [...current, ...fields] : fields;
      },
      print: (value) => `[${writeCsv(value)}]`,
    },
    usage,
    [],
    options,
  );
}

/** Values split at every comma; the flag given again replaces them (pkg/cmd/util/flag/array.go). */
export function stringArrayFlag(
  usage: string,
  options?: FlagOptions<readonly string[]>,
): Flag<readonly string[]> {
  return build<readonly string[]>(
    { typeName: 'stringArray', parse: (text) => text.split(','), print: (value) => value.join(',') },
    usage,
    [],
    options,
  );
}

export interface MapFlagOptions extends FlagOptions<Readonly<Record<string, string>>> {
  /** Between key and value; `=` unless given. */
  keyValueDelimiter?: string;
}

/** `k1=v1,k2=v2`, quoted as CSV where a value has commas; the flag given again adds (pkg/cmd/util/flag/map.go). */
export function mapFlag(usage: string, options: MapFlagOptions = {}): Flag<Readonly<Record<string, string>>> {
  const { keyValueDelimiter = '=', ...rest } = options;
  return build<Readonly<Record<string, string>>>(
    {
      typeName: 'mapStringString',
      parse: (text, current) => ({ ...current, ...parsePairs(text, keyValueDelimiter) }),
      print: (value) =>
        Object.entries(value)
          .map(([key, item]) => `${key}${keyValueDelimiter}${item}`)
          .join(','),
    },
    usage,
    {},
    rest,
  );
}

/** Unset, true or false; `--name` alone is true unless `noValue` says otherwise (pkg/cmd/util/flag/optional_bool.go). */
export function optionalBoolFlag(
  usage: string,
  options: FlagOptions<boolean | undefined> & { needsValue?: boolean } = {},
): Flag<boolean | undefined> {
  const { needsValue = false, ...rest } = options;
  return build<boolean | undefined>(
    {
      typeName: 'optionalBool',
      parse: (text) => (text === '' ? undefined : parseBool(text)),
      print: (value) => (value === undefined ? '<nil>' : String(value)),
    },
    usage,
    undefined,
    needsValue ? rest : { noValue: 'true', ...rest },
  );
}

/** One of a fixed set of words (pkg/cmd/util/flag/enum.go). */
export function enumFlag<T extends string>(
  usage: string,
  allowed: readonly T[],
  options: FlagOptions<T> & { default: T },
): Flag<T> {
  return build<T>(
    {
      typeName: '',
      parse: (text) => {
        const value = allowed.find((word) => word === text);
        if (value === undefined) throw new Error(`invalid value: ${goQuote(text)}`);
        return value;
      },
      print: (value) => value,
    },
    usage,
    options.default,
    options,
  );
}

/** A flag whose text is kept as it is, shown with a type name of its own. */
export function opaqueFlag(typeName: string, usage: string, options?: FlagOptions<string>): Flag<string> {
  return build({ typeName, parse: (text) => text, print: (value) => value }, usage, '', options);
}

const TRUE = new Set(['1', 't', 'T', 'TRUE', 'true', 'True']);
const FALSE = new Set(['0', 'f', 'F', 'FALSE', 'false', 'False']);

function parseBool(text: string): boolean {
  if (TRUE.has(text)) return true;
  if (FALSE.has(text)) return false;
  throw new Error(`strconv.ParseBool: parsing ${goQuote(text)}: invalid syntax`);
}

function parseInteger(text: string): number {
  const match = /^([+-]?)(0[xX][0-9a-fA-F_]+|0[bB][01_]+|0[oO]?[0-7_]+|[1-9][0-9_]*|0)$/.exec(text);
  if (!match || /__|_$/.test(text)) {
    throw new Error(`strconv.ParseInt: parsing ${goQuote(text)}: invalid syntax`);
  }
  let digits = (match[2] as string).replaceAll('_', '');
  if (/^0[0-7]/.test(digits)) digits = `0o${digits.slice(1)}`;
  const value = BigInt(digits) * (match[1] === '-' ? -1n : 1n);
  if (value > 9223372036854775807n || value < -9223372036854775808n) {
    throw new Error(`strconv.ParseInt: parsing ${goQuote(text)}: value out of range`);
  }
  return Number(value);
}

function parseFloat32(text: string): number {
  if (/^[+-]?(inf|infinity)$/i.test(text)) return text.startsWith('-') ? -Infinity : Infinity;
  if (/^nan$/i.test(text)) return Number.NaN;
  if (!/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text)) {
    throw new Error(`strconv.ParseFloat: parsing ${goQuote(text)}: invalid syntax`);
  }
  const value = Math.fround(Number(text));
  if (!Number.isFinite(value)) {
    throw new Error(`strconv.ParseFloat: parsing ${goQuote(text)}: value out of range`);
  }
  return Number(value.toPrecision(7));
}

const UNIT_MS: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  μs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
};

/** Milliseconds, or the reason that Go's time.ParseDuration gives. */
function readDuration(text: string): number {
  const refuse = (reason: string) => new Error(`time: ${reason} ${goQuote(text)}`);
  let rest = text.replace(/^[+-]/, '');
  if (rest === '0') return 0;
  if (rest === '') throw refuse('invalid duration');
  let total = 0;
  while (rest !== '') {
    const number = /^(\d+\.?\d*|\.\d+)/.exec(rest)?.[0];
    if (number === undefined) throw refuse('invalid duration');
    rest = rest.slice(number.length);
    const unit = /^[^.\d]*/.exec(rest)?.[0] ?? '';
    if (unit === '') throw refuse('missing unit in duration');
    const factor = UNIT_MS[unit];
    if (factor === undefined) throw refuse(`unknown unit ${goQuote(unit)} in duration`);
    total += Number(number) * factor;
    rest = rest.slice(unit.length);
  }
  // Go counts nanoseconds in 64 bits.
  if (total > 9_223_372_036_854.775) throw refuse('invalid duration');
  return text.startsWith('-') ? -total : total;
}

function parsePairs(text: string, delimiter: string): Record<string, string> {
  let parts: readonly string[];
  try {
    if (text === '') throw new Error('EOF');
    parts = readCsv(text, ',');
  } catch (error) {
    throw new Error(`error parsing ${goQuote(text)}: ${(error as Error).message}`, { cause: error });
  }
  const pairs: Record<string, string> = {};
  for (const part of parts) {
    const at = part.indexOf(delimiter);
    if (at < 0) throw new Error(`error parsing ${goQuote(part)}`);
    pairs[part.slice(0, at)] = part.slice(at + delimiter.length);
  }
  return pairs;
}

/** The fields of the first CSV record, with the errors of Go's encoding/csv. */
function readCsv(text: string, comma: string): string[] {
  const line = text.split(/\r?\n/).find((candidate) => candidate !== '');
  // A quoted field may run over line ends, so only an unquoted record is cut at the first.
  const source = text.includes('"') ? text : (line ?? '');
  if (source === '') throw new Error('EOF');
  const fields: string[] = [];
  let at = 0;
  const fail = (position: number, reason: string) =>
    new Error(`parse error on line 1, column ${Buffer.byteLength(source.slice(0, position)) + 1}: ${reason}`);
  for (;;) {
    if (source[at] !== '"') {
      let end = source.indexOf(comma, at);
      if (end < 0) end = source.length;
      const field = source.slice(at, end);
      const bare = field.indexOf('"');
      if (bare >= 0) throw fail(at + bare, 'bare " in non-quoted-field');
      fields.push(field);
      at = end;
    } else {
      let field = '';
      let from = at + 1;
      for (;;) {
        const quote = source.indexOf('"', from);
        if (quote < 0) throw fail(source.length, 'extraneous or missing " in quoted-field');
        field += source.slice(from, quote);
        const next = source[quote + 1];
        if (next === '"') {
          field += '"';
          from = quote + 2;
          continue;
        }
        if (next !== undefined && next !== comma && next !== '\n') {
          throw fail(quote, 'extraneous or missing " in quoted-field');
        }
        at = quote + 1;
        break;
      }
      fields.push(field);
    }
    if (source[at] !== comma) return fields;
    at += 1;
  }
}

function writeCsv(fields: readonly string[]): string {
  return fields
    .map((field) => (/[",\n\r]|^\s/.test(field) ? `"${field.replaceAll('"', '""')}"` : field))
    .join(',');
}
