import type { RestoreItemAction } from '../../plugin/contract.ts';

interface Webhook {
  sideEffects?: string;
  [field: string]: unknown;
}

/** Makes `sideEffects` a value that admissionregistration.k8s.io/v1 allows (admissionwebhook_config_action.go). */
export function admissionWebhookConfiguration(): RestoreItemAction {
  return {
    name: 'velero.io/admission-webhook-configuration',
    appliesTo: async () => ({
      includedResources: ['mutatingwebhookconfigurations', 'validatingwebhookconfigurations'],
    }),
    async execute({ item }) {
      const webhooks = item['webhooks'] as Webhook[] | undefined;
      if (item.apiVersion !== 'admissionregistration.k8s.io/v1' || !webhooks) return { item };
      return {
        item: {
          ...item,
          webhooks: webhooks.map((webhook) =>
            webhook.sideEffects === 'None' || webhook.sideEffects === 'NoneOnDryRun'
              ? webhook
              : { ...webhook, sideEffects: 'None' },
          ),
        },
      };
    },
  };
}
