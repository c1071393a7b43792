/** Phases and figures of a backup around its run (pkg/controller/backup_controller.go). */

import type { Backup } from '../../api/backup.ts';
import { LABELS } from '../../api/labels.ts';

export type PhaseAfterRun =
  | 'Failed'
  | 'WaitingForPluginOperations'
  | 'WaitingForPluginOperationsPartiallyFailed'
  | 'Finalizing'
  | 'FinalizingPartiallyFailed';

/** The phase after all items: it never is a terminal one unless something fatal happened. */
export function phaseAfterRun(run: {
  fatal: boolean;
  errors: number;
  operationsInProgress: boolean;
}): PhaseAfterRun {
  if (run.fatal) return 'Failed';
  const base = run.operationsInProgress ? 'WaitingForPluginOperations' : 'Finalizing';
  return run.errors > 0 ? `${base}PartiallyFailed` : base;
}

/** The name that metrics carry for a backup: its schedule, or nothing. */
export function scheduleOf(backup: Backup): string {
  return backup.metadata.labels?.[LABELS.scheduleName] ?? '';
}

/** When the last Completed backup of each schedule ended, in milliseconds. */
export function lastSuccessBySchedule(backups: readonly Backup[]): Map<string, number> {
  const last = new Map<string, number>();
  for (const backup of backups) {
    const ended = backup.status?.completionTimestamp;
    if (backup.status?.phase !== 'Completed' || ended === undefined || ended === null) continue;
    const schedule = scheduleOf(backup);
    last.set(schedule, Math.max(last.get(schedule) ?? 0, Date.parse(ended)));
  }
  return last;
}
