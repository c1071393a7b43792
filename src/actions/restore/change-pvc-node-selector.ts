import { NODES } from '../../kube/built-in.ts';
import { isNotFound } from '../../kube/errors.ts';
import { wrap } from '../../lib/errors.ts';
import type { RestoreItemAction } from '../../plugin/contract.ts';
import { perRestore, type RestoreActionDeps } from './deps.ts';
import { pluginConfig } from './plugin-config.ts';

const SELECTED_NODE = 'volume.kubernetes.io/selected-node';

/**
 * Maps the node that was selected for a claim by a ConfigMap of old to new names, or forgets it where that node is no
 * longer there (change_pvc_node_selector.go). Throws where nodes cannot be read.
 */
export function changePvcNodeSelector(deps: RestoreActionDeps): RestoreItemAction {
  const name = 'velero.io/change-pvc-node-selector';
  const config = pluginConfig(deps, name);
  const exists = perRestore(async (_restore, node) => {
    try {
      await deps.kube.get(NODES, node);
      return true;
    } catch (error) {
      if (isNotFound(error)) return false;
      throw error;
    }
  });
  return {
    name,
    appliesTo: async () => ({ includedResources: ['persistentvolumeclaims'] }),
    async execute({ item, restore }, { log }) {
      const { [SELECTED_NODE]: node, ...others } = item.metadata.annotations ?? {};
      if (node === undefined) return { item };
      const mapping = (await config(restore)) ?? {};
      const target = Object.hasOwn(mapping, node) ? mapping[node] : undefined;
      if (target !== undefined && target !== '') {
        const known = await exists(restore, target).catch((error: unknown) => {
          throw wrap(error, `error checking ${node}'s mapped node ${target} existence`);
        });
        if (!known) {
          log.warn(
            `Selected-node's mapped node doesn't exist: source: ${node}, dest: ${target}. Please check the ConfigMap with label ${name}.`,
          );
        }
        const annotations = { ...item.metadata.annotations, [SELECTED_NODE]: target };
        return { item: { ...item, metadata: { ...item.metadata, annotations } } };
      }
      const known = await exists(restore, node).catch((error: unknown) => {
        throw wrap(error, `error checking node ${node} existence`);
      });
      if (known) return { item };
      log.info(`Clearing selected-node because node named ${node} does not exist`);
      const { annotations: _before, ...metadata } = item.metadata;
      return {
        item: {
          ...item,
          metadata: Object.keys(others).length > 0 ? { ...metadata, annotations: others } : metadata,
        },
      };
    },
  };
}
