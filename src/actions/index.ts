/**
 * THE table of built-in actions. Each list stands in the order in which the original runs it: actions of the older
 * kind by name, then those that know asynchronous operations by name (pkg/cmd/server/plugin/plugin.go,
 * pkg/plugin/clientmgmt/process/registry.go).
 */

import type { KubeClient } from '../kube/contract.ts';
import { Failure } from '../lib/errors.ts';
import type {
  ActionRegistry,
  BackupItemAction,
  DeleteItemAction,
  RestoreItemAction,
} from '../plugin/contract.ts';
import { backupActions } from './backup/index.ts';
import { deleteActions } from './delete/index.ts';
import { restoreActions } from './restore/index.ts';

export interface BuiltInActionDeps {
  kube: KubeClient;
  /** The server's namespace. */
  namespace: string;
  /** Where the restore helper's image comes from. */
  image: { registry: string; tag: string };
  /** Names of the built-in object stores, for the list of plugins. */
  objectStores: readonly string[];
}

/** Kinds in the order in which `velero plugin get` is answered. */
type PluginKind =
  | 'ObjectStore'
  | 'VolumeSnapshotter'
  | 'BackupItemAction'
  | 'BackupItemActionV2'
  | 'RestoreItemAction'
  | 'RestoreItemActionV2'
  | 'DeleteItemAction';

/** The registry of a server that has no foreign plugins. */
export function builtInRegistry(deps: BuiltInActionDeps): ActionRegistry {
  const backup = inOrder(backupActions(deps));
  const restore = inOrder(restoreActions(deps));
  const remove = deleteActions(deps);
  return {
    backupItemActions: () => Promise.resolve(backup),
    restoreItemActions: () => Promise.resolve(restore),
    deleteItemActions: () => Promise.resolve(remove),
    volumeSnapshotter: (provider) => Promise.reject(unknownSnapshotter(provider)),
    list: () => listed(deps.objectStores, backup, restore, remove),
  };
}

/** Actions that know operations come after those that do not; by name within each kind. */
function inOrder<T extends { readonly name: string; progress?: unknown }>(
  actions: readonly T[],
): readonly T[] {
  const rank = (action: T) => (action.progress === undefined ? 0 : 1);
  return [...actions].sort((a, b) => rank(a) - rank(b) || (a.name < b.name ? -1 : 1));
}

function unknownSnapshotter(provider: string): Failure {
  // Names without a group are older than the groups.
  const name = provider.includes('/') ? provider : `velero.io/${provider}`;
  return new Failure({
    code: 'UNKNOWN_SNAPSHOTTER',
    message: `unable to locate VolumeSnapshotter plugin named ${name}`,
    object: `volume snapshot provider ${provider}`,
    remedy: 'add the plugin that provides it',
  });
}

/** The older kind of an action is listed under the newer kind as well, as the original adapts it. */
function listed(
  objectStores: readonly string[],
  backup: readonly BackupItemAction[],
  restore: readonly RestoreItemAction[],
  remove: readonly DeleteItemAction[],
): { kind: PluginKind; name: string }[] {
  const of = (kind: PluginKind, actions: readonly { readonly name: string }[]) =>
    actions.map(({ name }) => ({ kind, name }));
  const old = <T extends { progress?: unknown }>(actions: readonly T[]) =>
    actions.filter(({ progress }) => progress === undefined);
  const fresh = <T extends { progress?: unknown }>(actions: readonly T[]) =>
    actions.filter(({ progress }) => progress !== undefined);
  return [
    ...of(
      'ObjectStore',
      objectStores.map((name) => ({ name })),
    ),
    ...of('BackupItemAction', old(backup)),
    ...of('BackupItemAction', old(backup)),
    ...of('BackupItemActionV2', fresh(backup)),
    ...of('RestoreItemAction', old(restore)),
    ...of('RestoreItemAction', old(restore)),
    ...of('RestoreItemActionV2', fresh(restore)),
    ...of('DeleteItemAction', remove),
  ];
}
