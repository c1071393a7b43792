import { STORAGE_CLASSES } from '../../kube/built-in.ts';
import { wrap } from '../../lib/errors.ts';
import type { RestoreItemAction } from '../../plugin/contract.ts';
import { perRestore, type RestoreActionDeps } from './deps.ts';
import { pluginConfig } from './plugin-config.ts';

interface Claim {
  spec?: { storageClassName?: string; [field: string]: unknown };
  [field: string]: unknown;
}

/**
 * Maps storage classes by a ConfigMap of old to new names, in claims, volumes and the claim templates of StatefulSets
 * (change_storageclass_action.go). Throws where the new class does not exist in the cluster.
 */
export function changeStorageClass(deps: RestoreActionDeps): RestoreItemAction {
  const name = 'velero.io/change-storage-class';
  const config = pluginConfig(deps, name);
  const mustExist = perRestore(async (_restore, storageClass) => {
    try {
      await deps.kube.get(STORAGE_CLASSES, storageClass);
    } catch (error) {
      throw wrap(error, `error getting storage class ${storageClass} from API`);
    }
  });
  return {
    name,
    appliesTo: async () => ({
      includedResources: ['persistentvolumeclaims', 'persistentvolumes', 'statefulsets'],
    }),
    async execute({ item, restore }) {
      const mapping = await config(restore);
      if (!mapping || Object.keys(mapping).length === 0) return { item };
      const mapped = async (holder: Claim): Promise<Claim> => {
        const before = holder.spec?.storageClassName ?? '';
        if (before === '' || !Object.hasOwn(mapping, before)) return holder;
        const storageClassName = mapping[before] as string;
        await mustExist(restore, storageClassName);
        return { ...holder, spec: { ...holder.spec, storageClassName } };
      };
      if (item.kind !== 'StatefulSet') return { item: { ...item, ...(await mapped(item)) } };
      const spec = item['spec'] as { volumeClaimTemplates?: Claim[] } | undefined;
      if (!spec?.volumeClaimTemplates) return { item };
      const volumeClaimTemplates = await Promise.all(spec.volumeClaimTemplates.map(mapped));
      return { item: { ...item, spec: { ...spec, volumeClaimTemplates } } };
    },
  };
}
