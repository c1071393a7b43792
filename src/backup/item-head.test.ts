import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { KubeObject } from '../api/object.ts';
import { LazyItem } from '../kube/items.ts';
import { itemOf } from './item-head.ts';

function headOf(text: string) {
  const { namespace, name, labels, deleting } = itemOf(new LazyItem(Buffer.from(text)));
  return { namespace, name, labels, deleting };
}

function expected(object: KubeObject) {
  const { namespace = '', name = '', labels, deletionTimestamp } = object.metadata;
  return { namespace, name, labels: labels ?? {}, deleting: deletionTimestamp !== undefined };
}

it.each([
  '{"apiVersion":"v1","kind":"Pod","metadata":{"name":"a","namespace":"n","labels":{"x":"y"},"managedFields":[{"f:name":{}}]}}',
  '{"metadata":{"annotations":{"name":"no"},"deletionTimestamp":"2026-01-01T00:00:00Z","managedFields":[{"a":"}]"}],"name":"b"},"spec":{"metadata":{"name":"c"}}}',
  '{ "spec" : { "name" : "x{" } , "metadata" : { "labels" : { } , "name" : "spaced" } }',
  '{"metadata":{"name":"a","labels":{"k":"","l":"a\\u0062"}}}',
  '{"metadata":{"labels":{"__proto__":"p"},"name":"ü"}}',
  '{"metadata":{"labels":null,"name":"n","namespace":"m"}}',
])('reads the head of %s', (text) => {
  expect(headOf(text)).toEqual(expected(JSON.parse(text) as KubeObject));
});

it('reads the same as a parser from any object', () => {
  const word = fc.string({ unit: 'grapheme', maxLength: 8 });
  const metadata = fc.record(
    {
      name: word,
      namespace: word,
      labels: fc.dictionary(word, word),
      annotations: fc.dictionary(word, word),
      deletionTimestamp: fc.constant('2026-01-01T00:00:00Z'),
      managedFields: fc.array(fc.jsonValue()),
      extra: fc.jsonValue(),
    },
    { requiredKeys: ['name'] },
  );
  const object = fc.record({ apiVersion: word, spec: fc.jsonValue(), metadata, status: fc.jsonValue() });
  fc.assert(
    fc.property(object, fc.constantFrom(0, 2), (value, indent) => {
      const text = JSON.stringify(value, null, indent);
      expect(headOf(text)).toEqual(expected(JSON.parse(text) as KubeObject));
    }),
    { numRuns: 500 },
  );
});
