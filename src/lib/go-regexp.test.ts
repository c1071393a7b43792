import { describe, expect, it } from 'vitest';
import { compileGoRegExp } from './go-regexp.ts';

describe('a regular expression of Go', () => {
  it.each([
    // Each as Go's regexp.MatchString answers.
    ['(?i)^WEB-\\d+$', ['web-1', 'Web-22'], ['xweb-1']],
    ['a(?i)b|c', ['aB', 'ab', 'C'], ['Ab']],
    ['(a(?i)b)c', ['aBc'], ['aBC', 'Abc']],
    ['(?i)a(?-i)b', ['Ab', 'ab'], ['aB']],
    ['(?i:a)b', ['Ab'], ['AB']],
    ['^(?P<kind>db|web)-$', ['db-', 'web-'], ['x-']],
    ['^[[:alpha:]_-]+[^[:digit:]]$', ['web-x'], ['web-1', '1x']],
    ['^[]a]$', [']', 'a'], ['b']],
    ['^[^]a]$', ['b'], [']', 'a']],
    ['\\Aweb\\z', ['web'], ['web1', '1web', 'web\n']],
    ['^\\Qa.b(\\E$', ['a.b('], ['axb(']],
    ['\\(?i\\)', ['(i)', 'i)'], ['I)']],
    ['[(?i)]', ['i', '?'], ['I']],
  ] as const)('%s', (source, matching, others) => {
    const expression = compileGoRegExp(source);
    for (const text of matching) expect([text, expression.test(text)]).toEqual([text, true]);
    for (const text of others) expect([text, expression.test(text)]).toEqual([text, false]);
  });

  it.each(['(', 'a)', '[a', '[[:letter:]]', '*'])('%s is none', (source) => {
    expect(() => compileGoRegExp(source)).toThrow(SyntaxError);
  });
});
