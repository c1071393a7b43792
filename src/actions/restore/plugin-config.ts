/** Configuration of an action by a labelled ConfigMap of any name (pkg/plugin/framework/common/plugin_config.go). */

import type { KubeObject } from '../../api/object.ts';
import type { Restore } from '../../api/restore.ts';
import { CONFIG_MAPS } from '../../kube/built-in.ts';
import { Failure } from '../../lib/errors.ts';
import { perRestore, type RestoreActionDeps } from './deps.ts';

export type PluginConfig = Readonly<Record<string, string>>;

/**
 * A reader of the action's configuration: the data of the one ConfigMap labelled for it in the server's namespace, or
 * undefined where there is none. Read once a restore.
 * It throws Failure `found more than one ConfigMap matching label selector …`, or the API's error.
 */
export function pluginConfig(
  deps: RestoreActionDeps,
  action: string,
): (restore: Restore) => Promise<PluginConfig | undefined> {
  const labelSelector = `velero.io/plugin-config,${action}=RestoreItemAction`;
  return perRestore(async () => {
    const found = await deps.kube.list(CONFIG_MAPS, { namespace: deps.namespace, labelSelector });
    if (found.length > 1) {
      const names = found.map((configMap) => configMap.metadata.name).join(' ');
      throw new Failure({
        code: 'PLUGIN_CONFIG_AMBIGUOUS',
        message: `found more than one ConfigMap matching label selector ${JSON.stringify(labelSelector)}: [${names}]`,
        object: action,
        remedy: `keep these labels on one ConfigMap in namespace ${deps.namespace}`,
      });
    }
    return found.length === 0 ? undefined : dataOf(found[0] as KubeObject);
  });
}

function dataOf(configMap: KubeObject): PluginConfig {
  return (configMap['data'] ?? {}) as PluginConfig;
}
