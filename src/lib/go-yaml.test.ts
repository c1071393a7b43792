import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { toGoYaml } from './go-yaml.ts';
import { parseYaml } from './yaml.ts';

describe('YAML as Go writes it', () => {
  // Printed by sigs.k8s.io/yaml 1.4.0 for the same values.
  it.each<[unknown, string]>([
    ['yes', '"yes"\n'],
    ['y', '"y"\n'],
    ['012', '"012"\n'],
    ['1_000', '"1_000"\n'],
    ['1:30', '"1:30"\n'],
    ['0x1F', '"0x1F"\n'],
    ['1e3', '"1e3"\n'],
    ['.5', '".5"\n'],
    ['08', '"08"\n'],
    ['2026-01-02T03:04:05Z', '"2026-01-02T03:04:05Z"\n'],
    ['2026-02-30', '2026-02-30\n'],
    ['*', "'*'\n"],
    ['a: b', "'a: b'\n"],
    ['a #b', "'a #b'\n"],
    ['a#b', 'a#b\n'],
    ["it's", "it's\n"],
    ["'it", "'''it'\n"],
    ['- a', "'- a'\n"],
    ['-a', '-a\n'],
    [' a', "' a'\n"],
    ['', '""\n'],
    ['a\tb', '"a\\tb"\n'],
    [null, 'null\n'],
    [
      { a: {}, b: [], c: [[1, [2]], { x: 1, y: ['z'] }] },
      'a: {}\nb: []\nc:\n- - 1\n  - - 2\n- x: 1\n  "y":\n  - z\n',
    ],
    [{ k10: 1, k9: 2, K: 3, '.': 4, _a: 5 }, '.: 4\n_a: 5\nK: 3\nk9: 2\nk10: 1\n'],
    [
      { t: 'a\nb\n', u: 'a\nb', v: 'a\n\n', w: ' a\nb' },
      't: |\n  a\n  b\nu: |-\n  a\n  b\nv: |+\n  a\n\nw: |2-\n   a\n  b\n',
    ],
    [{ l: `${'word '.repeat(20)}end` }, `l: ${'word '.repeat(15)}word\n  word word word word end\n`],
    [
      { l: `a: ${'word '.repeat(20)}end` },
      `l: 'a: ${'word '.repeat(14)}word\n  word word word word word end'\n`,
    ],
  ])('%j', (value, text) => {
    expect(toGoYaml(value)).toBe(text);
  });

  it('is read back as it was', () => {
    const text = fc.string({ unit: 'binary' }).filter((value) => !/[\r\u0085\u2028\u2029\ufeff]/.test(value));
    const { value } = fc.letrec((tie) => ({
      value: fc.oneof(
        { depthSize: 'small' },
        text,
        fc.integer(),
        fc.boolean(),
        fc.constant(null),
        fc.array(tie('value'), { maxLength: 4 }),
        fc.dictionary(fc.stringMatching(/^[a-z.:/-][a-z0-9.:/-]{0,8}[a-z0-9]$/), tie('value'), {
          maxKeys: 4,
        }),
      ),
    }));
    fc.assert(
      fc.property(value, (given) => {
        const plain: unknown = JSON.parse(JSON.stringify(given));
        expect(parseYaml(toGoYaml(plain))).toEqual(plain);
      }),
      { numRuns: 300 },
    );
  });
});
