/** `backup get` (pkg/cmd/cli/backup/get.go). */

import type { Backup } from '../../api/backup.ts';
import { type Command, defineCommand } from '../command.ts';
import { getOrList, selectorFlag } from '../objects.ts';
import { checkOutput, outputFlags, printList } from '../output.ts';
import { backupPrinting } from '../print/kinds.ts';

export function getBackups(use: string, aliases: readonly string[] = []): Command {
  return defineCommand({
    use,
    aliases,
    short: 'Get backups',
    flags: { ...selectorFlag(), ...outputFlags('table') },
    async run({ flags, args, session }) {
      checkOutput(flags);
      const { selector } = flags;
      await printList(
        session,
        flags,
        backupPrinting,
        await getOrList<Backup>(session, 'Backup', args, { selector }),
      );
    },
  });
}
