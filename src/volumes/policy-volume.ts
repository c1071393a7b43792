/** A volume as the conditions of policies see it (structuredVolume in internal/resourcepolicies/volume_resources.go). */

import type { KubeObject } from '../api/object.ts';
import { parseQuantity } from '../lib/quantity.ts';

export interface PolicyVolume {
  /** Bytes in billionths; 0 for a pod's volume. */
  capacity: bigint;
  storageClass: string;
  nfs: { server: string; path: string } | undefined;
  /** Undefined where it is no CSI volume. */
  csiDriver: string | undefined;
  /** E.g. `emptyDir`; empty where its source is not known. */
  type: string;
}

/** Sources of a PV in the order in which the original looks for them. */
const PV_TYPES = [
  'awsElasticBlockStore',
  'azureDisk',
  'azureFile',
  'cephfs',
  'cinder',
  'csi',
  'fc',
  'flocker',
  'flexVolume',
  'gcePersistentDisk',
  'glusterfs',
  'hostPath',
  'iscsi',
  'local',
  'nfs',
  'photonPersistentDisk',
  'portworxVolume',
  'quobyte',
  'rbd',
  'scaleIO',
  'storageos',
  'vsphereVolume',
];

/** Sources of a pod's volume. */
const POD_TYPES = [
  'awsElasticBlockStore',
  'azureDisk',
  'azureFile',
  'cephfs',
  'cinder',
  'csi',
  'fc',
  'flocker',
  'flexVolume',
  'gcePersistentDisk',
  'gitRepo',
  'glusterfs',
  'iscsi',
  'nfs',
  'secret',
  'rbd',
  'downwardAPI',
  'configMap',
  'projected',
  'ephemeral',
  'photonPersistentDisk',
  'portworxVolume',
  'quobyte',
  'scaleIO',
  'storageos',
  'vsphereVolume',
  'hostPath',
  'emptyDir',
];

/** What policies call a source where that is not the name of its field. */
const POLICY_NAMES: Readonly<Record<string, string>> = { storageos: 'storageOS' };

interface VolumeSource {
  nfs?: { server?: string; path?: string } | null;
  csi?: { driver?: string } | null;
}

interface PvSpec extends VolumeSource {
  capacity?: Readonly<Record<string, string>>;
  storageClassName?: string;
}

export function volumeOfPv(pv: KubeObject): PolicyVolume {
  const spec = (pv as { spec?: PvSpec }).spec ?? {};
  return {
    ...sourceOf(spec, PV_TYPES),
    capacity: parseQuantity(spec.capacity?.['storage'] ?? '0') ?? 0n,
    storageClass: spec.storageClassName ?? '',
  };
}

export function volumeOfPod(volume: Readonly<Record<string, unknown>>): PolicyVolume {
  return { ...sourceOf(volume, POD_TYPES), capacity: 0n, storageClass: '' };
}

function sourceOf(
  source: VolumeSource,
  types: readonly string[],
): Pick<PolicyVolume, 'nfs' | 'csiDriver' | 'type'> {
  const fields = source as Readonly<Record<string, unknown>>;
  const type = types.find((name) => fields[name] !== undefined && fields[name] !== null) ?? '';
  const { nfs, csi } = source;
  return {
    nfs: nfs ? { server: nfs.server ?? '', path: nfs.path ?? '' } : undefined,
    csiDriver: csi ? (csi.driver ?? '') : undefined,
    type: POLICY_NAMES[type] ?? type,
  };
}
