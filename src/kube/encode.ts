/**
 * Objects to JSON without losing digits. JavaScript reads 9007199254740993 as 9007199254740992 and 1e400 as infinity;
 * an object that came from such bytes and was changed elsewhere must still be written with the digits that it had.
 */

import { LosslessNumber, parse, stringify } from 'lossless-json';

/**
 * A number that JavaScript would not give back digit by digit: an integer or fraction of 16 digits and more, or one
 * with an exponent. What looks like one inside a string only costs time.
 */
const DELICATE = /[:,[]\s*-?(?:\d{16}|\d+\.\d{14}|\d[\d.]*[eE])/;

/** Whether these bytes hold a number that JSON.parse and JSON.stringify would change. */
export function hasDelicateNumbers(bytes: Uint8Array): boolean {
  return DELICATE.test(asBuffer(bytes).toString('latin1'));
}

/**
 * JSON of an object, in UTF-8.
 * @param original what the object was parsed from: numbers that the object still holds unchanged are written as there
 */
export function encode(object: unknown, original?: { readonly bytes: Uint8Array }): Buffer {
  if (original === undefined || !hasDelicateNumbers(original.bytes))
    return Buffer.from(JSON.stringify(object));
  const source = parse(asBuffer(original.bytes).toString('utf8'));
  const texts = new Map<number, string | undefined>();
  collect(source, texts);
  return Buffer.from(stringify(restore(object, source, texts)) ?? 'null');
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** The text of every delicate number by its value; undefined where two texts share a value. */
function collect(source: unknown, into: Map<number, string | undefined>): void {
  if (source instanceof LosslessNumber) {
    const text = source.toString();
    const value = Number(text);
    if (String(value) === text) return;
    into.set(value, into.has(value) && into.get(value) !== text ? undefined : text);
  } else if (typeof source === 'object' && source !== null) {
    for (const value of Object.values(source)) collect(value, into);
  }
}

/** A copy of `value` in which a number equal to the one at the same place of `source` has that one's text. */
function restore(value: unknown, source: unknown, texts: ReadonlyMap<number, string | undefined>): unknown {
  if (typeof value === 'number') {
    if (source instanceof LosslessNumber && Object.is(Number(source.toString()), value)) return source;
    // Elements of lists move when others are taken out: the value then says which number it was.
    const text = texts.get(value);
    return text === undefined ? value : new LosslessNumber(text);
  }
  if (Array.isArray(value)) {
    return value.map((item, index) =>
      restore(item, Array.isArray(source) ? source[index] : undefined, texts),
    );
  }
  if (typeof value === 'object' && value !== null) {
    const from = typeof source === 'object' && source !== null ? (source as Record<string, unknown>) : {};
    const copy: Record<string, unknown> = {};
    for (const [key, inner] of Object.entries(value)) {
      // `__proto__` is a field like any other in JSON.
      Object.defineProperty(copy, key, {
        value: restore(inner, Object.hasOwn(from, key) ? from[key] : undefined, texts),
        enumerable: true,
        configurable: true,
        writable: true,
      });
    }
    return copy;
  }
  return value;
}
