/**
 * Observes DeleteBackupRequests; deletes a backup's data, its restores and itself
 * (pkg/controller/backup_deletion_controller.go).
 */

import type { Backup } from '../../api/backup.ts';
import type { BackupStorageLocation } from '../../api/backup-storage-location.ts';
import type { DeleteBackupRequest } from '../../api/delete-backup-request.ts';
import { KINDS } from '../../api/kinds.ts';
import { LABELS, labelValue } from '../../api/labels.ts';
import type { KubeObject } from '../../api/object.ts';
import { isNotFound } from '../../kube/errors.ts';
import { wrap } from '../../lib/errors.ts';
import type { Logger } from '../../lib/log.ts';
import { scheduleOf } from '../backup/decide.ts';
import { getCurrent, type Requeue, type ServerContext } from '../context.ts';
import { writeChanges } from '../writes.ts';
import { deletionStep, isBeingMade } from './decide.ts';
import { deleteBackupData } from './delete.ts';

/** How long a second request for a backup that is being deleted waits, in milliseconds. */
const BUSY_MS = 1000;

/** @param busy names of backups that are being deleted now */
export async function reconcileDeletion(
  context: ServerContext,
  busy: Set<string>,
  name: string,
): Promise<Requeue | undefined> {
  const { namespace, clock } = context;
  const request = await getCurrent<DeleteBackupRequest>(context, KINDS.DeleteBackupRequest, name);
  if (request === undefined || context.jobs.stopping) return undefined;
  const step = deletionStep(request, clock.now());
  const log = context.log.with({
    controller: 'backup-deletion',
    deletebackuprequest: `${namespace}/${name}`,
  });
  if (step === 'delete-request') {
    log.debug(`The request is expired, status: ${request.status?.phase}, deleting it.`);
    await deleteQuietly(context, name);
    return undefined;
  }
  if (step === 'leave') return undefined;
  const { backupName } = request.spec;
  if (busy.has(backupName)) return { afterMs: BUSY_MS };
  busy.add(backupName);
  try {
    await context.jobs.run(`deletion of backup ${namespace}/${backupName}`, () =>
      processRequest(context, request, log),
    );
  } finally {
    busy.delete(backupName);
  }
  return undefined;
}

async function processRequest(
  context: ServerContext,
  request: DeleteBackupRequest,
  log: Logger,
): Promise<void> {
  const { kube, namespace } = context;
  const name = request.spec.backupName ?? '';
  const refuse = (error: string) => finish(context, request, [error]);
  if (name === '') {
    await refuse('spec.backupName is required');
    return;
  }
  const backupLog = log.with({ backup: name });
  await removeOtherRequests(context, request, backupLog);
  const backup = await getCurrent<Backup>(context, KINDS.Backup, name).catch((error: unknown) => {
    throw wrap(error, 'error getting backup');
  });
  if (backup === undefined) {
    await refuse('backup not found');
    return;
  }
  if (isBeingMade(backup)) {
    await refuse('backup is still in progress');
    return;
  }
  const locationName = backup.spec.storageLocation ?? '';
  const location = await getCurrent<BackupStorageLocation>(
    context,
    KINDS.BackupStorageLocation,
    locationName,
  ).catch((error: unknown) => {
    throw wrap(error, 'error getting backup storage location');
  });
  if (location === undefined) {
    await refuse(`backup storage location ${locationName} not found`);
    return;
  }
  if (location.spec.accessMode === 'ReadOnly') {
    await refuse(
      `cannot delete backup because backup storage location ${locationName} is currently in read-only mode`,
    );
    return;
  }

  const labels = {
    ...request.metadata.labels,
    [LABELS.backupName]: request.metadata.labels?.[LABELS.backupName] ?? labelValue(name),
    [LABELS.backupUid]: request.metadata.labels?.[LABELS.backupUid] ?? backup.metadata.uid ?? '',
  };
  const running = await writeChanges(kube, KINDS.DeleteBackupRequest, request, {
    ...request,
    metadata: { ...request.metadata, labels },
    status: { ...request.status, phase: 'InProgress' },
  });
  // Refused where the backup has begun since it was read: its upload would bring back what is deleted here.
  const deleting = await writeChanges(
    kube,
    KINDS.Backup,
    backup,
    { ...backup, status: { ...backup.status, phase: 'Deleting' } },
    { unchanged: true },
  );
  const schedule = scheduleOf(backup);
  context.metrics.add('backup_deletion_attempt_total', schedule);
  const errors = await deleteBackupData(context, deleting, location, backupLog);
  if (errors.length === 0) {
    try {
      await kube.delete(KINDS.Backup, name, namespace);
    } catch (error) {
      if (!isNotFound(error)) {
        errors.push(wrap(error, `error deleting backup ${namespace}/${name}`).message);
      }
    }
  }
  context.metrics.add(
    errors.length === 0 ? 'backup_deletion_success_total' : 'backup_deletion_failure_total',
    schedule,
  );
  await finish(context, running, errors);
  if (errors.length === 0) {
    await kube
      .deleteCollection(KINDS.DeleteBackupRequest, {
        namespace,
        labelSelector: `${LABELS.backupName}=${labelValue(name)},${LABELS.backupUid}=${backup.metadata.uid}`,
      })
      .catch((error: unknown) => {
        backupLog.error(
          'error deleting all associated DeleteBackupRequests after successfully deleting the backup',
          { error },
        );
      });
  }
  backupLog.info('Reconciliation done');
}

/** Processed, with what went wrong. */
async function finish(
  context: ServerContext,
  request: DeleteBackupRequest,
  errors: readonly string[],
): Promise<void> {
  const { errors: _old, ...status } = request.status ?? {};
  await writeChanges<DeleteBackupRequest & KubeObject>(context.kube, KINDS.DeleteBackupRequest, request, {
    ...request,
    status: {
      ...status,
      phase: 'Processed',
      ...(errors.length > 0 ? { errors: [...errors] } : {}),
    },
  });
}

/** One request a backup: earlier ones, answered or not, make room for this one. */
async function removeOtherRequests(
  context: ServerContext,
  request: DeleteBackupRequest,
  log: Logger,
): Promise<void> {
  const { kube, namespace } = context;
  log.info('Removing existing deletion requests for backup');
  const others = await kube.list<DeleteBackupRequest>(KINDS.DeleteBackupRequest, {
    namespace,
    labelSelector: `${LABELS.backupName}=${labelValue(request.spec.backupName)}`,
  });
  for (const other of others) {
    if (other.metadata.name === request.metadata.name) continue;
    await deleteQuietly(context, other.metadata.name as string);
    log.info(`deletion request '${other.metadata.name}' removed.`);
  }
}

async function deleteQuietly(context: ServerContext, name: string): Promise<void> {
  try {
    await context.kube.delete(KINDS.DeleteBackupRequest, name, context.namespace);
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}
