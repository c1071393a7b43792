import { describe, expect, it } from 'vitest';
import type { RestoreOperation } from '../api/documents/item-operation.ts';
import type { Restore } from '../api/restore.ts';
import { silentLogger } from '../lib/log.ts';
import type { OperationProgress, RestoreItemAction } from '../plugin/contract.ts';
import { pollRestoreOperations } from './operations.ts';

const NOW = Date.parse('2024-05-06T07:08:09Z');

const progressOf = (more: Partial<OperationProgress> = {}): OperationProgress => ({
  completed: false,
  err: '',
  nCompleted: 0,
  nTotal: 0,
  operationUnits: '',
  description: '',
  ...more,
});

function operation(id: string, status: Partial<RestoreOperation['status']> = {}): RestoreOperation {
  return {
    spec: {
      restoreName: 'r1',
      restoreUID: 'u1',
      restoreItemAction: 'example.io/act',
      resourceIdentifier: { Group: 'apps', Resource: 'deployments', Namespace: 'shop', Name: 'web' },
      operationID: id,
    },
    status: { phase: 'New', created: '2024-05-06T07:08:00Z', ...status },
  };
}

interface Acted {
  action: RestoreItemAction;
  cancelled: string[];
}

/** An action that reports what it is given by operation. */
function acting(reports: Record<string, OperationProgress | Error>): Acted {
  const cancelled: string[] = [];
  const action: RestoreItemAction = {
    name: 'example.io/act',
    appliesTo: async () => ({}),
    execute: async ({ item }) => ({ item }),
    progress: async (id) => {
      const report = reports[id];
      if (report instanceof Error) throw report;
      return report as OperationProgress;
    },
    cancel: async (id) => {
      cancelled.push(id);
      throw new Error('cannot be cancelled');
    },
  };
  return { action, cancelled };
}

const restore = (itemOperationTimeout: string): Restore => ({
  apiVersion: 'velero.io/v1',
  kind: 'Restore',
  metadata: { name: 'r1' },
  spec: { itemOperationTimeout },
});

const context = {
  log: silentLogger,
  signal: new AbortController().signal,
  clock: { now: () => NOW, sleep: async () => {} },
};

describe('polling restore operations', () => {
  it('V-RST-050 fails an operation whose action is missing or throws', async () => {
    const { action } = acting({ a: new Error('lost contact') });
    const missing = {
      ...operation('b'),
      spec: { ...operation('b').spec, restoreItemAction: 'example.io/gone' },
    };
    const poll = await pollRestoreOperations([operation('a'), missing], restore('1h'), [action], context);
    expect(poll.operations.map(({ status }) => [status.phase, status.error])).toEqual([
      ['Failed', 'lost contact'],
      ['Failed', 'unable to locate RestoreItemActionV2 plugin named example.io/gone'],
    ]);
    expect(poll).toMatchObject({ inProgress: false, changed: true, failed: 2, completed: 0 });
    expect(poll.errors).toHaveLength(2);
  });

  it('V-RST-051 completes or fails as the action reports, and is in progress once it has started', async () => {
    const { action } = acting({
      good: progressOf({ completed: true, nCompleted: 5, nTotal: 5, operationUnits: 'Bytes' }),
      bad: progressOf({ completed: true, err: 'disk full' }),
      waiting: progressOf({ description: 'queued' }),
      running: progressOf({ started: '2024-05-06T07:08:01Z', nCompleted: 1, nTotal: 2 }),
    });
    const poll = await pollRestoreOperations(
      ['good', 'bad', 'waiting', 'running'].map((id) => operation(id)),
      restore('1h'),
      [action],
      context,
    );
    expect(poll.operations.map(({ status }) => status.phase)).toEqual([
      'Completed',
      'Failed',
      'New',
      'InProgress',
    ]);
    expect(poll.operations[0]?.status).toMatchObject({ nCompleted: 5, nTotal: 5, operationUnits: 'Bytes' });
    expect(poll).toMatchObject({
      inProgress: true,
      changed: true,
      completed: 1,
      failed: 1,
      errors: ['disk full'],
    });
  });

  it('V-RST-052 cancels what has taken too long, unless it completes in the same poll', async () => {
    const { action, cancelled } = acting({
      slow: progressOf({ started: '2024-05-06T07:08:01Z' }),
      late: progressOf({ completed: true }),
    });
    const poll = await pollRestoreOperations(
      [operation('slow'), operation('late')],
      restore('5s'),
      [action],
      context,
    );
    expect(poll.operations.map(({ status }) => [status.phase, status.error])).toEqual([
      ['Failed', 'Asynchronous action timed out'],
      ['Completed', undefined],
    ]);
    expect(cancelled).toEqual(['slow']);
    expect(poll.errors).toEqual(['Asynchronous action timed out']);
  });

  it('counts what ended before without asking again', async () => {
    const { action } = acting({});
    const before = [
      operation('a', { phase: 'Completed' }),
      operation('b', { phase: 'Failed', error: 'old' }),
    ];
    const poll = await pollRestoreOperations(before, restore('1h'), [action], context);
    expect(poll).toEqual({
      operations: before,
      inProgress: false,
      changed: false,
      completed: 1,
      failed: 1,
      errors: [],
    });
  });
});
