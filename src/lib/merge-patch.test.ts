import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { applyMergePatch, createMergePatch } from './merge-patch.ts';

describe('merge patches', () => {
  it('applies the examples of RFC 7396', () => {
    const cases: [unknown, unknown, unknown][] = [
      [{ a: 'b' }, { a: 'c' }, { a: 'c' }],
      [{ a: 'b' }, { b: 'c' }, { a: 'b', b: 'c' }],
      [{ a: 'b', b: 'c' }, { a: null }, { b: 'c' }],
      [{ a: ['b'] }, { a: 'c' }, { a: 'c' }],
      [{ a: { b: 'c' } }, { a: { b: 'd', c: null } }, { a: { b: 'd' } }],
      [
        ['a', 'b'],
        ['c', 'd'],
        ['c', 'd'],
      ],
      [{ a: 'foo' }, null, null],
      [{ e: null }, { a: 1 }, { e: null, a: 1 }],
      [[1, 2], { a: 'b', c: null }, { a: 'b' }],
      [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
    ];
    for (const [document, patch, result] of cases) expect(applyMergePatch(document, patch)).toEqual(result);
  });

  it('V-RST-168 makes the patch that leads from one document to the other, and none where they are equal', () => {
    expect(createMergePatch({ a: 1, b: { c: [1] }, d: 'x' }, { a: 1, b: { c: [2] }, e: true })).toEqual({
      b: { c: [2] },
      d: null,
      e: true,
    });
    expect(createMergePatch({ a: { b: [{}] } }, { a: { b: [{}] } })).toBeUndefined();
    const documents = fc.dictionary(fc.string(), withoutNull());
    fc.assert(
      fc.property(documents, documents, (from, to) => {
        const patch = createMergePatch(from, to);
        expect(patch === undefined ? from : applyMergePatch(from, patch)).toEqual(to);
      }),
    );
  });
});

/** A merge patch cannot write null, so documents with null are not comparable. */
function withoutNull(): fc.Arbitrary<unknown> {
  return fc.jsonValue().map((value) => JSON.parse(JSON.stringify(value).replaceAll('null', '0')) as unknown);
}
