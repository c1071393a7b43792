/** The text of `restore describe` (pkg/cmd/util/output/restore_describer.go). */

import type { RestoreVolumeInfo } from '../../api/documents/volume-info.ts';
import type { Restore, RestoreSpec } from '../../api/restore.ts';
import { goTime } from '../../lib/go-time.ts';
import type { Colours } from '../print/colour.ts';
import { durationText } from '../print/columns.ts';
import { boolWord, Describer, listOr } from '../print/describer.ts';
import { selectorsText, selectorText } from '../selector.ts';
import { describeFailureReason, describeValidationErrors } from './backup.ts';
import { describeOperations } from './operations.ts';
import { describePodVolumeRestores } from './pod-volumes.ts';
import { describeResourceList } from './resource-list.ts';
import type { RestoreFacts } from './restore-facts.ts';
import { describeResults } from './results.ts';

const NONE = '<none>';
const ALL = 'all namespaces found in the backup';

export function describeRestore(facts: RestoreFacts, details: boolean, colours: Colours): string {
  const d = new Describer(colours);
  const { metadata, spec, status } = facts.restore;
  d.metadata(metadata);
  d.line();
  describePhase(d, facts.restore, colours);
  describeFailureReason(d, status?.failureReason);
  d.line();
  d.line(`Started:\t${status?.startTimestamp ? goTime(status.startTimestamp) : '<n/a>'}`);
  d.line(`Completed:\t${status?.completionTimestamp ? goTime(status.completionTimestamp) : '<n/a>'}`);
  describeValidationErrors(d, status?.validationErrors);
  describeResults(d, status, facts.results, false);
  d.line();
  describeSelection(d, spec);
  if (facts.podVolumeRestores.length > 0) {
    d.line();
    describePodVolumeRestores(d, details, facts.podVolumeRestores);
  }
  describeVolumes(d, facts, details);
  d.line();
  d.line(`Existing Resource Policy: \t${spec.existingResourcePolicy || NONE}`);
  d.line(`ItemOperationTimeout:\t${durationText(spec.itemOperationTimeout)}`);
  d.line();
  d.line(`Preserve Service NodePorts:\t${boolWord(spec.preserveNodePorts, ['false', 'true', 'auto'])}`);
  describeUploader(d, spec);
  d.line();
  describeOperations(
    d,
    'Restore',
    {
      attempted: status?.restoreItemOperationsAttempted ?? 0,
      completed: status?.restoreItemOperationsCompleted ?? 0,
      failed: status?.restoreItemOperationsFailed ?? 0,
    },
    facts.operations,
  );
  if (status?.hookStatus) {
    d.line();
    d.line(`HooksAttempted: \t${status.hookStatus.hooksAttempted ?? 0}`);
    d.line(`HooksFailed: \t${status.hookStatus.hooksFailed ?? 0}`);
  }
  if (facts.resourceList) {
    d.line();
    describeResourceList(d, 'restore', facts.resourceList);
  }
  return d.render();
}

function describePhase(d: Describer, { metadata, status }: Restore, colours: Colours): void {
  const phase = status?.phase || 'New';
  const shown = metadata.deletionTimestamp ? `${phase} (Deleting)` : phase;
  const failed = phase === 'Failed' || phase === 'PartiallyFailed';
  const coloured =
    phase === 'Completed'
      ? colours.green(shown)
      : failed || phase === 'FailedValidation'
        ? colours.red(shown)
        : shown;
  const note = failed ? ` (run 'velero restore logs ${metadata.name}' for more information)` : '';
  d.line(`Phase:\t${coloured}${note}`);
  if (!status?.progress) return;
  const { totalItems = 0, itemsRestored = 0 } = status.progress;
  const running = phase === 'InProgress';
  d.line(`${running ? 'Estimated total' : 'Total'} items to be restored:\t${totalItems}`);
  d.line(`Items restored${running ? ' so far' : ''}:\t${itemsRestored}`);
}

function describeSelection(d: Describer, spec: RestoreSpec): void {
  d.line(`Backup:\t${spec.backupName ?? ''}`);
  d.line();
  d.line('Namespaces:');
  const everywhere = spec.includedNamespaces?.length === 1 && spec.includedNamespaces[0] === '*';
  d.line(`\tIncluded:\t${everywhere ? ALL : listOr(spec.includedNamespaces, ALL)}`);
  d.line(`\tExcluded:\t${listOr(spec.excludedNamespaces, NONE)}`);
  d.line();
  d.line('Resources:');
  d.line(`\tIncluded:\t${listOr(spec.includedResources, '*')}`);
  d.line(`\tExcluded:\t${listOr(spec.excludedResources, NONE)}`);
  d.line(`\tCluster-scoped:\t${boolWord(spec.includeClusterResources, ['excluded', 'included', 'auto'])}`);
  d.line();
  d.map('Namespace mappings', spec.namespaceMapping);
  d.line();
  d.line(`Label selector:\t${spec.labelSelector ? selectorText(spec.labelSelector) : NONE}`);
  d.line();
  d.line(`Or label selector:\t${selectorsText(spec.orLabelSelectors)}`);
  d.line();
  d.line(`Restore PVs:\t${boolWord(spec.restorePVs, ['false', 'true', 'auto'])}`);
}

function describeVolumes(d: Describer, { volumes }: RestoreFacts, details: boolean): void {
  // Restores of older versions have no such file.
  if (volumes.state === 'missing') return;
  if (volumes.state !== 'ok') {
    const verb = volumes.state === 'unreadable' ? 'reading' : 'getting';
    d.line(`\t<error ${verb} restore volume info: ${volumes.reason}>`);
    return;
  }
  d.line();
  const csi = (volumes.value ?? []).filter(({ restoreMethod }) => restoreMethod === 'CSISnapshot');
  d.line(`CSI Snapshot Restores:${csi.length === 0 ? ' <none included>' : ''}`);
  for (const info of csi.filter(({ snapshotDataMoved }) => !snapshotDataMoved))
    describeLocal(d, info, details);
  for (const info of csi.filter(({ snapshotDataMoved }) => snapshotDataMoved))
    describeMoved(d, info, details);
}

function describeLocal(d: Describer, info: RestoreVolumeInfo, details: boolean): void {
  d.line(`\t${info.pvcNamespace ?? ''}/${info.pvcName ?? ''}:`);
  if (!details) {
    d.line('\t\tSnapshot: specify --details for more information');
    return;
  }
  d.line('\t\tSnapshot:');
  d.line(`\t\t\tSnapshot Content Name: ${info.csiSnapshotInfo?.vscName ?? ''}`);
  d.line(`\t\t\tStorage Snapshot ID: ${info.csiSnapshotInfo?.snapshotHandle ?? ''}`);
  d.line(`\t\t\tCSI Driver: ${info.csiSnapshotInfo?.driver ?? ''}`);
}

function describeMoved(d: Describer, info: RestoreVolumeInfo, details: boolean): void {
  d.line(`\t${info.pvcNamespace ?? ''}/${info.pvcName ?? ''}:`);
  if (!details) {
    d.line('\t\tData Movement: specify --details for more information');
    return;
  }
  d.line('\t\tData Movement:');
  d.line(`\t\t\tOperation ID: ${info.snapshotDataMovementInfo?.operationID ?? ''}`);
  d.line(`\t\t\tData Mover: ${info.snapshotDataMovementInfo?.dataMover ?? ''}`);
  d.line(`\t\t\tUploader Type: ${info.snapshotDataMovementInfo?.uploaderType ?? ''}`);
}

function describeUploader(d: Describer, { uploaderConfig }: RestoreSpec): void {
  if (!uploaderConfig) return;
  d.line();
  d.line('Uploader config:');
  if (uploaderConfig.writeSparseFiles) d.line('\tWrite Sparse Files:\ttrue');
  const parallel = uploaderConfig.parallelFilesDownload ?? 0;
  if (parallel > 0) d.line(`\tParallel Restore:\t${parallel}`);
}
