import type { RestoreItemAction } from '../../plugin/contract.ts';

interface Claim {
  spec?: { volumeName?: string };
  status?: { phase?: string };
}

/**
 * Restores the PersistentVolume of a bound claim before the claim. The backed-up claim is asked, as the item given has
 * lost its status (add_pv_from_pvc_action.go).
 */
export function addPvFromPvc(): RestoreItemAction {
  return {
    name: 'velero.io/add-pv-from-pvc',
    appliesTo: async () => ({ includedResources: ['persistentvolumeclaims'] }),
    async execute({ item, itemFromBackup }) {
      const claim = itemFromBackup as Claim;
      const volume = claim.spec?.volumeName ?? '';
      if (claim.status?.phase !== 'Bound' || volume === '') return { item };
      return {
        item,
        additionalItems: [{ group: '', resource: 'persistentvolumes', namespace: '', name: volume }],
      };
    },
  };
}
