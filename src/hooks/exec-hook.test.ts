import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import type { ExecOptions } from '../kube/contract.ts';
import { createLogger, type LogEntry, silentLogger } from '../lib/log.ts';
import { backupHookFromAnnotations, parseCommand, runExecHook } from './exec-hook.ts';
import { HookTracker } from './tracker.ts';

it.each([
  ['["/bin/sh","-c","sync"]', ['/bin/sh', '-c', 'sync']],
  ['/bin/sync now', ['/bin/sync now']],
  ['[ -f /x ]', ['[ -f /x ]']],
  ['[1,2]', ['[1,2]']],
  ['["a"', ['["a"']],
])('V-BKP-112 reads command %j', (text, words) => {
  expect(parseCommand(text)).toEqual(words);
});

function read(annotations: Record<string, string>, prefix: 'pre.' | 'post.' | '' = 'pre.') {
  const entries: LogEntry[] = [];
  const log = createLogger({ sinks: [{ write: (entry) => entries.push(entry) }] });
  return { hook: backupHookFromAnnotations(annotations, prefix, log), entries };
}

it('V-BKP-111 V-BKP-113 reads a hook from annotations; the command decides whether there is one', () => {
  const annotations = {
    'pre.hook.backup.velero.io/command': '["sync"]',
    'pre.hook.backup.velero.io/container': 'db',
    'pre.hook.backup.velero.io/on-error': 'Fail',
    'pre.hook.backup.velero.io/timeout': '1m',
    'post.hook.backup.velero.io/container': 'db',
  };
  expect(read(annotations).hook).toEqual({
    container: 'db',
    command: ['sync'],
    onError: 'Fail',
    timeoutMs: 60_000,
  });
  expect(read(annotations, 'post.').hook).toBeUndefined();
});

it('V-BKP-111 the keys without a phase are read apart', () => {
  const annotations = { 'hook.backup.velero.io/command': 'sync' };
  expect(read(annotations, '').hook?.command).toEqual(['sync']);
  expect(read(annotations).hook).toBeUndefined();
});

it('V-BKP-113 an unknown error mode counts as unset, a bad timeout warns', () => {
  const { hook, entries } = read({
    'pre.hook.backup.velero.io/command': 'sync',
    'pre.hook.backup.velero.io/on-error': 'fail',
    'pre.hook.backup.velero.io/timeout': 'soon',
  });
  expect(hook).toEqual({ container: '', command: ['sync'], onError: undefined, timeoutMs: 0 });
  expect(entries.map(({ level, message }) => [level, message])).toEqual([
    ['warning', 'Unable to parse provided timeout soon, using default: time: invalid duration "soon"'],
  ]);
});

it('V-BKP-118 counts a hook of a pod, container and phase once, with its first result', () => {
  const tracker = new HookTracker();
  const hook = { namespace: 'n', pod: 'p', source: 'spec', container: '', phase: 'pre', hook: 'h' } as const;
  tracker.add(hook);
  tracker.record(hook, false);
  tracker.add(hook);
  tracker.record(hook, true);
  tracker.add({ ...hook, phase: 'post' });
  tracker.record({ ...hook, phase: 'post' }, true);
  tracker.add({ ...hook, pod: 'q' });
  expect(tracker.stat()).toEqual({ hooksAttempted: 3, hooksFailed: 1 });
});

it('a hook may take longer than a timer of Node can', async () => {
  const exec = async ({ signal }: ExecOptions) => {
    await sleep(20);
    signal?.throwIfAborted();
    return { stdout: '', stderr: '', exitCode: 0 };
  };
  const hook = { container: 'main', command: ['sync'], onError: undefined, timeoutMs: 60 * 24 * 3_600_000 };
  const pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'web', namespace: 'shop' },
    spec: { containers: [{ name: 'main' }] },
  };
  const { signal } = new AbortController();
  await expect(runExecHook({ exec }, pod, 'h', hook, silentLogger, signal)).resolves.toBeUndefined();
});
