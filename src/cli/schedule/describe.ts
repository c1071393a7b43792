/** `schedule describe` (pkg/cmd/cli/schedule/describe.go); without names it looks into all namespaces. */

import type { Schedule } from '../../api/schedule.ts';
import { type Command, defineCommand } from '../command.ts';
import { getOrList, selectorFlag } from '../objects.ts';

export function describeSchedules(use: string, aliases: readonly string[] = []): Command {
  return defineCommand({
    use: `${use} [NAME1] [NAME2] [NAME...]`,
    aliases,
    short: 'Describe schedules',
    flags: selectorFlag(),
    async run({ flags, args, session }) {
      const { describeSchedule } = await import('../describe/index.ts');
      const wish = { selector: flags.selector, allNamespaces: true };
      const { objects } = await getOrList<Schedule>(session, 'Schedule', args, wish);
      const texts = objects.map((schedule) => describeSchedule(schedule, session.colours));
      await session.terminal.write(texts.join('\n\n'));
    },
  });
}
