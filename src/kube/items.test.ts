import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cutList, ListSyntaxError } from './items.ts';

const FALLBACK = { kind: 'Widget', apiVersion: 'example.com/v1' };

function cut(text: string) {
  return cutList(Buffer.from(text), FALLBACK);
}

describe('cutting a list into its items', () => {
  it('splices kind and apiVersion of the list into items that have none, and keeps every byte besides', () => {
    const list = cut(
      '{"kind":"ConfigMapList","apiVersion":"v1","metadata":{"resourceVersion":"7","continue":"abc","remainingItemCount":3},' +
        '"items":[{"metadata":{"name":"a"},"data":{"n":"1"}},{"metadata":{"name":"b"},"big":9007199254740993,"huge":1e400}]}\n',
    );
    expect(list.items.map((item) => item.bytes.toString())).toEqual([
      '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"},"data":{"n":"1"}}',
      '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"b"},"big":9007199254740993,"huge":1e400}',
    ]);
    expect(list).toMatchObject({
      resourceVersion: '7',
      continueToken: 'abc',
      remaining: 3,
      kind: 'ConfigMapList',
    });
  });

  it('leaves items alone that say what they are, in whatever order the list has its fields', () => {
    const item = '{"apiVersion":"example.com/v2","kind":"Gadget","metadata":{"name":"a"}}';
    const list = cut(`{"apiVersion":"example.com/v2","items":[${item}],"kind":"GadgetList","metadata":{}}`);
    expect(list.items[0]?.bytes.toString()).toBe(item);
    expect(list.continueToken).toBe('');
    expect(list.remaining).toBeUndefined();
  });

  it('is not fooled by kind and apiVersion deeper down, in strings, or as values', () => {
    const list = cut(
      '{"kind":"PodList","apiVersion":"v1","items":[{"spec":{"kind":"x","apiVersion":"y"},"a":"kind","b":["apiVersion","kind"]}]}',
    );
    expect(list.items[0]?.object).toMatchObject({ kind: 'Pod', apiVersion: 'v1', spec: { kind: 'x' } });
  });

  it('adds only what is missing', () => {
    const list = cut(
      '{"kind":"PodList","apiVersion":"v1","items":[{"kind":"Pod"},{"apiVersion":"v9","x":1},{}]}',
    );
    expect(list.items.map((item) => item.bytes.toString())).toEqual([
      '{"apiVersion":"v1","kind":"Pod"}',
      '{"kind":"Pod","apiVersion":"v9","x":1}',
      '{"apiVersion":"v1","kind":"Pod"}',
    ]);
  });

  it('takes kind and apiVersion from the resource where the list does not tell', () => {
    expect(cut('{"kind":"List","items":[{"metadata":{}}]}').items[0]?.object).toMatchObject(FALLBACK);
  });

  it('gives no items for null, an empty list and no list', () => {
    for (const items of ['"items":null', '"items":[]', '"items":[ ]', '"x":1']) {
      expect(cut(`{"kind":"PodList",${items}}`).items).toEqual([]);
    }
    expect(cut('{}').items).toEqual([]);
  });

  it('finds the end of long strings full of quotes and backslashes', () => {
    for (const size of [90, 91, 92, 93, 94, 95, 96, 97, 98, 200, 5000]) {
      for (const tail of ['', '\\', '\\\\', '\\"', '"', '"\\', '\\\\"']) {
        const value = `${'x'.repeat(size)}${tail}${'y'.repeat(3)}${tail}`;
        const item = { metadata: { name: 'a' }, value, after: [tail] };
        const list = cut(JSON.stringify({ kind: 'PodList', apiVersion: 'v1', items: [item, item] }));
        expect(list.items.map((each) => each.object)).toEqual([
          { apiVersion: 'v1', kind: 'Pod', ...item },
          { apiVersion: 'v1', kind: 'Pod', ...item },
        ]);
      }
    }
  });

  it('refuses a list that is cut off, wherever it is cut', () => {
    const text = JSON.stringify({
      kind: 'PodList',
      metadata: { resourceVersion: '1' },
      items: [{ metadata: { name: 'a"b', labels: { x: 'y' } } }, { n: 1 }],
    });
    for (let length = 0; length < text.length; length++) {
      expect(() => cut(text.slice(0, length)), text.slice(0, length)).toThrow(SyntaxError);
    }
    expect(() => cut('[]')).toThrow(ListSyntaxError);
    expect(() => cut('{"items":[1]}')).toThrow(ListSyntaxError);
  });

  it('gives what JSON.parse gives, for any JSON and any spacing', () => {
    const item = fc
      .dictionary(fc.oneof(fc.string(), fc.constantFrom('kind', 'apiVersion', 'metadata')), fc.jsonValue())
      .map((object) => ({ ...object }));
    fc.assert(
      fc.property(
        fc.array(item, { maxLength: 5 }),
        fc.constantFrom(undefined, 1, '\t'),
        fc.constantFrom('Pod', 'Wíd"get\\'),
        (items, spacing, kind) => {
          const list = { kind: `${kind}List`, apiVersion: 'v1', items, metadata: { resourceVersion: '5' } };
          const result = cut(JSON.stringify(list, null, spacing));
          expect(result.resourceVersion).toBe('5');
          expect(result.items.map(({ bytes }) => JSON.parse(bytes.toString()) as unknown)).toEqual(
            items.map((each) => JSON.parse(JSON.stringify({ kind, apiVersion: 'v1', ...each })) as unknown),
          );
        },
      ),
      { numRuns: 500 },
    );
  });
});
