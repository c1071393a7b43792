/** How a finalizing backup ends (pkg/controller/backup_finalizer_controller.go). */

import type { BackupOperation } from '../../api/documents/item-operation.ts';
import { readResourceIdentifier } from '../../api/documents/item-operation.ts';

export function isFinalizing(phase: string | undefined): phase is 'Finalizing' | 'FinalizingPartiallyFailed' {
  return phase === 'Finalizing' || phase === 'FinalizingPartiallyFailed';
}

export function finalPhase(
  phase: 'Finalizing' | 'FinalizingPartiallyFailed',
): 'Completed' | 'PartiallyFailed' {
  return phase === 'Finalizing' ? 'Completed' : 'PartiallyFailed';
}

/** Operations on VolumeSnapshots that have completed. */
export function completedSnapshots(operations: readonly BackupOperation[]): number {
  return operations.filter(({ spec, status }) => {
    const { group, resource } = readResourceIdentifier(spec.resourceIdentifier);
    return (
      group === 'snapshot.storage.k8s.io' && resource === 'volumesnapshots' && status.phase === 'Completed'
    );
  }).length;
}
