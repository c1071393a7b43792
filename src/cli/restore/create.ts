/** `restore create` (pkg/cmd/cli/restore/create.go). */

import type { Backup } from '../../api/backup.ts';
import { apiVersionOf, KINDS } from '../../api/kinds.ts';
import { LABELS } from '../../api/labels.ts';
import type { ExistingResourcePolicy, Restore } from '../../api/restore.ts';
import { formatDuration } from '../../lib/duration.ts';
import { Failure } from '../../lib/errors.ts';
import {
  boolFlag,
  durationFlag,
  type FlagValues,
  intFlag,
  mapFlag,
  optionalBoolFlag,
  stringArrayFlag,
  stringFlag,
} from '../../lib/flag-values.ts';
import { compactTime } from '../../lib/go-time.ts';
import { goQuote } from '../../lib/go-text.ts';
import { dropUndefined, invalid } from '../backup/spec-flags.ts';
import { type Command, defineCommand, maximumArgs } from '../command.ts';
import { getObject, listObjects } from '../objects.ts';
import { checkOutput, outputFlags, printObject } from '../output.ts';
import { restorePrinting } from '../print/kinds.ts';
import { labelSelectorFlag, orLabelSelectorFlag } from '../selector.ts';
import type { Session } from '../session.ts';
import { waitForEnd } from '../wait.ts';
import { wireObject } from '../wire.ts';

const restoreFlags = {
  'from-backup': stringFlag('Backup to restore from'),
  'from-schedule': stringFlag('Schedule to restore from'),
  'include-namespaces': stringArrayFlag("Namespaces to include in the restore (use '*' for all namespaces)", {
    default: ['*'],
  }),
  'exclude-namespaces': stringArrayFlag('Namespaces to exclude from the restore.'),
  'namespace-mappings': mapFlag(
    'New names of namespaces, by their names in the backup: src1:dst1,src2:dst2,...',
    { keyValueDelimiter: ':' },
  ),
  labels: mapFlag('Labels to apply to the restore.'),
  'include-resources': stringArrayFlag(
    "Resources to include in the restore, as resource.group, e.g. storageclasses.storage.k8s.io ('*' for all).",
  ),
  'exclude-resources': stringArrayFlag(
    'Resources to exclude from the restore, as resource.group, e.g. storageclasses.storage.k8s.io.',
  ),
  'existing-resource-policy': stringFlag('What becomes of resources that exist already: none or update'),
  'status-include-resources': stringArrayFlag('Resources whose status is restored too, as resource.group.'),
  'status-exclude-resources': stringArrayFlag(
    'Resources whose status is not restored, as resource.group; works only with --status-include-resources.',
  ),
  selector: labelSelectorFlag('Only restore resources matching this label selector.'),
  'or-selector': orLabelSelectorFlag(
    "Restore resources that match at least one of these label selectors, separated by ' or ', e.g. foo=bar or app=nginx",
  ),
  'item-operation-timeout': durationFlag('How long to wait for async plugin operations before timeout.'),
  'restore-volumes': optionalBoolFlag('Whether to restore volumes from snapshots.'),
  'preserve-nodeports': optionalBoolFlag('Whether to preserve nodeports of Services when restoring.'),
  'include-cluster-resources': optionalBoolFlag('Include cluster-scoped resources in the restore.'),
  'allow-partially-failed': optionalBoolFlag(
    'With --from-schedule: whether the most recent backup may be a PartiallyFailed one.',
  ),
  wait: boolFlag('Wait for the operation to complete.', { shorthand: 'w' }),
  'resource-modifier-configmap': stringFlag('ConfigMap with the resource modifiers of the restore'),
  'write-sparse-files': optionalBoolFlag('Whether to write sparse files during restoring volumes'),
  'parallel-files-download': intFlag(
    'Files restored at the same time; 0 means the number of CPUs of the node.',
  ),
  ...outputFlags(''),
};

type Values = FlagValues<typeof restoreFlags>;

export function createRestore(use: string): Command {
  return defineCommand({
    use: `${use} [RESTORE_NAME] [--from-backup BACKUP_NAME | --from-schedule SCHEDULE_NAME]`,
    short: 'Create a restore',
    args: maximumArgs(1),
    example: `  # Restore the backup "backup-1" by a restore named "restore-1".
  velero restore create restore-1 --from-backup backup-1

  # Restore the backup "backup-1"; the restore is named "backup-1-<timestamp>".
  velero restore create --from-backup backup-1

  # Restore the latest good backup of the schedule "schedule-1".
  velero restore create --from-schedule schedule-1

  # The same, a partially failed one being good enough.
  velero restore create --from-schedule schedule-1 --allow-partially-failed

  # Restore the volume claims and volumes of a backup only.
  velero restore create --from-backup backup-2 --include-resources persistentvolumeclaims,persistentvolumes`,
    flags: restoreFlags,
    async run({ flags, args, session }) {
      await check(session, flags);
      const source = flags['from-schedule'] || flags['from-backup'];
      const name = args[0] ?? `${source}-${compactTime(session.terminal.clock.now(), 'local')}`;
      const restore = restoreOf(session, name, flags, await chooseSource(session, flags));
      if (await printObject(session, flags, restorePrinting, restore)) return;
      await submit(session, restore, flags.wait);
    },
  });
}

async function check(session: Session, flags: Values): Promise<void> {
  const backup = flags['from-backup'];
  const schedule = flags['from-schedule'];
  if ((backup === '') === (schedule === '')) {
    throw invalid('either a backup or schedule must be specified, but not both');
  }
  checkOutput(flags);
  if (flags.selector && flags['or-selector']) {
    throw invalid("either a 'selector' or an 'or-selector' can be specified, but not both");
  }
  if (!['', 'none', 'update'].includes(flags['existing-resource-policy'])) {
    throw invalid('existing-resource-policy has invalid value, it accepts only none, update as value');
  }
  if (flags['parallel-files-download'] < 0) throw invalid('parallel-files-download cannot be negative');
  if (backup !== '') {
    await getObject<Backup>(session, 'Backup', backup);
    return;
  }
  if ((await backupsOf(session, schedule)).length === 0) {
    throw new Failure({
      code: 'NO_BACKUP',
      message: `No backups found for the schedule ${schedule}`,
      object: `schedule ${schedule}`,
    });
  }
}

async function backupsOf(session: Session, schedule: string): Promise<readonly Backup[]> {
  const { objects } = await listObjects<Backup>(session, 'Backup', {
    selector: `${LABELS.scheduleName}=${schedule}`,
  });
  return objects;
}

interface Source {
  backupName: string;
  scheduleName: string;
}

/** The newest backup that will do is chosen here only where partially failed ones are allowed; else the server does. */
async function chooseSource(session: Session, flags: Values): Promise<Source> {
  const scheduleName = flags['from-schedule'];
  if (scheduleName !== '' && flags['allow-partially-failed'] === true) {
    const started = ({ status }: Backup) => (status?.startTimestamp ? Date.parse(status.startTimestamp) : 0);
    const newest = (await backupsOf(session, scheduleName))
      .filter(({ status }) => status?.phase === 'Completed' || status?.phase === 'PartiallyFailed')
      .sort((a, b) => started(b) - started(a))[0];
    if (newest) return { backupName: newest.metadata.name ?? '', scheduleName: '' };
  }
  return { backupName: flags['from-backup'], scheduleName };
}

function restoreOf(session: Session, name: string, flags: Values, source: Source): Restore {
  const modifiers = flags['resource-modifier-configmap'];
  const statusOf = [...flags['status-include-resources']];
  return {
    apiVersion: apiVersionOf(KINDS.Restore),
    kind: 'Restore',
    metadata: { name, namespace: session.namespace, labels: { ...flags.labels } },
    spec: dropUndefined({
      ...source,
      includedNamespaces: [...flags['include-namespaces']],
      excludedNamespaces: [...flags['exclude-namespaces']],
      includedResources: [...flags['include-resources']],
      excludedResources: [...flags['exclude-resources']],
      existingResourcePolicy: flags['existing-resource-policy'] as ExistingResourcePolicy,
      namespaceMapping: { ...flags['namespace-mappings'] },
      labelSelector: flags.selector,
      orLabelSelectors: flags['or-selector'] ? [...flags['or-selector']] : undefined,
      restorePVs: flags['restore-volumes'],
      preserveNodePorts: flags['preserve-nodeports'],
      includeClusterResources: flags['include-cluster-resources'],
      resourceModifier: modifiers === '' ? undefined : { apiGroup: '', kind: 'configmap', name: modifiers },
      itemOperationTimeout: formatDuration(flags['item-operation-timeout']),
      uploaderConfig: dropUndefined({
        writeSparseFiles: flags['write-sparse-files'],
        parallelFilesDownload: flags['parallel-files-download'],
      }),
      restoreStatus:
        statusOf.length === 0
          ? undefined
          : { includedResources: statusOf, excludedResources: [...flags['status-exclude-resources']] },
    }),
  };
}

async function submit(session: Session, restore: Restore, wait: boolean): Promise<void> {
  const name = restore.metadata.name ?? '';
  const kube = await session.kube();
  await kube.create(KINDS.Restore, await wireObject('Restore', restore), session.namespace);
  await session.print(`Restore request ${goQuote(name)} submitted successfully.`);
  if (!wait) {
    await session.print(
      `Run \`velero restore describe ${name}\` or \`velero restore logs ${name}\` for more details.`,
    );
    return;
  }
  await session.print(
    'Waiting for restore to complete. You may safely press ctrl-c to stop waiting - your restore will continue in the background.',
  );
  const ended = await waitForEnd<Restore>(session, { kind: 'Restore', name, progress, ended: hasEnded });
  await session.print(
    `Restore completed with status: ${ended.status?.phase ?? ''}. You may check for more information using the commands \`velero restore describe ${name}\` and \`velero restore logs ${name}\`.`,
  );
}

function progress({ status }: Restore): string {
  const { totalItems = 0, itemsRestored = 0 } = status?.progress ?? {};
  const phase = status?.phase || 'New';
  return totalItems > 0 ? `${phase}: ${itemsRestored} of ${totalItems} items` : phase;
}

const END_PHASES: readonly (string | undefined)[] = [
  'FailedValidation',
  'Completed',
  'PartiallyFailed',
  'Failed',
];

function hasEnded({ status }: Restore): boolean {
  return END_PHASES.includes(status?.phase);
}
