/** `schedule get` (pkg/cmd/cli/schedule/get.go); without names it looks into all namespaces, as the original does. */

import type { Schedule } from '../../api/schedule.ts';
import { type Command, defineCommand } from '../command.ts';
import { getOrList, selectorFlag } from '../objects.ts';
import { checkOutput, outputFlags, printList } from '../output.ts';
import { schedulePrinting } from '../print/kinds.ts';

export function getSchedules(use: string, aliases: readonly string[] = []): Command {
  return defineCommand({
    use,
    aliases,
    short: 'Get schedules',
    flags: { ...selectorFlag(), ...outputFlags('table') },
    async run({ flags, args, session }) {
      checkOutput(flags);
      const wish = { selector: flags.selector, allNamespaces: true };
      await printList(
        session,
        flags,
        schedulePrinting,
        await getOrList<Schedule>(session, 'Schedule', args, wish),
      );
    },
  });
}
