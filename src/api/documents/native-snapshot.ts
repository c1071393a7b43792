/** Snapshots by volume snapshotters: `<backup>-volumesnapshots.json.gz` (internal/volume/native_snapshot.go). */

import { count, oneOf, optional, pointer, type Static, struct, text } from '../schema.ts';

export const nativeSnapshotPhases = ['New', 'Completed', 'Failed'] as const;
export type NativeSnapshotPhase = (typeof nativeSnapshotPhases)[number];

export const nativeSnapshot = struct('One snapshot.', {
  spec: struct('What was snapshotted.', {
    backupName: text('Name of the Backup.'),
    backupUID: text('UID of the Backup.'),
    location: text('VolumeSnapshotLocation that was used.'),
    persistentVolumeName: text('Name of the volume in the cluster.'),
    providerVolumeID: text('Id of the volume at the provider.'),
    volumeType: text('Type of the volume.'),
    volumeAZ: optional(text('Zone of the volume.')),
    volumeIOPS: pointer(count('I/O operations a second.', 'int64')),
  }),
  status: struct('What came of it.', {
    providerSnapshotID: optional(text('Id of the snapshot at the provider.')),
    phase: optional(oneOf('Phase of the snapshot.', nativeSnapshotPhases)),
  }),
});
export type NativeSnapshot = Static<typeof nativeSnapshot>;
