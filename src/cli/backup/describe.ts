/** `backup describe` (pkg/cmd/cli/backup/describe.go). */

import type { Backup } from '../../api/backup.ts';
import { boolFlag, stringFlag } from '../../lib/flag-values.ts';
import { type Command, defineCommand } from '../command.ts';
import { getOrList, selectorFlag } from '../objects.ts';
import { tlsFlags } from '../tls-flags.ts';
import { invalid } from './spec-flags.ts';

export function describeBackups(use: string, cacert: string, aliases: readonly string[] = []): Command {
  return defineCommand({
    use: `${use} [NAME1] [NAME2] [NAME...]`,
    aliases,
    short: 'Describe backups',
    flags: {
      ...selectorFlag(),
      details: boolFlag('Display additional detail in the command output.'),
      ...tlsFlags(cacert),
      output: stringFlag("Output format: 'plaintext' or 'json'; 'json' is for a single backup only", {
        shorthand: 'o',
        default: 'plaintext',
      }),
    },
    async run({ flags, args, session }) {
      const { details, output, selector } = flags;
      if (output !== 'plaintext' && output !== 'json') {
        throw invalid(`invalid output format '${output}'. valid value are 'plaintext, json'`);
      }
      const { describeBackup, describeBackupJson, gatherBackup } = await import('../describe/index.ts');
      const { objects } = await getOrList<Backup>(session, 'Backup', args, { selector });
      for (const [index, backup] of objects.entries()) {
        const facts = await gatherBackup(session, backup, details, flags);
        if (objects.length === 1 && output === 'json') {
          await session.terminal.write(describeBackupJson(facts, details));
          return;
        }
        const text = describeBackup(facts, details, session.colours);
        await session.terminal.write(index === 0 ? text : `\n\n${text}`);
      }
    },
  });
}
