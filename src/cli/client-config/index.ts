/** `velero client config …` */

import { type Command, defineCommand } from '../command.ts';
import { getConfig } from './get.ts';
import { setConfig } from './set.ts';

export function clientCommand(): Command {
  return defineCommand({
    use: 'client',
    short: 'Velero client related commands',
    commands: [
      defineCommand({
        use: 'config',
        short: 'Get and set client configuration file values',
        commands: [getConfig(), setConfig()],
      }),
    ],
  });
}
