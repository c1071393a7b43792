import { describe, expect, it } from 'vitest';
import { createServerMetrics } from './metrics.ts';

/** `name type [labels]` of every metric of ours. */
async function described(): Promise<string[]> {
  const metrics = createServerMetrics();
  metrics.initSchedule('');
  metrics.observeBackupDuration('', 61);
  metrics.set('backup_tarball_size_bytes', '', 1);
  metrics.set('backup_last_successful_timestamp', '', 1);
  const all = await metrics.registry.getMetricsAsJSON();
  return all
    .filter(({ name }) => name.startsWith('velero_'))
    .map(({ name, type, values }) => {
      const labels = Object.keys(values[0]?.labels ?? {}).filter((label) => label !== 'le');
      return `${name} ${type} [${labels.join(',')}]`;
    })
    .sort();
}

describe('metrics of the server', () => {
  it('V-MET-001 V-MET-002 V-MET-003 V-MET-004 V-MET-005 have the names, kinds and labels of the original', async () => {
    expect(await described()).toEqual(
      [
        'velero_backup_tarball_size_bytes gauge [schedule]',
        'velero_backup_last_successful_timestamp gauge [schedule]',
        'velero_backup_items_total gauge [schedule]',
        'velero_backup_items_errors gauge [schedule]',
        'velero_backup_last_status gauge [schedule]',
        'velero_backup_total gauge []',
        'velero_restore_total gauge []',
        'velero_backup_attempt_total counter [schedule]',
        'velero_backup_success_total counter [schedule]',
        'velero_backup_partial_failure_total counter [schedule]',
        'velero_backup_failure_total counter [schedule]',
        'velero_backup_validation_failure_total counter [schedule]',
        'velero_backup_warning_total counter [schedule]',
        'velero_backup_deletion_attempt_total counter [schedule]',
        'velero_backup_deletion_success_total counter [schedule]',
        'velero_backup_deletion_failure_total counter [schedule]',
        'velero_restore_attempt_total counter [schedule]',
        'velero_restore_validation_failed_total counter [schedule]',
        'velero_restore_success_total counter [schedule]',
        'velero_restore_partial_failure_total counter [schedule]',
        'velero_restore_failed_total counter [schedule]',
        'velero_volume_snapshot_attempt_total counter [schedule]',
        'velero_volume_snapshot_success_total counter [schedule]',
        'velero_volume_snapshot_failure_total counter [schedule]',
        'velero_csi_snapshot_attempt_total counter [schedule,backupName]',
        'velero_csi_snapshot_success_total counter [schedule,backupName]',
        'velero_csi_snapshot_failure_total counter [schedule,backupName]',
        'velero_backup_duration_seconds histogram [schedule]',
      ].sort(),
    );
  });

  it('V-MET-005 has the buckets of the original', async () => {
    const metrics = createServerMetrics();
    metrics.observeBackupDuration('daily', 61);
    const text = await metrics.registry.getSingleMetricAsString('velero_backup_duration_seconds');
    const buckets = [...text.matchAll(/_bucket\{le="([^"]+)",schedule="daily"\} (\d+)/g)];
    expect(buckets.map(([, le, count]) => [le, count])).toEqual([
      ['60', '0'],
      ['300', '1'],
      ['600', '1'],
      ['900', '1'],
      ['1800', '1'],
      ['3600', '1'],
      ['7200', '1'],
      ['10800', '1'],
      ['14400', '1'],
      ['+Inf', '1'],
    ]);
  });

  it('V-MET-006 a new schedule starts at zero and good, a removed one is gone', async () => {
    const metrics = createServerMetrics();
    metrics.initSchedule('daily');
    let text = await metrics.registry.metrics();
    expect(text).toContain('velero_backup_attempt_total{schedule="daily"} 0');
    expect(text).toContain('velero_backup_last_status{schedule="daily"} 1');
    expect(text).toContain('velero_csi_snapshot_attempt_total{schedule="daily",backupName=""} 0');
    metrics.removeSchedule('daily');
    text = await metrics.registry.metrics();
    expect(text).not.toContain('schedule="daily"');
  });
});
