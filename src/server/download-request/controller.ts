/**
 * Observes DownloadRequests; answers each with a signed URL of the file that it asks for, and deletes it when it has
 * expired (pkg/controller/download_request_controller.go).
 */

import type { Backup } from '../../api/backup.ts';
import type { BackupStorageLocation } from '../../api/backup-storage-location.ts';
import type { DownloadRequest, DownloadRequestStatus } from '../../api/download-request.ts';
import { KINDS } from '../../api/kinds.ts';
import type { Restore } from '../../api/restore.ts';
import { isNotFound } from '../../kube/errors.ts';
import { rfc3339 } from '../../lib/clock.ts';
import type { Logger } from '../../lib/log.ts';
import { getCurrent, type ServerContext } from '../context.ts';
import { backupOperationsAt, restoreOperationsAt, withStore } from '../stores.ts';
import { writeChanges } from '../writes.ts';
import { DOWNLOAD_URL_TTL_MS, downloadStep, isRestoreTarget } from './decide.ts';

export async function reconcileDownloadRequest(context: ServerContext, name: string): Promise<void> {
  const { kube, namespace, clock } = context;
  const log = context.log.with({
    controller: 'download-request',
    downloadRequest: `${namespace}/${name}`,
  });
  const request = await getCurrent<DownloadRequest>(context, KINDS.DownloadRequest, name);
  if (request === undefined) return;
  const step = downloadStep(request, clock.now());
  if (step === 'delete') {
    log.debug('DownloadRequest has expired - deleting');
    await kube.delete(KINDS.DownloadRequest, name, namespace).catch((error: unknown) => {
      if (!isNotFound(error)) throw error;
    });
    return;
  }
  if (step === 'leave') return;
  // The time runs from when the request is picked up, and again from when it is answered.
  const expiration = () => rfc3339(clock.now() + DOWNLOAD_URL_TTL_MS);
  const status: DownloadRequestStatus = { ...request.status, expiration: expiration() };
  try {
    const url = await signedUrl(context, request, log);
    if (url !== undefined) {
      status.downloadURL = url;
      status.phase = 'Processed';
      status.expiration = expiration();
    }
  } finally {
    await writeChanges(kube, KINDS.DownloadRequest, request, { ...request, status });
  }
}

/** The URL; undefined where the file's backup or location does not exist, which trying again does not change. */
async function signedUrl(
  context: ServerContext,
  request: DownloadRequest,
  log: Logger,
): Promise<string | undefined> {
  const { target } = request.spec;
  let backupName = target.name;
  if (isRestoreTarget(target.kind)) {
    const restore = await getCurrent<Restore>(context, KINDS.Restore, target.name);
    if (restore === undefined) {
      log.error('fail to get restore for DownloadRequest', { restore: target.name });
      return undefined;
    }
    backupName = restore.spec.backupName ?? '';
  }
  const backup = await getCurrent<Backup>(context, KINDS.Backup, backupName);
  if (backup === undefined) {
    log.error('fail to get backup for DownloadRequest', { backup: backupName });
    return undefined;
  }
  const locationName = backup.spec.storageLocation ?? '';
  const location = await getCurrent<BackupStorageLocation>(
    context,
    KINDS.BackupStorageLocation,
    locationName,
  );
  if (location === undefined) {
    log.error('BSL for DownloadRequest cannot be found', { 'backup-storage-location': locationName });
    return undefined;
  }
  return withStore(context.stores, location, async (store) => {
    try {
      if (target.kind === 'BackupItemOperations') {
        await context.backupOperations.uploadChanges(backupOperationsAt(store), backupName);
      } else if (target.kind === 'RestoreItemOperations') {
        await context.restoreOperations.uploadChanges(restoreOperationsAt(store), target.name);
      }
    } catch (error) {
      log.warn('The latest progress of item operations could not be uploaded; an older state is served', {
        error,
      });
    }
    return store.getDownloadUrl(target);
  });
}
