import { describe, expect, it } from 'vitest';
import { applyJsonPatch, type JsonPatchOperation, JsonPatchTestFailed } from './json-patch.ts';

const apply = (document: unknown, ...operations: JsonPatchOperation[]) =>
  applyJsonPatch(document, operations);

describe('JSON patch', () => {
  it('applies the examples of RFC 6902', () => {
    const cases: [unknown, JsonPatchOperation, unknown][] = [
      [{ foo: 'bar' }, { op: 'add', path: '/baz', value: 'qux' }, { foo: 'bar', baz: 'qux' }],
      [{ foo: ['bar', 'baz'] }, { op: 'add', path: '/foo/1', value: 'qux' }, { foo: ['bar', 'qux', 'baz'] }],
      [{ baz: 'qux', foo: 'bar' }, { op: 'remove', path: '/baz' }, { foo: 'bar' }],
      [{ foo: ['bar', 'qux', 'baz'] }, { op: 'remove', path: '/foo/1' }, { foo: ['bar', 'baz'] }],
      [{ baz: 'qux' }, { op: 'replace', path: '/baz', value: 'boo' }, { baz: 'boo' }],
      [
        { foo: { bar: 'baz', waldo: 'fred' }, qux: { corge: 'grault' } },
        { op: 'move', from: '/foo/waldo', path: '/qux/thud' },
        { foo: { bar: 'baz' }, qux: { corge: 'grault', thud: 'fred' } },
      ],
      [
        { foo: ['all', 'grass', 'cows', 'eat'] },
        { op: 'move', from: '/foo/1', path: '/foo/3' },
        { foo: ['all', 'cows', 'eat', 'grass'] },
      ],
      [
        { foo: 'bar' },
        { op: 'add', path: '/child', value: { grandchild: {} } },
        { foo: 'bar', child: { grandchild: {} } },
      ],
      [
        { foo: ['bar'] },
        { op: 'add', path: '/foo/-', value: ['abc', 'def'] },
        { foo: ['bar', ['abc', 'def']] },
      ],
      [{ a: { b: 1 } }, { op: 'copy', from: '/a', path: '/c' }, { a: { b: 1 }, c: { b: 1 } }],
      [
        { '/': 9, '~1': 10 },
        { op: 'replace', path: '/~01', value: 11 },
        { '/': 9, '~1': 11 },
      ],
      [{ a: 1 }, { op: 'replace', path: '', value: [1] }, [1]],
    ];
    for (const [document, operation, result] of cases) expect(apply(document, operation)).toEqual(result);
  });

  it('counts indices below zero from the end', () => {
    expect(apply([1, 2, 3], { op: 'replace', path: '/-1', value: 9 })).toEqual([1, 2, 9]);
    expect(apply([1, 2, 3], { op: 'remove', path: '/-3' })).toEqual([2, 3]);
  });

  it('tests values, null against nothing, and tells a mismatch from a missing parent', () => {
    const document = { a: { b: ['x', 1] } };
    expect(apply(document, { op: 'test', path: '/a/b', value: ['x', 1] })).toEqual(document);
    expect(apply(document, { op: 'test', path: '/a/c', value: null })).toEqual(document);
    expect(() => apply(document, { op: 'test', path: '/a/b/1', value: '1' })).toThrow(JsonPatchTestFailed);
    expect(() => apply(document, { op: 'test', path: '/a/c', value: 1 })).toThrow(JsonPatchTestFailed);
    expect(() => apply(document, { op: 'test', path: '/x/y', value: 1 })).toThrow(/is missing path/);
    expect(() => apply(document, { op: 'test', path: '/x/y', value: 1 })).not.toThrow(JsonPatchTestFailed);
  });

  it('refuses what cannot be carried out, and leaves the document as it was', () => {
    const document = { a: [1] };
    for (const operation of [
      { op: 'remove', path: '/b' },
      { op: 'replace', path: '/b', value: 1 },
      { op: 'add', path: '/b/c', value: 1 },
      { op: 'add', path: '/a/2', value: 1 },
      { op: 'replace', path: '/a/1', value: 1 },
      { op: 'add', path: '/a/x', value: 1 },
      { op: 'copy', from: '/b', path: '/c' },
      { op: 'Add', path: '/b', value: 1 },
    ]) {
      expect(() => apply(document, { op: 'add', path: '/first', value: 1 }, operation)).toThrow();
    }
    expect(document).toEqual({ a: [1] });
  });

  it.each([
    [
      { op: 'add', path: '/x/y', value: 1 },
      'add operation does not apply: doc is missing path: "/x/y": missing value',
    ],
    [
      { op: 'remove', path: '/x/y' },
      'remove operation does not apply: doc is missing path: "/x/y": missing value',
    ],
    [
      { op: 'remove', path: '/x' },
      "error in remove for path: '/x': unable to remove nonexistent key: x: missing value",
    ],
    [
      { op: 'replace', path: '/x/y', value: 1 },
      'replace operation does not apply: doc is missing path: /x/y: missing value',
    ],
    [
      { op: 'replace', path: '/x', value: 1 },
      'replace operation does not apply: doc is missing key: /x: missing value',
    ],
    [
      { op: 'move', from: '/x', path: '/y' },
      "error in move for path: 'x': unable to get nonexistent key: x: missing value",
    ],
    [
      { op: 'copy', from: '/x', path: '/y' },
      "error in copy for from: '/x': unable to get nonexistent key: x: missing value",
    ],
    [
      { op: 'copy', from: '/x/z', path: '/y' },
      'copy operation does not apply: doc is missing from path: "/x/z": missing value',
    ],
    [
      { op: 'copy', from: '/a', path: '/x/y' },
      'copy operation does not apply: doc is missing destination path: /x/y: missing value',
    ],
  ])('says of %j what the original says', (operation, message) => {
    expect(() => applyJsonPatch({ a: 1 }, [operation])).toThrow(message);
  });
});
