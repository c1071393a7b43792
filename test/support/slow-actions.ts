/**
 * Actions whose work goes on after their call, steered by a file: for ConfigMaps with the label `slow=true`, in backups
 * and in restores. They run in the server's process as the built-in ones do.
 */

import { readFileSync } from 'node:fs';
import type {
  ActionRegistry,
  BackupItemAction,
  OperationProgress,
  RestoreItemAction,
} from '../../src/plugin/contract.ts';

/** What the file holds. */
export interface SlowState {
  completed: boolean;
  err?: string;
  nCompleted?: number;
}

export function withSlowActions(builtIn: ActionRegistry, file: string): ActionRegistry {
  const progress = (): Promise<OperationProgress> => {
    const state = JSON.parse(readFileSync(file, 'utf8')) as SlowState;
    return Promise.resolve({
      completed: state.completed,
      err: state.err ?? '',
      nCompleted: state.nCompleted ?? 0,
      nTotal: 10,
      operationUnits: 'Steps',
      description: 'stepping',
      started: '2026-01-01T00:00:00Z',
      updated: '2026-01-01T00:00:01Z',
    });
  };
  const appliesTo = () => Promise.resolve({ includedResources: ['configmaps'], labelSelector: 'slow=true' });
  const cancel = () => Promise.resolve();
  const backup: BackupItemAction = {
    name: 'example.io/slow',
    appliesTo,
    execute: (item, object) => {
      const { namespace = '', name = '' } = item.metadata;
      // Finalizing a backup runs the actions again; no operation may begin then.
      if (object.status?.phase !== 'InProgress') return Promise.resolve({ item });
      return Promise.resolve({
        item,
        operationId: `slow-${name}`,
        postOperationItems: [{ group: '', resource: 'configmaps', namespace, name }],
      });
    },
    progress,
    cancel,
  };
  const restore: RestoreItemAction = {
    name: 'example.io/slow-restore',
    appliesTo,
    execute: ({ item }) => Promise.resolve({ item, operationId: `slow-${item.metadata.name}` }),
    progress,
    cancel,
  };
  return {
    ...builtIn,
    backupItemActions: async () => [...(await builtIn.backupItemActions()), backup],
    restoreItemActions: async () => [...(await builtIn.restoreItemActions()), restore],
  };
}
