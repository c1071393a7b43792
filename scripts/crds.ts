/**
 * Writes deploy/crds/*.yaml from the definitions in src/api. With `--check` it writes nothing and fails where a file
 * differs or is one too many.
 */

import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { stringify } from 'yaml';
import { customResourceDefinition } from '../src/api/crd.ts';
import { DEFINITIONS } from '../src/api/definitions.ts';

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

/** Names of the files in `folder` that are not as they should be. */
export async function differingCrds(folder: string): Promise<string[]> {
  const wanted = crdFiles();
  const present = (await readdir(folder)).filter((file) => file.endsWith('.yaml'));
  const differing = present.filter((file) => !wanted.has(file));
  for (const [file, manifest] of wanted) {
    const found = present.includes(file) ? await readFile(path.join(folder, file), 'utf8') : undefined;
    if (found !== manifest) differing.push(file);
  }
  return differing.sort();
}

if (import.meta.main) {
  if (process.argv.includes('--check')) {
    const differing = await differingCrds(CRD_FOLDER);
    if (differing.length > 0) {
      console.error(`deploy/crds is not what src/api says: ${differing.join(', ')}. Run \`npm run crds\`.`);
      process.exitCode = 1;
    }
  } else {
    await mkdir(CRD_FOLDER, { recursive: true });
    const wanted = crdFiles();
    for (const file of await readdir(CRD_FOLDER)) {
      if (!wanted.has(file)) await rm(path.join(CRD_FOLDER, file));
    }
    for (const [file, manifest] of wanted) await writeFile(path.join(CRD_FOLDER, file), manifest);
    console.log(`${wanted.size} manifests written to deploy/crds`);
  }
}
