/** `velero schedule …` */

import { type Command, defineCommand } from '../command.ts';
import { createSchedule } from './create.ts';
import { deleteSchedules } from './delete.ts';
import { describeSchedules } from './describe.ts';
import { getSchedules } from './get.ts';
import { pauseSchedules } from './pause.ts';

export function scheduleCommand(): Command {
  return defineCommand({
    use: 'schedule',
    short: 'Work with schedules',
    commands: [
      createSchedule('create'),
      getSchedules('get'),
      describeSchedules('describe'),
      deleteSchedules('delete'),
      pauseSchedules('pause'),
      pauseSchedules('unpause'),
    ],
  });
}
