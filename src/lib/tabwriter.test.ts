import { describe, expect, it } from 'vitest';
import { alignTabs } from './tabwriter.ts';

// Expected texts as Go's text/tabwriter prints them.
describe('aligned columns', () => {
  it('a column is a run of lines that have a cell there', () => {
    const text = 'Name:\tb\nLong name:\tc\n\nX:\ty\n';
    expect(alignTabs(text, { minWidth: 0, padding: 2 })).toBe('Name:       b\nLong name:  c\n\nX:  y\n');
  });

  it('a line without cells ends the columns to its right, not those to its left', () => {
    const text = 'a:\n\tone:\tx\n\ttwo long:\ty\nb\n\tz:\tw\n';
    expect(alignTabs(text, { minWidth: 0, padding: 2 })).toBe(
      'a:\n  one:       x\n  two long:  y\nb\n  z:  w\n',
    );
  });

  it('the last cell of a line is not padded, and no column is narrower than the least width', () => {
    expect(alignTabs('a\tb\tc\nd\te\tf\n', { minWidth: 6, padding: 3 })).toBe(
      'a     b     c\nd     e     f\n',
    );
  });

  it('counts characters, not bytes', () => {
    expect(alignTabs('ü\tx\nab\ty\n', { minWidth: 0, padding: 1 })).toBe('ü  x\nab y\n');
  });
});
