/** `backup delete` (pkg/cmd/cli/backup/delete.go): asks the server, by one DeleteBackupRequest a backup. */

import type { Backup } from '../../api/backup.ts';
import { apiVersionOf, KINDS } from '../../api/kinds.ts';
import { LABELS, labelValue } from '../../api/labels.ts';
import { goQuote } from '../../lib/go-text.ts';
import { type Command, defineCommand } from '../command.ts';
import { createWithGeneratedName, Errors, findSelected, reportNothing } from '../mutate.ts';
import { checkSelection, confirm, deleteFlags } from '../select.ts';

export function deleteBackups(use: string, aliases: readonly string[] = []): Command {
  return defineCommand({
    use: `${use} [NAMES]`,
    aliases,
    short: 'Delete backups',
    example: `  # Delete a backup named "backup-1".
  velero backup delete backup-1

  # Delete a backup named "backup-1" without being asked.
  velero backup delete backup-1 --confirm

  # Delete backups named "backup-1" and "backup-2".
  velero backup delete backup-1 backup-2

  # Delete all backups of the schedule "schedule-1".
  velero backup delete --selector velero.io/schedule-name=schedule-1

  # Delete all backups.
  velero backup delete --all`,
    flags: deleteFlags('backup'),
    async run({ flags, args, session }) {
      checkSelection('backup', args, flags);
      if (!flags.confirm && !(await confirm(session))) return;
      const errors = new Errors();
      const backups = await findSelected<Backup>(session, 'Backup', args, flags.selector, errors);
      if (backups.length === 0) return reportNothing(session, 'backup', errors);
      for (const { metadata } of backups) {
        const name = metadata.name ?? '';
        await errors.collect(async () => {
          await createWithGeneratedName(session, 'DeleteBackupRequest', {
            apiVersion: apiVersionOf(KINDS.DeleteBackupRequest),
            kind: 'DeleteBackupRequest',
            metadata: {
              generateName: `${name}-`,
              namespace: session.namespace,
              labels: { [LABELS.backupName]: labelValue(name), [LABELS.backupUid]: metadata.uid ?? '' },
            },
            spec: { backupName: name },
          });
          await session.print(
            `Request to delete backup ${goQuote(name)} submitted successfully.\nThe backup will be fully deleted after all associated data (disk snapshots, backup files, restores) are removed.`,
          );
        });
      }
      errors.throwIfAny();
    },
  });
}
