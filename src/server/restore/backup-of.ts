/** The backup and location behind a restore (fetchBackupInfoInternal in pkg/controller/restore_controller.go). */

import type { Backup } from '../../api/backup.ts';
import type { BackupStorageLocation } from '../../api/backup-storage-location.ts';
import { KINDS } from '../../api/kinds.ts';
import type { Restore } from '../../api/restore.ts';
import { getCurrent, type ServerContext } from '../context.ts';

export type RestoreSource =
  | { backup: Backup; location: BackupStorageLocation }
  /** What does not exist any more. */
  | { missing: string };

/** @throws KubeError where the API cannot be read */
export async function backupOfRestore(
  context: Pick<ServerContext, 'kube' | 'namespace'>,
  restore: Restore,
): Promise<RestoreSource> {
  const backupName = restore.spec.backupName ?? '';
  const backup = backupName === '' ? undefined : await getCurrent<Backup>(context, KINDS.Backup, backupName);
  if (backup === undefined) {
    return { missing: `can't find backup ${context.namespace}/${backupName}` };
  }
  const locationName = backup.spec.storageLocation ?? '';
  const location = await getCurrent<BackupStorageLocation>(
    context,
    KINDS.BackupStorageLocation,
    locationName,
  );
  return location === undefined
    ? { missing: `can't find backup storage location ${context.namespace}/${locationName}` }
    : { backup, location };
}
