/**
 * Cuts a stream of tar bytes into entries. Reads ustar, GNU and pax as Go's archive/tar does, as far as a backup's
 * archive goes: long names and sizes of both, base-256 sizes, a size-limited body that is handed over whole.
 */

import { Failure } from '../../lib/errors.ts';
import { goQuote } from '../../lib/go-text.ts';
import { BLOCK, roundUp } from './tar-header.ts';

export interface TarEntry {
  path: string;
  /** `file`, `directory`, or `other` (links, devices), which a backup does not contain. */
  type: 'file' | 'directory' | 'other';
  /** A file's content; valid until the callback returns, copy what is to be kept. Empty for all else. */
  content: Buffer;
  mtimeSeconds: number;
}

export interface TarLimits {
  maxBytes: number;
  maxEntryBytes: number;
}

/** Bytes that a pax or GNU long-name header may have; the longest key of etcd is far below. */
const MAX_META_BYTES = 1024 * 1024;
const EMPTY = Buffer.alloc(0);

interface Header {
  path: string;
  size: number;
  flag: string;
  mtimeSeconds: number;
}

/** Fed with `push`, ended with `end`; each entry is handed to the callback in order. */
export class TarParser {
  readonly #onEntry: (entry: TarEntry) => void;
  readonly #limits: TarLimits;
  readonly #name: string;
  /** Bytes that belong to an unfinished header or body. */
  #held: Buffer[] = [];
  #heldBytes = 0;
  #need = BLOCK;
  #header: Header | undefined;
  #pax: Map<string, string> = new Map();
  #globalPax: Map<string, string> = new Map();
  #longPath: string | undefined;
  #zeroBlocks = 0;
  #total = 0;
  #entries = 0;

  /** @param name what messages call the archive */
  constructor(name: string, limits: TarLimits, onEntry: (entry: TarEntry) => void) {
    this.#name = name;
    this.#limits = limits;
    this.#onEntry = onEntry;
  }

  /** @throws Failure `ARCHIVE_NOT_TAR`, `ARCHIVE_CORRUPT`, `ARCHIVE_TOO_LARGE` */
  push(chunk: Buffer): void {
    this.#total += chunk.length;
    if (this.#total > this.#limits.maxBytes) {
      throw tooLarge(this.#name, `it unpacks to more than ${this.#limits.maxBytes} bytes`);
    }
    let at = 0;
    while (at < chunk.length) {
      if (this.#ended) return;
      const missing = this.#need - this.#heldBytes;
      if (chunk.length - at < missing) {
        this.#held.push(chunk.subarray(at));
        this.#heldBytes += chunk.length - at;
        return;
      }
      const rest = chunk.subarray(at, at + missing);
      at += missing;
      const whole = this.#heldBytes === 0 ? rest : Buffer.concat([...this.#held, rest]);
      this.#held = [];
      this.#heldBytes = 0;
      this.#take(whole);
    }
  }

  /** @throws Failure `ARCHIVE_TRUNCATED` where the end-of-archive mark has not come */
  end(): void {
    if (this.#ended) return;
    if (this.#entries === 0 && this.#total === 0) throw notTar(this.#name, 'it is empty');
    throw new Failure({
      code: 'ARCHIVE_TRUNCATED',
      message: `backup archive ${this.#name} is cut off: it ends after ${this.#total} bytes without the end-of-archive mark`,
      object: this.#name,
      remedy: 'the upload was not finished or the object was damaged in the store; use another backup',
    });
  }

  /** Bytes of tar so far. */
  get bytes(): number {
    return this.#total;
  }

  get #ended(): boolean {
    return this.#zeroBlocks >= 2;
  }

  #take(bytes: Buffer): void {
    const header = this.#header;
    if (header === undefined) {
      this.#takeHeader(bytes);
      return;
    }
    this.#header = undefined;
    this.#need = BLOCK;
    this.#takeBody(header, bytes.subarray(0, header.size));
  }

  #takeHeader(block: Buffer): void {
    if (isZero(block)) {
      this.#zeroBlocks++;
      return;
    }
    this.#zeroBlocks = 0;
    if (!checksumFits(block)) {
      if (this.#entries === 0) throw notTar(this.#name, 'its first block is not a tar header');
      throw corrupt(this.#name, `the tar header after entry ${this.#entries} has a wrong checksum`);
    }
    const flag = String.fromCharCode(block[156] as number);
    const meta = flag === 'x' || flag === 'g' || flag === 'L' || flag === 'K';
    let size = numberField(block, 124, 12);
    let path = textField(block, 0, 100);
    // GNU's variant of the magic uses the prefix field for other things.
    if (block.toString('latin1', 257, 263) === 'ustar\0') {
      const prefix = textField(block, 345, 155);
      if (prefix !== '') path = `${prefix}/${path}`;
    }
    if (!meta) {
      path = this.#longPath ?? this.#pax.get('path') ?? this.#globalPax.get('path') ?? path;
      const paxSize = this.#pax.get('size') ?? this.#globalPax.get('size');
      if (paxSize !== undefined) size = Number(paxSize);
      this.#pax = new Map();
      this.#longPath = undefined;
      this.#entries++;
    }
    if (!Number.isSafeInteger(size) || size < 0) {
      throw corrupt(this.#name, `entry ${goQuote(path)} has an impossible size`);
    }
    const limit = meta ? MAX_META_BYTES : this.#limits.maxEntryBytes;
    if (size > limit) {
      throw tooLarge(this.#name, `entry ${goQuote(path)} has ${size} bytes, more than the ${limit} allowed`);
    }
    const header = { path, size: hasBody(flag) ? size : 0, flag, mtimeSeconds: numberField(block, 136, 12) };
    if (header.size === 0) {
      this.#takeBody(header, EMPTY);
      return;
    }
    this.#header = header;
    this.#need = roundUp(header.size);
  }

  #takeBody(header: Header, body: Buffer): void {
    switch (header.flag) {
      case 'x':
        this.#pax = parsePax(body, this.#name);
        return;
      case 'g':
        for (const [key, value] of parsePax(body, this.#name)) this.#globalPax.set(key, value);
        return;
      case 'L':
        this.#longPath = textField(body, 0, body.length);
        return;
      case 'K':
        return;
      case '0':
      case '\0':
      case '7':
        this.#emit(header, header.path.endsWith('/') ? 'directory' : 'file', body);
        return;
      default:
        this.#emit(header, header.flag === '5' ? 'directory' : 'other', EMPTY);
    }
  }

  #emit(header: Header, type: TarEntry['type'], content: Buffer): void {
    const { path, mtimeSeconds } = header;
    this.#onEntry({ path, type, content, mtimeSeconds: mtimeSeconds || 0 });
  }
}

/** Links, devices, directories and fifos have no content whatever their size field says. */
function hasBody(flag: string): boolean {
  return !'123456'.includes(flag);
}

function isZero(block: Buffer): boolean {
  for (const byte of block) if (byte !== 0) return false;
  return true;
}

/** The checksum field itself counts as blanks. Old writers summed signed bytes; both are accepted, as Go does. */
function checksumFits(block: Buffer): boolean {
  const stated = numberField(block, 148, 8);
  let sum = 8 * 32;
  for (let i = 0; i < 148; i++) sum += block[i] as number;
  for (let i = 156; i < BLOCK; i++) sum += block[i] as number;
  if (stated === sum) return true;
  for (let i = 0; i < BLOCK; i++) {
    if ((i < 148 || i >= 156) && (block[i] as number) >= 128) sum -= 256;
  }
  return stated === sum;
}

function textField(block: Buffer, at: number, length: number): string {
  const end = block.indexOf(0, at);
  return block.toString('utf8', at, end === -1 || end > at + length ? at + length : end);
}

/** Octal digits, or a big-endian binary number where the first bit is set. NaN where it is neither. */
function numberField(block: Buffer, at: number, length: number): number {
  const first = block[at] as number;
  if (first & 0x80) {
    let value = first & 0x7f;
    for (let i = 1; i < length; i++) value = value * 256 + (block[at + i] as number);
    return value;
  }
  const text = block.toString('latin1', at, at + length).replace(/^[ \0]+|[ \0]+$/g, '');
  if (text === '') return 0;
  return /^[0-7]+$/.test(text) ? Number.parseInt(text, 8) : Number.NaN;
}

function parsePax(body: Buffer, name: string): Map<string, string> {
  const records = new Map<string, string>();
  let at = 0;
  while (at < body.length) {
    const space = body.indexOf(0x20, at);
    const digits = space === -1 ? '' : body.toString('latin1', at, space);
    const length = /^\d{1,9}$/.test(digits) ? Number(digits) : 0;
    const equals = body.indexOf(0x3d, space);
    if (length === 0 || at + length > body.length || equals === -1 || equals >= at + length) {
      throw corrupt(name, 'an extended header is malformed');
    }
    records.set(body.toString('utf8', space + 1, equals), body.toString('utf8', equals + 1, at + length - 1));
    at += length;
  }
  return records;
}

/** The archive holds something that no tar writer produces. */
export function corrupt(name: string, what: string, cause?: unknown): Failure {
  return new Failure({
    code: 'ARCHIVE_CORRUPT',
    message: `backup archive ${name} is damaged: ${what}`,
    object: name,
    remedy: 'the object was changed in the store or on its way; use another backup',
    cause,
  });
}

function notTar(name: string, what: string): Failure {
  return new Failure({
    code: 'ARCHIVE_NOT_TAR',
    message: `backup archive ${name} is not a tar archive: ${what}`,
    object: name,
    remedy: 'check what was put under this key: a backup is a gzip-compressed tar archive',
  });
}

function tooLarge(name: string, what: string): Failure {
  return new Failure({
    code: 'ARCHIVE_TOO_LARGE',
    message: `backup archive ${name} is refused: ${what}`,
    object: name,
    remedy: 'no backup of a cluster is that large; check where the archive comes from',
  });
}
