/** What the built-in restore actions need besides their item. */

import type { Restore } from '../../api/restore.ts';
import type { KubeClient } from '../../kube/contract.ts';

export interface RestoreActionDeps {
  kube: KubeClient;
  /** The server's namespace: plugin configurations and volume records live there. */
  namespace: string;
  /** Where the restore helper's image comes from: `<registry>/velero-restore-helper:<tag>`. */
  image: { registry: string; tag: string };
}

/**
 * Remembers one value for each restore and key, so that an action asks the API server once a restore and not once an
 * item. A failed attempt is not remembered; the values go with the restore object.
 */
export function perRestore<T>(
  load: (restore: Restore, key: string) => Promise<T>,
): (restore: Restore, key?: string) => Promise<T> {
  const known = new WeakMap<Restore, Map<string, Promise<T>>>();
  return (restore, key = '') => {
    let values = known.get(restore);
    if (!values) {
      values = new Map();
      known.set(restore, values);
    }
    const before = values.get(key);
    if (before) return before;
    const map = values;
    const value = load(restore, key).catch((error: unknown) => {
      map.delete(key);
      throw error;
    });
    map.set(key, value);
    return value;
  };
}
