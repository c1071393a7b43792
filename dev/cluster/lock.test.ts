import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { takeLock, withLock } from './lock.ts';
import { libraryFolder } from './paths.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'oadp-lock-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

test('a lock that is held is not given twice, and is free after its release', async () => {
  const file = join(folder, 'a');
  const first = await takeLock(file, { wait: false });
  expect(first).toBeDefined();
  expect(await takeLock(file, { wait: false })).toBeUndefined();
  await first?.release();
  const second = await takeLock(file, { wait: false });
  expect(second).toBeDefined();
  await second?.release();
});

test('whoever waits for a lock gets it after its release', async () => {
  const file = join(folder, 'b');
  const order: string[] = [];
  const first = await takeLock(file, { wait: true });
  const waiting = withLock(file, async () => void order.push('second'));
  order.push('first');
  await first?.release();
  await waiting;
  expect(order).toEqual(['first', 'second']);
});

test('the lock of a process that was killed is free', async () => {
  const file = join(folder, 'c');
  const lockModule = JSON.stringify(join(libraryFolder, 'lock.ts'));
  const script = `
    const { takeLock } = await import(${lockModule});
    await takeLock(${JSON.stringify(file)}, { wait: true });
    console.log('held');
    setInterval(() => {}, 1000);`;
  const owner = spawn(process.execPath, ['--input-type=module', '--eval', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(owner.stdout, 'data');
  expect(await takeLock(file, { wait: false })).toBeUndefined();
  owner.kill('SIGKILL');
  const lock = await takeLock(file, { wait: 5 });
  expect(lock).toBeDefined();
  await lock?.release();
});
