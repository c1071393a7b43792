/** `velero backup …` */

import { type Command, defineCommand } from '../command.ts';
import { createBackup } from './create.ts';
import { deleteBackups } from './delete.ts';
import { describeBackups } from './describe.ts';
import { downloadBackup } from './download.ts';
import { getBackups } from './get.ts';
import { backupLogs } from './logs.ts';

export function backupCommand(cacert: string): Command {
  return defineCommand({
    use: 'backup',
    short: 'Work with backups',
    commands: [
      createBackup('create'),
      getBackups('get'),
      backupLogs(cacert),
      describeBackups('describe', cacert),
      downloadBackup(cacert),
      deleteBackups('delete'),
    ],
  });
}
