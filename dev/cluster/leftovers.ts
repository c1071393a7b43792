import { existsSync, readdirSync, readFileSync, rmdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { takeLock } from './lock.ts';
import { clusterFolder, stateFolder } from './paths.ts';

const cgroups = '/sys/fs/cgroup';
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
      killCgroup(name);
      removeCgroups(name);
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

/** The folders of a cluster's containers in each hierarchy (version 1), or in the only one (version 2). */
function cgroupFolders(name: string): string[] {
  if (!existsSync(cgroups)) return [];
  const hierarchies = [cgroups, ...readdirSync(cgroups).map((entry) => join(cgroups, entry))];
  return hierarchies.map((folder) => join(folder, 'oadp-dev', name)).filter((folder) => existsSync(folder));
}

function subfolders(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => join(folder, entry.name));
}

/** Removes the cgroups of a cluster's containers, which outlive their processes. */
export function removeCgroups(name: string): void {
  for (const folder of cgroupFolders(name)) removeCgroup(folder);
}

function removeCgroup(folder: string): void {
  for (const child of subfolders(folder)) removeCgroup(child);
  try {
    rmdirSync(folder);
  } catch {
    // A process is still on its way out. An empty cgroup costs nothing, and the next run tries again.
  }
}

function killCgroup(name: string): void {
  const pending = cgroupFolders(name);
  for (let folder = pending.pop(); folder; folder = pending.pop()) {
    pending.push(...subfolders(folder));
    for (const pid of readFileSync(join(folder, 'cgroup.procs'), 'utf8').split('\n')) {
      if (Number(pid) > 0) process.kill(Number(pid), 'SIGKILL');
    }
  }
}
