import type { RestoreItemAction } from '../../plugin/contract.ts';
import { podSpecOf } from './pod-spec.ts';

/** Restores the claims that a pod mounts before the pod (add_pvc_from_pod_action.go). */
export function addPvcFromPod(): RestoreItemAction {
  return {
    name: 'velero.io/add-pvc-from-pod',
    appliesTo: async () => ({ includedResources: ['pods'] }),
    async execute({ item }) {
      const namespace = item.metadata.namespace ?? '';
      const claims = (podSpecOf(item).volumes ?? []).flatMap((volume) => volume.persistentVolumeClaim ?? []);
      return {
        item,
        additionalItems: claims.map((claim) => ({
          group: '',
          resource: 'persistentvolumeclaims',
          namespace,
          name: claim.claimName,
        })),
      };
    },
  };
}
