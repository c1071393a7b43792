/** What commands for both kinds of locations share: credentials and certificate files. */

import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { Failure } from '../lib/errors.ts';
import { type Flag, mapFlag } from '../lib/flag-values.ts';
import { invalid } from './backup/spec-flags.ts';
import { errnoText } from './config-file.ts';
import type { Session } from './session.ts';

export function credentialFlag(verb: 'Credential' | 'Sets the credential'): {
  credential: Flag<Readonly<Record<string, string>>>;
} {
  return {
    credential: mapFlag(
      `${verb} of this location: the name of a Secret, and the key in it that holds the credential, as SECRET=KEY. Optional, one value only.`,
    ),
  };
}

/** The Secret and its key, where one is given. @throws Failure for more than one */
export function credentialOf(
  pairs: Readonly<Record<string, string>>,
): { name: string; key: string } | undefined {
  const entries = Object.entries(pairs);
  if (entries.length > 1) throw invalid('--credential can only contain 1 key/value pair');
  const [entry] = entries;
  return entry === undefined ? undefined : { name: entry[0], key: entry[1] };
}

/** A file's bytes in base64, or undefined where none is named. @throws Failure where it cannot be read */
export async function fileAsBase64(session: Session, file: string): Promise<string | undefined> {
  if (file === '') return undefined;
  const full = path.resolve(session.terminal.cwd, file);
  try {
    return (await readFile(full)).toString('base64');
  } catch (error) {
    throw new Failure({
      code: 'INPUT_FILE',
      message: `open ${full}: ${errnoText((error as NodeJS.ErrnoException).code)}`,
      object: full,
      cause: error,
    });
  }
}
