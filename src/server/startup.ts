/** What a server checks and sets right before its controllers run (pkg/cmd/server/server.go). */

import type { BackupStorageLocation } from '../api/backup-storage-location.ts';
import { KINDS } from '../api/kinds.ts';
import { isNotFound } from '../kube/errors.ts';
import type { KubeClient } from '../kube/contract.ts';
import type { Logger } from '../lib/log.ts';
import { writeChanges } from './writes.ts';

/** @throws KubeError where the namespace does not exist */
export async function checkNamespace(kube: KubeClient, namespace: string, log: Logger): Promise<void> {
  log.info('Checking existence of namespace.', { namespace });
  await kube.get({ ...CORE, resource: 'namespaces', kind: 'Namespace', namespaced: false }, namespace);
  log.info('Namespace exists', { namespace });
}

const CORE = {
  group: '',
  version: 'v1',
  singular: '',
  shortNames: [],
  verbs: ['get'],
  preferred: true,
} as const;

/** Warns where there is no node agent; nothing but pod volumes needs it. */
export async function checkNodeAgent(kube: KubeClient, namespace: string, log: Logger): Promise<void> {
  try {
    const daemonSets = kube.discovery.find('apps', 'daemonsets');
    if (daemonSets !== undefined) await kube.get(daemonSets, 'node-agent', namespace);
  } catch (error) {
    if (isNotFound(error)) {
      log.warn("Velero node agent not found; pod volume backups/restores will not work until it's created");
    } else {
      log.warn('Error checking for existence of velero node agent', { error });
    }
  }
}

/**
 * Makes the location of `--default-backup-storage-location` the default one.
 * @throws KubeError where it can be neither read nor written; that it is missing is only a warning
 */
export async function setDefaultLocation(
  kube: KubeClient,
  namespace: string,
  name: string,
  log: Logger,
): Promise<void> {
  if (name === '') {
    log.debug(
      'No default backup storage location specified. Velero will not automatically select a backup storage location for new backups.',
    );
    return;
  }
  let location: BackupStorageLocation;
  try {
    location = await kube.get<BackupStorageLocation>(KINDS.BackupStorageLocation, name, namespace);
  } catch (error) {
    if (!isNotFound(error)) throw error;
    log.warn('Failed to set default backup storage location at server start', {
      backupStorageLocation: name,
      error,
    });
    return;
  }
  if (location.spec?.default === true) return;
  await writeChanges(kube, KINDS.BackupStorageLocation, location, {
    ...location,
    spec: { ...location.spec, default: true },
  });
  log.info('Set backup storage location as default', { backupStorageLocation: name });
}
