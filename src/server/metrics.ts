/**
 * What Prometheus may ask a server for (pkg/metrics/metrics.go): the names, labels and kinds are those of the
 * original, since alerts and dashboards are written against them. One registry a server, so that two servers in one
 * process (as in tests) do not share figures.
 */

import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

/** `velero_<name>` → help, by kind; all carry the label `schedule`. */
const SCHEDULE_GAUGES = {
  backup_tarball_size_bytes: 'Size, in bytes, of a backup',
  backup_last_successful_timestamp: 'Last time a backup ran successfully, Unix timestamp in seconds',
  backup_items_total: 'Total number of items backed up',
  backup_items_errors: 'Total number of errors encountered during backup',
  backup_last_status: 'Last status of the backup. A value of 1 is success, 0 is failure',
} as const;

const SCHEDULE_COUNTERS = {
  backup_attempt_total: 'Total number of attempted backups',
  backup_success_total: 'Total number of successful backups',
  backup_partial_failure_total: 'Total number of partially failed backups',
  backup_failure_total: 'Total number of failed backups',
  backup_validation_failure_total: 'Total number of validation failed backups',
  backup_warning_total: 'Total number of warned backups',
  backup_deletion_attempt_total: 'Total number of attempted backup deletions',
  backup_deletion_success_total: 'Total number of successful backup deletions',
  backup_deletion_failure_total: 'Total number of failed backup deletions',
  restore_attempt_total: 'Total number of attempted restores',
  restore_validation_failed_total: 'Total number of failed restores failing validations',
  restore_success_total: 'Total number of successful restores',
  restore_partial_failure_total: 'Total number of partially failed restores',
  restore_failed_total: 'Total number of failed restores',
  volume_snapshot_attempt_total: 'Total number of attempted volume snapshots',
  volume_snapshot_success_total: 'Total number of successful volume snapshots',
  volume_snapshot_failure_total: 'Total number of failed volume snapshots',
} as const;

/** With the labels `schedule` and `backupName`. */
const CSI_COUNTERS = {
  csi_snapshot_attempt_total: 'Total number of CSI attempted volume snapshots',
  csi_snapshot_success_total: 'Total number of CSI successful volume snapshots',
  csi_snapshot_failure_total: 'Total number of CSI failed volume snapshots',
} as const;

/** Seconds. */
const DURATION_BUCKETS = [60, 300, 600, 900, 1800, 3600, 7200, 10_800, 14_400];

type ScheduleGauge = keyof typeof SCHEDULE_GAUGES;
type ScheduleCounter = keyof typeof SCHEDULE_COUNTERS;
type CsiCounter = keyof typeof CSI_COUNTERS;

export interface ServerMetrics {
  readonly registry: Registry;
  /** Makes the zero series of a schedule; the empty name stands for backups without one. */
  initSchedule(schedule: string): void;
  /** Drops the series of a schedule that no longer exists. */
  removeSchedule(schedule: string): void;
  add(counter: ScheduleCounter, schedule: string, count?: number): void;
  set(gauge: ScheduleGauge, schedule: string, value: number): void;
  addCsi(counter: CsiCounter, schedule: string, backup: string, count: number): void;
  /** Seconds from the start of a backup to its completion. */
  observeBackupDuration(schedule: string, seconds: number): void;
  setBackupTotal(count: number): void;
  setRestoreTotal(count: number): void;
}

/** Makes the server's metrics, those of the process itself (`process_…`, `nodejs_…`) among them. */
export function createServerMetrics(): ServerMetrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const registers = [registry];
  const named = <Name extends string, Metric>(
    table: Readonly<Record<Name, string>>,
    make: (name: string, help: string) => Metric,
  ): Record<Name, Metric> =>
    Object.fromEntries(
      Object.entries<string>(table).map(([name, help]) => [name, make(`velero_${name}`, help)]),
    ) as Record<Name, Metric>;

  const gauges = named(
    SCHEDULE_GAUGES,
    (name, help) => new Gauge({ name, help, labelNames: ['schedule'], registers }),
  );
  const counters = named(
    SCHEDULE_COUNTERS,
    (name, help) => new Counter({ name, help, labelNames: ['schedule'], registers }),
  );
  const csi = named(
    CSI_COUNTERS,
    (name, help) => new Counter({ name, help, labelNames: ['schedule', 'backupName'], registers }),
  );
  const duration = new Histogram({
    name: 'velero_backup_duration_seconds',
    help: 'Time taken to complete backup, in seconds',
    labelNames: ['schedule'],
    buckets: DURATION_BUCKETS,
    registers,
  });
  const backupTotal = new Gauge({
    name: 'velero_backup_total',
    help: 'Current number of existent backups',
    registers,
  });
  const restoreTotal = new Gauge({
    name: 'velero_restore_total',
    help: 'Current number of existent restores',
    registers,
  });

  return {
    registry,
    initSchedule(schedule) {
      for (const counter of Object.values(counters)) counter.inc({ schedule }, 0);
      for (const counter of Object.values(csi)) counter.inc({ schedule, backupName: '' }, 0);
      gauges.backup_items_total.inc({ schedule }, 0);
      gauges.backup_items_errors.inc({ schedule }, 0);
      gauges.backup_last_status.set({ schedule }, 1);
    },
    removeSchedule(schedule) {
      for (const metric of [...Object.values(counters), ...Object.values(gauges), duration]) {
        metric.remove({ schedule });
      }
      for (const counter of Object.values(csi)) counter.remove({ schedule, backupName: '' });
    },
    add: (counter, schedule, count = 1) => counters[counter].inc({ schedule }, count),
    set: (gauge, schedule, value) => gauges[gauge].set({ schedule }, value),
    addCsi: (counter, schedule, backupName, count) => csi[counter].inc({ schedule, backupName }, count),
    observeBackupDuration: (schedule, seconds) => duration.observe({ schedule }, seconds),
    setBackupTotal: (count) => backupTotal.set(count),
    setRestoreTotal: (count) => restoreTotal.set(count),
  };
}
