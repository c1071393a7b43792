import { SERVICE_ACCOUNTS } from '../../kube/built-in.ts';
import { wrap } from '../../lib/errors.ts';
import type { RestoreItemAction } from '../../plugin/contract.ts';
import { perRestore, type RestoreActionDeps } from './deps.ts';

/**
 * Leaves out token secrets that the cluster makes itself for a service account, and takes from other token secrets what
 * the cluster fills in anew. The accounts of the secret's original namespace count, as in the original
 * (secret_action.go). Throws where they cannot be listed.
 */
export function secret(deps: RestoreActionDeps): RestoreItemAction {
  // Only names are kept; service accounts are restored before secrets, so the list is complete by then.
  const accountsOf = perRestore(async (_restore, namespace) => {
    try {
      const accounts = await deps.kube.list(SERVICE_ACCOUNTS, { namespace });
      return accounts.map((account) => account.metadata.name ?? '');
    } catch (error) {
      throw wrap(error, 'unable to list the service accounts');
    }
  });
  return {
    name: 'velero.io/secret',
    appliesTo: async () => ({ includedResources: ['secrets'] }),
    async execute({ item, restore }) {
      if (item['type'] !== 'kubernetes.io/service-account-token') return { item };
      const name = item.metadata.name ?? '';
      const accounts = await accountsOf(restore, item.metadata.namespace ?? '');
      if (accounts.some((account) => name.startsWith(`${account}-token-`)))
        return { item, skipRestore: true };
      const metadata = { ...item.metadata };
      if (metadata.annotations) {
        const { 'kubernetes.io/service-account.uid': _uid, ...annotations } = metadata.annotations;
        if (Object.keys(annotations).length > 0) metadata.annotations = annotations;
        else delete metadata.annotations;
      }
      const { data: before, ...rest } = item;
      const { token: _token, 'ca.crt': _ca, ...data } = (before ?? {}) as Record<string, string>;
      return {
        item: { ...rest, metadata, ...(Object.keys(data).length > 0 ? { data } : {}) },
      };
    },
  };
}
