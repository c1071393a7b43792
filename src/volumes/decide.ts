/** How a volume is saved: the rules alone, without any request (internal/volumehelper/volume_policy_helper.go). */

import { ANNOTATIONS } from '../api/labels.ts';
import type { PolicyActionType } from './resource-policies.ts';

/** A pod's volume with the sources that rule out a file backup. */
export interface PodVolumeView {
  name: string;
  hostPath?: unknown;
  secret?: unknown;
  configMap?: unknown;
  projected?: unknown;
  downwardAPI?: unknown;
  persistentVolumeClaim?: { claimName?: string } | null;
}

/** Volumes whose content comes from elsewhere, or that the node agent cannot reach, are never backed up as files. */
export function canBeFileBackedUp(volume: PodVolumeView, claimsExcluded: boolean): boolean {
  const has = (source: unknown) => source !== undefined && source !== null;
  return !(
    has(volume.hostPath) ||
    has(volume.secret) ||
    has(volume.configMap) ||
    has(volume.projected) ||
    has(volume.downwardAPI) ||
    (has(volume.persistentVolumeClaim) && claimsExcluded) ||
    volume.name.startsWith('default-token')
  );
}

/**
 * Whether the pod's annotations choose a volume for file backup: those that are listed, or with the default on, those
 * that are not listed as excluded. Names are taken as written, blanks included.
 */
export function isFileBackupChosen(
  annotations: Readonly<Record<string, string>>,
  volumeName: string,
  defaultToFiles: boolean,
): boolean {
  const names = (key: string) => (annotations[key] ?? '').split(',');
  if (defaultToFiles) return !names(ANNOTATIONS.volumesToExclude).includes(volumeName);
  return names(ANNOTATIONS.volumesToBackup).includes(volumeName);
}

export interface Decision {
  yes: boolean;
  /** For the log. */
  message: string;
}

/** Whether a pod's volume is backed up as files. */
export function decideFileBackup(input: {
  /** `namespace/name` */
  pod: string;
  volume: PodVolumeView;
  annotations: Readonly<Record<string, string>>;
  claimsExcluded: boolean;
  defaultToFiles: boolean;
  policy: PolicyActionType | undefined;
}): Decision {
  const { pod, volume, policy } = input;
  if (!canBeFileBackedUp(volume, input.claimsExcluded)) {
    return {
      yes: false,
      message: `skip fs-backup action for pod ${pod}'s volume ${volume.name}, due to not pass volume check.`,
    };
  }
  if (policy === 'fs-backup') {
    return {
      yes: true,
      message: `Perform fs-backup action for volume ${volume.name} of pod ${pod} due to volume policy match`,
    };
  }
  if (policy !== undefined) {
    return {
      yes: false,
      message: `Skip fs-backup action for volume ${volume.name} for pod ${pod} because the action type is ${policy}`,
    };
  }
  const yes = isFileBackupChosen(input.annotations, volume.name, input.defaultToFiles);
  return {
    yes,
    message: `${yes ? 'Perform' : 'Skip'} fs-backup action for volume ${volume.name} of pod ${pod} due to opt-in/out way`,
  };
}

/** Whether a PV is snapshotted: a policy decides first, then a file backup stands in its way, then the Backup's spec. */
export function decideSnapshot(input: {
  pvName: string;
  policy: PolicyActionType | undefined;
  /** Some pod that uses the PV's claim has it backed up as files. */
  fileBackedUp: boolean;
  snapshotVolumes: boolean | null | undefined;
}): Decision {
  const { pvName, policy } = input;
  if (policy === 'snapshot') {
    return { yes: true, message: `performing snapshot action for pv ${pvName}` };
  }
  if (policy !== undefined) {
    return {
      yes: false,
      message: `Skip snapshot action for pv ${pvName} as the action type is ${policy}`,
    };
  }
  if (input.fileBackedUp) {
    return {
      yes: false,
      message: `Skipping snapshot of pv ${pvName} because it is backed up with PodVolumeBackup.`,
    };
  }
  if (input.snapshotVolumes !== false) {
    return {
      yes: true,
      message: `performing snapshot action for pv ${pvName} as the snapshotVolumes is not set to false`,
    };
  }
  return {
    yes: false,
    message: `skipping snapshot action for pv ${pvName} possibly due to no volume policy setting or snapshotVolumes is false`,
  };
}

/** Labels and node affinity keys that name a zone, in the order in which they are believed. */
const ZONE_LABELS = ['topology.kubernetes.io/zone', 'failure-domain.beta.kubernetes.io/zone'];
const GKE_ZONE = 'topology.gke.io/zone';
const AFFINITY_KEYS = [
  'topology.ebs.csi.aws.com/zone',
  'topology.disk.csi.azure.com/zone',
  GKE_ZONE,
  'topology.manila.csi.openstack.org/zone',
  'topology.cinder.csi.openstack.org/zone',
  ...ZONE_LABELS,
];

interface AffinityTerm {
  matchExpressions?: readonly { key: string; operator: string; values?: readonly string[] }[] | null;
}

/** The zone of a PV, empty where nothing names one; several GKE zones are joined by `__`. */
export function zoneOfPv(labels: Readonly<Record<string, string>>, terms: readonly AffinityTerm[]): string {
  for (const label of ZONE_LABELS) {
    const zone = labels[label];
    if (zone !== undefined) return zone;
  }
  const gkeZones: string[] = [];
  for (const { matchExpressions } of terms) {
    for (const { key, operator, values } of matchExpressions ?? []) {
      const zone = values?.[0];
      if (!AFFINITY_KEYS.includes(key) || operator !== 'In' || zone === undefined) continue;
      if (key !== GKE_ZONE) return zone;
      gkeZones.push(zone);
    }
  }
  return gkeZones.join('__');
}
