import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ApiObject } from '../../support/api.ts';
import { phaseOf, type Side } from '../../support/velero.ts';
import { Pair } from './pair.ts';
import { backUpSources, obstruct, prepareBackups, prepareRestores } from './prepare.ts';
import {
  EXISTING,
  FILTERS,
  HOOKS,
  MAPPINGS,
  MODIFIERS,
  type RestoreCase,
  SOURCED,
  TWINS,
} from './restore-cases.ts';
import { compareRestored, restoredObjects, targetsOf } from './restored.ts';
import { createWorld } from './world.ts';

/**
 * The same restores by the real Velero 1.14.1 and by ours, each of its own backups of the same objects, into namespaces
 * of its own: the Restore afterwards, every file in the bucket, and every object that is there in the end.
 */

const ALL = [...MAPPINGS, ...FILTERS, ...EXISTING, ...HOOKS, ...MODIFIERS, ...SOURCED, ...TWINS];

let pair: Pair;
let sources: Map<string, Record<Side, ApiObject>>;
let ends: Map<string, Record<Side, ApiObject>>;
let objects: Record<Side, Map<string, ApiObject>>;

beforeAll(async () => {
  pair = await Pair.create();
  await createWorld(pair);
  await prepareBackups(pair);
  await prepareRestores(pair);
  await pair.startServers(['--terminating-resource-timeout', '1s']);
  sources = await backUpSources(pair);
  await obstruct(pair, ALL);
  ends = await pair.run('restores', ALL, 600);
  objects = await restoredObjects(pair);
}, 900_000);

afterAll(async () => {
  await pair?.stop();
}, 120_000);

it('begin with the same backups on both sides', () => {
  for (const [name, { real, ours }] of sources) {
    expect(phaseOf(ours), name).toBe(phaseOf(real));
    expect(phaseOf(real), name).toBe(name === 'in-the-bucket' ? 'Failed' : 'Completed');
  }
});

describe.each([
  ['namespaces', MAPPINGS],
  ['what is restored', FILTERS],
  ['what is there already', EXISTING],
  ['hooks', HOOKS],
  ['resource modifiers', MODIFIERS],
  ['sources and specifications that are refused', SOURCED],
  ['objects of the cluster', TWINS],
] as const)('%s', (_what, cases: readonly RestoreCase[]) => {
  it.each(cases)('$title', (one) => {
    const end = ends.get(one.name) as Record<Side, ApiObject>;
    expect(phaseOf(end.real), JSON.stringify(end.real['status'])).toBe(one.phase);
    const left = compareRestored(objects, targetsOf(end.real)).filter((line) => one.except?.(line) !== true);
    expect([...pair.compare('restores', one, end), ...left]).toEqual([]);
  });
});

it('V-RST-139 V-RST-140 V-RST-149 leave the same objects of the whole cluster, and in namespaces that keep their names', () => {
  const mapped = new Set([...ends.values()].flatMap(({ real }) => targetsOf(real)));
  const others = [...objects.real.keys(), ...objects.ours.keys()]
    .map((key) => key.slice(0, key.indexOf('/')))
    .filter((namespace) => !mapped.has(namespace));
  expect(others).toContain('');
  expect(others).toContain('t1-SIDE');
  expect(compareRestored(objects, others)).toEqual([]);
});
