/** `schedule pause` and `schedule unpause` (pkg/cmd/cli/schedule/pause.go, unpause.go). */

import { KINDS } from '../../api/kinds.ts';
import type { Schedule } from '../../api/schedule.ts';
import { wrap } from '../../lib/errors.ts';
import { type Command, defineCommand } from '../command.ts';
import { Errors, findSelected, reportNothing } from '../mutate.ts';
import { checkSelection, selectFlags } from '../select.ts';
import { skipFlag } from './skip-flag.ts';

export function pauseSchedules(verb: 'pause' | 'unpause'): Command {
  const title = verb === 'pause' ? 'Pause' : 'Unpause';
  return defineCommand({
    use: verb,
    short: `${title} schedules`,
    example: `  # ${title} a schedule named "schedule-1".
  velero schedule ${verb} schedule-1

  # ${title} schedules named "schedule-1" and "schedule-2".
  velero schedule ${verb} schedule-1 schedule-2

  # ${title} all schedules labelled "foo=bar".
  velero schedule ${verb} --selector foo=bar

  # ${title} all schedules.
  velero schedule ${verb} --all`,
    flags: { ...selectFlags(title, 'schedule'), ...skipFlag },
    async run({ flags, args, session }) {
      checkSelection('schedule', args, flags);
      const paused = verb === 'pause';
      const errors = new Errors();
      const schedules = await findSelected<Schedule>(session, 'Schedule', args, flags.selector, errors, {
        allNamespaces: true,
      });
      if (schedules.length === 0) return reportNothing(session, 'schedule', errors);
      const kube = await session.kube();
      for (const schedule of schedules) {
        const name = schedule.metadata.name ?? '';
        if ((schedule.spec.paused ?? false) === paused) {
          await session.print(`Schedule ${name} is already ${verb}d, skip`);
          continue;
        }
        const { skipImmediately: _, ...kept } = schedule.spec;
        const skip = flags['skip-immediately'];
        const spec = { ...kept, paused, ...(skip !== undefined && { skipImmediately: skip }) };
        await errors.collect(async () => {
          try {
            await kube.update(KINDS.Schedule, { ...schedule, spec });
          } catch (error) {
            throw wrap(error, `failed to update schedule ${name}`);
          }
          await session.print(`Schedule ${name} ${verb}d successfully`);
        });
      }
      errors.throwIfAny();
    },
  });
}
