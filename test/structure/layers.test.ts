import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';

/**
 * Which folder of src may import which. A folder may always import itself. What two brothers need moves to a folder
 * that both may import, or is passed in as an argument by the caller.
 */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  lib: [],
  api: ['lib'],
  kube: ['lib', 'api'],
  storage: ['lib', 'api'],
  repository: ['lib', 'api'],
  plugin: ['lib', 'api'],
  filter: ['lib', 'api', 'kube'],
  hooks: ['lib', 'api', 'kube', 'filter'],
  // The volume decision fills the port that the backup engine declares.
  volumes: ['lib', 'api', 'kube', 'storage', 'repository', 'plugin', 'filter', 'hooks', 'backup/volume-port'],
  actions: ['lib', 'api', 'kube', 'storage', 'plugin', 'filter', 'hooks', 'volumes'],
  // An engine receives its actions and the volume port as arguments: it cannot tell a built-in action from a foreign one.
  backup: ['lib', 'api', 'kube', 'storage', 'plugin/contract', 'filter', 'hooks'],
  restore: ['lib', 'api', 'kube', 'storage', 'plugin/contract', 'filter', 'hooks'],
  server: [
    'lib',
    'api',
    'kube',
    'storage',
    'repository',
    'plugin',
    'filter',
    'hooks',
    'volumes',
    'actions',
    'backup',
    'restore',
  ],
  cli: ['lib', 'api', 'kube', 'storage', 'filter', 'server'],
  'main.ts': ['lib', 'cli'],
};

const root = path.resolve(import.meta.dirname, '../../src');

interface Import {
  from: string;
  to: string;
  typeOnly: boolean;
}

function sources(): string[] {
  return readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));
}

/** The imports of one file that stay within the repository, as paths below src (or with `..` where they leave it). */
function importsOf(file: string): Import[] {
  const text = readFileSync(path.join(root, file), 'utf8').replace(/\/\*[\s\S]*?\*\//g, '');
  const found: Import[] = [];
  const statement = /^(?:import|export)\s+(type\s+)?(?:[^'";]*?\sfrom\s+)?'(\.[^']+)'/gm;
  for (const match of text.matchAll(statement))
    found.push(edge(file, match[2] as string, match[1] !== undefined));
  for (const match of text.matchAll(/\bimport\('(\.[^']+)'\)/g))
    found.push(edge(file, match[1] as string, true));
  return found;
}

function edge(file: string, target: string, typeOnly: boolean): Import {
  return { from: file, to: path.join(path.dirname(file), target), typeOnly };
}

const isTest = (file: string) => /\.test\.ts$|conformance/.test(file);
const all = sources().flatMap(importsOf);

it('finds the imports at all', () => {
  expect(all.length).toBeGreaterThan(500);
  expect(all).toContainEqual({
    from: 'main.ts',
    to: 'cli/index.ts',
    typeOnly: expect.any(Boolean) as boolean,
  });
});

it('imports go in the direction of the layers only', () => {
  const wrong = all.filter(({ from, to }) => {
    if (isTest(from)) return false;
    const layer = from.split('/')[0] as string;
    const allowed = MAY_IMPORT[layer];
    if (allowed === undefined) return true;
    return !(
      to.startsWith(`${layer}/`) ||
      to === layer ||
      allowed.some((one) => to === `${one}.ts` || to.startsWith(`${one}/`))
    );
  });
  expect(wrong.map(({ from, to }) => `${from} imports ${to}`)).toEqual([]);
});

it('no source imports a test', () => {
  const wrong = all.filter(({ from, to }) => !isTest(from) && (isTest(to) || to.startsWith('..')));
  expect(wrong.map(({ from, to }) => `${from} imports ${to}`)).toEqual([]);
});

it('no circle of imports', () => {
  const next = new Map<string, string[]>();
  for (const { from, to, typeOnly } of all) {
    if (!typeOnly) next.set(from, [...(next.get(from) ?? []), to]);
  }
  const done = new Set<string>();
  const circles: string[] = [];
  const visit = (file: string, trail: readonly string[]): void => {
    const start = trail.indexOf(file);
    if (start >= 0) {
      circles.push([...trail.slice(start), file].join(' → '));
      return;
    }
    if (done.has(file)) return;
    for (const to of next.get(file) ?? []) visit(to, [...trail, file]);
    done.add(file);
  };
  for (const file of next.keys()) visit(file, []);
  expect(circles).toEqual([]);
});
