import { expect, it } from 'vitest';
import {
  validateIncludesExcludes,
  validateNamespaceIncludesExcludes,
  validateScopedIncludesExcludes,
} from './validate.ts';

it.each([
  [['a', 'b'], ['c'], []],
  [['*'], [], []],
  [null, undefined, []],
  [['*', 'a'], [], ["includes list must either contain '*' only, or a non-empty list of items"]],
  [[], ['*'], ["excludes list cannot contain '*'"]],
  [
    ['b', 'a'],
    ['a', 'b'],
    [
      'excludes list cannot contain an item in the includes list: a',
      'excludes list cannot contain an item in the includes list: b',
    ],
  ],
])('V-BKP-016 checks lists %j and %j', (includes, excludes, faults) => {
  expect(validateIncludesExcludes(includes, excludes)).toEqual(faults);
});

it.each([
  [[], ['*'], []],
  [['*', 'a'], [], ["includes list must either contain '*' only, or a non-empty list of items"]],
  [[], ['*', 'a'], ["excludes list must either contain '*' only, or a non-empty list of items"]],
  [['a'], ['*'], ["when exclude is '*', include cannot have value"]],
  [['a'], ['a'], ['excludes list cannot contain an item in the includes list: a']],
])('V-BKP-017 checks scoped lists %j and %j', (includes, excludes, faults) => {
  expect(validateScopedIncludesExcludes(includes, excludes)).toEqual(faults);
});

const RULE =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";

it.each([
  [['app-*', 'shop', ''], ['kube-system'], []],
  [['app-[ab]?'], [], []],
  [['Shop'], [], [`invalid namespace "Shop": ${RULE}`]],
  [[], ['-a'], [`invalid namespace "-a": ${RULE}`]],
  [['a'.repeat(64)], [], [`invalid namespace "${'a'.repeat(64)}": must be no more than 63 characters`]],
])('V-BKP-018 checks namespaces %j and %j', (includes, excludes, faults) => {
  expect(validateNamespaceIncludesExcludes(includes, excludes)).toEqual(faults);
});
