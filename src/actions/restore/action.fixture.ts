/** Calls one restore action in a test. */

import type { KubeObject } from '../../api/object.ts';
import type { RestoreSpec } from '../../api/restore.ts';
import { silentLogger } from '../../lib/log.ts';
import type { RestoreItemAction, RestoreItemActionResult } from '../../plugin/contract.ts';

export function anObject(
  kind: string,
  more: Record<string, unknown> = {},
  metadata: Partial<KubeObject['metadata']> = {},
): KubeObject {
  return { apiVersion: 'v1', kind, metadata: { name: 'x', namespace: 'shop', ...metadata }, ...more };
}

/** Runs the action and makes sure that it has not changed what it was given. */
export async function execute(
  action: RestoreItemAction,
  item: KubeObject,
  options: { itemFromBackup?: KubeObject; spec?: RestoreSpec } = {},
): Promise<RestoreItemActionResult> {
  const itemFromBackup = options.itemFromBackup ?? item;
  const before = JSON.stringify({ item, itemFromBackup });
  const restore = {
    apiVersion: 'velero.io/v1',
    kind: 'Restore',
    metadata: { name: 'r1', namespace: 'velero', uid: 'restore-uid' },
    spec: { backupName: 'b1', ...options.spec },
  };
  const context = { log: silentLogger, signal: new AbortController().signal };
  const result = await action.execute({ item, itemFromBackup, restore }, context);
  if (before !== JSON.stringify({ item, itemFromBackup })) {
    throw new Error(`${action.name} changed its input in place`);
  }
  return result;
}
