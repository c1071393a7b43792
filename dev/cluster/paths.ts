import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder of this library, dev/cluster. */
export const libraryFolder: string = dirname(fileURLToPath(import.meta.url));

/** The folder with one pinned Go module per group of programs, dev/go. */
export const modulesFolder: string = join(dirname(libraryFolder), 'go');

/** Where built programs are kept between runs. */
export function cacheFolder(): string {
  const base = process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache');
  return process.env['OADP_CACHE'] || join(base, 'oadp-dev');
}

/**
 * Where the state of running clusters lives. It is short on purpose: Unix sockets inside it may not be longer than
 * 107 bytes.
 */
export function stateFolder(): string {
  return process.env['OADP_DEV_DIR'] || '/tmp/oadp-dev';
}

/** Locks for what belongs to the machine as a whole, wherever the clusters' state is kept. */
export const machineLocks = '/tmp/oadp-dev/.locks';

/** The folder of one cluster: data, logs, certificates, kubeconfig. */
export function clusterFolder(name: string): string {
  return join(stateFolder(), name);
}
