import { describe, expect, it } from 'vitest';
import { parseYaml } from './yaml.ts';

describe('YAML as Kubernetes reads it', () => {
  it('reads YAML 1.1 words and numbers', () => {
    expect(parseYaml('a: yes\nb: on\nc: 012\nd: 1_000\ne: "yes"\nf: ~\n')).toEqual({
      a: true,
      b: true,
      c: 10,
      d: 1000,
      e: 'yes',
      f: null,
    });
  });

  it('keeps dates and sexagesimal numbers as text', () => {
    expect(parseYaml('a: 2024-01-02\nb: 12:30:45\nc: 2024-01-02T03:04:05Z\n')).toEqual({
      a: '2024-01-02',
      b: '12:30:45',
      c: '2024-01-02T03:04:05Z',
    });
  });

  it('takes nothing without a digit for a number', () => {
    for (const text of ['.', '-.', 'e0', 'E5', '-e1', '0x_'])
      expect([text, parseYaml(text)]).toEqual([text, text]);
    expect(parseYaml('[.5, 5., 1e3, 0x1F, -.5e1]')).toEqual([0.5, 5, 1000, 31, -5]);
    expect(parseYaml('.nan')).toBeNaN();
  });

  it('reads JSON and an empty document', () => {
    expect(parseYaml('{"a": [1, null]}')).toEqual({ a: [1, null] });
    expect(parseYaml('')).toBeNull();
  });

  it('refuses duplicate keys and broken text, saying where', () => {
    expect(() => parseYaml('a: 1\na: 2\n')).toThrow(/unique.*line 2/i);
    expect(() => parseYaml('a: [1\n')).toThrow(/line 2/);
  });
});
