import type { RestoreItemAction } from '../../plugin/contract.ts';

interface CrdSpec {
  preserveUnknownFields?: boolean;
  versions?: { schema?: { openAPIV3Schema?: Record<string, unknown> } }[];
}

/**
 * Moves `preserveUnknownFields: true`, which apiextensions.k8s.io/v1 refuses, into the schema of each version
 * (crd_v1_preserve_unknown_fields_action.go).
 */
export function crdPreserveFields(): RestoreItemAction {
  return {
    name: 'velero.io/crd-preserve-fields',
    appliesTo: async () => ({ includedResources: ['customresourcedefinition.apiextensions.k8s.io'] }),
    async execute({ item }) {
      const spec = item['spec'] as CrdSpec | undefined;
      if (item.apiVersion !== 'apiextensions.k8s.io/v1' || spec?.preserveUnknownFields !== true)
        return { item };
      return {
        item: {
          ...item,
          spec: {
            ...spec,
            preserveUnknownFields: false,
            versions: (spec.versions ?? []).map((version) =>
              version.schema?.openAPIV3Schema
                ? {
                    ...version,
                    schema: {
                      ...version.schema,
                      openAPIV3Schema: {
                        ...version.schema.openAPIV3Schema,
                        'x-kubernetes-preserve-unknown-fields': true,
                      },
                    },
                  }
                : version,
            ),
          },
        },
      };
    },
  };
}
