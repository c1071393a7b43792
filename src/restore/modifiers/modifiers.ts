/** Parsed and validated rules of a resource modifier ConfigMap (internal/resourcemodifiers). */
export interface ResourceModifiers {
  version: string;
  resourceModifierRules: readonly ResourceModifierRule[];
}

export interface ResourceModifierRule {
  conditions: {
    namespaces?: readonly string[];
    groupResource: string;
    resourceNameRegex?: string;
    labelSelector?: Record<string, unknown>;
    matches?: readonly { path: string; value: string }[];
  };
  patches?: readonly { operation: string; from: string; path: string; value: string }[];
  mergePatches?: readonly { patchData: string }[];
  strategicPatches?: readonly { patchData: string }[];
}
