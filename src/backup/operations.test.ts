import { expect, it } from 'vitest';
import type { Backup } from '../api/backup.ts';
import type { BackupOperation, OperationStatus } from '../api/documents/item-operation.ts';
import type { Clock } from '../lib/clock.ts';
import { silentLogger } from '../lib/log.ts';
import type { BackupItemAction, OperationProgress } from '../plugin/contract.ts';
import { pollBackupOperations } from './operations.ts';

const now = Date.UTC(2026, 0, 1, 12);
const clock: Clock = { now: () => now, sleep: () => Promise.resolve() };
const backup: Backup = {
  apiVersion: 'velero.io/v1',
  kind: 'Backup',
  metadata: { name: 'b' },
  spec: { itemOperationTimeout: '4h' },
};

function anOperation(status: OperationStatus, action = 'x/a'): BackupOperation {
  return {
    spec: {
      backupName: 'b',
      backupUID: 'u',
      backupItemAction: action,
      resourceIdentifier: { Group: '', Resource: 'pods', Namespace: 'n', Name: 'p' },
      operationID: 'id',
      postOperationItems: null,
    },
    status: { created: '2026-01-01T11:00:00Z', ...status },
  };
}

const nothing: OperationProgress = {
  completed: false,
  err: '',
  nCompleted: 0,
  nTotal: 0,
  operationUnits: '',
  description: '',
};

function anAction(progress: () => Promise<OperationProgress>, cancelled: string[] = []): BackupItemAction {
  return {
    name: 'x/a',
    appliesTo: () => Promise.resolve({}),
    execute: (item) => Promise.resolve({ item }),
    progress,
    cancel: (id) => {
      cancelled.push(id);
      return Promise.resolve();
    },
  };
}

function poll(operation: BackupOperation, action?: BackupItemAction, signal = new AbortController().signal) {
  return pollBackupOperations([operation], backup, action ? [action] : [], {
    log: silentLogger,
    signal,
    clock,
  });
}

it('V-BKP-125 V-BKP-126 asks open operations and takes over how far they are', async () => {
  const progress = {
    ...nothing,
    nCompleted: 5,
    nTotal: 10,
    operationUnits: 'Bytes',
    description: 'moving',
    started: '2026-01-01T11:30:00Z',
    updated: '2026-01-01T11:59:00Z',
  };
  const result = await poll(
    anOperation({ phase: 'New' }),
    anAction(() => Promise.resolve(progress)),
  );
  expect(result).toMatchObject({ inProgress: true, changed: true, completed: 0, failed: 0, errors: [] });
  expect(result.operations[0]?.status).toEqual({
    created: '2026-01-01T11:00:00Z',
    phase: 'InProgress',
    nCompleted: 5,
    nTotal: 10,
    operationUnits: 'Bytes',
    description: 'moving',
    started: '2026-01-01T11:30:00Z',
    updated: '2026-01-01T11:59:00Z',
  });
});

it('V-BKP-126 an operation without a start stays New and nothing has changed', async () => {
  const result = await poll(
    anOperation({ phase: 'New' }),
    anAction(() => Promise.resolve(nothing)),
  );
  expect(result.operations[0]?.status.phase).toBe('New');
  expect(result.changed).toBe(false);
});

it.each([
  ['completes', { ...nothing, completed: true }, 'Completed', undefined, []],
  [
    'fails',
    { ...nothing, completed: true, err: 'disk full' },
    'Failed',
    'disk full',
    ['disk full, plugin: x/a'],
  ],
] as const)('V-BKP-126 V-BKP-127 an operation %s', async (_what, progress, phase, error, errors) => {
  const result = await poll(
    anOperation({ phase: 'InProgress' }),
    anAction(() => Promise.resolve(progress)),
  );
  expect(result).toMatchObject({ inProgress: false, changed: true, errors });
  expect(result.operations[0]?.status).toMatchObject(error === undefined ? { phase } : { phase, error });
});

it('V-BKP-126 V-BKP-127 an action that cannot be asked fails its operation', async () => {
  const result = await poll(
    anOperation({ phase: 'InProgress' }),
    anAction(() => Promise.reject(new Error('gone'))),
  );
  expect(result.operations[0]?.status).toMatchObject({ phase: 'Failed', error: 'gone' });
  expect(result.errors).toEqual(['gone, plugin: x/a']);
});

it('V-BKP-127 names the plugin unknown where the action is missing', async () => {
  const result = await poll(anOperation({ phase: 'New' }));
  expect(result.errors).toEqual(['unable to locate BackupItemActionV2 plugin named x/a, plugin: unknown']);
});

it('V-BKP-126 V-ERR-020 cancels an operation after the time-out', async () => {
  const cancelled: string[] = [];
  const old = anOperation({ phase: 'InProgress', created: '2026-01-01T07:59:59Z' });
  const result = await poll(
    old,
    anAction(() => Promise.resolve(nothing), cancelled),
  );
  expect(cancelled).toEqual(['id']);
  expect(result.operations[0]?.status).toMatchObject({
    phase: 'Failed',
    error: 'Asynchronous action timed out',
  });
});

it('V-BKP-126 counts operations that have ended and does not ask them again', async () => {
  const asked = anAction(() => Promise.reject(new Error('asked')));
  const ended = [anOperation({ phase: 'Completed' }), anOperation({ phase: 'Failed' })];
  const context = { log: silentLogger, signal: new AbortController().signal, clock };
  const result = await pollBackupOperations(ended, backup, [asked], context);
  expect(result).toMatchObject({ inProgress: false, changed: false, completed: 1, failed: 1, errors: [] });
});

it('leaves operations as they are where the server is told to stop', async () => {
  const result = await poll(
    anOperation({ phase: 'InProgress' }),
    anAction(() => Promise.reject(new Error('aborted'))),
    AbortSignal.abort(),
  );
  expect(result).toMatchObject({ inProgress: true, changed: false, errors: [] });
});
