/** Snapshot objects of snapshot.storage.k8s.io/v1 in the key order of their Go structs, as the original writes them. */

import type { KubeObject } from '../api/object.ts';
import { metadataToWire } from '../api/wire.ts';

/** Keys in order; a nested table where the value is a struct itself. */
interface KeyOrder {
  readonly [key: string]: KeyOrder | true;
}

const ERROR: KeyOrder = { time: true, message: true };

const VOLUME_SNAPSHOT: KeyOrder = {
  spec: {
    source: { persistentVolumeClaimName: true, volumeSnapshotContentName: true },
    volumeSnapshotClassName: true,
  },
  status: {
    boundVolumeSnapshotContentName: true,
    creationTime: true,
    readyToUse: true,
    restoreSize: true,
    error: ERROR,
    volumeGroupSnapshotName: true,
  },
};

const VOLUME_SNAPSHOT_CONTENT: KeyOrder = {
  spec: {
    volumeSnapshotRef: {
      kind: true,
      namespace: true,
      name: true,
      uid: true,
      apiVersion: true,
      resourceVersion: true,
      fieldPath: true,
    },
    deletionPolicy: true,
    driver: true,
    volumeSnapshotClassName: true,
    source: { volumeHandle: true, snapshotHandle: true },
    sourceVolumeMode: true,
  },
  status: {
    snapshotHandle: true,
    creationTime: true,
    restoreSize: true,
    readyToUse: true,
    error: ERROR,
    volumeGroupSnapshotHandle: true,
  },
};

const VOLUME_SNAPSHOT_CLASS: KeyOrder = { driver: true, parameters: true, deletionPolicy: true };

const ORDERS: Readonly<Record<string, KeyOrder>> = {
  VolumeSnapshot: VOLUME_SNAPSHOT,
  VolumeSnapshotContent: VOLUME_SNAPSHOT_CONTENT,
  VolumeSnapshotClass: VOLUME_SNAPSHOT_CLASS,
};

/** The object with its keys in order; keys that no table names follow. */
export function csiToWire(object: Readonly<KubeObject>): unknown {
  const { kind, apiVersion, metadata, ...rest } = object;
  const ordered = inOrder(rest, ORDERS[kind] ?? {}) as Record<string, unknown>;
  return { kind, apiVersion, metadata: metadataToWire(metadata), ...ordered };
}

function inOrder(value: unknown, order: KeyOrder | true): unknown {
  if (order === true || typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  const fields = value as Record<string, unknown>;
  const out: Record<string, unknown> = {};
  for (const [key, inner] of Object.entries(order)) {
    if (fields[key] !== undefined) out[key] = inOrder(fields[key], inner);
  }
  for (const [key, inner] of Object.entries(fields)) if (!(key in out)) out[key] = inner;
  return out;
}
