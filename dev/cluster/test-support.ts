import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ClusterOptions } from './cluster.ts';
import { libraryFolder } from './paths.ts';
import type { ClusterInfo } from './protocol.ts';

/** Starts a process that owns a cluster, and returns both when the cluster is ready. */
export async function startOwner(
  options: ClusterOptions,
): Promise<{ owner: ChildProcess; info: ClusterInfo }> {
  const script = join(libraryFolder, 'test-owner.ts');
  const owner = spawn(process.execPath, [script, JSON.stringify(options)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(owner, 'exit').then(([code]) => {
    throw new Error(`the owner of the cluster ended with code ${code} before the cluster was ready`);
  });
  const [output] = (await Promise.race([once(owner.stdout, 'data'), ended])) as [Buffer];
  ended.catch(() => {});
  return { owner, info: JSON.parse(output.toString('utf8')) as ClusterInfo };
}

/** Waits until `condition` holds; fails with `what` after `seconds`. */
export async function eventually(
  what: string,
  seconds: number,
  condition: () => boolean | Promise<boolean>,
): Promise<void> {
  const deadline = Date.now() + seconds * 1000;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`not within ${seconds} s: ${what}`);
    await sleep(50);
  }
}

/** Whether a process runs; one that has ended but was not collected by its parent does not. */
export function isRunning(pid: number): boolean {
  if (!existsSync(`/proc/${pid}`)) return false;
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

/** Whether something listens at a URL. */
export function isListening(url: string): Promise<boolean> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve) => {
    const socket = connect(Number(port), hostname);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
