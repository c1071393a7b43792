/** `restore delete` (pkg/cmd/cli/restore/delete.go): the objects are deleted here, the server cleans up after them. */

import { KINDS } from '../../api/kinds.ts';
import type { Restore } from '../../api/restore.ts';
import { goQuote } from '../../lib/go-text.ts';
import { type Command, defineCommand } from '../command.ts';
import { Errors, findSelected } from '../mutate.ts';
import { checkSelection, confirm, deleteFlags } from '../select.ts';

export function deleteRestores(use: string, aliases: readonly string[] = []): Command {
  return defineCommand({
    use: `${use} [NAMES]`,
    aliases,
    short: 'Delete restores',
    example: `  # Delete a restore named "restore-1".
  velero restore delete restore-1

  # Delete a restore named "restore-1" without being asked.
  velero restore delete restore-1 --confirm

  # Delete restores named "restore-1" and "restore-2".
  velero restore delete restore-1 restore-2

  # Delete all restores labelled "foo=bar".
  velero restore delete --selector foo=bar

  # Delete all restores.
  velero restore delete --all`,
    flags: deleteFlags('restore'),
    async run({ flags, args, session }) {
      checkSelection('restore', args, flags);
      if (!flags.confirm && !(await confirm(session))) return;
      const errors = new Errors();
      const restores = await findSelected<Restore>(session, 'Restore', args, flags.selector, errors);
      if (errors.messages.length > 0) await session.print(`errs:  [${errors.messages.join(' ')}]`);
      // Unlike other deletions, nothing is deleted where one name does not exist.
      errors.throwIfAny();
      if (restores.length === 0) await session.print('No restores found');
      const kube = await session.kube();
      for (const { metadata } of restores) {
        const name = metadata.name ?? '';
        await errors.collect(async () => {
          await kube.delete(KINDS.Restore, name, session.namespace);
          await session.print(
            `Request to delete restore ${goQuote(name)} submitted successfully.\nThe restore will be fully deleted after all associated data (restore files in object storage) are removed.`,
          );
        });
      }
      errors.throwIfAny();
    },
  });
}
