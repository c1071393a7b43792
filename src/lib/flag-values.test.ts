import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatDuration } from './duration.ts';
import {
  boolFlag,
  durationFlag,
  enumFlag,
  type Flag,
  float32Flag,
  intFlag,
  mapFlag,
  optionalBoolFlag,
  stringArrayFlag,
  stringSliceFlag,
} from './flag-values.ts';

function read<T>(flag: Flag<T>, ...texts: readonly string[]): T {
  return texts.reduce((value, text, index) => flag.type.parse(text, value, index > 0), flag.default);
}

const refusal = (flag: Flag<unknown>, text: string) => {
  try {
    read(flag, text);
  } catch (error) {
    return (error as Error).message;
  }
  return 'accepted';
};

// The expected texts were printed by spf13/pflag 1.0.5 and by the flag types of Velero 1.14.1.
describe('values of flags', () => {
  it.each([
    [boolFlag(''), 'yes', 'strconv.ParseBool: parsing "yes": invalid syntax'],
    [intFlag(''), '1.5', 'strconv.ParseInt: parsing "1.5": invalid syntax'],
    [
      intFlag(''),
      '9223372036854775808',
      'strconv.ParseInt: parsing "9223372036854775808": value out of range',
    ],
    [float32Flag(''), 'x', 'strconv.ParseFloat: parsing "x": invalid syntax'],
    [durationFlag(''), '', 'time: invalid duration ""'],
    [durationFlag(''), '5', 'time: missing unit in duration "5"'],
    [durationFlag(''), '1d', 'time: unknown unit "d" in duration "1d"'],
    [durationFlag(''), '-', 'time: invalid duration "-"'],
    [mapFlag(''), '', 'error parsing "": EOF'],
    [mapFlag(''), 'a', 'error parsing "a"'],
    [
      mapFlag(''),
      '"a=b',
      'error parsing "\\"a=b": parse error on line 1, column 5: extraneous or missing " in quoted-field',
    ],
    [stringSliceFlag(''), 'a"b', 'parse error on line 1, column 2: bare " in non-quoted-field'],
    [enumFlag('', ['a', 'b'], { default: 'a' }), 'c', 'invalid value: "c"'],
    [optionalBoolFlag(''), 'maybe', 'strconv.ParseBool: parsing "maybe": invalid syntax'],
  ] as const)('V-CLI-007 %# refuses %j', (flag, text, message) => {
    expect(refusal(flag as Flag<unknown>, text)).toBe(message);
  });

  it.each([
    ['0x1f', 31],
    ['017', 15],
    ['0o17', 15],
    ['0b101', 5],
    ['1_000', 1000],
    ['-7', -7],
    ['+7', 7],
  ])('reads the number %s as Go does', (text, value) => {
    expect(read(intFlag(''), text)).toBe(value);
  });

  it('V-CLI-015 an optional switch is unset, true or false', () => {
    const flag = optionalBoolFlag('');
    expect(flag.default).toBeUndefined();
    expect(flag.noValue).toBe('true');
    expect(['T', '0', ''].map((text) => read(flag, text))).toEqual([true, false, undefined]);
  });

  it('V-CLI-050 an optional switch may insist on a value', () => {
    expect(optionalBoolFlag('', { needsValue: true }).noValue).toBeUndefined();
  });

  it('lists drop their default at the first value; slices add, arrays replace, maps merge', () => {
    expect(read(stringSliceFlag('', { default: ['x'] }), 'a,b', '"c,d"')).toEqual(['a', 'b', 'c,d']);
    expect(read(stringArrayFlag('', { default: ['*'] }), 'a,b', 'c')).toEqual(['c']);
    expect(read(mapFlag(''), 'a=1,"b=2,3"', 'a=4')).toEqual({ a: '4', b: '2,3' });
    expect(read(mapFlag('', { keyValueDelimiter: ':' }), 'a:b:c')).toEqual({ a: 'b:c' });
  });

  it('a duration that Go prints is read back as it was', () => {
    fc.assert(
      fc.property(fc.integer({ min: -1e12, max: 1e12 }), (ms) => {
        expect(read(durationFlag(''), formatDuration(ms))).toBeCloseTo(ms, 3);
      }),
    );
  });

  it('a slice that is printed as CSV is read back as it was', () => {
    const flag = stringSliceFlag('');
    const field = fc.string({ minLength: 1 }).filter((text) => !/[\r\n]/.test(text));
    fc.assert(
      fc.property(fc.array(field, { minLength: 1 }), (fields) => {
        const printed = flag.type.print(fields).slice(1, -1);
        expect(read(flag, printed)).toEqual(fields);
      }),
    );
  });
});
