import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encode, hasDelicateNumbers } from './encode.ts';

function changed(text: string, change: (object: Record<string, unknown>) => void): string {
  const object = JSON.parse(text) as Record<string, unknown>;
  change(object);
  return encode(object, { bytes: Buffer.from(text) }).toString();
}

describe('encoding without loss of digits', () => {
  it('keeps integers beyond 2^53 and numbers beyond the range of a double', () => {
    const text =
      '{"a":9007199254740993,"b":[1e400,-1.50E2],"c":0.12345678901234567890,"d":{"e":18446744073709551615}}';
    expect(changed(text, (object) => (object['new'] = 1))).toBe(`${text.slice(0, -1)},"new":1}`);
  });

  it('writes what was changed as it is now', () => {
    expect(changed('{"a":9007199254740993,"b":9007199254740995}', (object) => (object['a'] = 5))).toBe(
      '{"a":5,"b":9007199254740995}',
    );
  });

  it('finds the digits of list elements that moved', () => {
    const text = '{"list":[{"n":1234567890123456789},{"n":9007199254740993}]}';
    expect(changed(text, (object) => (object['list'] as unknown[]).shift())).toBe(
      '{"list":[{"n":9007199254740993}]}',
    );
  });

  it('keeps fields of any name, also __proto__', () => {
    const text = '{"__proto__":{"n":9007199254740993},"toString":1}';
    expect(changed(text, () => undefined)).toBe(text);
  });

  it('takes the short way where no number is delicate, and does not miss one', () => {
    expect(hasDelicateNumbers(Buffer.from('{"a":123456789012345,"b":1.5,"c":"x1234567890123456"}'))).toBe(
      false,
    );
    for (const number of ['1234567890123456', '-9007199254740993', '1e5', '1E400', '0.1234567890123456789']) {
      for (const text of [`{"a":${number}}`, `[${number}]`, `[1,${number}]`, `{"a": ${number}}`]) {
        expect(hasDelicateNumbers(Buffer.from(text)), text).toBe(true);
      }
    }
  });

  it('gives the same JSON as JSON.stringify where JavaScript loses nothing', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const text = JSON.stringify({ value, force: 1 });
        const withDelicate = `{"value":${JSON.stringify(value)},"force":1234567890123456789}`;
        expect(encode(JSON.parse(text), { bytes: Buffer.from(text) }).toString()).toBe(text);
        const out = encode(JSON.parse(withDelicate), { bytes: Buffer.from(withDelicate) }).toString();
        expect(out).toContain('1234567890123456789');
        expect(JSON.parse(out)).toEqual(JSON.parse(withDelicate));
      }),
    );
  });
});
