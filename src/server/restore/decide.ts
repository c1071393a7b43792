/** Phases and figures of a restore around its run (pkg/controller/restore_controller.go). */

import type { Result } from '../../api/documents/result.ts';
import { FINALIZERS } from '../../api/labels.ts';
import type { Restore } from '../../api/restore.ts';

export type RestoreStep = 'delete' | 'add-finalizer' | 'run' | 'leave';

/** What a Restore asks for: its files in the bucket go with it, so the finalizer comes before anything else. */
export function restoreStep(restore: Restore): RestoreStep {
  const guarded = restore.metadata.finalizers?.includes(FINALIZERS.restoreExternalResources) ?? false;
  if (restore.metadata.deletionTimestamp !== undefined) return guarded ? 'delete' : 'leave';
  if (!guarded) return 'add-finalizer';
  const phase = restore.status?.phase ?? 'New';
  return phase === 'New' ? 'run' : 'leave';
}

export type PhaseAfterRun =
  | 'WaitingForPluginOperations'
  | 'WaitingForPluginOperationsPartiallyFailed'
  | 'Finalizing'
  | 'FinalizingPartiallyFailed';

/** The phase after all items; what is fatal makes the restore Failed before it comes to this. */
export function phaseAfterRun(run: { errors: number; operationsInProgress: boolean }): PhaseAfterRun {
  const base = run.operationsInProgress ? 'WaitingForPluginOperations' : 'Finalizing';
  return run.errors > 0 ? `${base}PartiallyFailed` : base;
}

/** The lines of the restore's log that repeat its result, e.g. `Namespace shop, resource restore error: …`. */
export function resultLines(result: Result, what: 'error' | 'warning'): string[] {
  return [
    ...result.velero.map((message) => `Velero restore ${what}: ${message}`),
    ...result.cluster.map((message) => `Cluster resource restore ${what}: ${message}`),
    ...Object.entries(result.namespaces).flatMap(([namespace, messages]) =>
      messages.map((message) => `Namespace ${namespace}, resource restore ${what}: ${message}`),
    ),
  ];
}
