/** `backup download` (pkg/cmd/cli/backup/download.go). */

import { type FileHandle, open, rm } from 'node:fs/promises';
import path from 'node:path';
import type { Backup } from '../../api/backup.ts';
import { Failure } from '../../lib/errors.ts';
import { boolFlag, durationFlag, stringFlag } from '../../lib/flag-values.ts';
import { type Command, defineCommand, exactArgs } from '../command.ts';
import { errnoText } from '../config-file.ts';
import { getObject } from '../objects.ts';
import { tlsFlags } from '../tls-flags.ts';

export function downloadBackup(cacert: string): Command {
  return defineCommand({
    use: 'download NAME',
    short: 'Download all Kubernetes manifests for a backup',
    long: 'Download all Kubernetes manifests for a backup. The contents of volume snapshots are not part of it.',
    args: exactArgs(1),
    flags: {
      output: stringFlag('Output file; <NAME>-data.tar.gz in the current directory unless given.', {
        shorthand: 'o',
      }),
      force: boolFlag('Overwrite the file where it exists already.'),
      timeout: durationFlag('Maximum time to wait to process download request.', { default: 60_000 }),
      ...tlsFlags(cacert),
    },
    async run({ flags, args, session }) {
      const name = args[0] as string;
      const { output, force } = flags;
      const file = output === '' ? path.join(session.terminal.cwd, `${name}-data.tar.gz`) : output;
      await getObject<Backup>(session, 'Backup', name);
      const handle = await create(path.resolve(session.terminal.cwd, file), file, force);
      try {
        const { download } = await import('../download.ts');
        const options = { ...flags, timeoutMs: flags.timeout };
        await download(session, 'BackupContents', name, options, handle.createWriteStream());
      } catch (error) {
        await rm(path.resolve(session.terminal.cwd, file), { force: true });
        throw error;
      } finally {
        await handle.close();
      }
      await session.print(`Backup ${name} has been successfully downloaded to ${file}`);
    },
  });
}

async function create(file: string, shown: string, force: boolean): Promise<FileHandle> {
  try {
    return await open(file, force ? 'w' : 'wx', 0o600);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new Failure({
      code: 'OUTPUT_FILE',
      message: `open ${shown}: ${errnoText(code)}`,
      object: shown,
      remedy: code === 'EEXIST' ? 'Give --force to overwrite it, or another file with --output.' : undefined,
      cause: error,
    });
  }
}
