import { describe, expect, it } from 'vitest';
import { FINALIZERS } from '../../api/labels.ts';
import type { Restore, RestorePhase } from '../../api/restore.ts';
import { phaseAfterRun, restoreStep, resultLines } from './decide.ts';

function restore(phase: RestorePhase | undefined, guarded: boolean, deleted = false): Restore {
  return {
    apiVersion: 'velero.io/v1',
    kind: 'Restore',
    metadata: {
      name: 'r',
      ...(guarded ? { finalizers: [FINALIZERS.restoreExternalResources] } : {}),
      ...(deleted ? { deletionTimestamp: '2026-01-01T00:00:00Z' } : {}),
    },
    spec: {},
    ...(phase === undefined ? {} : { status: { phase } }),
  };
}

describe('restoreStep', () => {
  it.each([
    ['V-RST-001 a new one is guarded first', restore(undefined, false), 'add-finalizer'],
    ['V-RST-001 a finished one is guarded, too', restore('Completed', false), 'add-finalizer'],
    ['V-RST-004 a guarded new one runs', restore(undefined, true), 'run'],
    ['V-RST-004 phase New counts as new', restore('New', true), 'run'],
    ['V-RST-004 every other phase is left', restore('InProgress', true), 'leave'],
    ['V-RST-004 also a refused one', restore('FailedValidation', true), 'leave'],
    ['V-RST-002 a deleted one loses its files', restore('Completed', true, true), 'delete'],
    ['V-RST-002 a deleted one that was never guarded is left', restore('Completed', false, true), 'leave'],
  ] as const)('%s', (_, given, step) => {
    expect(restoreStep(given)).toBe(step);
  });
});

it.each([
  [0, false, 'Finalizing'],
  [0, true, 'WaitingForPluginOperations'],
  [1, false, 'FinalizingPartiallyFailed'],
  [1, true, 'WaitingForPluginOperationsPartiallyFailed'],
] as const)('V-RST-038 errors %i, operations open %s: %s', (errors, operationsInProgress, phase) => {
  expect(phaseAfterRun({ errors, operationsInProgress })).toBe(phase);
});

it('V-RST-032 the log repeats the result', () => {
  const result = { velero: ['a'], cluster: ['b'], namespaces: { n: ['c', 'd'] } };
  expect(resultLines(result, 'error')).toEqual([
    'Velero restore error: a',
    'Cluster resource restore error: b',
    'Namespace n, resource restore error: c',
    'Namespace n, resource restore error: d',
  ]);
  expect(resultLines(result, 'warning')[0]).toBe('Velero restore warning: a');
});
