/** The verb-first forms: `velero get backups` is `velero backup get`. */

import { createBackupLocation } from './backup-location/create.ts';
import { deleteBackupLocations } from './backup-location/delete.ts';
import { getBackupLocations } from './backup-location/get.ts';
import { createBackup } from './backup/create.ts';
import { deleteBackups } from './backup/delete.ts';
import { describeBackups } from './backup/describe.ts';
import { getBackups } from './backup/get.ts';
import { type Command, defineCommand } from './command.ts';
import { getPlugins } from './plugin/get.ts';
import { createRestore } from './restore/create.ts';
import { deleteRestores } from './restore/delete.ts';
import { describeRestores } from './restore/describe.ts';
import { getRestores } from './restore/get.ts';
import { createSchedule } from './schedule/create.ts';
import { deleteSchedules } from './schedule/delete.ts';
import { describeSchedules } from './schedule/describe.ts';
import { getSchedules } from './schedule/get.ts';
import { createSnapshotLocation } from './snapshot-location/create.ts';
import { getSnapshotLocations } from './snapshot-location/get.ts';

export function verbCommands(cacert: string): Command[] {
  return [
    verb('get', 'Get velero resources', [
      getBackups('backups', ['backup']),
      getSchedules('schedules', ['schedule']),
      getRestores('restores', ['restore']),
      getBackupLocations('backup-locations', ['backup-location']),
      getSnapshotLocations('snapshot-locations', ['snapshot-location']),
      getPlugins('plugins', ['plugin']),
    ]),
    verb('describe', 'Describe velero resources', [
      describeBackups('backups', cacert, ['backup']),
      describeSchedules('schedules', ['schedule']),
      describeRestores('restores', cacert, ['restore']),
    ]),
    verb('create', 'Create velero resources', [
      createBackup('backup'),
      createSchedule('schedule'),
      createRestore('restore'),
      createBackupLocation('backup-location'),
      createSnapshotLocation('snapshot-location'),
    ]),
    verb('delete', 'Delete velero resources', [
      deleteBackups('backup', ['backups']),
      deleteBackupLocations('backup-location', ['backup-locations']),
      deleteRestores('restore', ['restores']),
      deleteSchedules('schedule', ['schedules']),
    ]),
  ];
}

function verb(use: string, short: string, commands: readonly Command[]): Command {
  return defineCommand({ use, short, commands });
}
