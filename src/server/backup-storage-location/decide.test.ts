import { describe, expect, it } from 'vitest';
import type { BackupStorageLocation } from '../../api/backup-storage-location.ts';
import { isDueForValidation, summary, superfluousDefaults, unavailableMessage } from './decide.ts';

const MINUTE = 60_000;
const at = (text: string) => Date.parse(text);

function location(
  name: string,
  spec: Partial<BackupStorageLocation['spec']> = {},
  status: BackupStorageLocation['status'] = {},
  created = '2026-01-01T00:00:00Z',
): BackupStorageLocation {
  return {
    apiVersion: 'velero.io/v1',
    kind: 'BackupStorageLocation',
    metadata: { name, creationTimestamp: created },
    spec: { provider: 'aws', objectStorage: { bucket: 'b' }, ...spec },
    status,
  };
}

describe('isDueForValidation', () => {
  const last = { lastValidationTime: '2026-01-01T00:00:00Z' };
  const cases: [string, Parameters<typeof location>[1], object, number, string, boolean][] = [
    ['the first check is always due', {}, {}, MINUTE, '2026-01-01T00:00:00Z', true],
    ['also where checks are off', { validationFrequency: '0s' }, {}, 0, '2026-01-01T00:00:00Z', true],
    ['not before the server’s frequency', {}, last, MINUTE, '2026-01-01T00:00:59Z', false],
    ['once the clock was set back', {}, last, MINUTE, '2025-12-31T22:00:00Z', true],
    ['at the server’s frequency', {}, last, MINUTE, '2026-01-01T00:01:00Z', true],
    [
      'its own frequency counts',
      { validationFrequency: '10m0s' },
      last,
      MINUTE,
      '2026-01-01T00:09:59Z',
      false,
    ],
    [
      'its own zero turns checks off',
      { validationFrequency: '0s' },
      last,
      MINUTE,
      '2027-01-01T00:00:00Z',
      false,
    ],
    ['the server’s zero turns checks off', {}, last, 0, '2027-01-01T00:00:00Z', false],
    [
      'a negative one falls to the server’s',
      { validationFrequency: '-1m' },
      last,
      MINUTE,
      '2026-01-01T00:00:30Z',
      false,
    ],
    ['null is unset', { validationFrequency: null as never }, last, MINUTE, '2026-01-01T00:01:00Z', true],
  ];
  it.each(cases)('V-BSL-001 %s', (_, spec, status, server, now, due) => {
    expect(isDueForValidation(location('x', spec, status), server, at(now))).toBe(due);
  });
});

it('V-BSL-003 all defaults but the newest give way', () => {
  const a = location('a', { default: true }, {}, '2026-01-01T00:00:00Z');
  const b = location('b', { default: true }, {}, '2026-03-01T00:00:00Z');
  const c = location('c', { default: true }, {}, '2026-02-01T00:00:00Z');
  const d = location('d', {}, {}, '2026-04-01T00:00:00Z');
  expect(superfluousDefaults([a, b, c, d])).toEqual([a, c]);
  expect(superfluousDefaults([b, d])).toEqual([]);
  expect(superfluousDefaults([d])).toEqual([]);
});

it('V-BSL-002 the message names the location and the cause', () => {
  expect(unavailableMessage('default', 'no such bucket')).toBe(
    'BackupStorageLocation "default" is unavailable: no such bucket',
  );
});

describe('summary', () => {
  const available = location('a', {}, { phase: 'Available' });
  const broken = location('b', {}, { phase: 'Unavailable' });
  const fresh = location('c');
  it('V-BSL-004 is an error where none is available', () => {
    expect(summary([broken, fresh], ['it broke'])).toEqual({
      level: 'error',
      message: 'Current BackupStorageLocations available/unavailable/unknown: 0/1/1, it broke)',
    });
    expect(summary([fresh], [])).toEqual({
      level: 'error',
      message: 'Current BackupStorageLocations available/unavailable/unknown: 0/0/1)',
    });
  });
  it('V-BSL-004 is a warning where some are not, and nothing where all are', () => {
    expect(summary([available, broken], ['it broke', 'again'])).toEqual({
      level: 'warning',
      message:
        'Unavailable BackupStorageLocations detected: available/unavailable/unknown: 1/1/0, it broke; again)',
    });
    expect(summary([available], [])).toBeUndefined();
    expect(summary([available, fresh], [])).toBeUndefined();
  });
});
