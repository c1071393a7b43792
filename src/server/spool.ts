/**
 * Temporary files of a running job: made for their owner alone, in a directory of this process, so that nobody else
 * on the machine can read a cluster's secrets while they wait for their upload.
 */

import { createReadStream } from 'node:fs';
import { type FileHandle, mkdtemp, open, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { Failure, messageOf } from '../lib/errors.ts';

export interface Spool {
  readonly directory: string;
  /** A path that no other caller gets; whoever writes the file makes it with {@link SPOOL_MODE}. */
  path(name: string): string;
  remove(path: string): Promise<void>;
  /** Removes everything. */
  close(): Promise<void>;
}

export const SPOOL_MODE = 0o600;

/** Spools of this process that are in use: two servers may share a process. */
const inUse = new Set<string>();

/**
 * Makes a spool below `root` (the system's temporary directory where absent) and removes those that killed servers
 * left there: each holds a whole backup, and a server that is killed again and again would fill the disk.
 */
export async function createSpool(root: string = tmpdir()): Promise<Spool> {
  await removeAbandoned(root);
  // mkdtemp makes the directory with mode 0700.
  const directory = await mkdtemp(join(root, `velero-${process.pid}-`));
  inUse.add(directory);
  let count = 0;
  return {
    directory,
    path: (name) => join(directory, `${++count}-${name}`),
    remove: (path) => rm(path, { force: true }),
    close: async () => {
      inUse.delete(directory);
      await rm(directory, { recursive: true, force: true });
    },
  };
}

async function removeAbandoned(root: string): Promise<void> {
  for (const name of await readdir(root)) {
    const match = /^velero-(\d+)-[A-Za-z0-9]{6}$/.exec(name);
    const directory = join(root, name);
    if (!match || inUse.has(directory)) continue;
    const owner = Number(match[1]);
    // In a container every server has the same process id: what bears ours and is not in use is of an earlier life.
    if (owner !== process.pid && isAlive(owner)) continue;
    await rm(directory, { recursive: true, force: true }).catch(() => undefined);
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** A file as a stream, made anew as often as an upload has to be tried. */
export function readSpoolFile(path: string): Readable {
  return createReadStream(path, { highWaterMark: 256 * 1024 });
}

const DISK_FAULTS: ReadonlySet<string> = new Set(['ENOSPC', 'EDQUOT', 'EFBIG', 'EROFS', 'EIO']);

/** A disk that takes no more as a Failure `SPOOL_FAILED` with what to do; any other error as it is. */
export function spoolFailure(error: unknown, directory: string): unknown {
  if (!DISK_FAULTS.has((error as NodeJS.ErrnoException | undefined)?.code ?? '')) return error;
  return new Failure({
    code: 'SPOOL_FAILED',
    message: `cannot write temporary files into ${directory}: ${messageOf(error)}`,
    object: directory,
    remedy:
      'a backup needs room for its compressed archive and log there: give the volume of the server pod that holds this directory more room, or set TMPDIR to another one, then run the backup again',
    cause: error,
  });
}

/** Opens a new spool file for writing; fails where it exists. */
export function openSpoolFile(path: string): Promise<FileHandle> {
  return open(path, 'wx', SPOOL_MODE);
}
