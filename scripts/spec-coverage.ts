/**
 * Lists the numbered requirements that no test names in its title.
 *
 * Usage: node scripts/spec-coverage.ts [--all] [--only PREFIX,…] [--strict PREFIX,…]
 *   --all      print every number that is missing, not only the count per group
 *   --only     look at these groups alone, e.g. V-STO,V-BKP
 *   --strict   exit 1 where one of these groups has a number that is neither proven nor excused
 *
 * A test proves a number by naming it at the start of its title: it('V-STO-031 V-STO-032 …'). Numbers that cannot be
 * proven are excused one by one, with a reason, in docs/requirements/excused.txt (`NUMBER reason…`).
 */

import { existsSync, readFileSync } from 'node:fs';
import { glob } from 'node:fs/promises';
import path from 'node:path';
import { parseArgs } from 'node:util';

const root = path.resolve(import.meta.dirname, '..');
const NUMBER = /\b(?:[OV]-[A-Z]+|S)-\d{3}\b/g;

const { values: flags } = parseArgs({
  options: {
    all: { type: 'boolean', default: false },
    only: { type: 'string', default: '' },
    strict: { type: 'string', default: '' },
  },
});

const groupOf = (number: string) => number.slice(0, number.lastIndexOf('-'));
const listOf = (text: string) => text.split(',').filter((part) => part !== '');

async function requirements(): Promise<string[]> {
  const found = new Set<string>();
  for await (const file of glob('docs/requirements/*.md', { cwd: root })) {
    for (const line of readFileSync(path.join(root, file), 'utf8').split('\n')) {
      const match = /^- \**((?:[OV]-[A-Z]+|S)-\d{3})\b/.exec(line);
      if (match) found.add(match[1] as string);
    }
  }
  return [...found].sort();
}

async function proven(): Promise<Map<string, string[]>> {
  const tests = new Map<string, string[]>();
  for await (const file of glob('{src,test,dev,scripts}/**/*.test.ts', {
    cwd: root,
    exclude: (name) => name.includes('node_modules'),
  })) {
    const text = readFileSync(path.join(root, file), 'utf8');
    for (const title of text.matchAll(/['"`]((?:(?:[OV]-[A-Z]+|S)-\d{3})[^'"`\n]*)['"`]/g)) {
      for (const number of (title[1] as string).match(NUMBER) ?? []) {
        tests.set(number, [...(tests.get(number) ?? []), file]);
      }
    }
  }
  return tests;
}

function excused(): Map<string, string> {
  const file = path.join(root, 'docs/requirements/excused.txt');
  if (!existsSync(file)) return new Map();
  const lines = readFileSync(file, 'utf8').split('\n');
  return new Map(
    lines.flatMap((line) => {
      const match = /^((?:[OV]-[A-Z]+|S)-\d{3})\s+(\S.*)$/.exec(line);
      return match ? [[match[1] as string, match[2] as string] as const] : [];
    }),
  );
}

const only = listOf(flags.only);
const all = (await requirements()).filter((number) => only.length === 0 || only.includes(groupOf(number)));
const tests = await proven();
const excuses = excused();

const groups = new Map<string, { total: number; missing: string[]; excused: number }>();
for (const number of all) {
  const group = groups.get(groupOf(number)) ?? { total: 0, missing: [], excused: 0 };
  group.total += 1;
  if (!tests.has(number)) {
    if (excuses.has(number)) group.excused += 1;
    else group.missing.push(number);
  }
  groups.set(groupOf(number), group);
}

for (const [name, group] of groups) {
  const covered = group.total - group.missing.length - group.excused;
  const rest = flags.all && group.missing.length > 0 ? `  missing: ${group.missing.join(' ')}` : '';
  console.log(
    `${name.padEnd(7)} ${String(covered).padStart(4)} of ${String(group.total).padStart(4)}${rest}`,
  );
}
const unknown = [...tests.keys()].filter((number) => only.length === 0 && !all.includes(number));
if (unknown.length > 0) console.log(`named by a test but not written down: ${unknown.sort().join(' ')}`);

const missing = [...groups.values()].flatMap((group) => group.missing);
const excusedCount = [...groups.values()].reduce((sum, group) => sum + group.excused, 0);
const strict = listOf(flags.strict);
const failing = missing.filter((number) => strict.includes(groupOf(number)));
if (failing.length > 0) console.log(`required but not proven: ${failing.join(' ')}`);
console.log(
  `covered ${all.length - missing.length - excusedCount} of ${all.length}, excused ${excusedCount}`,
);
process.exitCode = failing.length > 0 || unknown.length > 0 ? 1 : 0;
