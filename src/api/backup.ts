/** Backup, velero.io/v1 (pkg/apis/velero/v1/backup_types.go). */

import { hookErrorMode, labelSelector, typedLocalObjectReference } from './core/references.ts';
import type { KubeObject } from './object.ts';
import {
  count,
  duration,
  flag,
  list,
  nullable,
  oneOf,
  optional,
  pointer,
  requiredPointer,
  type Static,
  struct,
  text,
  textMap,
  texts,
  time,
} from './schema.ts';

export const execHook = struct('A command run inside a container of the pod.', {
  container: optional(text('Container of the pod; the first one where empty.')),
  command: texts('The command with its arguments.', { minItems: 1 }),
  onError: optional(hookErrorMode),
  timeout: optional(duration('How long the command may take.')),
});
export type ExecHook = Static<typeof execHook>;

export const backupResourceHook = struct('One hook.', { exec: requiredPointer(execHook) });
export type BackupResourceHook = Static<typeof backupResourceHook>;

export const backupResourceHookSpec = struct('Hooks for the items that the rules here match.', {
  name: text('Name of this set of hooks.'),
  includedNamespaces: optional(nullable(texts('Namespaces whose items are meant; all where empty.'))),
  excludedNamespaces: optional(nullable(texts('Namespaces whose items are not meant.'))),
  includedResources: optional(nullable(texts('Resources that are meant; all where empty.'))),
  excludedResources: optional(nullable(texts('Resources that are not meant.'))),
  labelSelector: pointer(nullable(labelSelector)),
  pre: optional(list('Run before the item is stored.', backupResourceHook)),
  post: optional(list('Run after the item and what it brought along are stored.', backupResourceHook)),
});
export type BackupResourceHookSpec = Static<typeof backupResourceHookSpec>;

export const backupHooks = struct('Commands to run around the backup of single items.', {
  resources: optional(nullable(list('Sets of hooks with the items they are for.', backupResourceHookSpec))),
});
export type BackupHooks = Static<typeof backupHooks>;

export const backupSpec = struct('What to back up, where to and how.', {
  metadata: optional(
    struct('Metadata for the Backup that a Schedule creates.', {
      labels: optional(textMap('Labels of the created Backup.')),
    }),
  ),
  includedNamespaces: optional(nullable(texts('Namespaces to back up; all where empty.'))),
  excludedNamespaces: optional(nullable(texts('Namespaces to leave out.'))),
  includedResources: optional(nullable(texts('Resources to back up; all where empty.'))),
  excludedResources: optional(nullable(texts('Resources to leave out.'))),
  includedClusterScopedResources: optional(
    nullable(texts('Cluster-scoped resources to back up; only related ones where empty.')),
  ),
  excludedClusterScopedResources: optional(nullable(texts('Cluster-scoped resources to leave out.'))),
  includedNamespaceScopedResources: optional(
    nullable(texts('Namespaced resources to back up; all where empty.')),
  ),
  excludedNamespaceScopedResources: optional(nullable(texts('Namespaced resources to leave out.'))),
  labelSelector: pointer(nullable(labelSelector)),
  orLabelSelectors: optional(nullable(list('An object is taken where any of these match.', labelSelector))),
  snapshotVolumes: pointer(nullable(flag('Whether volumes are snapshotted.'))),
  ttl: optional(duration('How long the backup is kept.')),
  includeClusterResources: pointer(
    nullable(flag('Whether cluster-scoped resources are taken; decided by need if unset.')),
  ),
  hooks: optional(backupHooks),
  storageLocation: optional(text('BackupStorageLocation that receives the backup.')),
  volumeSnapshotLocations: optional(texts('VolumeSnapshotLocations to use, at most one a provider.')),
  defaultVolumesToRestic: pointer(nullable(flag('Old name of defaultVolumesToFsBackup.'))),
  defaultVolumesToFsBackup: pointer(
    nullable(flag('Whether pod volumes are backed up from the file system unless opted out.')),
  ),
  orderedResources: optional(
    nullable(textMap('Per resource, the items to take first: `namespace/name` joined by commas.')),
  ),
  csiSnapshotTimeout: optional(duration('How long to wait for a CSI snapshot to become ready.')),
  itemOperationTimeout: optional(duration('How long asynchronous item operations may take.')),
  resourcePolicy: pointer(typedLocalObjectReference),
  snapshotMoveData: pointer(nullable(flag('Whether snapshot data is moved to the storage location.'))),
  datamover: optional(text('Who moves snapshot data; empty or `velero` for the built-in mover.')),
  uploaderConfig: pointer(
    nullable(
      struct('Settings of the uploader.', {
        parallelFilesUpload: optional(count('How many files are uploaded at a time.')),
      }),
    ),
  ),
});
export type BackupSpec = Static<typeof backupSpec>;

export const backupPhases = [
  'New',
  'FailedValidation',
  'InProgress',
  'WaitingForPluginOperations',
  'WaitingForPluginOperationsPartiallyFailed',
  'Finalizing',
  'FinalizingPartiallyFailed',
  'Completed',
  'PartiallyFailed',
  'Failed',
  'Deleting',
] as const;
export type BackupPhase = (typeof backupPhases)[number];

export const hookStatus = struct('How many hooks ran.', {
  hooksAttempted: optional(count('Hooks that were started.')),
  hooksFailed: optional(count('Hooks that failed.')),
});
export type HookStatus = Static<typeof hookStatus>;

export const backupStatus = struct('How far the backup is.', {
  version: optional(count('Major version of the format; formatVersion says more.')),
  formatVersion: optional(text('Version of the backup format.')),
  expiration: pointer(nullable(time('When the backup may be deleted.'))),
  phase: optional(oneOf('Phase of the backup.', backupPhases)),
  validationErrors: optional(nullable(texts('Why the backup was refused.'))),
  startTimestamp: pointer(nullable(time('When the backup began.'))),
  completionTimestamp: pointer(nullable(time('When the backup ended, well or not.'))),
  volumeSnapshotsAttempted: optional(count('Volume snapshots that were begun.')),
  volumeSnapshotsCompleted: optional(count('Volume snapshots that succeeded.')),
  failureReason: optional(text('Why the whole backup failed.')),
  warnings: optional(count('Number of warnings; their text is in the bucket.')),
  errors: optional(count('Number of errors; their text is in the bucket.')),
  progress: pointer(
    nullable(
      struct('Items done and known so far.', {
        totalItems: optional(count('Items known so far; grows while the backup runs.')),
        itemsBackedUp: optional(count('Items written so far.')),
      }),
    ),
  ),
  csiVolumeSnapshotsAttempted: optional(count('CSI snapshots that were begun.')),
  csiVolumeSnapshotsCompleted: optional(count('CSI snapshots that succeeded.')),
  backupItemOperationsAttempted: optional(count('Asynchronous operations that were begun.')),
  backupItemOperationsCompleted: optional(count('Asynchronous operations that succeeded.')),
  backupItemOperationsFailed: optional(count('Asynchronous operations that failed.')),
  hookStatus: pointer(nullable(hookStatus)),
});
export type BackupStatus = Static<typeof backupStatus>;
export type BackupProgress = NonNullable<BackupStatus['progress']>;

export interface Backup extends KubeObject {
  spec: BackupSpec;
  status?: BackupStatus;
}

/** What the server and the command line fill in where a Backup says nothing. */
export const backupDefaults = {
  ttl: '720h0m0s',
  csiSnapshotTimeout: '10m0s',
  itemOperationTimeout: '4h0m0s',
  hookTimeout: '30s',
  hookOnError: 'Fail',
  formatVersion: '1.1.0',
  version: 1,
} as const;
