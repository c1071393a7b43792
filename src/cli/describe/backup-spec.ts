/** What a backup or a schedule's template asks for. */

import type { BackupResourceHookSpec, BackupSpec, ExecHook } from '../../api/backup.ts';
import { durationText } from '../print/columns.ts';
import { boolWord, type Describer, listOr } from '../print/describer.ts';
import { selectorsText, selectorText } from '../selector.ts';

const NONE = '<none>';

export function describeBackupSpec(d: Describer, spec: BackupSpec): void {
  d.line('Namespaces:');
  d.line(`\tIncluded:\t${listOr(spec.includedNamespaces, '*')}`);
  d.line(`\tExcluded:\t${listOr(spec.excludedNamespaces, NONE)}`);
  d.line();
  d.line('Resources:');
  describeResources(d, spec);
  d.line();
  d.line(`Label selector:\t${spec.labelSelector ? selectorText(spec.labelSelector) : NONE}`);
  d.line();
  d.line(`Or label selector:\t${selectorsText(spec.orLabelSelectors)}`);
  d.line();
  d.line(`Storage Location:\t${spec.storageLocation ?? ''}`);
  d.line();
  d.line(`Velero-Native Snapshot PVs:\t${boolWord(spec.snapshotVolumes, ['false', 'true', 'auto'])}`);
  d.line(`Snapshot Move Data:\t${boolWord(spec.snapshotMoveData, ['false', 'true', 'auto'])}`);
  d.line(`Data Mover:\t${spec.datamover || 'velero'}`);
  d.line();
  d.line(`TTL:\t${durationText(spec.ttl)}`);
  d.line();
  d.line(`CSISnapshotTimeout:\t${durationText(spec.csiSnapshotTimeout)}`);
  d.line(`ItemOperationTimeout:\t${durationText(spec.itemOperationTimeout)}`);
  d.line();
  describeHooks(d, spec.hooks?.resources ?? []);
  if (!spec.orderedResources) return;
  d.line();
  d.line('OrderedResources:');
  for (const [kind, order] of Object.entries(spec.orderedResources).sort(([a], [b]) => (a < b ? -1 : 1))) {
    d.line(`\t${kind}: ${order}`);
  }
}

/** True where none of the filters by scope is used. */
export function usesOldFilters(spec: BackupSpec): boolean {
  return [
    spec.includedClusterScopedResources,
    spec.excludedClusterScopedResources,
    spec.includedNamespaceScopedResources,
    spec.excludedNamespaceScopedResources,
  ].every((list) => !list || list.length === 0);
}

function describeResources(d: Describer, spec: BackupSpec): void {
  if (usesOldFilters(spec)) {
    d.line(`\tIncluded:\t${listOr(spec.includedResources, '*')}`);
    d.line(`\tExcluded:\t${listOr(spec.excludedResources, NONE)}`);
    d.line(`\tCluster-scoped:\t${boolWord(spec.includeClusterResources, ['excluded', 'included', 'auto'])}`);
    return;
  }
  d.line(`\tIncluded cluster-scoped:\t${listOr(spec.includedClusterScopedResources, NONE)}`);
  d.line(`\tExcluded cluster-scoped:\t${listOr(spec.excludedClusterScopedResources, NONE)}`);
  d.line(`\tIncluded namespace-scoped:\t${listOr(spec.includedNamespaceScopedResources, '*')}`);
  d.line(`\tExcluded namespace-scoped:\t${listOr(spec.excludedNamespaceScopedResources, NONE)}`);
}

function describeHooks(d: Describer, hooks: readonly BackupResourceHookSpec[]): void {
  if (hooks.length === 0) {
    d.line(`Hooks:\t${NONE}`);
    return;
  }
  d.line('Hooks:');
  d.line('\tResources:');
  for (const hook of hooks) {
    d.line(`\t\t${hook.name}:`);
    d.line('\t\t\tNamespaces:');
    d.line(`\t\t\t\tIncluded:\t${listOr(hook.includedNamespaces, '*')}`);
    d.line(`\t\t\t\tExcluded:\t${listOr(hook.excludedNamespaces, NONE)}`);
    d.line();
    d.line('\t\t\tResources:');
    d.line(`\t\t\t\tIncluded:\t${listOr(hook.includedResources, '*')}`);
    d.line(`\t\t\t\tExcluded:\t${listOr(hook.excludedResources, NONE)}`);
    d.line();
    d.line(`\t\t\tLabel selector:\t${hook.labelSelector ? selectorText(hook.labelSelector) : NONE}`);
    for (const { exec } of hook.pre ?? []) describeExec(d, 'Pre', exec);
    for (const { exec } of hook.post ?? []) describeExec(d, 'Post', exec);
  }
}

function describeExec(d: Describer, when: 'Pre' | 'Post', exec: ExecHook | undefined): void {
  if (!exec) return;
  d.line();
  d.line(`\t\t\t${when} Exec Hook:`);
  d.line(`\t\t\t\tContainer:\t${exec.container ?? ''}`);
  d.line(`\t\t\t\tCommand:\t${exec.command.join(' ')}`);
  d.line(`\t\t\t\tOn Error:\t${exec.onError ?? ''}`);
  d.line(`\t\t\t\tTimeout:\t${durationText(exec.timeout)}`);
}
