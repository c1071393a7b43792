/** `restore describe` (pkg/cmd/cli/restore/describe.go). */

import type { Restore } from '../../api/restore.ts';
import { boolFlag } from '../../lib/flag-values.ts';
import { type Command, defineCommand } from '../command.ts';
import { getOrList, selectorFlag } from '../objects.ts';
import { tlsFlags } from '../tls-flags.ts';

export function describeRestores(use: string, cacert: string, aliases: readonly string[] = []): Command {
  return defineCommand({
    use: `${use} [NAME1] [NAME2] [NAME...]`,
    aliases,
    short: 'Describe restores',
    flags: {
      ...selectorFlag(),
      details: boolFlag('Display additional detail in the command output.'),
      ...tlsFlags(cacert),
    },
    async run({ flags, args, session }) {
      const { details, selector } = flags;
      const { describeRestore, gatherRestore } = await import('../describe/index.ts');
      const { objects } = await getOrList<Restore>(session, 'Restore', args, { selector });
      for (const [index, restore] of objects.entries()) {
        const facts = await gatherRestore(session, restore, details, flags);
        const text = describeRestore(facts, details, session.colours);
        await session.terminal.write(index === 0 ? text : `\n\n${text}`);
      }
    },
  });
}
