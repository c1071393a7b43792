import { expect, it } from 'vitest';
import { OperationsCache, type OperationsStore } from './operations-cache.ts';
import { createPatience } from './patience.ts';

function memory(initial: Record<string, string[]>) {
  const calls: string[] = [];
  const store: OperationsStore<string> = {
    load: async (name) => {
      calls.push(`load ${name}`);
      return initial[name] ?? [];
    },
    save: async (name, operations) => {
      calls.push(`save ${name} ${operations.join(',')}`);
    },
  };
  return { store, calls };
}

it('V-BKP-128 V-REQ-003 keeps progress in memory and uploads it when it is asked for', async () => {
  const cache = new OperationsCache<string>();
  const { store, calls } = memory({ b: ['one'] });
  expect(await cache.get(store, 'b')).toEqual({ operations: ['one'], changed: false });
  await cache.get(store, 'b');
  await cache.uploadChanges(store, 'b');
  expect(calls).toEqual(['load b']);
  cache.put('b', { operations: ['half'], changed: true });
  await cache.uploadChanges(store, 'b');
  await cache.uploadChanges(store, 'b');
  expect(calls).toEqual(['load b', 'save b half']);
  await cache.uploadChanges(store, 'unknown');
  await cache.upload(store, 'empty', []);
  expect(calls).toHaveLength(2);
  cache.delete('b');
  expect(await cache.get(store, 'b')).toEqual({ operations: ['one'], changed: false });
});

it('patience is exhausted only after the limit from the first failure on', () => {
  let now = 0;
  const patience = createPatience({ now: () => now, sleep: () => Promise.resolve() }, 1000);
  expect(patience.isExhausted('a')).toBe(false);
  now = 1000;
  expect(patience.isExhausted('a')).toBe(false);
  expect(patience.isExhausted('b')).toBe(false);
  now = 1001;
  expect(patience.isExhausted('a')).toBe(true);
  patience.clear('a');
  expect(patience.isExhausted('a')).toBe(false);
});
