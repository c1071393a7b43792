import { expect, it } from 'vitest';
import { Failure, aggregateMessage, messageOf, wrap } from './errors.ts';
import { goList, goQuote } from './go-text.ts';

it('wraps as Go does and keeps code, object and remedy', () => {
  const inner = new Failure({ code: 'X', message: 'no such bucket', object: 's3://b', remedy: 'create it' });
  const outer = wrap(inner, 'error checking');
  expect(outer).toBeInstanceOf(Failure);
  expect(outer).toMatchObject({
    message: 'error checking: no such bucket',
    code: 'X',
    object: 's3://b',
    cause: inner,
  });
  expect(messageOf(wrap('text', 'outer'))).toBe('outer: text');
});

it('prints aggregates as Kubernetes does', () => {
  expect(aggregateMessage(['a'])).toBe('a');
  expect(aggregateMessage(['a', 'b', 'a'])).toBe('[a, b]');
  expect(messageOf(new AggregateError([new Error('a'), new Error('b')]))).toBe('[a, b]');
});

it('quotes and lists as Go does', () => {
  expect(goQuote('a"b\\\n\u0000é\u200b😀')).toBe('"a\\"b\\\\\\n\\x00é\\u200b😀"');
  expect(goList(['a', 'b'])).toBe('[a b]');
});
