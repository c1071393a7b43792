/** `restore get` (pkg/cmd/cli/restore/get.go). */

import type { Restore } from '../../api/restore.ts';
import { type Command, defineCommand } from '../command.ts';
import { getOrList, selectorFlag } from '../objects.ts';
import { checkOutput, outputFlags, printList } from '../output.ts';
import { restorePrinting } from '../print/kinds.ts';

export function getRestores(use: string, aliases: readonly string[] = []): Command {
  return defineCommand({
    use,
    aliases,
    short: 'Get restores',
    flags: { ...selectorFlag(), ...outputFlags('table') },
    async run({ flags, args, session }) {
      checkOutput(flags);
      const { selector } = flags;
      const listed = await getOrList<Restore>(session, 'Restore', args, { selector });
      await printList(session, flags, restorePrinting, {
        ...listed,
        objects: listed.objects.map(markDeleting),
      });
    },
  });
}

/** A restore being deleted says so beside its phase, in JSON and YAML too. */
function markDeleting(restore: Restore): Restore {
  if (!restore.metadata.deletionTimestamp) return restore;
  const phase = `${restore.status?.phase ?? ''} (Deleting)`;
  return { ...restore, status: { ...restore.status, phase } as NonNullable<Restore['status']> };
}
