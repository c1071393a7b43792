import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ApiObject } from '../../support/api.ts';
import { phaseOf, type Side } from '../../support/velero.ts';
import { type Case, namespaceOf, Pair, SIDES } from './pair.ts';
import { compareRestored, restoredObjects, targetsOf } from './restored.ts';

/**
 * Types with several versions, backed up and restored with the feature EnableAPIGroupVersions by the real Velero 1.14.1
 * and by ours. Between backup and restore the cluster changes which versions it serves.
 */

interface Kind {
  readonly plural: string;
  /** Versions that are served when the backup is made; the first is stored. */
  readonly before: readonly string[];
  /** Those that are served when it is restored. */
  readonly after: readonly string[];
  /** The user's wish in the second restore. */
  readonly wish?: string;
}

const KINDS: readonly Kind[] = [
  { plural: 'same', before: ['v1', 'v2'], after: ['v1', 'v2'] },
  { plural: 'wished', before: ['v1', 'v2', 'v1beta1'], after: ['v1', 'v2', 'v1beta1'], wish: 'v1beta1,v1' },
  { plural: 'older', before: ['v1', 'v2'], after: ['v1'] },
  { plural: 'newer', before: ['v1'], after: ['v1', 'v3'] },
  { plural: 'moved', before: ['v1', 'v2', 'v1alpha1'], after: ['v1', 'v3', 'v1alpha1'] },
  {
    plural: 'betas',
    before: ['v1beta1', 'v1alpha1', 'v1'],
    after: ['v1beta1', 'v1alpha1'],
    wish: 'v9, v1alpha1',
  },
  { plural: 'apart', before: ['v1', 'v2'], after: ['v8'] },
];

const ROWS: readonly Case[] = [
  {
    name: 'first',
    title: 'V-RST-073 V-RST-074 V-RST-075 by what both clusters serve',
    spec: restore('first'),
    phase: 'PartiallyFailed',
  },
  {
    name: 'second',
    title: 'V-RST-076 V-RST-077 by what the user wishes',
    spec: restore('second'),
    phase: 'PartiallyFailed',
  },
];

function restore(name: string) {
  return (side: Side) => ({ backupName: 'all', namespaceMapping: { fruits: `${name}-${side}` } });
}

const groupOf = ({ plural }: Kind) => `${plural}.example.com`;
const kindOf = ({ plural }: Kind) => plural[0]?.toUpperCase() + plural.slice(1);

function definition(kind: Kind, served: readonly string[]): Record<string, unknown> {
  const versions = [...new Set([...kind.before, ...kind.after])];
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${kind.plural}.${groupOf(kind)}` },
    spec: {
      group: groupOf(kind),
      scope: 'Namespaced',
      names: { plural: kind.plural, singular: kind.plural, kind: kindOf(kind) },
      versions: versions.map((name, index) => ({
        name,
        served: served.includes(name),
        storage: index === 0,
        schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
      })),
    },
  };
}

let pair: Pair;
let backup: Record<Side, ApiObject>;
const ends = new Map<string, Record<Side, ApiObject>>();
let objects: Record<Side, Map<string, ApiObject>>;

const FLAGS = ['--features', 'EnableAPIGroupVersions'];
const BACKUP: Case = {
  name: 'all',
  title: 'all',
  spec: { includedNamespaces: ['fruits'] },
  phase: 'Completed',
};

beforeAll(async () => {
  pair = await Pair.create();
  await pair.apply('apiVersion: v1\nkind: Namespace\nmetadata: {name: fruits}\n');
  for (const kind of KINDS) await pair.apply(JSON.stringify(definition(kind, kind.before)));
  for (const kind of KINDS) await createOne(kind);
  await pair.apply(`
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: web, namespace: fruits}
spec: {maxReplicas: 3, scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}}
`);
  // Controllers would put accounts and certificates into the restored namespaces at moments of their own.
  await pair.cluster.program('kube-controller-manager').kill();
  await pair.startServers(FLAGS);
  backup = (await pair.run('backups', [BACKUP])).get('all') as Record<Side, ApiObject>;
  await pair.stopServers();
  for (const kind of KINDS) {
    await pair.api.patch(
      `/apis/apiextensions.k8s.io/v1/customresourcedefinitions/${kind.plural}.${groupOf(kind)}`,
      { spec: definition(kind, kind.after)['spec'] },
    );
  }
  await pair.api.until(
    () =>
      pair.api.text('GET', '/apis/apart.example.com/v8').then(
        () => true,
        () => false,
      ),
    (served) => served,
    'the changed versions to be served',
  );
  await pair.startServers(FLAGS);
  for (const one of ROWS) {
    if (one.name === 'second') await wish();
    for (const [name, end] of await pair.run('restores', [one])) ends.set(name, end);
  }
  objects = await restoredObjects(pair);
}, 600_000);

afterAll(async () => {
  await pair?.stop();
}, 120_000);

/** A type that was just defined is not served at once. */
async function createOne(kind: Kind): Promise<void> {
  const [version] = kind.before;
  const path = `/apis/${groupOf(kind)}/${version}/namespaces/fruits/${kind.plural}`;
  await pair.api.until(
    () =>
      pair.api.list(path).then(
        () => true,
        () => false,
      ),
    (served) => served,
    `${kind.plural} to be served`,
  );
  await pair.api.create(path, {
    apiVersion: `${groupOf(kind)}/${version}`,
    kind: kindOf(kind),
    metadata: { name: 'one' },
    spec: { size: 1 },
  });
}

async function wish(): Promise<void> {
  const lines = KINDS.flatMap((kind) =>
    kind.wish === undefined ? [] : [`${kind.plural}.${groupOf(kind)}=${kind.wish}`],
  );
  for (const side of SIDES) {
    await pair.api.create(`/api/v1/namespaces/${namespaceOf(side)}/configmaps`, {
      metadata: { name: 'enableapigroupversions' },
      data: { restoreResourcesVersionPriority: ['no equal sign', '=v1', ...lines, ''].join('\n') },
    });
  }
}

describe('with every version', () => {
  it('V-BKP-040 V-STO-032 a backup holds each served version of each object', () => {
    expect(phaseOf(backup.real), JSON.stringify(backup.real['status'])).toBe('Completed');
    expect(pair.compare('backups', BACKUP, backup)).toEqual([]);
    const entries = [...pair.folder('ours', 'backups', 'all').archive('all.tar.gz').keys()];
    const of = (plural: string) => entries.filter((entry) => entry.startsWith(`resources/${plural}.`)).length;
    expect(of('wished')).toBe(4);
  });

  it.each(ROWS)('$title, a restore chooses the same versions', (one) => {
    const end = ends.get(one.name) as Record<Side, ApiObject>;
    expect(phaseOf(end.real), JSON.stringify(end.real['status'])).toBe(one.phase);
    expect([...pair.compare('restores', one, end), ...compareRestored(objects, targetsOf(end.real))]).toEqual(
      [],
    );
  });
});
