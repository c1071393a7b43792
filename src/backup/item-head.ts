/**
 * What the engine must know of every item, read from its bytes. Most items are never parsed as a whole: their metadata
 * is walked to the few fields that decide about them, and the rest is passed over byte by byte.
 */

import type { RawItem } from '../kube/contract.ts';

/** An item with its head. */
export interface Item {
  readonly raw: RawItem;
  /** Empty for cluster-scoped items. */
  readonly namespace: string;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  /** A deletion timestamp is set. */
  readonly deleting: boolean;
}

const NO_LABELS: Readonly<Record<string, string>> = Object.freeze({});

/** Reads the head of an item. */
export function itemOf(raw: RawItem): Item {
  const { bytes } = raw;
  const buffer = Buffer.isBuffer(bytes)
    ? bytes
    : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return new HeadReader(buffer).read(raw) ?? fromObject(raw);
}

function fromObject(raw: RawItem): Item {
  const { namespace = '', name = '', labels, deletionTimestamp } = raw.object.metadata;
  return {
    raw,
    namespace,
    name,
    labels: labels ?? NO_LABELS,
    deleting: deletionTimestamp !== undefined && deletionTimestamp !== null,
  };
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const COMMA = 0x2c;
const COLON = 0x3a;

/** Walks compact or spaced JSON; gives up (undefined) on anything that it does not expect. */
class HeadReader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  read(raw: RawItem): Item | undefined {
    if (!this.#enter()) return undefined;
    for (let key = this.#key(); key !== undefined; key = this.#key()) {
      if (key === 'metadata') return this.#metadata(raw);
      this.#skip();
    }
    return undefined;
  }

  #metadata(raw: RawItem): Item | undefined {
    let namespace = '';
    let name: string | undefined;
    let labels: Readonly<Record<string, string>> | undefined = NO_LABELS;
    let deleting = false;
    if (!this.#enter()) return undefined;
    for (let key = this.#key(); key !== undefined; key = this.#key()) {
      if (key === 'name') {
        name = this.#string();
        if (name === undefined) return undefined;
      } else if (key === 'namespace') {
        const text = this.#string();
        if (text === undefined) return undefined;
        namespace = text;
      } else if (key === 'labels') {
        labels = this.#labels();
        if (labels === undefined) return undefined;
      } else if (key === 'deletionTimestamp') {
        deleting = this.#bytes[this.#at] === QUOTE;
        this.#skip();
      } else {
        this.#skip();
      }
    }
    if (name === undefined || !this.#hasEnded()) return undefined;
    return { raw, namespace, name, labels, deleting };
  }

  #labels(): Record<string, string> | undefined {
    const labels: Record<string, string> = {};
    if (!this.#enter()) return undefined;
    for (let key = this.#key(); key !== undefined; key = this.#key()) {
      const value = this.#string();
      // A key that objects know already would not become a field of its own.
      if (value === undefined || key === '__proto__') return undefined;
      labels[key] = value;
    }
    return this.#hasEnded() ? labels : undefined;
  }

  /** Steps into an object. */
  #enter(): boolean {
    this.#space();
    if (this.#bytes[this.#at] !== OPEN_BRACE) return false;
    this.#at++;
    return true;
  }

  /** The next field's name, standing at its value; undefined after the end of the object, or where it is malformed. */
  #key(): string | undefined {
    this.#space();
    if (this.#bytes[this.#at] === CLOSE_BRACE) {
      this.#at++;
      return undefined;
    }
    if (this.#bytes[this.#at] === COMMA) {
      this.#at++;
      this.#space();
    }
    if (this.#bytes[this.#at] !== QUOTE) return undefined;
    const key = this.#string();
    this.#space();
    if (key === undefined || this.#bytes[this.#at] !== COLON) return undefined;
    this.#at++;
    this.#space();
    return key;
  }

  /** True right after the end of an object. */
  #hasEnded(): boolean {
    return this.#bytes[this.#at - 1] === CLOSE_BRACE;
  }

  /** A string without escapes; undefined for anything else. */
  #string(): string | undefined {
    const bytes = this.#bytes;
    if (bytes[this.#at] !== QUOTE) return undefined;
    const start = this.#at + 1;
    let end = start;
    for (let byte = bytes[end]; byte !== QUOTE; byte = bytes[++end]) {
      // Names and labels are plain ASCII; whatever else it is, the parser shall say.
      if (byte === undefined || byte === BACKSLASH || byte > 0x7e) return undefined;
    }
    this.#at = end + 1;
    return bytes.toString('latin1', start, end);
  }

  /** Passes over a value of any kind. */
  #skip(): void {
    const bytes = this.#bytes;
    let depth = 0;
    for (; this.#at < bytes.length; this.#at++) {
      const byte = bytes[this.#at];
      if (byte === QUOTE) this.#skipString();
      else if (byte === OPEN_BRACE || byte === OPEN_BRACKET) depth++;
      else if (byte === CLOSE_BRACE || byte === CLOSE_BRACKET) {
        if (depth === 0) return;
        depth--;
      } else if (byte === COMMA && depth === 0) return;
    }
  }

  /** Ends on the closing quote. */
  #skipString(): void {
    const bytes = this.#bytes;
    let at = this.#at + 1;
    for (let byte = bytes[at]; byte !== QUOTE && byte !== undefined; byte = bytes[++at]) {
      if (byte === BACKSLASH) at++;
    }
    this.#at = at;
  }

  #space(): void {
    let byte = this.#bytes[this.#at];
    while (byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09) {
      byte = this.#bytes[++this.#at];
    }
  }
}
