/** `client config get` (pkg/cmd/cli/client/config/get.go). */

import { type Command, defineCommand } from '../command.ts';
import { loadConfig } from '../config-file.ts';

export function getConfig(): Command {
  return defineCommand({
    use: 'get [KEY 1] [KEY 2] [...]',
    short: 'Get client configuration file values',
    async run({ args, session }) {
      const config = await loadConfig(session.terminal.env);
      const keys = args.length > 0 ? args : Object.keys(config).sort();
      for (const key of keys) {
        const value = Object.hasOwn(config, key) ? config[key] : '<NOT SET>';
        await session.print(`${key}: ${typeof value === 'string' ? value : JSON.stringify(value)}`);
      }
    },
  });
}
