import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const root = '/sys/fs/cgroup';

/** The cgroup below which all of a cluster's containers are. */
export function cgroupOf(cluster: string): string {
  return `/oadp-dev/${cluster}`;
}

/** The root of each hierarchy (version 1), or of the only one (version 2). */
function hierarchies(): string[] {
  if (existsSync(join(root, 'cgroup.controllers'))) return [root];
  return existsSync(root) ? readdirSync(root).map((entry) => join(root, entry)) : [];
}

function foldersOf(cluster: string): string[] {
  return hierarchies()
    .map((folder) => join(folder, cgroupOf(cluster)))
    .filter((folder) => existsSync(folder));
}

/** Makes the cgroup of a cluster in every hierarchy; the kubelet wants to find it. */
export function makeCgroups(cluster: string): void {
  for (const folder of hierarchies()) mkdirSync(join(folder, cgroupOf(cluster)), { recursive: true });
}

/** Cgroups come and go with the containers while they are read: one that has gone has nothing in it. */
function ifThere<T>(read: () => T, otherwise: T): T {
  try {
    return read();
  } catch {
    return otherwise;
  }
}

function subfolders(folder: string): string[] {
  return ifThere(() => readdirSync(folder, { withFileTypes: true }), [])
    .filter((entry) => entry.isDirectory())
    .map((entry) => join(folder, entry.name));
}

const attempts = 100;
const pauseBetween = 20;

/**
 * Removes the cgroups of a cluster's containers, which outlive their processes. The kernel refuses while a killed
 * process is still on its way out, so it is tried for two seconds; what is left then costs nothing, and the next
 * removal of leftovers tries again.
 */
export async function removeCgroups(cluster: string): Promise<void> {
  for (let attempt = 0; attempt < attempts && hasCgroups(cluster); attempt++) {
    if (attempt > 0) await sleep(pauseBetween);
    for (const folder of foldersOf(cluster)) removeFolder(folder);
  }
}

function removeFolder(folder: string): void {
  for (const child of subfolders(folder)) removeFolder(child);
  ifThere(() => rmdirSync(folder), undefined);
}

/** The processes in the containers of a cluster. */
export function processesOf(cluster: string): number[] {
  const pids = new Set<number>();
  const pending = foldersOf(cluster);
  for (let folder = pending.pop(); folder; folder = pending.pop()) {
    pending.push(...subfolders(folder));
    const file = join(folder, 'cgroup.procs');
    const lines = ifThere(() => readFileSync(file, 'utf8'), '').split('\n');
    for (const line of lines) if (line) pids.add(Number(line));
  }
  return [...pids];
}

/** Whether a cluster has cgroups, with or without processes. */
export function hasCgroups(cluster: string): boolean {
  return foldersOf(cluster).length > 0;
}

/** Ends what still runs in the containers of a cluster. */
export function killCgroups(cluster: string): void {
  // A process id of 0 is one that this process cannot see, in a namespace beside its own.
  for (const pid of processesOf(cluster)) if (pid > 0) ifThere(() => process.kill(pid, 'SIGKILL'), false);
}
