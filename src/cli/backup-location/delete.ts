/**
 * `backup-location delete` (pkg/cmd/cli/backuplocation/delete.go): with a location go the cluster's records of its
 * backups and repositories; what is in the object storage stays.
 */

import type { BackupStorageLocation } from '../../api/backup-storage-location.ts';
import { type KindName, KINDS } from '../../api/kinds.ts';
import { LABELS, labelValue } from '../../api/labels.ts';
import { wrap } from '../../lib/errors.ts';
import { goQuote } from '../../lib/go-text.ts';
import { type Command, defineCommand } from '../command.ts';
import { Errors, findSelected, reportNothing } from '../mutate.ts';
import { listObjects } from '../objects.ts';
import { checkSelection, confirm, deleteFlags } from '../select.ts';
import type { Session } from '../session.ts';

export function deleteBackupLocations(use: string, aliases: readonly string[] = []): Command {
  return defineCommand({
    use: `${use} [NAMES]`,
    aliases,
    short: 'Delete backup storage locations',
    example: `  # Delete a backup storage location named "backup-location-1".
  velero backup-location delete backup-location-1

  # Delete a backup storage location named "backup-location-1" without being asked.
  velero backup-location delete backup-location-1 --confirm

  # Delete backup storage locations named "backup-location-1" and "backup-location-2".
  velero backup-location delete backup-location-1 backup-location-2

  # Delete all backup storage locations labelled "foo=bar".
  velero backup-location delete --selector foo=bar

  # Delete all backup storage locations.
  velero backup-location delete --all`,
    flags: deleteFlags('backup-location'),
    async run({ flags, args, session }) {
      checkSelection('backup-location', args, flags);
      if (!flags.confirm && !(await confirm(session))) return;
      const errors = new Errors();
      const locations = await findSelected<BackupStorageLocation>(
        session,
        'BackupStorageLocation',
        args,
        flags.selector,
        errors,
      );
      if (locations.length === 0) return reportNothing(session, 'backup-location', errors);
      const kube = await session.kube();
      for (const { metadata } of locations) {
        const name = metadata.name ?? '';
        const gone = await errors.collect(async () => {
          await kube.delete(KINDS.BackupStorageLocation, name, session.namespace);
          await session.print(`Backup storage location ${goQuote(name)} deleted successfully.`);
        });
        if (!gone) continue;
        await deleteRecords(session, 'Backup', 'backup', name, errors);
        await deleteRecords(session, 'BackupRepository', 'backup repository', name, errors);
      }
      errors.throwIfAny();
    },
  });
}

async function deleteRecords(
  session: Session,
  kind: KindName,
  noun: string,
  location: string,
  errors: Errors,
): Promise<void> {
  const plural = noun === 'backup' ? 'backups' : 'backup repositories';
  await errors.collect(async () => {
    const kube = await session.kube();
    const selector = `${LABELS.storageLocation}=${labelValue(location)}`;
    const { objects } = await listObjects(session, kind, { selector }).catch((error: unknown) => {
      throw wrap(error, `find ${plural} associated with BSL ${goQuote(location)}`);
    });
    for (const { metadata } of objects) {
      const name = metadata.name ?? '';
      await errors.collect(async () => {
        await kube.delete(KINDS[kind], name, session.namespace).catch((error: unknown) => {
          throw wrap(error, `delete ${noun} ${goQuote(name)} associated with deleted BSL`);
        });
        const title = noun === 'backup' ? 'Backup' : 'Backup repository';
        await session.print(`${title} associated with deleted BSL(s) ${goQuote(name)} deleted successfully.`);
      });
    }
  });
}
