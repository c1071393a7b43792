/** `debug` (pkg/cmd/cli/debug): a bundle of what helps to find out what went wrong. */

import path from 'node:path';
import type { Backup } from '../../api/backup.ts';
import type { Restore } from '../../api/restore.ts';
import { Failure } from '../../lib/errors.ts';
import { boolFlag, stringFlag } from '../../lib/flag-values.ts';
import { fileTime } from '../../lib/go-time.ts';
import { type Command, defineCommand } from '../command.ts';
import { getObject } from '../objects.ts';
import { DEPLOYMENTS } from '../plugin/deployment.ts';

export function debugCommand(cacert: string): Command {
  return defineCommand({
    use: 'debug',
    short: 'Generate debug bundle',
    long: `Writes a tarball with the objects that the server works on, the logs of its pods and of the node
agents, and on demand the description and the log of one backup and of one restore. Secrets are
not in it.`,
    flags: {
      output: stringFlag(
        'Path of the tarball; ./bundle-<YYYY>-<MM>-<DD>-<HH>-<MM>-<SS>.tar.gz unless given. Optional',
      ),
      backup: stringFlag('Backup whose description and log are collected too. Optional'),
      restore: stringFlag('Restore whose description and log are collected too. Optional'),
      verbose: boolFlag('Print what is being collected. Default value is false.'),
    },
    async run({ flags, session }) {
      const { terminal, namespace } = session;
      const name = flags.output === '' ? `bundle-${fileTime(terminal.clock.now())}.tar.gz` : flags.output;
      const output = path.resolve(terminal.cwd, name);
      const kube = await session.kube();
      const deployments = await kube.list(DEPLOYMENTS, { namespace, labelSelector: 'component=velero' });
      if (deployments.length === 0) {
        throw new Failure({
          code: 'NO_SERVER',
          message: `velero deployment does not exist in namespace: ${namespace}`,
          object: `namespace ${namespace}`,
          remedy: 'Name the namespace where the server is installed with -n.',
        });
      }
      if (flags.backup !== '') await getObject<Backup>(session, 'Backup', flags.backup);
      if (flags.restore !== '') await getObject<Restore>(session, 'Restore', flags.restore);
      const { writeBundle } = await import('./bundle.ts');
      await writeBundle(session, output, {
        ...flags,
        cacert,
        note: flags.verbose ? (text) => terminal.error(`${text}\n`) : () => undefined,
      });
      await session.print(`Generated debug information bundle: ${output}`);
    },
  });
}
