/** The tables' columns, one list a kind (pkg/cmd/util/output/*_printer.go). */

import type { Backup } from '../../api/backup.ts';
import type { BackupRepository } from '../../api/backup-repository.ts';
import type { BackupStorageLocation } from '../../api/backup-storage-location.ts';
import type { Restore } from '../../api/restore.ts';
import type { Schedule } from '../../api/schedule.ts';
import type { PluginInfo } from '../../api/server-status-request.ts';
import type { VolumeSnapshotLocation } from '../../api/volume-snapshot-location.ts';
import { formatDuration, parseDuration } from '../../lib/duration.ts';
import { goTime } from '../../lib/go-time.ts';
import { selectorText } from '../selector.ts';
import { timeFromNow } from './age.ts';
import type { Column } from './table.ts';

export const backupColumns: readonly Column<Backup>[] = [
  { header: 'Name', cell: nameOf },
  { header: 'Status', cell: backupStatusText },
  { header: 'Errors', cell: ({ status }) => String(status?.errors ?? 0) },
  { header: 'Warnings', cell: ({ status }) => String(status?.warnings ?? 0) },
  { header: 'Created', cell: ({ status }) => timeOrNil(status?.startTimestamp) },
  { header: 'Expires', cell: (backup, now) => timeFromNow(expiryOf(backup), now) },
  { header: 'Storage Location', cell: ({ spec }) => spec.storageLocation ?? '' },
  { header: 'Selector', cell: ({ spec }) => selectorText(spec.labelSelector) },
];

export const restoreColumns: readonly Column<Restore>[] = [
  { header: 'Name', cell: nameOf },
  { header: 'Backup', cell: ({ spec }) => spec.backupName ?? '' },
  { header: 'Status', cell: ({ status }) => status?.phase ?? 'New' },
  { header: 'Started', cell: ({ status }) => timeOrNil(status?.startTimestamp) },
  { header: 'Completed', cell: ({ status }) => timeOrNil(status?.completionTimestamp) },
  { header: 'Errors', cell: ({ status }) => String(status?.errors ?? 0) },
  { header: 'Warnings', cell: ({ status }) => String(status?.warnings ?? 0) },
  { header: 'Created', cell: createdAt },
  { header: 'Selector', cell: ({ spec }) => selectorText(spec.labelSelector) },
];

export const scheduleColumns: readonly Column<Schedule>[] = [
  { header: 'Name', cell: nameOf },
  { header: 'Status', cell: ({ status }) => status?.phase ?? 'New' },
  { header: 'Created', cell: createdAt },
  { header: 'Schedule', cell: ({ spec }) => spec.schedule },
  { header: 'Backup TTL', cell: ({ spec }) => durationText(spec.template.ttl) },
  { header: 'Last Backup', cell: ({ status }, now) => timeFromNow(timeMs(status?.lastBackup), now) },
  { header: 'Selector', cell: ({ spec }) => selectorText(spec.template.labelSelector) },
  { header: 'Paused', cell: ({ spec }) => String(spec.paused ?? false) },
];

export const backupStorageLocationColumns: readonly Column<BackupStorageLocation>[] = [
  { header: 'Name', cell: nameOf },
  { header: 'Provider', cell: ({ spec }) => spec.provider },
  { header: 'Bucket/Prefix', cell: bucketAndPrefix },
  { header: 'Phase', cell: ({ status }) => status?.phase ?? 'Unknown' },
  {
    header: 'Last Validated',
    cell: ({ status }) => (status?.lastValidationTime ? goTime(status.lastValidationTime) : 'Unknown'),
  },
  { header: 'Access Mode', cell: ({ spec }) => spec.accessMode || 'ReadWrite' },
  { header: 'Default', cell: ({ spec }) => (spec.default ? 'true' : '') },
];

export const volumeSnapshotLocationColumns: readonly Column<VolumeSnapshotLocation>[] = [
  { header: 'Name', cell: nameOf },
  { header: 'Provider', cell: ({ spec }) => spec.provider },
];

export const backupRepositoryColumns: readonly Column<BackupRepository>[] = [
  { header: 'Name', cell: nameOf },
  { header: 'Status', cell: ({ status }) => status?.phase ?? 'New' },
  {
    header: 'Last Maintenance',
    cell: ({ status }) => (status?.lastMaintenanceTime ? goTime(status.lastMaintenanceTime) : '<never>'),
  },
];

export const pluginColumns: readonly Column<PluginInfo>[] = [
  { header: 'Name', cell: ({ name }) => name },
  { header: 'Kind', cell: ({ kind }) => kind },
];

/** By kind, then by name: the order in which plugins are listed. */
export function sortPlugins(plugins: readonly PluginInfo[]): PluginInfo[] {
  const compare = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);
  return plugins.toSorted((a, b) => compare(a.kind, b.kind) || compare(a.name, b.name));
}

const TIMESTAMP_SUFFIX = /-\d{14}$/;

/** By name, but backups of one schedule newest first. */
export function sortBackups<T extends { metadata: { name?: string } }>(backups: readonly T[]): T[] {
  const prefixOf = (name: string) => name.replace(TIMESTAMP_SUFFIX, '');
  return backups.toSorted((a, b) => {
    const [left, right] = [a.metadata.name ?? '', b.metadata.name ?? ''];
    if (left === right) return 0;
    const order = left < right ? -1 : 1;
    const series =
      TIMESTAMP_SUFFIX.test(left) && TIMESTAMP_SUFFIX.test(right) && prefixOf(left) === prefixOf(right);
    return series ? -order : order;
  });
}

function nameOf(object: { metadata: { name?: string } }): string {
  return object.metadata.name ?? '';
}

function createdAt({ metadata }: { metadata: { creationTimestamp?: string } }): string {
  return metadata.creationTimestamp ? goTime(metadata.creationTimestamp) : '0001-01-01 00:00:00 +0000 UTC';
}

function backupStatusText({ metadata, status }: Backup): string {
  return metadata.deletionTimestamp ? 'Deleting' : (status?.phase ?? 'New');
}

/** When a backup goes away: what its status says, else its creation and the time it is to be kept. */
function expiryOf({ metadata, spec, status }: Backup): number | undefined {
  if (status?.expiration) return timeMs(status.expiration);
  const ttl = parseDuration(spec.ttl ?? '0s') ?? 0;
  return ttl > 0 ? (timeMs(metadata.creationTimestamp) ?? 0) + ttl : undefined;
}

function bucketAndPrefix({ spec }: BackupStorageLocation): string {
  const { bucket, prefix } = spec.objectStorage ?? { bucket: '' };
  return prefix ? `${bucket}/${prefix}` : bucket;
}

function timeMs(timestamp: string | null | undefined): number | undefined {
  return timestamp ? Date.parse(timestamp) : undefined;
}

function timeOrNil(timestamp: string | null | undefined): string {
  return timestamp ? goTime(timestamp) : '<nil>';
}

/** A duration as Go prints it, whatever way it was written. */
export function durationText(text: string | null | undefined): string {
  return formatDuration(parseDuration(text ?? '0s') ?? 0);
}
