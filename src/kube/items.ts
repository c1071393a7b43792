/**
 * Cuts a list response into its items without parsing it: a scan over the bytes that knows strings and brackets.
 * Every digit and every unknown field survives, and nothing is parsed that nobody looks at.
 */

import type { KubeObject } from '../api/object.ts';
import type { RawItem } from './contract.ts';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const COMMA = 0x2c;
const COLON = 0x3a;

/** An object's bytes, parsed once and only when somebody looks. */
export class LazyItem implements RawItem {
  readonly bytes: Buffer;
  #object: KubeObject | undefined;

  constructor(bytes: Buffer, object?: KubeObject) {
    this.bytes = bytes;
    this.#object = object;
  }

  get object(): KubeObject {
    this.#object ??= JSON.parse(this.bytes.toString('utf8')) as KubeObject;
    return this.#object;
  }

  get uid(): string | undefined {
    return this.object.metadata.uid;
  }

  get resourceVersion(): string | undefined {
    return this.object.metadata.resourceVersion;
  }
}

export interface CutList {
  items: LazyItem[];
  kind: string;
  apiVersion: string;
  resourceVersion: string;
  continueToken: string;
  remaining?: number;
}

/** Thrown where the bytes are no JSON object holding a list. */
export class ListSyntaxError extends SyntaxError {}

/**
 * Cuts `{"kind":…,"apiVersion":…,"metadata":{…},"items":[…]}` into its items. Items without `kind` or `apiVersion`
 * (lists of built-in types) get them spliced in front, made from the list's own, or from `fallback` where the list
 * has none.
 * @throws ListSyntaxError where the bytes are cut off or no list
 */
export function cutList(bytes: Buffer, fallback: { kind: string; apiVersion: string }): CutList {
  const header: Record<string, unknown> = {};
  const spans: number[] = [];
  let at = skipSpace(bytes, 0);
  if (bytes[at] !== OPEN_BRACE) throw new ListSyntaxError('the list does not begin with an object');
  at = skipSpace(bytes, at + 1);
  let open = bytes[at] !== CLOSE_BRACE;
  while (open) {
    if (bytes[at] !== QUOTE) throw new ListSyntaxError(`expected a field name at byte ${at} of the list`);
    const keyEnd = stringEnd(bytes, at);
    const key = JSON.parse(bytes.toString('utf8', at, keyEnd)) as string;
    at = skipSpace(bytes, keyEnd);
    if (bytes[at] !== COLON) throw new ListSyntaxError(`expected ':' at byte ${at} of the list`);
    at = skipSpace(bytes, at + 1);
    if (key === 'items' && bytes[at] === OPEN_BRACKET) {
      at = cutArray(bytes, at, spans);
    } else {
      const end = valueEnd(bytes, at);
      header[key] = JSON.parse(bytes.toString('utf8', at, end));
      at = end;
    }
    at = skipSpace(bytes, at);
    open = bytes[at] !== CLOSE_BRACE;
    if (open && bytes[at] !== COMMA) throw new ListSyntaxError(`the list is cut off at byte ${at}`);
    if (open) at = skipSpace(bytes, at + 1);
  }
  const listKind = typeof header['kind'] === 'string' ? header['kind'] : '';
  const listVersion = typeof header['apiVersion'] === 'string' ? header['apiVersion'] : '';
  const metadata = (header['metadata'] ?? {}) as Record<string, unknown>;
  const kind = listKind.endsWith('List') && listKind !== 'List' ? listKind.slice(0, -4) : fallback.kind;
  const result: CutList = {
    items: splice(bytes, spans, kind, listVersion === '' ? fallback.apiVersion : listVersion),
    kind: listKind,
    apiVersion: listVersion,
    resourceVersion: typeof metadata['resourceVersion'] === 'string' ? metadata['resourceVersion'] : '',
    continueToken: typeof metadata['continue'] === 'string' ? metadata['continue'] : '',
  };
  if (typeof metadata['remainingItemCount'] === 'number') result.remaining = metadata['remainingItemCount'];
  return result;
}

const HAS_KIND = 1;
const HAS_VERSION = 2;
/** Numbers kept of each item: start, end, which of kind and apiVersion it carries. */
const STRIDE = 3;

/** Notes where each element of the array at `at` begins and ends; returns the byte after the closing bracket. */
function cutArray(bytes: Buffer, at: number, spans: number[]): number {
  const length = bytes.length;
  let i = at + 1;
  for (;;) {
    i = skipSpace(bytes, i);
    if (i >= length) throw new ListSyntaxError('the list is cut off among its items');
    const byte = bytes[i];
    if (byte === CLOSE_BRACKET) return i + 1;
    if (byte === COMMA) {
      i++;
      continue;
    }
    if (byte !== OPEN_BRACE) {
      throw new ListSyntaxError(`an item of the list is no object at byte ${i}`);
    }
    const start = i;
    let depth = 0;
    let keyNext = false;
    let has = 0;
    for (; i < length; i++) {
      const c = bytes[i];
      if (c === QUOTE) {
        const from = i;
        i = stringEnd(bytes, i) - 1;
        if (keyNext && depth === 1) {
          const size = i - from - 1;
          if (size === 4 && isKind(bytes, from + 1)) has |= HAS_KIND;
          else if (size === 10 && isApiVersion(bytes, from + 1)) has |= HAS_VERSION;
          keyNext = false;
        }
      } else if (c === OPEN_BRACE || c === OPEN_BRACKET) {
        depth++;
        keyNext = depth === 1;
      } else if (c === CLOSE_BRACE || c === CLOSE_BRACKET) {
        depth--;
        if (depth === 0) break;
      } else if (c === COMMA && depth === 1) {
        keyNext = true;
      }
    }
    if (i >= length) throw new ListSyntaxError('the list is cut off within an item');
    i++;
    spans.push(start, i, has);
  }
}

function splice(bytes: Buffer, spans: readonly number[], kind: string, apiVersion: string): LazyItem[] {
  const both = Buffer.from(`{"apiVersion":${JSON.stringify(apiVersion)},"kind":${JSON.stringify(kind)}`);
  const onlyKind = Buffer.from(`{"kind":${JSON.stringify(kind)}`);
  const onlyVersion = Buffer.from(`{"apiVersion":${JSON.stringify(apiVersion)}`);
  const items: LazyItem[] = [];
  for (let s = 0; s < spans.length; s += STRIDE) {
    const start = spans[s] as number;
    const end = spans[s + 1] as number;
    const has = spans[s + 2] as number;
    if (has === (HAS_KIND | HAS_VERSION)) {
      items.push(new LazyItem(bytes.subarray(start, end)));
      continue;
    }
    const prefix = has === HAS_KIND ? onlyVersion : has === HAS_VERSION ? onlyKind : both;
    const inner = skipSpace(bytes, start + 1);
    const empty = bytes[inner] === CLOSE_BRACE;
    const item = Buffer.allocUnsafe(prefix.length + (empty ? 0 : 1) + (end - inner));
    prefix.copy(item, 0);
    let to = prefix.length;
    if (!empty) item[to++] = COMMA;
    bytes.copy(item, to, inner, end);
    items.push(new LazyItem(item));
  }
  return items;
}

/** `kind` at `at`. */
function isKind(bytes: Buffer, at: number): boolean {
  return bytes[at] === 0x6b && bytes[at + 1] === 0x69 && bytes[at + 2] === 0x6e && bytes[at + 3] === 0x64;
}

/** `apiVersion` at `at`. */
function isApiVersion(bytes: Buffer, at: number): boolean {
  return bytes[at] === 0x61 && bytes.toString('latin1', at, at + 10) === 'apiVersion';
}

function skipSpace(bytes: Buffer, at: number): number {
  let i = at;
  while (i < bytes.length) {
    const c = bytes[i];
    if (c !== 0x20 && c !== 0x0a && c !== 0x0d && c !== 0x09) break;
    i++;
  }
  return i;
}

/** Most strings are short: these many bytes are looked at one by one before a native search is worth its call. */
const NEAR = 96;

/** The byte after the closing quote of the string at `at`. */
function stringEnd(bytes: Buffer, at: number): number {
  const length = bytes.length;
  const near = Math.min(length, at + NEAR);
  let i = at + 1;
  for (; i < near; i++) {
    const c = bytes[i];
    if (c === QUOTE) return i + 1;
    if (c === BACKSLASH) i++;
  }
  // A backslash as the last near byte has moved `i` past the byte that it escapes, so this place is never inside an escape.
  for (;;) {
    const quote = bytes.indexOf(QUOTE, i);
    if (quote < 0) throw new ListSyntaxError('the list is cut off within a string');
    let slashes = 0;
    while (quote - 1 - slashes >= i && bytes[quote - 1 - slashes] === BACKSLASH) slashes++;
    if (slashes % 2 === 0) return quote + 1;
    i = quote + 1;
  }
}

/** The byte after the JSON value at `at`. */
function valueEnd(bytes: Buffer, at: number): number {
  const first = bytes[at];
  if (first === QUOTE) return stringEnd(bytes, at);
  let i = at;
  if (first === OPEN_BRACE || first === OPEN_BRACKET) {
    let depth = 0;
    for (; i < bytes.length; i++) {
      const c = bytes[i];
      if (c === QUOTE) i = stringEnd(bytes, i) - 1;
      else if (c === OPEN_BRACE || c === OPEN_BRACKET) depth++;
      else if (c === CLOSE_BRACE || c === CLOSE_BRACKET) {
        depth--;
        if (depth === 0) return i + 1;
      }
    }
    throw new ListSyntaxError('the list is cut off within its header');
  }
  while (i < bytes.length && bytes[i] !== COMMA && bytes[i] !== CLOSE_BRACE && bytes[i] !== CLOSE_BRACKET)
    i++;
  return i;
}
