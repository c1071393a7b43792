/** `client config set` (pkg/cmd/cli/client/config/set.go). */

import { goQuote } from '../../lib/go-text.ts';
import { type Command, defineCommand, minimumArgs } from '../command.ts';
import { loadConfig, saveConfig } from '../config-file.ts';

export function setConfig(): Command {
  return defineCommand({
    use: 'set KEY=VALUE [KEY=VALUE]...',
    short: 'Set client configuration file values',
    args: minimumArgs(1),
    async run({ args, session }) {
      const { env } = session.terminal;
      const config: Record<string, unknown> = { ...(await loadConfig(env)) };
      for (const arg of args) {
        const [key, value, ...more] = arg.split('=');
        if (key === undefined || value === undefined || more.length > 0) {
          session.terminal.error(`WARNING: invalid KEY=VALUE: ${goQuote(arg)}\n`);
        } else if (value === '') delete config[key];
        else config[key] = value;
      }
      await saveConfig(env, config);
    },
  });
}
