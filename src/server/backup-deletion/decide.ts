/** What is to be done with a DeleteBackupRequest (pkg/controller/backup_deletion_controller.go). */

import type { Backup } from '../../api/backup.ts';
import type { DeleteBackupRequest } from '../../api/delete-backup-request.ts';
import { isFinalizing } from '../backup-finalizer/decide.ts';
import { isWaiting } from '../backup-operations/decide.ts';

/** Requests that have ended are kept this long, in milliseconds. */
const REQUEST_MAX_AGE_MS = 24 * 60 * 60_000;

export type DeletionStep = 'delete-request' | 'leave' | 'process';

/**
 * A request found InProgress was interrupted, since only one server works on them and one request is never worked on
 * twice at a time: it is processed again, for every step of a deletion can be done twice.
 */
export function deletionStep(request: DeleteBackupRequest, now: number): DeletionStep {
  const phase = request.status?.phase;
  if (phase !== 'Processed') return 'process';
  const created = Date.parse(request.metadata.creationTimestamp ?? '') || now;
  return now - created >= REQUEST_MAX_AGE_MS ? 'delete-request' : 'leave';
}

/**
 * True where a server works on the backup, this one or the one before it, which left the rest of the work to this one:
 * deleted now, it would be uploaded again behind the deletion's back.
 */
export function isBeingMade({ status }: Backup): boolean {
  const phase = status?.phase;
  return phase === 'InProgress' || isWaiting(phase) || isFinalizing(phase);
}
