import fc from 'fast-check';
import { expect, it } from 'vitest';
import { formatDuration, parseDuration } from './duration.ts';

it.each([
  ['10m0s', 600_000],
  ['1h30m', 5_400_000],
  ['1.5s', 1500],
  ['-2m', -120_000],
  ['100ms', 100],
  ['0', 0],
  ['.5s', 500],
])('reads %s', (text, ms) => {
  expect(parseDuration(text)).toBe(ms);
});

it.each(['', '5', '1d', 'abc', '1h-2m', ' 1s', '1 s', '-'])('refuses %j as Go does', (text) => {
  expect(parseDuration(text)).toBeUndefined();
});

it.each([
  [0, '0s'],
  [600_000, '10m0s'],
  [720 * 3_600_000, '720h0m0s'],
  [1500, '1.5s'],
  [250, '250ms'],
  [-90_000, '-1m30s'],
])('prints %d ms as %s', (ms, text) => {
  expect(formatDuration(ms)).toBe(text);
});

it('reads back what it prints', () => {
  fc.assert(
    fc.property(fc.integer({ min: -1e10, max: 1e10 }), (ms) => {
      expect(parseDuration(formatDuration(ms))).toBeCloseTo(ms, 3);
    }),
  );
});
