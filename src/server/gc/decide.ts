/** Which backups have outlived their time (pkg/controller/gc_controller.go). */

import type { Backup } from '../../api/backup.ts';
import type { BackupStorageLocation } from '../../api/backup-storage-location.ts';
import type { DeleteBackupRequest } from '../../api/delete-backup-request.ts';

/** True where the backup's expiration has come; the phase does not matter. `now` in milliseconds. */
export function isExpired(backup: Backup, now: number): boolean {
  const expiration = backup.status?.expiration;
  return expiration !== undefined && expiration !== null && Date.parse(expiration) <= now;
}

export type GcFailure = 'BSLNotFound' | 'BSLCannotGet' | 'BSLReadOnly';

/** Why an expired backup cannot be collected; undefined where it can. */
export function gcFailure(location: BackupStorageLocation | 'missing' | 'unreadable'): GcFailure | undefined {
  if (location === 'missing') return 'BSLNotFound';
  if (location === 'unreadable') return 'BSLCannotGet';
  return location.spec?.accessMode === 'ReadOnly' ? 'BSLReadOnly' : undefined;
}

/** True where a request to delete the backup is already on its way. */
export function hasPendingRequest(requests: readonly DeleteBackupRequest[]): boolean {
  return requests.some(({ status }) => {
    const phase = status?.phase ?? '';
    return phase === '' || phase === 'New' || phase === 'InProgress';
  });
}
