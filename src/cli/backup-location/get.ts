/** `backup-location get` (pkg/cmd/cli/backuplocation/get.go). */

import type { BackupStorageLocation } from '../../api/backup-storage-location.ts';
import { boolFlag } from '../../lib/flag-values.ts';
import { type Command, defineCommand } from '../command.ts';
import { getOrList, selectorFlag } from '../objects.ts';
import { checkOutput, outputFlags, printList } from '../output.ts';
import { backupStorageLocationPrinting } from '../print/kinds.ts';

export function getBackupLocations(use: string, aliases: readonly string[] = []): Command {
  return defineCommand({
    use,
    aliases,
    short: 'Get backup storage locations',
    flags: {
      default: boolFlag('Displays the current default backup storage location.'),
      ...selectorFlag(),
      ...outputFlags('table'),
    },
    async run({ flags, args, session }) {
      checkOutput(flags);
      const { selector } = flags;
      const listed = await getOrList<BackupStorageLocation>(session, 'BackupStorageLocation', args, {
        selector,
      });
      const objects = flags.default
        ? listed.objects.filter(({ spec }) => spec.default === true)
        : listed.objects;
      await printList(session, flags, backupStorageLocationPrinting, { ...listed, objects });
    },
  });
}
