import type { RestoreItemAction } from '../../plugin/contract.ts';

/** Removes the reference to the token secret that the cluster made for the account; at most one, the last (service_account_action.go). */
export function serviceAccount(): RestoreItemAction {
  return {
    name: 'velero.io/service-account',
    appliesTo: async () => ({ includedResources: ['serviceaccounts'] }),
    async execute({ item }) {
      const secrets = item['secrets'] as { name?: string }[] | undefined;
      const prefix = `${item.metadata.name ?? ''}-token-`;
      const token = secrets?.findLastIndex((secret) => secret.name?.startsWith(prefix)) ?? -1;
      if (!secrets || token < 0) return { item };
      return { item: { ...item, secrets: secrets.toSpliced(token, 1) } };
    },
  };
}
