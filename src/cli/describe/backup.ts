/** The text of `backup describe` (pkg/cmd/util/output/backup_describer.go). */

import type { Backup, BackupSpec } from '../../api/backup.ts';
import type { DeleteBackupRequest } from '../../api/delete-backup-request.ts';
import { goTime } from '../../lib/go-time.ts';
import type { Colours } from '../print/colour.ts';
import { Describer } from '../print/describer.ts';
import type { BackupFacts } from './backup-facts.ts';
import { describeBackupSpec } from './backup-spec.ts';
import { describeOperations } from './operations.ts';
import { describePodVolumeBackups } from './pod-volumes.ts';
import { describeResourceList } from './resource-list.ts';
import { describeResults } from './results.ts';
import { describeSnapshots } from './volumes.ts';

export function describeBackup(facts: BackupFacts, details: boolean, colours: Colours): string {
  const d = new Describer(colours);
  const { backup, deleteRequests } = facts;
  const { metadata, spec, status } = backup;
  d.metadata(metadata);
  d.line();
  d.line(`Phase:\t${phaseText(backup, colours)}`);
  describeFailureReason(d, status?.failureReason);
  describeResourcePolicy(d, spec);
  describeUploader(d, spec);
  describeValidationErrors(d, status?.validationErrors);
  d.line();
  describeResults(d, status, facts.results, true);
  d.line();
  describeBackupSpec(d, spec);
  d.line();
  describeStatus(d, facts, details);
  if (deleteRequests.length > 0) {
    d.line();
    describeDeletions(d, deleteRequests);
  }
  return d.render();
}

function phaseText({ metadata, status }: Backup, colours: Colours): string {
  const phase = status?.phase || 'New';
  switch (phase) {
    case 'Completed':
      return colours.green(phase);
    case 'FailedValidation':
      return colours.red(phase);
    case 'Failed':
    case 'PartiallyFailed':
      return `${colours.red(phase)} (run \`velero backup logs ${metadata.name}\` for more information)`;
    default:
      return phase;
  }
}

/** Not in the original, whose users have to ask for the whole object to learn it. */
export function describeFailureReason(d: Describer, reason: string | null | undefined): void {
  if (!reason) return;
  d.line();
  d.line(`Failure reason:\t${d.colours.red(reason.replaceAll('\n', ' '))}`);
}

export function describeResourcePolicy(d: Describer, { resourcePolicy }: BackupSpec): void {
  if (!resourcePolicy) return;
  d.line();
  d.line('Resource policies:');
  d.line(`\tType:\t${resourcePolicy.kind}`);
  d.line(`\tName:\t${resourcePolicy.name}`);
}

export function describeUploader(d: Describer, { uploaderConfig }: BackupSpec): void {
  const files = uploaderConfig?.parallelFilesUpload ?? 0;
  if (files <= 0) return;
  d.line();
  d.line('Uploader config:');
  d.line(`\tParallel files upload:\t${files}`);
}

/** The first error stands beside the title, the others below it. */
export function describeValidationErrors(d: Describer, errors: readonly string[] | null | undefined): void {
  if (!errors || errors.length === 0) return;
  d.line();
  d.add('Validation errors:');
  for (const error of errors) d.line(`\t${d.colours.red(error)}`);
}

function describeStatus(d: Describer, facts: BackupFacts, details: boolean): void {
  const status = facts.backup.status ?? {};
  d.line(`Backup Format Version:\t${status.formatVersion ?? ''}`);
  d.line();
  d.line(`Started:\t${status.startTimestamp ? goTime(status.startTimestamp) : '<n/a>'}`);
  d.line(`Completed:\t${status.completionTimestamp ? goTime(status.completionTimestamp) : '<n/a>'}`);
  d.line();
  d.line(`Expiration:\t${status.expiration ? goTime(status.expiration) : '<nil>'}`);
  d.line();
  if (status.progress) {
    const { totalItems = 0, itemsBackedUp = 0 } = status.progress;
    const running = status.phase === 'InProgress';
    d.line(`${running ? 'Estimated total' : 'Total'} items to be backed up:\t${totalItems}`);
    d.line(`Items backed up${running ? ' so far' : ''}:\t${itemsBackedUp}`);
    d.line();
  }
  describeOperations(
    d,
    'Backup',
    {
      attempted: status.backupItemOperationsAttempted ?? 0,
      completed: status.backupItemOperationsCompleted ?? 0,
      failed: status.backupItemOperationsFailed ?? 0,
    },
    facts.operations,
  );
  if (facts.resourceList) {
    describeResourceList(d, 'backup', facts.resourceList);
    d.line();
  }
  d.line('Backup Volumes:');
  if (describeSnapshots(d, details, facts.volumes)) {
    describePodVolumeBackups(d, details, facts.podVolumeBackups);
  }
  if (!status.hookStatus) return;
  d.line();
  d.line(`HooksAttempted:\t${status.hookStatus.hooksAttempted ?? 0}`);
  d.line(`HooksFailed:\t${status.hookStatus.hooksFailed ?? 0}`);
}

/** Requests that were carried out with errors. */
export function failedDeletions(requests: readonly DeleteBackupRequest[]): number {
  return requests.filter(({ status }) => status?.phase === 'Processed' && (status.errors?.length ?? 0) > 0)
    .length;
}

function describeDeletions(d: Describer, requests: readonly DeleteBackupRequest[]): void {
  const failed = failedDeletions(requests);
  d.line(`Deletion Attempts${failed > 0 ? ` (${failed} failed)` : ''}:`);
  for (const [index, { metadata, status }] of requests.entries()) {
    if (index > 0) d.line();
    d.line(`\t${goTime(metadata.creationTimestamp ?? '')}: ${status?.phase ?? ''}`);
    const errors = status?.errors ?? [];
    if (errors.length > 0) d.line('\tErrors:');
    for (const error of errors) d.line(`\t\t${error}`);
  }
}
