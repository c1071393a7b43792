/** `velero backup-location …` */

import { type Command, defineCommand } from '../command.ts';
import { createBackupLocation } from './create.ts';
import { deleteBackupLocations } from './delete.ts';
import { getBackupLocations } from './get.ts';
import { setBackupLocation } from './set.ts';

export function backupLocationCommand(): Command {
  return defineCommand({
    use: 'backup-location',
    short: 'Work with backup storage locations',
    commands: [
      createBackupLocation('create'),
      deleteBackupLocations('delete'),
      getBackupLocations('get'),
      setBackupLocation('set'),
    ],
  });
}
