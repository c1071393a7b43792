/** `velero repo …` */

import { type Command, defineCommand } from '../command.ts';
import { getRepositories } from './get.ts';

export function repoCommand(): Command {
  return defineCommand({
    use: 'repo',
    short: 'Work with repositories',
    commands: [getRepositories('get')],
  });
}
