import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cloneJson, jsonEqual, parseJson } from './json.ts';

describe('JSON with every digit', () => {
  it('prints integers beyond 2^53 as they were read', () => {
    const text = '{"a":9223372036854775807,"b":[-9007199254740993,1],"c":"1234567890123456789","d":1.5}';
    expect(JSON.stringify(parseJson(text))).toBe(text);
    expect(JSON.stringify(cloneJson(parseJson(text)))).toBe(text);
  });

  it('compares raw integers by their digits', () => {
    const text = '{"a":9223372036854775807}';
    expect(jsonEqual(parseJson(text), parseJson(text))).toBe(true);
    expect(jsonEqual(parseJson(text), parseJson('{"a":9223372036854775806}'))).toBe(false);
  });

  it('clones to an equal value that shares nothing mutable', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const copy = cloneJson(value);
        expect(copy).toEqual(value);
        expect(jsonEqual(copy, value)).toBe(true);
        if (typeof value === 'object' && value !== null) expect(copy).not.toBe(value);
      }),
    );
  });

  it('tells values apart as their texts with sorted keys do', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (a, b) => {
        expect(jsonEqual(a, b)).toBe(sorted(a) === sorted(b));
      }),
    );
  });

  it('tells an absent key from null and from undefined of another key', () => {
    expect(jsonEqual({ a: null }, {})).toBe(false);
    expect(jsonEqual({ a: 1 }, { b: 1 })).toBe(false);
    expect(jsonEqual([], {})).toBe(false);
  });
});

function sorted(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}
