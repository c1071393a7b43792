/** `backup logs` (pkg/cmd/cli/backup/logs.go). */

import { KINDS } from '../../api/kinds.ts';
import type { Backup } from '../../api/backup.ts';
import { isNotFound } from '../../kube/errors.ts';
import { Failure, messageOf } from '../../lib/errors.ts';
import { durationFlag } from '../../lib/flag-values.ts';
import { goQuote } from '../../lib/go-text.ts';
import { type Command, defineCommand, exactArgs } from '../command.ts';
import { stdoutOf } from '../session.ts';
import { tlsFlags } from '../tls-flags.ts';

/** Phases in which the log is in the store. */
const WITH_LOG: readonly (string | undefined)[] = [
  'Completed',
  'PartiallyFailed',
  'Failed',
  'WaitingForPluginOperations',
  'WaitingForPluginOperationsPartiallyFailed',
];

export function backupLogs(cacert: string): Command {
  return defineCommand({
    use: 'logs BACKUP',
    short: 'Get backup logs',
    args: exactArgs(1),
    flags: {
      timeout: durationFlag('How long to wait to receive logs.', { default: 60_000 }),
      ...tlsFlags(cacert),
    },
    async run({ flags, args, session }) {
      const name = args[0] as string;
      const kube = await session.kube();
      let backup: Backup;
      try {
        backup = await kube.get<Backup>(KINDS.Backup, name, session.namespace);
      } catch (error) {
        const message = isNotFound(error)
          ? `backup ${goQuote(name)} does not exist`
          : `error checking for backup ${goQuote(name)}: ${messageOf(error)}`;
        throw new Failure({ code: 'NO_BACKUP', message, object: `backup ${name}`, cause: error });
      }
      if (!WITH_LOG.includes(backup.status?.phase)) {
        throw new Failure({
          code: 'LOG_NOT_READY',
          message: `logs for backup ${goQuote(name)} are not available until it's finished processing, please wait until the backup has a phase of Completed or Failed and try again`,
          object: `backup ${name}`,
          ...(backup.status?.phase === 'FailedValidation'
            ? {
                remedy: `This backup was refused and never ran, so it has no log: see velero backup describe ${name}.`,
              }
            : {}),
        });
      }
      const { download, explainMissingLog } = await import('../download.ts');
      const options = { ...flags, timeoutMs: flags.timeout };
      try {
        await download(session, 'BackupLog', name, options, stdoutOf(session));
      } catch (error) {
        throw explainMissingLog(error, backup.status?.failureReason);
      }
    },
  });
}
