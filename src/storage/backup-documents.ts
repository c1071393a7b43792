/** The documents that a backup leaves in the bucket, encoded as the original encodes them. */

import type { Backup } from '../api/backup.ts';
import {
  type BackupOperation,
  backupOperation,
  readResourceIdentifier,
  storeResourceIdentifier,
} from '../api/documents/item-operation.ts';
import { type NativeSnapshot, nativeSnapshot } from '../api/documents/native-snapshot.ts';
import { type ResourceList, sortResourceList } from '../api/documents/resource-list.ts';
import { type Result, storedResults } from '../api/documents/result.ts';
import { type BackupVolumeInfo, backupVolumeInfo } from '../api/documents/volume-info.ts';
import type { KubeObject } from '../api/object.ts';
import type { PodVolumeBackup } from '../api/pod-volume-backup.ts';
import type { TSchema } from '../api/schema.ts';
import { kindToWire, toWire } from '../api/wire.ts';
import { messageOf } from '../lib/errors.ts';
import type { BackupFile } from './backup-layout.ts';
import { csiToWire } from './csi-documents.ts';
import { encodeDocument } from './documents.ts';
import type { ObjectBody } from './object-store.ts';

/** Everything that a finished backup leaves; what is absent is not uploaded, and an empty list is. */
export interface BackupInfo {
  name: string;
  metadata?: Backup;
  /** Compressed log text. */
  log?: ObjectBody;
  /** The tar.gz. */
  contents?: ObjectBody;
  /** Bytes of `contents`, where known. */
  contentsSize?: number;
  results?: { warnings: Result; errors: Result };
  podVolumeBackups?: readonly PodVolumeBackup[];
  volumeSnapshots?: readonly NativeSnapshot[];
  itemOperations?: readonly BackupOperation[];
  resourceList?: Readonly<ResourceList>;
  csiVolumeSnapshots?: readonly KubeObject[];
  csiVolumeSnapshotContents?: readonly KubeObject[];
  csiVolumeSnapshotClasses?: readonly KubeObject[];
  volumeInfos?: readonly BackupVolumeInfo[];
}

/** Encodes each document on its own, so that one that cannot be encoded is named and the others are known. */
export async function encodeBackupDocuments(
  info: Readonly<BackupInfo>,
): Promise<{ files: Map<BackupFile, Buffer>; failures: unknown[] }> {
  const files = new Map<BackupFile, Buffer>();
  const failures: unknown[] = [];
  const add = async (file: BackupFile, description: string, value: (() => unknown) | undefined) => {
    if (value === undefined) return;
    try {
      files.set(file, await encodeDocument(value()));
    } catch (error) {
      failures.push(new Error(`error encoding ${description}: ${messageOf(error)}`, { cause: error }));
    }
  };
  const of = <T>(list: readonly T[] | undefined, wire: (list: readonly T[]) => unknown) =>
    list === undefined ? undefined : () => wire(list);
  const csi = (list: readonly KubeObject[]) => nullIfEmpty(list.map(csiToWire));
  await add('podVolumeBackups', 'pod volume backups list', of(info.podVolumeBackups, podVolumeBackupsToWire));
  await add(
    'volumeSnapshots',
    'native volumesnapshots list',
    of(info.volumeSnapshots, (list) => nullIfEmpty(wireList(nativeSnapshot, list))),
  );
  await add(
    'itemOperations',
    'backup item operations list',
    of(info.itemOperations, (list) => wireList(backupOperation, list)),
  );
  const { resourceList, results } = info;
  await add('resourceList', 'backup resources list', resourceList && (() => sortResourceList(resourceList)));
  await add('csiVolumeSnapshots', 'csi volume snapshots list', of(info.csiVolumeSnapshots, csi));
  await add(
    'csiVolumeSnapshotContents',
    'csi volume snapshot contents list',
    of(info.csiVolumeSnapshotContents, csi),
  );
  await add(
    'csiVolumeSnapshotClasses',
    'csi volume snapshot classes list',
    of(info.csiVolumeSnapshotClasses, csi),
  );
  await add('results', 'backup results', results && (() => toWire(storedResults, results)));
  await add(
    'volumeInfos',
    'backup volumes information',
    of(info.volumeInfos, (list) => wireList(backupVolumeInfo, list)),
  );
  return { files, failures };
}

function podVolumeBackupsToWire(list: readonly PodVolumeBackup[]): unknown {
  // The original's client gives typed objects, whose kind it leaves empty.
  return nullIfEmpty(
    list.map((item) => {
      const { kind: _kind, apiVersion: _apiVersion, ...rest } = kindToWire('PodVolumeBackup', item);
      return rest;
    }),
  );
}

/** Each entry as Go writes it. */
export function wireList(schema: TSchema, list: readonly unknown[]): unknown[] {
  return list.map((item) => toWire(schema, item));
}

/** Lists that are nil in the original while nothing is in them; the others it initialises. */
function nullIfEmpty(list: readonly unknown[]): unknown {
  return list.length === 0 ? null : list;
}

/** Go reads keys whatever their case; after this the capitalised ones can be relied on. */
export function withStoredKeys(operation: unknown): unknown {
  const { spec, ...rest } = operation as { spec: Record<string, unknown> };
  const stored = (value: unknown) =>
    storeResourceIdentifier(readResourceIdentifier(value as Record<string, unknown>));
  const { resourceIdentifier, postOperationItems } = spec;
  return {
    spec: {
      ...spec,
      ...(resourceIdentifier === undefined ? {} : { resourceIdentifier: stored(resourceIdentifier) }),
      ...(Array.isArray(postOperationItems) ? { postOperationItems: postOperationItems.map(stored) } : {}),
    },
    ...rest,
  };
}
