/** Schedule, velero.io/v1 (pkg/apis/velero/v1/schedule_types.go). */

import { compactTime } from '../lib/go-time.ts';
import { backupSpec } from './backup.ts';
import type { KubeObject } from './object.ts';
import {
  flag,
  nullable,
  oneOf,
  optional,
  pointer,
  type Static,
  struct,
  text,
  texts,
  time,
} from './schema.ts';

export const scheduleSpec = struct('Which backup to make, and when.', {
  template: backupSpec,
  schedule: text('When to back up, in cron notation.'),
  useOwnerReferencesInBackup: pointer(nullable(flag('Whether the Schedule owns the Backups it creates.'))),
  paused: optional(flag('Whether no backups are made for now.')),
  skipImmediately: pointer(
    flag('Whether a backup that is due at once is left out; the server decides if unset.'),
  ),
});
export type ScheduleSpec = Static<typeof scheduleSpec>;

export const schedulePhases = ['New', 'Enabled', 'FailedValidation'] as const;
export type SchedulePhase = (typeof schedulePhases)[number];

export const scheduleStatus = struct('What the schedule last did.', {
  phase: optional(oneOf('Phase of the schedule.', schedulePhases)),
  lastBackup: pointer(nullable(time('When the last backup was made.'))),
  lastSkipped: pointer(nullable(time('When a backup was last left out.'))),
  validationErrors: optional(texts('Why the schedule was refused.')),
});
export type ScheduleStatus = Static<typeof scheduleStatus>;

export interface Schedule extends KubeObject {
  spec: ScheduleSpec;
  status?: ScheduleStatus;
}

/**
 * Name of the Backup that is made from a schedule: the schedule's own and the time to the second. The command line
 * takes UTC, the server its local time, as the original's do.
 */
export function timestampedName(schedule: string, at: Date, zone: 'local' | 'utc' = 'utc'): string {
  return `${schedule}-${compactTime(at.getTime(), zone)}`;
}
