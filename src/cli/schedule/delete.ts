/** `schedule delete` (pkg/cmd/cli/schedule/delete.go). */

import { KINDS } from '../../api/kinds.ts';
import type { Schedule } from '../../api/schedule.ts';
import { type Command, defineCommand } from '../command.ts';
import { Errors, findSelected, reportNothing } from '../mutate.ts';
import { checkSelection, confirm, deleteFlags } from '../select.ts';

export function deleteSchedules(use: string, aliases: readonly string[] = []): Command {
  return defineCommand({
    use: `${use} [NAMES]`,
    aliases,
    short: 'Delete schedules',
    example: `  # Delete a schedule named "schedule-1".
  velero schedule delete schedule-1

  # Delete a schedule named "schedule-1" without being asked.
  velero schedule delete schedule-1 --confirm

  # Delete schedules named "schedule-1" and "schedule-2".
  velero schedule delete schedule-1 schedule-2

  # Delete all schedules labelled "foo=bar".
  velero schedule delete --selector foo=bar

  # Delete all schedules.
  velero schedule delete --all`,
    flags: deleteFlags('schedule'),
    async run({ flags, args, session }) {
      checkSelection('schedule', args, flags);
      if (!flags.confirm && !(await confirm(session))) return;
      const errors = new Errors();
      const schedules = await findSelected<Schedule>(session, 'Schedule', args, flags.selector, errors);
      if (schedules.length === 0) return reportNothing(session, 'schedule', errors);
      const kube = await session.kube();
      for (const { metadata } of schedules) {
        const name = metadata.name ?? '';
        await errors.collect(async () => {
          await kube.delete(KINDS.Schedule, name, session.namespace);
          await session.print(`Schedule deleted: ${name}`);
        });
      }
      errors.throwIfAny();
    },
  });
}
