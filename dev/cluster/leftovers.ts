import { existsSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { takeLock } from './lock.ts';
import { clusterFolder, stateFolder } from './paths.ts';

/** The clusters with state on this machine, running or not. */
export function clusterNames(): string[] {
  if (!existsSync(stateFolder())) return [];
  return readdirSync(stateFolder())
    .filter((name) => !name.startsWith('.') && statSync(clusterFolder(name)).isDirectory())
    .sort();
}

/**
 * Removes what crashed runs left behind and returns what it was. A cluster whose name is not locked has no supervisor
 * any more; the kernel has ended its programs already, so only files are left.
 */
export async function removeLeftovers(): Promise<string[]> {
  const removed: string[] = [];
  for (const name of clusterNames()) {
    const lock = await takeLock(join(stateFolder(), '.locks', `name-${name}`), { wait: false });
    if (!lock) continue;
    rmSync(clusterFolder(name), { recursive: true, force: true, maxRetries: 5 });
    removed.push(clusterFolder(name));
    await lock.release();
  }
  return removed;
}
