import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ApiObject } from '../../support/api.ts';
import { phaseOf, type Side } from '../../support/velero.ts';
import { FILTERS, HIDDEN, INVALID, OTHERS, SELECTORS, VOLUMES } from './backup-cases.ts';
import { type Case, Pair, SIDES } from './pair.ts';
import { prepareBackups } from './prepare.ts';
import { createWorld, hide } from './world.ts';

/**
 * The same backups of the same cluster by the real Velero 1.14.1 and by ours: the Backup afterwards and every file in
 * the bucket, the tarball entry by entry, field by field.
 */

let pair: Pair;
let ends: Map<string, Record<Side, ApiObject>>;

beforeAll(async () => {
  pair = await Pair.create();
  await createWorld(pair);
  await prepareBackups(pair);
  await pair.startServers();
  ends = await pair.run('backups', [...FILTERS, ...SELECTORS, ...VOLUMES, ...OTHERS, ...INVALID]);
  await hide(pair);
  for (const [name, end] of await pair.run('backups', HIDDEN)) ends.set(name, end);
}, 900_000);

afterAll(async () => {
  await pair?.stop();
}, 120_000);

describe.each([
  ['namespaces and types', FILTERS],
  ['labels and orders', SELECTORS],
  ['volumes', VOLUMES],
  ['hooks, names, times', OTHERS],
  ['specifications that are refused', INVALID],
  ['a hidden namespace', HIDDEN],
] as const)('%s', (_what, cases: readonly Case[]) => {
  it.each(cases)('$title', (one) => {
    const end = ends.get(one.name) as Record<Side, ApiObject>;
    expect(phaseOf(end.real), JSON.stringify(end.real['status'])).toBe(one.phase);
    expect(pair.compare('backups', one, end)).toEqual([]);
  });
});

it('V-BKP-048 write what is ordered in that order', () => {
  const { name } = SELECTORS.find(({ title }) => title.endsWith(' ordered resources')) as Case;
  const [real, ours] = SIDES.map((side) => pair.order(side, name, 'pods'));
  expect(real?.slice(0, 3).map((entry) => entry.replace(/.*namespaces\//, ''))).toEqual([
    'lab/pending.json',
    'lab/disks.json',
    'mini/hooked.json',
  ]);
  expect(ours).toEqual(real);
});
