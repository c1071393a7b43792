import { spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { ClusterError } from './errors.ts';

/** A lock that is held until it is released or this process ends, however it ends. */
export interface Lock {
  release(): Promise<void>;
}

/**
 * Takes an exclusive lock on a file. Where another process holds it: waits for it (`wait` true), or returns undefined
 * at once (false) or after so many seconds.
 *
 * The lock is the kernel's (flock(2)), held by a small child that reads from a pipe: when this process dies, even by
 * SIGKILL, the pipe closes, the child ends and the lock is free. A file with a process id in it could not promise that.
 */
export async function takeLock(file: string, options: { wait: boolean | number }): Promise<Lock | undefined> {
  mkdirSync(dirname(file), { recursive: true });
  const seconds = Number(options.wait);
  const flags = options.wait === true ? [] : ['--timeout', `${seconds}`];
  const holder = spawn(
    'flock',
    [...flags, '--conflict-exit-code', '75', file, 'sh', '-c', 'echo; exec cat'],
    {
      stdio: ['pipe', 'pipe', 'ignore'],
      // Its own process group: Ctrl-C must not free the lock before the work under it has ended.
      detached: true,
    },
  );
  const ended = new Promise<number | null>((resolve) => {
    holder.once('exit', (code) => resolve(code));
    holder.once('error', () => resolve(-1));
  });
  const held = new Promise<'held'>((resolve) => holder.stdout.once('data', () => resolve('held')));
  const outcome = await Promise.race([held, ended]);
  if (outcome === 'held') {
    return {
      release: async () => {
        holder.stdin.end();
        await ended;
      },
    };
  }
  if (outcome === 75) return undefined;
  throw new ClusterError(
    `lock ${file}: flock ended with code ${outcome}. ` +
      'Check that the command flock (package util-linux) is installed and that the folder is writable.',
  );
}

/** Runs `work` while holding the lock on `file`, waiting for whoever holds it now. */
export async function withLock<T>(file: string, work: () => Promise<T>): Promise<T> {
  const lock = await takeLock(file, { wait: true });
  try {
    return await work();
  } finally {
    await lock?.release();
  }
}
