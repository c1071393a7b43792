/**
 * Observes Backups; asks for the deletion of those that have expired (pkg/controller/gc_controller.go).
 */

import type { Backup } from '../../api/backup.ts';
import type { BackupStorageLocation } from '../../api/backup-storage-location.ts';
import type { DeleteBackupRequest } from '../../api/delete-backup-request.ts';
import { apiVersionOf, KINDS } from '../../api/kinds.ts';
import { LABELS, labelValue } from '../../api/labels.ts';
import { messageOf, wrap } from '../../lib/errors.ts';
import { getCurrent, type ServerContext } from '../context.ts';
import { writeChanges } from '../writes.ts';
import { type GcFailure, gcFailure, hasPendingRequest, isExpired } from './decide.ts';

export async function reconcileExpiry(context: ServerContext, name: string): Promise<void> {
  const { kube, namespace, clock } = context;
  const backup = await getCurrent<Backup>(context, KINDS.Backup, name);
  if (backup === undefined || !isExpired(backup, clock.now())) return;
  const log = context.log.with({
    backup: `${namespace}/${name}`,
    expiration: backup.status?.expiration ?? '',
  });
  log.info(`Backup:${name} has expired`);

  const locationName = backup.spec.storageLocation ?? '';
  let location: BackupStorageLocation | 'missing' | 'unreadable';
  let unreadable: unknown;
  try {
    location =
      (await getCurrent<BackupStorageLocation>(context, KINDS.BackupStorageLocation, locationName)) ??
      'missing';
  } catch (error) {
    unreadable = error;
    location = 'unreadable';
  }
  const failure = gcFailure(location);
  await setFailureLabel(context, backup, failure);
  switch (failure) {
    case undefined:
      break;
    case 'BSLNotFound':
      log.warn(
        `Backup cannot be garbage-collected because backup storage location ${locationName} does not exist`,
      );
      return;
    case 'BSLCannotGet':
      throw wrap(unreadable, 'error getting backup storage location');
    case 'BSLReadOnly':
      log.info(
        `Backup cannot be garbage-collected because backup storage location ${locationName} is currently in read-only mode`,
      );
      return;
  }

  const labels = {
    [LABELS.backupName]: labelValue(name),
    [LABELS.backupUid]: backup.metadata.uid as string,
  };
  const requests = await kube.list<DeleteBackupRequest>(KINDS.DeleteBackupRequest, {
    namespace,
    labelSelector: Object.entries(labels)
      .map(([key, value]) => `${key}=${value}`)
      .join(','),
  });
  if (hasPendingRequest(requests)) {
    log.info('Backup already has a pending deletion request');
    return;
  }
  log.info('Creating a new deletion request');
  await kube.create(
    KINDS.DeleteBackupRequest,
    {
      apiVersion: apiVersionOf(KINDS.DeleteBackupRequest),
      kind: 'DeleteBackupRequest',
      metadata: { generateName: `${name}-`, namespace, labels },
      spec: { backupName: name },
    },
    namespace,
  );
}

async function setFailureLabel(
  context: ServerContext,
  backup: Backup,
  failure: GcFailure | undefined,
): Promise<void> {
  const { [LABELS.gcFailure]: _old, ...labels } = backup.metadata.labels ?? {};
  if (failure !== undefined) labels[LABELS.gcFailure] = failure;
  if (failure === undefined && backup.metadata.labels?.[LABELS.gcFailure] === undefined) return;
  try {
    await writeChanges(context.kube, KINDS.Backup, backup, {
      ...backup,
      metadata: { ...backup.metadata, labels },
    });
  } catch (error) {
    context.log.error(`error updating backup labels: ${messageOf(error)}`, {
      backup: backup.metadata.name,
    });
  }
}
