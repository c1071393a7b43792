/** `restore logs` (pkg/cmd/cli/restore/logs.go); its refusals come without the usual prefix. */

import { KINDS } from '../../api/kinds.ts';
import type { Restore } from '../../api/restore.ts';
import { isNotFound } from '../../kube/errors.ts';
import { messageOf } from '../../lib/errors.ts';
import { durationFlag } from '../../lib/flag-values.ts';
import { goQuote } from '../../lib/go-text.ts';
import { type Command, defineCommand, exactArgs } from '../command.ts';
import { ExitMessage } from '../exit.ts';
import { stdoutOf } from '../session.ts';
import { tlsFlags } from '../tls-flags.ts';

/** Phases in which the log is in the store. */
const WITH_LOG: readonly (string | undefined)[] = [
  'Completed',
  'Failed',
  'PartiallyFailed',
  'WaitingForPluginOperations',
  'WaitingForPluginOperationsPartiallyFailed',
];

export function restoreLogs(cacert: string): Command {
  return defineCommand({
    use: 'logs RESTORE',
    short: 'Get restore logs',
    args: exactArgs(1),
    flags: {
      timeout: durationFlag('How long to wait to receive logs.', { default: 60_000 }),
      ...tlsFlags(cacert),
    },
    async run({ flags, args, session }) {
      const name = args[0] as string;
      const kube = await session.kube();
      let restore: Restore;
      try {
        restore = await kube.get<Restore>(KINDS.Restore, name, session.namespace);
      } catch (error) {
        throw new ExitMessage(
          isNotFound(error)
            ? `Restore ${goQuote(name)} does not exist.`
            : `Error checking for restore ${goQuote(name)}: ${messageOf(error)}`,
        );
      }
      if (!WITH_LOG.includes(restore.status?.phase)) {
        throw new ExitMessage(
          `Logs for restore ${goQuote(name)} are not available until it's finished processing. Please wait until the restore has a phase of Completed or Failed and try again.`,
        );
      }
      const { download, explainMissingLog } = await import('../download.ts');
      const options = { ...flags, timeoutMs: flags.timeout };
      try {
        await download(session, 'RestoreLog', name, options, stdoutOf(session));
      } catch (error) {
        throw explainMissingLog(error, restore.status?.failureReason);
      }
    },
  });
}
