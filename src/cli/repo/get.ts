/** `repo get` (pkg/cmd/cli/repo/get.go); without names it looks into all namespaces. */

import type { BackupRepository } from '../../api/backup-repository.ts';
import { type Command, defineCommand } from '../command.ts';
import { getOrList, selectorFlag } from '../objects.ts';
import { checkOutput, outputFlags, printList } from '../output.ts';
import { backupRepositoryPrinting } from '../print/kinds.ts';

export function getRepositories(use: string): Command {
  return defineCommand({
    use,
    short: 'Get repositories',
    flags: { ...selectorFlag(), ...outputFlags('table') },
    async run({ flags, args, session }) {
      checkOutput(flags);
      const wish = { selector: flags.selector, allNamespaces: true };
      const listed = await getOrList<BackupRepository>(session, 'BackupRepository', args, wish);
      await printList(session, flags, backupRepositoryPrinting, listed);
    },
  });
}
