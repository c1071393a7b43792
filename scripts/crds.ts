/**
 * Writes deploy/crds/*.yaml from the definitions in src/api. With `--check` it writes nothing and fails where a file
 * differs or is one too many.
 */

import path from 'node:path';
import { stringify } from 'yaml';
import { customResourceDefinition } from '../src/api/crd.ts';
import { DEFINITIONS } from '../src/api/definitions.ts';
import { runGenerator } from './generated.ts';

export const CRD_FOLDER = path.join(import.meta.dirname, '..', 'deploy', 'crds');

/** Every manifest by the name of its file. */
export function crdFiles(): Map<string, string> {
  const files = new Map<string, string>();
  for (const kind of Object.values(DEFINITIONS)) {
    const manifest = stringify(customResourceDefinition(kind), {
      lineWidth: 0,
      aliasDuplicateObjects: false,
    });
    files.set(`${kind.group}_${kind.resource}.yaml`, manifest);
  }
  return files;
}

if (import.meta.main) await runGenerator(CRD_FOLDER, crdFiles());
