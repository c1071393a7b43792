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

  it('writes maps in the order of their keys, also where keys are numbers', () => {
    const labels = { b: '1', 10: 'x', 2: 'y', a: [{ 3: null, 20: undefined, 11: {} }] };
    const text = '{"10":"x","2":"y","a":[{"11":{},"3":null}],"b":"1"}';
    expect(goJson({ spec: { z: 1, a: labels }, apiVersion: 'v1' })).toBe(
      `{"spec":{"z":1,"a":${text}},"apiVersion":"v1"}`,
    );
    expect(goJson({ labels }, true)).toBe(
      '{\n  "labels": {\n    "10": "x",\n    "2": "y",\n    "a": [\n      {\n        "11": {},\n        "3": null\n      }\n    ],\n    "b": "1"\n  }\n}',
    );
    expect(goJson({ 1: JSON.rawJSON('1795514509043224864'), 0: '<' })).toBe(
      '{"0":"\\u003c","1":1795514509043224864}',
    );
  });
});
