import { describe, expect, it } from 'vitest';
import type { Backup, BackupStatus } from '../../api/backup.ts';
import { lastSuccessBySchedule, phaseAfterRun, scheduleOf } from './decide.ts';

function backup(status: BackupStatus, schedule?: string): Backup {
  return {
    apiVersion: 'velero.io/v1',
    kind: 'Backup',
    metadata: {
      name: 'b',
      ...(schedule === undefined ? {} : { labels: { 'velero.io/schedule-name': schedule } }),
    },
    spec: {},
    status,
  };
}

describe('phaseAfterRun', () => {
  it.each([
    [true, 0, false, 'Failed'],
    [true, 3, true, 'Failed'],
    [false, 0, false, 'Finalizing'],
    [false, 0, true, 'WaitingForPluginOperations'],
    [false, 2, false, 'FinalizingPartiallyFailed'],
    [false, 2, true, 'WaitingForPluginOperationsPartiallyFailed'],
  ] as const)(
    'V-BKP-121 V-CRD-017 fatal %s, errors %i, operations open %s: %s',
    (fatal, errors, open, phase) => {
      expect(phaseAfterRun({ fatal, errors, operationsInProgress: open })).toBe(phase);
    },
  );
});

it('V-MET-001 V-MET-006 the last success of each schedule is that of its newest Completed backup', () => {
  const at = (time: string, phase: 'Completed' | 'PartiallyFailed' = 'Completed') => ({
    phase,
    completionTimestamp: time,
  });
  const last = lastSuccessBySchedule([
    backup(at('2026-01-01T00:00:00Z'), 'daily'),
    backup(at('2026-01-03T00:00:00Z'), 'daily'),
    backup(at('2026-01-02T00:00:00Z'), 'daily'),
    backup(at('2026-01-04T00:00:00Z', 'PartiallyFailed'), 'daily'),
    backup(at('2026-01-05T00:00:00Z')),
    backup({ phase: 'Completed' }, 'never'),
  ]);
  expect(last).toEqual(
    new Map([
      ['daily', Date.parse('2026-01-03T00:00:00Z')],
      ['', Date.parse('2026-01-05T00:00:00Z')],
    ]),
  );
  expect(scheduleOf(backup({}, 'daily'))).toBe('daily');
});
