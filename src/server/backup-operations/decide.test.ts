import { describe, expect, it } from 'vitest';
import { isWaiting, mustUpload, phaseAfterPoll } from './decide.ts';

describe('phaseAfterPoll', () => {
  const GOOD = 'WaitingForPluginOperations';
  const BAD = 'WaitingForPluginOperationsPartiallyFailed';
  it.each([
    [GOOD, true, 0, GOOD],
    [GOOD, false, 0, 'Finalizing'],
    [GOOD, true, 1, BAD],
    [GOOD, false, 1, 'FinalizingPartiallyFailed'],
    [BAD, true, 0, BAD],
    [BAD, false, 0, 'FinalizingPartiallyFailed'],
  ] as const)('V-BKP-127 V-CRD-017 %s, open %s, failed %i: %s', (before, inProgress, failed, after) => {
    expect(phaseAfterPoll(before, { inProgress, failed })).toBe(after);
  });
});

it('V-BKP-128 the store is told of errors and of the end, not of mere progress', () => {
  expect(mustUpload({ inProgress: true, errors: [] })).toBe(false);
  expect(mustUpload({ inProgress: true, errors: ['x'] })).toBe(true);
  expect(mustUpload({ inProgress: false, errors: [] })).toBe(true);
});

it('V-BKP-125 only the waiting phases are polled', () => {
  expect(
    [
      '',
      'InProgress',
      'WaitingForPluginOperations',
      'WaitingForPluginOperationsPartiallyFailed',
      'Finalizing',
    ].filter(isWaiting),
  ).toEqual(['WaitingForPluginOperations', 'WaitingForPluginOperationsPartiallyFailed']);
});
