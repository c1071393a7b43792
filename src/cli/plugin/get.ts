/** `plugin get` (pkg/cmd/cli/plugin/get.go). */

import { apiVersionOf, KINDS } from '../../api/kinds.ts';
import type { ServerStatusRequest } from '../../api/server-status-request.ts';
import { messageOf } from '../../lib/errors.ts';
import { durationFlag } from '../../lib/flag-values.ts';
import { type Command, defineCommand } from '../command.ts';
import { checkOutput, formatFlag } from '../output.ts';
import { pluginColumns, sortPlugins } from '../print/columns.ts';
import { renderTable } from '../print/table.ts';
import { serverStatus } from '../server-status.ts';

export function getPlugins(use: string, aliases: readonly string[] = []): Command {
  return defineCommand({
    use,
    aliases,
    short: 'Get information for all plugins on the velero server',
    flags: {
      timeout: durationFlag(
        'Maximum time to wait for plugin information to be reported. Default is 5 seconds.',
        { default: 5_000 },
      ),
      ...formatFlag('table'),
    },
    async run({ flags, session }) {
      checkOutput(flags);
      await session.kube();
      let request: ServerStatusRequest;
      try {
        request = await serverStatus(session, flags.timeout);
      } catch (error) {
        await session.print(`<error getting plugin information: ${messageOf(error)}>`);
        return;
      }
      if (flags.output === 'table') {
        const plugins = sortPlugins(request.status?.plugins ?? []);
        await session.terminal.write(renderTable(pluginColumns, plugins, session.terminal.clock.now()));
        return;
      }
      const { encodeJson, encodeYaml } = await import('../print/encode.ts');
      const single = { ...request, apiVersion: apiVersionOf(KINDS.ServerStatusRequest) };
      const encode = flags.output === 'json' ? encodeJson : encodeYaml;
      await session.print(encode({ kind: 'ServerStatusRequest', objects: [single], single }));
    },
  });
}
