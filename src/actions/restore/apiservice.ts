import type { RestoreItemAction } from '../../plugin/contract.ts';

/** Leaves out APIServices that the API server registers by itself (apiservice_action.go). */
export function apiService(): RestoreItemAction {
  return {
    name: 'velero.io/apiservice',
    appliesTo: async () => ({
      includedResources: ['apiservices'],
      labelSelector: 'kube-aggregator.kubernetes.io/automanaged',
    }),
    execute: async ({ item }) => ({ item, skipRestore: true }),
  };
}
