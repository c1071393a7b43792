/** VolumeSnapshotLocation, velero.io/v1 (pkg/apis/velero/v1/volume_snapshot_location_type.go). */

import { namedSecretKeySelector, secretKeySelector } from './core/references.ts';
import type { KubeObject } from './object.ts';
import { oneOf, optional, pointer, type Static, struct, text, textMap } from './schema.ts';

function specWith(credential: typeof secretKeySelector) {
  return struct('Where volume snapshots are taken and how.', {
    provider: text('Provider of the volumes, e.g. `aws`.'),
    config: optional(textMap('Settings of the provider.')),
    credential: pointer(credential),
  });
}

export const volumeSnapshotLocationSpec = specWith(secretKeySelector);
/** As it stands inside a DataProtectionApplication, whose credentials have their name filled in. */
export const embeddedVolumeSnapshotLocationSpec = specWith(namedSecretKeySelector);
export type VolumeSnapshotLocationSpec = Static<typeof volumeSnapshotLocationSpec>;

export const volumeSnapshotLocationPhases = ['Available', 'Unavailable'] as const;
export type VolumeSnapshotLocationPhase = (typeof volumeSnapshotLocationPhases)[number];

export const volumeSnapshotLocationStatus = struct('Set by nobody today.', {
  phase: optional(oneOf('Whether the location can be used.', volumeSnapshotLocationPhases)),
});
export type VolumeSnapshotLocationStatus = Static<typeof volumeSnapshotLocationStatus>;

export interface VolumeSnapshotLocation extends KubeObject {
  spec: VolumeSnapshotLocationSpec;
  status?: VolumeSnapshotLocationStatus;
}
