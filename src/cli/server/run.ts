/** `server`: the server itself, under the command line's flags (pkg/cmd/server/server.go). */

import { serverFlags } from '../../server/flags.ts';
import { type Command, defineCommand } from '../command.ts';

export function serverCommand(): Command {
  return defineCommand({
    use: 'server',
    short: 'Run the velero server',
    hidden: true,
    flags: serverFlags,
    async run({ flags, changed, session }) {
      const { default: v8 } = await import('node:v8');
      // The young generation would grow to 96 MB under the engine's load, for no gain in speed.
      v8.setFlagsFromString('--semi-space-growth-factor=1');
      const { runServer } = await import('../../server/run.ts');
      const names = Object.keys(serverFlags) as (keyof typeof serverFlags)[];
      await runServer({
        flags,
        given: new Set(names.filter((name) => changed(name))),
        kubeconfig: session.kubeconfig,
        context: session.context,
        namespace: session.namespace,
        features: session.features,
        signal: session.terminal.stopSignal(),
      });
    },
  });
}
