import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Backup } from '../../api/backup.ts';
import { shortHumanDuration, timeFromNow } from './age.ts';
import { backupColumns, sortBackups, sortPlugins } from './columns.ts';
import { renderTable } from './table.ts';

const named = (...names: readonly string[]) => names.map((name) => ({ metadata: { name } }));
const namesOf = (objects: readonly { metadata: { name: string } }[]) =>
  objects.map(({ metadata }) => metadata.name);

describe('the order of rows', () => {
  it('V-CLI-021 by name, but backups of one schedule newest first', () => {
    const backups = named(
      'b',
      'daily-20260101000000',
      'daily-20260103000000',
      'a',
      'daily',
      'daily-20260102000000',
    );
    expect(namesOf(sortBackups(backups))).toEqual([
      'a',
      'b',
      'daily',
      'daily-20260103000000',
      'daily-20260102000000',
      'daily-20260101000000',
    ]);
  });

  it('V-CLI-021 does not depend on the order that the server gave', () => {
    const name = fc.oneof(
      fc.constantFrom('a', 'a-b', 'b'),
      fc.integer({ min: 1e13, max: 1e14 - 1 }).map((stamp) => `a-${stamp}`),
    );
    fc.assert(
      fc.property(fc.uniqueArray(name), (names) => {
        const sorted = namesOf(sortBackups(named(...names)));
        expect(namesOf(sortBackups(named(...names.toReversed())))).toEqual(sorted);
      }),
    );
  });

  it('V-CLI-063 plugins by kind, then by name', () => {
    const plugins = [
      { name: 'b', kind: 'X' },
      { name: 'a', kind: 'X' },
      { name: 'c', kind: 'A' },
    ];
    expect(sortPlugins(plugins).map(({ name }) => name)).toEqual(['c', 'a', 'b']);
  });
});

describe('ages', () => {
  it.each([
    [-3000, '<invalid>'],
    [-500, '0s'],
    [59_999, '59s'],
    [60_000, '1m'],
    [3_600_000 * 23.99, '23h'],
    [86_400_000 * 364, '364d'],
    [86_400_000 * 800, '2y'],
  ])('%d ms is %s', (ms, text) => {
    expect(shortHumanDuration(ms)).toBe(text);
  });

  it('V-CLI-021 a time that is past says so, none is n/a', () => {
    expect([timeFromNow(undefined, 0), timeFromNow(5000, 0), timeFromNow(0, 7_200_000)]).toEqual([
      'n/a',
      '5s',
      '2h ago',
    ]);
  });
});

describe('tables', () => {
  const backup = (more: Partial<Backup>): Backup => ({
    apiVersion: 'velero.io/v1',
    kind: 'Backup',
    metadata: { name: 'b', creationTimestamp: '2026-01-01T00:00:00Z' },
    spec: {},
    ...more,
  });

  it('V-CLI-021 an unprocessed backup expires by its own time to live', () => {
    const now = Date.parse('2026-01-01T00:30:00Z');
    const cells = (more: Partial<Backup>) => backupColumns.map((column) => column.cell(backup(more), now));
    expect(cells({ spec: { ttl: '1h' } })).toEqual(['b', 'New', '0', '0', '<nil>', '30m', '', '<none>']);
    expect(cells({ status: { phase: 'Completed', expiration: '2026-01-01T00:10:00Z' } })[5]).toBe('20m ago');
  });

  it('no rows, no header', () => {
    expect(renderTable(backupColumns, [], 0)).toBe('');
  });

  it('a cell that has several lines shows the first', () => {
    const columns = [{ header: 'x', cell: () => 'one\ntwo' }];
    expect(renderTable(columns, [{}], 0)).toBe('X\none...\n');
  });
});
