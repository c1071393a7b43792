/** `backup create` (pkg/cmd/cli/backup/create.go). */

import type { Backup } from '../../api/backup.ts';
import { apiVersionOf, KINDS } from '../../api/kinds.ts';
import { LABELS } from '../../api/labels.ts';
import type { Schedule } from '../../api/schedule.ts';
import { boolFlag, stringFlag } from '../../lib/flag-values.ts';
import { compactTime } from '../../lib/go-time.ts';
import { goQuote } from '../../lib/go-text.ts';
import { type Command, defineCommand, maximumArgs } from '../command.ts';
import { getObject } from '../objects.ts';
import { checkOutput, outputFlags, printObject } from '../output.ts';
import { backupPrinting } from '../print/kinds.ts';
import type { Session } from '../session.ts';
import { waitForEnd } from '../wait.ts';
import { backupSpecFlags, backupSpecOf, type BackupSpecValues, checkBackupSpec } from './spec-flags.ts';
import { wireObject } from '../wire.ts';

export function createBackup(use: string): Command {
  return defineCommand({
    use: `${use} NAME`,
    short: 'Create a backup',
    args: maximumArgs(1),
    example: `  # Back up everything.
  velero backup create backup1

  # Back up the nginx namespace.
  velero backup create nginx-backup --include-namespaces nginx

  # Back up everything but the velero and default namespaces.
  velero backup create backup2 --exclude-namespaces velero,default

  # Back up as the schedule daily-backup does.
  velero backup create --from-schedule daily-backup

  # Show a backup without volume snapshots as YAML instead of creating it.
  velero backup create backup3 --snapshot-volumes=false -o yaml

  # Return when the backup is complete.
  velero backup create backup4 --wait`,
    flags: {
      ...backupSpecFlags,
      wait: boolFlag('Wait for the operation to complete.', { shorthand: 'w' }),
      'from-schedule': stringFlag(
        'Create a backup from the template of a schedule; all filters are its own, and the name is optional.',
      ),
      ...outputFlags(''),
    },
    async run({ flags, args, session }) {
      const [name = ''] = args;
      const schedule = flags['from-schedule'];
      checkOutput(flags);
      await checkBackupSpec(session, flags, schedule !== '' || name !== '');
      const backup =
        schedule === ''
          ? newBackup(session, name, flags)
          : backupFromSchedule(
              session,
              name,
              flags,
              await getObject<Schedule>(session, 'Schedule', schedule),
            );
      if (await printObject(session, flags, backupPrinting, backup)) return;
      if (schedule !== '')
        await session.print('Creating backup from schedule, all other filters are ignored.');
      await submit(session, backup, flags.wait);
    },
  });
}

function newBackup(session: Session, name: string, flags: BackupSpecValues): Backup {
  return {
    apiVersion: apiVersionOf(KINDS.Backup),
    kind: 'Backup',
    metadata: { name, namespace: session.namespace, labels: { ...flags.labels } },
    spec: backupSpecOf(flags),
  };
}

function backupFromSchedule(
  session: Session,
  name: string,
  flags: BackupSpecValues,
  schedule: Schedule,
): Backup {
  const { metadata, spec } = schedule;
  const from = metadata.name ?? '';
  const labels = spec.template.metadata?.labels ?? metadata.labels ?? {};
  const owner = {
    apiVersion: apiVersionOf(KINDS.Schedule),
    kind: 'Schedule',
    name: from,
    uid: metadata.uid ?? '',
    controller: true,
  };
  return {
    apiVersion: apiVersionOf(KINDS.Backup),
    kind: 'Backup',
    metadata: {
      name: name === '' ? `${from}-${compactTime(session.terminal.clock.now(), 'utc')}` : name,
      namespace: session.namespace,
      labels: { ...labels, [LABELS.scheduleName]: from, ...flags.labels },
      ...(metadata.annotations && { annotations: metadata.annotations }),
      ...(spec.useOwnerReferencesInBackup && { ownerReferences: [owner] }),
    },
    spec: spec.template,
  };
}

async function submit(session: Session, backup: Backup, wait: boolean): Promise<void> {
  const name = backup.metadata.name ?? '';
  const kube = await session.kube();
  await kube.create(KINDS.Backup, await wireObject('Backup', backup), session.namespace);
  await session.print(`Backup request ${goQuote(name)} submitted successfully.`);
  if (!wait) {
    await session.print(
      `Run \`velero backup describe ${name}\` or \`velero backup logs ${name}\` for more details.`,
    );
    return;
  }
  await session.print(
    'Waiting for backup to complete. You may safely press ctrl-c to stop waiting - your backup will continue in the background.',
  );
  const ended = await waitForEnd<Backup>(session, { kind: 'Backup', name, progress, ended: hasEnded });
  await session.print(
    `Backup completed with status: ${ended.status?.phase ?? ''}. You may check for more information using the commands \`velero backup describe ${name}\` and \`velero backup logs ${name}\`.`,
  );
}

function progress({ status }: Backup): string {
  const { totalItems = 0, itemsBackedUp = 0 } = status?.progress ?? {};
  const phase = status?.phase || 'New';
  return totalItems > 0 ? `${phase}: ${itemsBackedUp} of ${totalItems} items` : phase;
}

const END_PHASES: readonly (string | undefined)[] = [
  'FailedValidation',
  'Completed',
  'PartiallyFailed',
  'Failed',
];

function hasEnded({ status }: Backup): boolean {
  return END_PHASES.includes(status?.phase);
}
