/** `velero.io/service-account`: an account brings along what grants it rights in the whole cluster (service_account_action.go). */

import type { Backup } from '../../api/backup.ts';
import type { KubeObject } from '../../api/object.ts';
import type { ApiResource, KubeClient } from '../../kube/contract.ts';
import type { BackupItemAction, ResourceIdentifier } from '../../plugin/contract.ts';

const GROUP = 'rbac.authorization.k8s.io';

interface ClusterRoleBinding extends KubeObject {
  roleRef?: { name?: string };
  subjects?: readonly { kind?: string; namespace?: string; name?: string }[] | null;
}

/** Role bindings by `namespace/name` of the accounts that they name. */
type BindingsByAccount = ReadonlyMap<string, readonly { binding: string; role: string }[]>;

/** The bindings are read once for each backup: an account is looked up, not searched for. */
export function serviceAccountAction(kube: KubeClient): BackupItemAction {
  // Weak, so that a backup that has ended takes its bindings along.
  const byBackup = new WeakMap<Backup, Promise<BindingsByAccount>>();
  const bindingsFor = (backup: Backup, signal: AbortSignal): Promise<BindingsByAccount> => {
    let bindings = byBackup.get(backup);
    if (bindings === undefined) {
      bindings = readBindings(kube, signal);
      byBackup.set(backup, bindings);
      // What could not be read fails the account that asked; the next one asks again.
      bindings.catch(() => byBackup.delete(backup));
    }
    return bindings;
  };
  return {
    name: 'velero.io/service-account',
    appliesTo: () => Promise.resolve({ includedResources: ['serviceaccounts'] }),
    async execute(item, backup, { log, signal }) {
      log.info('Running ServiceAccountAction');
      const { namespace = '', name = '' } = item.metadata;
      const account = `${namespace}/${name}`;
      const found = (await bindingsFor(backup, signal)).get(account) ?? [];
      for (const { binding, role } of found) {
        log.info(
          `Adding clusterrole ${role} and clusterrolebinding ${binding} to additionalItems since serviceaccount ${account} is a subject`,
        );
      }
      const clusterItem = (resource: string, itemName: string): ResourceIdentifier => ({
        group: GROUP,
        resource,
        namespace: '',
        name: itemName,
      });
      const additionalItems = [
        ...found.map(({ binding }) => clusterItem('clusterrolebindings', binding)),
        ...[...new Set(found.map(({ role }) => role))].map((role) => clusterItem('clusterroles', role)),
      ];
      log.info('Done running ServiceAccountAction');
      return { item, additionalItems };
    },
  };
}

async function readBindings(kube: KubeClient, signal: AbortSignal): Promise<BindingsByAccount> {
  const resource: ApiResource | undefined = kube.discovery.find(GROUP, 'clusterrolebindings');
  const byAccount = new Map<string, { binding: string; role: string }[]>();
  // A cluster without RBAC has nothing to bring along.
  if (resource === undefined) return byAccount;
  for await (const page of kube.pages(resource, { signal })) {
    for (const { object } of page.items) {
      const { metadata, roleRef, subjects } = object as ClusterRoleBinding;
      const accounts = (subjects ?? [])
        .filter(({ kind }) => kind === 'ServiceAccount')
        .map(({ namespace = '', name = '' }) => `${namespace}/${name}`);
      for (const account of new Set(accounts)) {
        const bindings = byAccount.get(account) ?? [];
        bindings.push({ binding: metadata.name ?? '', role: roleRef?.name ?? '' });
        byAccount.set(account, bindings);
      }
    }
  }
  return byAccount;
}
