/** `velero plugin …` */

import { type Command, defineCommand } from '../command.ts';
import { addPlugin } from './add.ts';
import { getPlugins } from './get.ts';
import { removePlugin } from './remove.ts';

export function pluginCommand(): Command {
  return defineCommand({
    use: 'plugin',
    short: 'Work with plugins',
    commands: [addPlugin(), removePlugin(), getPlugins('get')],
  });
}
