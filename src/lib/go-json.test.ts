import { describe, expect, it } from 'vitest';
import { goJson, goJsonLine } from './go-json.ts';

describe('JSON as Go writes it', () => {
  it('escapes what could end a script or a line', () => {
    expect(goJson({ '<a>': 'b&c\u2028\u2029' })).toBe('{"\\u003ca\\u003e":"b\\u0026c\\u2028\\u2029"}');
    expect(goJson('tab\tquote"é\u{1f600}')).toBe('"tab\\tquote\\"é\u{1f600}"');
  });

  it('V-STO-015 ends a line with a newline, and takes nothing for null', () => {
    expect(goJsonLine(null)).toBe('null\n');
    expect(goJsonLine(undefined)).toBe('null\n');
    expect(goJsonLine([])).toBe('[]\n');
  });

  it('indents by two, keeps empty objects on one line and adds no newline', () => {
    expect(goJson({ a: { b: [1] }, c: {}, d: [] }, true)).toBe(
      '{\n  "a": {\n    "b": [\n      1\n    ]\n  },\n  "c": {},\n  "d": []\n}',
    );
  });

  it('keeps every digit of a raw number', () => {
    expect(goJson({ n: JSON.rawJSON('1795514509043224864') })).toBe('{"n":1795514509043224864}');
  });
});
