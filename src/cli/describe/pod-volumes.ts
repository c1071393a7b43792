/** File system backups and restores of pod volumes, grouped by how far they are. */

import type { DataMoveOperationProgress, PodVolumeBackup } from '../../api/pod-volume-backup.ts';
import type { PodVolumeRestore } from '../../api/pod-volume-restore.ts';
import type { Describer } from '../print/describer.ts';

export const PHASE_GROUPS = ['Completed', 'Failed', 'In Progress', 'New'] as const;
export type PhaseGroup = (typeof PHASE_GROUPS)[number];
export type PodVolume = PodVolumeBackup | PodVolumeRestore;

export function describePodVolumeBackups(
  d: Describer,
  details: boolean,
  backups: readonly PodVolumeBackup[],
): void {
  const [first] = backups;
  if (!first) {
    d.line('\tPod Volume Backups: <none included>');
    return;
  }
  const hint = details ? '' : ' (specify --details for more information)';
  d.line(`\tPod Volume Backups - ${first.spec.uploaderType ?? ''}${hint}:`);
  describeGroups(d, '\t\t', details, backups);
}

export function describePodVolumeRestores(
  d: Describer,
  details: boolean,
  restores: readonly PodVolumeRestore[],
): void {
  const hint = details ? '' : ' (specify --details for more information)';
  d.line(`${restores[0]?.spec.uploaderType ?? ''} Restores${hint}:`);
  describeGroups(d, '\t', details, restores);
}

function describeGroups(d: Describer, tabs: string, details: boolean, volumes: readonly PodVolume[]): void {
  for (const [phase, members] of byPhase(volumes)) {
    if (!details) {
      d.line(`${tabs}${phase}:\t${members.length}`);
      continue;
    }
    d.line(`${tabs}${phase}:`);
    const pods = [...byPod(phase, members)].sort(([a], [b]) => (a < b ? -1 : 1));
    for (const [pod, names] of pods) d.line(`${tabs}\t${pod}: ${names.toSorted().join(', ')}`);
  }
}

/** The groups that have members, in the order in which they are shown; unknown phases are left away. */
export function byPhase<T extends PodVolume>(volumes: readonly T[]): Map<PhaseGroup, T[]> {
  const groups = Map.groupBy(volumes, ({ status }): PhaseGroup | undefined => {
    const phase = status?.phase || 'New';
    if (phase === 'InProgress') return 'In Progress';
    return PHASE_GROUPS.find((group) => group === phase);
  });
  const ordered = new Map<PhaseGroup, T[]>();
  for (const phase of PHASE_GROUPS) {
    const members = groups.get(phase);
    if (members) ordered.set(phase, members);
  }
  return ordered;
}

/** Volumes by `namespace/pod`; those under way with their share in percent. */
export function byPod(phase: PhaseGroup, volumes: readonly PodVolume[]): Map<string, string[]> {
  const pods = new Map<string, string[]>();
  for (const { spec, status } of volumes) {
    const pod = `${spec.pod.namespace ?? ''}/${spec.pod.name ?? ''}`;
    const name = spec.volume + (phase === 'In Progress' ? shareOf(status?.progress) : '');
    pods.set(pod, [...(pods.get(pod) ?? []), name]);
  }
  return pods;
}

function shareOf(progress: DataMoveOperationProgress | undefined): string {
  const { totalBytes = 0, bytesDone = 0 } = progress ?? {};
  return totalBytes === 0 ? '' : ` (${((bytesDone / totalBytes) * 100).toFixed(2)}%)`;
}
