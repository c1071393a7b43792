/** Restore, velero.io/v1 (pkg/apis/velero/v1/restore_types.go). */

import { hookStatus } from './backup.ts';
import { hookErrorMode, labelSelector, typedLocalObjectReference } from './core/references.ts';
import type { KubeObject } from './object.ts';
import {
  anyObject,
  count,
  duration,
  flag,
  list,
  nullable,
  oneOf,
  optional,
  pointer,
  type Static,
  struct,
  text,
  textMap,
  texts,
  time,
  word,
  writtenPointer,
} from './schema.ts';

export const execRestoreHook = struct('A command run inside a container once the pod runs.', {
  container: optional(text('Container of the pod; the first one where empty.')),
  command: texts('The command with its arguments.', { minItems: 1 }),
  onError: optional(hookErrorMode),
  execTimeout: optional(duration('How long the command may take.')),
  waitTimeout: optional(duration('How long to wait for the container before giving up.')),
  waitForReady: pointer(nullable(flag('Wait until the container is ready, not merely running.'))),
});
export type ExecRestoreHook = Static<typeof execRestoreHook>;

export const initRestoreHook = struct('Init containers that are added to the pod.', {
  initContainers: writtenPointer(
    list('Containers to add.', anyObject('A container as core/v1 has it.'), {
      'x-kubernetes-preserve-unknown-fields': true,
    }),
  ),
  timeout: optional(duration('How long the init containers may take.')),
});
export type InitRestoreHook = Static<typeof initRestoreHook>;

export const restoreResourceHook = struct('One hook: a command or init containers.', {
  exec: pointer(execRestoreHook),
  init: pointer(initRestoreHook),
});
export type RestoreResourceHook = Static<typeof restoreResourceHook>;

export const restoreResourceHookSpec = struct('Hooks for the pods that the rules here match.', {
  name: text('Name of this set of hooks.'),
  includedNamespaces: optional(nullable(texts('Namespaces whose items are meant; all where empty.'))),
  excludedNamespaces: optional(nullable(texts('Namespaces whose items are not meant.'))),
  includedResources: optional(nullable(texts('Resources that are meant; all where empty.'))),
  excludedResources: optional(nullable(texts('Resources that are not meant.'))),
  labelSelector: pointer(nullable(labelSelector)),
  postHooks: optional(list('Hooks of a restored item.', restoreResourceHook)),
});
export type RestoreResourceHookSpec = Static<typeof restoreResourceHookSpec>;

export const restoreHooks = struct('Commands and init containers for restored pods.', {
  resources: optional(list('Sets of hooks with the items they are for.', restoreResourceHookSpec)),
});
export type RestoreHooks = Static<typeof restoreHooks>;

export type ExistingResourcePolicy = 'none' | 'update';

export const restoreSpec = struct('What to restore, from which backup and how.', {
  backupName: optional(text('Backup to restore from.')),
  scheduleName: optional(text('Schedule whose latest good backup is restored.')),
  includedNamespaces: optional(nullable(texts('Namespaces to restore; all where empty.'))),
  excludedNamespaces: optional(nullable(texts('Namespaces to leave out.'))),
  includedResources: optional(nullable(texts('Resources to restore; all where empty.'))),
  excludedResources: optional(nullable(texts('Resources to leave out.'))),
  namespaceMapping: optional(textMap('New namespace by the old one.')),
  labelSelector: pointer(nullable(labelSelector)),
  orLabelSelectors: optional(
    nullable(list('An object is restored where any of these match.', labelSelector)),
  ),
  restorePVs: pointer(nullable(flag('Whether volumes come back from their snapshots.'))),
  restoreStatus: pointer(
    nullable(
      struct('Resources whose status is restored too; none where absent.', {
        includedResources: optional(nullable(texts('Resources that are meant; all where empty.'))),
        excludedResources: optional(nullable(texts('Resources that are not meant.'))),
      }),
    ),
  ),
  preserveNodePorts: pointer(nullable(flag('Whether services keep their node ports.'))),
  includeClusterResources: pointer(
    nullable(flag('Whether cluster-scoped resources are restored; unset means yes.')),
  ),
  hooks: optional(restoreHooks),
  existingResourcePolicy: optional(
    nullable(word<ExistingResourcePolicy>('What to do with an object that exists: none or update.')),
  ),
  itemOperationTimeout: optional(duration('How long asynchronous item operations may take.')),
  resourceModifier: pointer(nullable(typedLocalObjectReference)),
  uploaderConfig: pointer(
    nullable(
      struct('Settings of the uploader.', {
        writeSparseFiles: pointer(nullable(flag('Whether files are written with holes.'))),
        parallelFilesDownload: optional(count('How many files are fetched at a time.')),
      }),
    ),
  ),
});
export type RestoreSpec = Static<typeof restoreSpec>;
export type RestoreStatusSpec = NonNullable<RestoreSpec['restoreStatus']>;

export const restorePhases = [
  'New',
  'FailedValidation',
  'InProgress',
  'WaitingForPluginOperations',
  'WaitingForPluginOperationsPartiallyFailed',
  'Completed',
  'PartiallyFailed',
  'Failed',
  'Finalizing',
  'FinalizingPartiallyFailed',
] as const;
export type RestorePhase = (typeof restorePhases)[number];

export const restoreStatus = struct('How far the restore is.', {
  phase: optional(oneOf('Phase of the restore.', restorePhases)),
  validationErrors: optional(nullable(texts('Why the restore was refused.'))),
  warnings: optional(count('Number of warnings; their text is in the bucket.')),
  errors: optional(count('Number of errors; their text is in the bucket.')),
  failureReason: optional(text('Why the whole restore failed.')),
  startTimestamp: pointer(nullable(time('When the restore began.'))),
  completionTimestamp: pointer(nullable(time('When the restore ended, well or not.'))),
  progress: pointer(
    nullable(
      struct('Items done and known so far.', {
        totalItems: optional(count('Items known so far; grows while the restore runs.')),
        itemsRestored: optional(count('Items handled so far.')),
      }),
    ),
  ),
  restoreItemOperationsAttempted: optional(count('Asynchronous operations that were begun.')),
  restoreItemOperationsCompleted: optional(count('Asynchronous operations that succeeded.')),
  restoreItemOperationsFailed: optional(count('Asynchronous operations that failed.')),
  hookStatus: pointer(nullable(hookStatus)),
});
export type RestoreStatus = Static<typeof restoreStatus>;
export type RestoreProgress = NonNullable<RestoreStatus['progress']>;

export interface Restore extends KubeObject {
  spec: RestoreSpec;
  status?: RestoreStatus;
}

/** What the server fills in where a Restore says nothing. */
export const restoreDefaults = {
  itemOperationTimeout: '4h0m0s',
  hookExecTimeout: '30s',
  hookOnError: 'Continue',
} as const;
