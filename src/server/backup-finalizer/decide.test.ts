import { expect, it } from 'vitest';
import type { BackupOperation } from '../../api/documents/item-operation.ts';
import { completedSnapshots, finalPhase, isFinalizing } from './decide.ts';

it('V-BKP-131 V-CRD-017 a finalizing backup ends as it was going', () => {
  expect(finalPhase('Finalizing')).toBe('Completed');
  expect(finalPhase('FinalizingPartiallyFailed')).toBe('PartiallyFailed');
  expect(['InProgress', 'Finalizing', 'FinalizingPartiallyFailed', 'Completed'].filter(isFinalizing)).toEqual(
    ['Finalizing', 'FinalizingPartiallyFailed'],
  );
});

it('V-BKP-131 counts completed operations on volume snapshots', () => {
  const operation = (Group: string, Resource: string, phase: 'Completed' | 'Failed'): BackupOperation => ({
    spec: {
      backupName: 'b',
      backupUID: 'u',
      backupItemAction: 'a',
      resourceIdentifier: { Group, Resource, Namespace: 'n', Name: 'x' },
      operationID: 'o',
      postOperationItems: null,
    },
    status: { phase },
  });
  expect(
    completedSnapshots([
      operation('snapshot.storage.k8s.io', 'volumesnapshots', 'Completed'),
      operation('snapshot.storage.k8s.io', 'volumesnapshots', 'Failed'),
      operation('', 'persistentvolumeclaims', 'Completed'),
      operation('other.io', 'volumesnapshots', 'Completed'),
    ]),
  ).toBe(1);
});
