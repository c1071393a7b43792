/** `velero restore …` */

import { type Command, defineCommand } from '../command.ts';
import { createRestore } from './create.ts';
import { deleteRestores } from './delete.ts';
import { describeRestores } from './describe.ts';
import { getRestores } from './get.ts';
import { restoreLogs } from './logs.ts';

export function restoreCommand(cacert: string): Command {
  return defineCommand({
    use: 'restore',
    short: 'Work with restores',
    commands: [
      createRestore('create'),
      getRestores('get'),
      restoreLogs(cacert),
      describeRestores('describe', cacert),
      deleteRestores('delete'),
    ],
  });
}
