/** `schedule create` (pkg/cmd/cli/schedule/create.go). */

import { apiVersionOf, KINDS } from '../../api/kinds.ts';
import type { Schedule } from '../../api/schedule.ts';
import { boolFlag, stringFlag } from '../../lib/flag-values.ts';
import { goQuote } from '../../lib/go-text.ts';
import {
  backupSpecFlags,
  backupSpecOf,
  checkBackupSpec,
  dropUndefined,
  invalid,
} from '../backup/spec-flags.ts';
import { type Command, defineCommand, exactArgs } from '../command.ts';
import { checkOutput, outputFlags, printObject } from '../output.ts';
import { schedulePrinting } from '../print/kinds.ts';
import { skipFlag } from './skip-flag.ts';
import { wireObject } from '../wire.ts';

export function createSchedule(use: string): Command {
  return defineCommand({
    use: `${use} NAME --schedule`,
    short: 'Create a schedule',
    long: `When backups are made is said by --schedule, in cron notation and UTC. Its five fields are:

| Position | Field        | Values  |
| -------- | ------------ | ------- |
| 1        | minute       | 0-59, * |
| 2        | hour         | 0-23, * |
| 3        | day of month | 1-31, * |
| 4        | month        | 1-12, * |
| 5        | day of week  | 0-6, *  |

"@every <duration>" is understood too, with a duration of hours (h), minutes (m) and seconds (s),
such as "@every 2h30m".`,
    args: exactArgs(1),
    example: `  # Back up every 6 hours.
  velero create schedule NAME --schedule="0 */6 * * *"

  # The same, counted from the last backup.
  velero create schedule NAME --schedule="@every 6h"

  # Back up the web namespace daily.
  velero create schedule NAME --schedule="@every 24h" --include-namespaces web

  # Back up weekly and keep each backup for 90 days.
  velero create schedule NAME --schedule="@every 168h" --ttl 2160h0m0s`,
    flags: {
      ...backupSpecFlags,
      ...skipFlag,
      schedule: stringFlag('Cron expression that says when backups are made'),
      'use-owner-references-in-backup': boolFlag(
        'Whether the schedule owns its backups: they are deleted with it.',
      ),
      paused: boolFlag('Specifies whether the newly created schedule is paused or not.'),
      ...outputFlags(''),
    },
    async run({ flags, args, session }) {
      if (flags.schedule === '') throw invalid('--schedule is required');
      checkOutput(flags);
      await checkBackupSpec(session, flags, true);
      const name = args[0] as string;
      const schedule: Schedule = {
        apiVersion: apiVersionOf(KINDS.Schedule),
        kind: 'Schedule',
        metadata: { name, namespace: session.namespace, labels: { ...flags.labels } },
        spec: dropUndefined({
          template: backupSpecOf(flags),
          schedule: flags.schedule,
          useOwnerReferencesInBackup: flags['use-owner-references-in-backup'],
          paused: flags.paused,
          skipImmediately: flags['skip-immediately'],
        }),
      };
      if (await printObject(session, flags, schedulePrinting, schedule)) return;
      const kube = await session.kube();
      await kube.create(KINDS.Schedule, await wireObject('Schedule', schedule), session.namespace);
      await session.print(`Schedule ${goQuote(name)} created successfully.`);
    },
  });
}
