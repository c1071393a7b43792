/** Folders whose files are made from source and committed: writing them, and telling where they are out of date. */

import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';

/** Names of the files in `folder` that differ from `wanted` (text by name), are missing, or are one too many. */
export async function differingFiles(folder: string, wanted: ReadonlyMap<string, string>): Promise<string[]> {
  const present = await readdir(folder);
  const differing = present.filter((file) => !wanted.has(file));
  for (const [file, text] of wanted) {
    if (!present.includes(file) || (await readFile(path.join(folder, file), 'utf8')) !== text)
      differing.push(file);
  }
  return differing.sort();
}

/** Makes `folder` hold exactly the files in `wanted`. */
async function writeFiles(folder: string, wanted: ReadonlyMap<string, string>): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const file of await readdir(folder)) {
    if (!wanted.has(file)) await rm(path.join(folder, file));
  }
  for (const [file, text] of wanted) await writeFile(path.join(folder, file), text);
}

/** What such a script does: writes, or with `--check` fails where a file is out of date. */
export async function runGenerator(folder: string, wanted: ReadonlyMap<string, string>): Promise<void> {
  const name = path.relative(path.join(import.meta.dirname, '..'), folder);
  if (!process.argv.includes('--check')) {
    await writeFiles(folder, wanted);
    console.log(`${wanted.size} files written to ${name}`);
    return;
  }
  const differing = await differingFiles(folder, wanted);
  if (differing.length === 0) return;
  const script = path.basename(process.argv[1] ?? '');
  console.error(`${name} is not what src/api says: ${differing.join(', ')}. Run \`node scripts/${script}\`.`);
  process.exitCode = 1;
}
