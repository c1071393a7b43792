import { existsSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { killCgroups, removeCgroups } from './cgroups.ts';
import { takeLock } from './lock.ts';
import { clusterFolder, stateFolder } from './paths.ts';

const logsKeptFor = 24 * 3600 * 1000;

/** The clusters with state on this machine, running or not. */
export function clusterNames(): string[] {
  if (!existsSync(stateFolder())) return [];
  return readdirSync(stateFolder())
    .filter((name) => !name.startsWith('.') && existsSync(clusterFolder(name)))
    .sort();
}

/**
 * Removes what crashed runs left behind and returns what it was. A cluster whose name is not locked has no supervisor
 * any more; the kernel has ended its programs, namespaces and mounts, so only files and empty cgroups are left. Logs of
 * a start that failed are someone's to read: they stay for a day unless `failedStarts` is set.
 */
export async function removeLeftovers(options: { failedStarts: boolean }): Promise<string[]> {
  const removed: string[] = [];
  for (const name of clusterNames()) {
    const lock = await takeLock(join(stateFolder(), '.locks', `name-${name}`), { wait: false });
    if (!lock) continue;
    if (options.failedStarts || !isRecentFailure(name)) {
      killCgroups(name);
      await removeCgroups(name);
      rmSync(clusterFolder(name), { recursive: true, force: true, maxRetries: 5 });
      removed.push(clusterFolder(name));
    }
    await lock.release();
  }
  removeOldLogs();
  return removed;
}

function isRecentFailure(name: string): boolean {
  const folder = clusterFolder(name);
  if (existsSync(join(folder, 'cluster.json'))) return false;
  return existsSync(folder) && Date.now() - statSync(folder).mtimeMs < logsKeptFor;
}

function removeOldLogs(): void {
  const folder = join(stateFolder(), '.logs');
  if (!existsSync(folder)) return;
  for (const name of readdirSync(folder)) {
    const file = join(folder, name);
    if (Date.now() - statSync(file).mtimeMs > logsKeptFor) rmSync(file, { force: true });
  }
}
