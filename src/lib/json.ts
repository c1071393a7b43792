/** JSON values with every digit kept: integers that a double cannot hold stay as raw JSON text, see `JSON.rawJSON`. */

declare global {
  interface JSON {
    /** A frozen object that `stringify` prints as this text. */
    rawJSON(text: string): object;
    isRawJSON(value: unknown): boolean;
  }
}

/** An integer of 16 digits or more at a place where a value may stand. */
const WIDE_NUMBER = /[:[,]\s*-?\d{16}/;

/**
 * Parses JSON. Integers beyond 2^53 become raw JSON objects, which `JSON.stringify` prints as they were read.
 * @throws SyntaxError
 */
export function parseJson(text: string): unknown {
  if (!WIDE_NUMBER.test(text)) return JSON.parse(text);
  return JSON.parse(text, keepWideInteger);
}

function keepWideInteger(
  this: unknown,
  _key: string,
  value: unknown,
  context?: { source?: string },
): unknown {
  if (typeof value !== 'number' || Number.isSafeInteger(value)) return value;
  const source = context?.source;
  return source !== undefined && /^-?\d+$/.test(source) ? JSON.rawJSON(source) : value;
}

/** A deep copy of a JSON value; raw numbers, which cannot change, are shared. */
export function cloneJson<T>(value: T): T {
  if (typeof value !== 'object' || value === null || JSON.isRawJSON(value)) return value;
  if (Array.isArray(value)) return value.map(cloneJson) as T;
  // The spread makes every key an own property first, so that a key `__proto__` is a key like others.
  const copy = { ...value } as Record<string, unknown>;
  for (const key of Object.keys(copy)) {
    const inner = copy[key];
    if (typeof inner === 'object') copy[key] = cloneJson(inner);
  }
  return copy as T;
}

/** True where both are the same JSON value; the order of keys does not matter. */
export function jsonEqual(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a)) {
    if (!Array.isArray(b) || a.length !== b.length) return false;
    return a.every((value, index) => jsonEqual(value, b[index]));
  }
  if (Array.isArray(b)) return false;
  const left = a as Record<string, unknown>;
  const right = b as Record<string, unknown>;
  const keys = Object.keys(left);
  if (keys.length !== Object.keys(right).length) return false;
  return keys.every((key) => Object.hasOwn(right, key) && jsonEqual(left[key], right[key]));
}
