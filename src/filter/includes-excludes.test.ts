import { expect, it } from 'vitest';
import { IncludesExcludes } from './includes-excludes.ts';
import { namespacesToList } from './namespaces.ts';

it.each([
  ['everything where nothing is named', [], [], 'a', true],
  ['everything with *', ['*'], [], 'a', true],
  ['what is named', ['a'], [], 'a', true],
  ['nothing else', ['a'], [], 'b', false],
  ['excludes win', ['a'], ['a'], 'a', false],
  ['patterns in includes', ['app-*'], [], 'app-1', true],
  ['patterns in excludes', ['*'], ['kube-?*'], 'kube-system', false],
  ['alternatives', ['{a,b}-x'], [], 'b-x', true],
  ['a malformed pattern matches nothing and hides no other', ['[', 'b'], [], 'b', true],
])('V-BKP-030 includes %s', (_what, includes, excludes, name, included) => {
  expect(new IncludesExcludes(includes, excludes).shouldInclude(name)).toBe(included);
});

it('knows when nothing is filtered', () => {
  expect(new IncludesExcludes([], []).includesEverything).toBe(true);
  expect(new IncludesExcludes(null, undefined).includesEverything).toBe(true);
  expect(new IncludesExcludes(['*'], []).includesEverything).toBe(true);
  expect(new IncludesExcludes(['*'], ['a']).includesEverything).toBe(false);
  expect(new IncludesExcludes(['a'], []).includesEverything).toBe(false);
});

it('prints lists for the log, sorted and once', () => {
  const lists = new IncludesExcludes(['b', 'a', 'b'], []);
  expect(lists.includesText()).toBe('a, b');
  expect(lists.excludesText()).toBe('<none>');
  expect(new IncludesExcludes([], ['x']).includesText()).toBe('*');
});

const live = ['app-1', 'app-2', 'kube-system', 'shop'];

it.each([
  ['all at once without a filter', [], [], { all: true, names: [] }],
  ['all at once with excludes alone', [], ['shop'], { all: true, names: [] }],
  [
    'named ones, also where they do not exist',
    ['shop', 'nowhere'],
    [],
    { all: false, names: ['nowhere', 'shop'] },
  ],
  ['named ones that are not excluded', ['shop', 'app-1'], ['app-*'], { all: false, names: ['shop'] }],
  ['V-NEW-061 patterns expanded', ['app-*'], ['app-2'], { all: false, names: ['app-1'] }],
])('V-BKP-043 lists namespaces: %s', (_what, includes, excludes, expected) => {
  expect(namespacesToList(new IncludesExcludes(includes, excludes), live)).toMatchObject(expected);
});

it('tells patterns that no namespace matches', () => {
  expect(namespacesToList(new IncludesExcludes(['x-*', 'shop'], []), live)).toEqual({
    all: false,
    names: ['shop'],
    unmatched: ['x-*'],
  });
});
