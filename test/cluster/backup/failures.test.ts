import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Cluster, startCluster } from '../../../dev/cluster/index.ts';
import type { KubeClient } from '../../../src/kube/index.ts';
import { Api } from '../../support/api.ts';
import { namespacesOf, populate, type Population } from '../../support/populate.ts';
import { aDefinition } from './fixture.ts';
import { backUp, connect, listed, textOf } from './support.ts';

let cluster: Cluster;
let api: Api;
let kube: KubeClient;
const population: Population = { prefix: 'many', namespaces: 4, perNamespace: 300 };

beforeAll(async () => {
  cluster = await startCluster();
  api = new Api(cluster);
  await populate(api, population);
  kube = await connect(cluster);
});

afterAll(async () => {
  await kube?.close();
  await api?.close();
  await cluster?.stop();
});

function expectedConfigMaps(): number {
  return population.namespaces * (population.perNamespace / 2);
}

it('V-BKP-045 a type that cannot be listed is one error with its name, and the rest is stored', async () => {
  const definition = aDefinition('broken', 'Broken', 'Namespaced') as {
    spec: { versions: Record<string, unknown>[]; conversion?: unknown };
  };
  const path = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
  const [version] = definition.spec.versions;
  definition.spec.versions.push({ ...version, name: 'v2', storage: false });
  await api.create(path, definition);
  const items = '/apis/example.com/v1/namespaces/many-0000/broken';
  await api.until(
    () =>
      api.list(items).then(
        () => true,
        () => false,
      ),
    (served) => served,
    'broken to be served',
  );
  await api.create(items, { apiVersion: 'example.com/v1', kind: 'Broken', metadata: { name: 'b' } });
  // Objects lie in v1, the preferred version is v2, and nobody converts them.
  await api.patch(`${path}/broken.example.com`, {
    spec: {
      conversion: {
        strategy: 'Webhook',
        webhook: {
          conversionReviewVersions: ['v1'],
          clientConfig: { url: 'https://127.0.0.1:9/convert' },
        },
      },
    },
  });
  await api.until(
    () =>
      api.list('/apis/example.com/v2/namespaces/many-0000/broken').then(
        () => true,
        () => false,
      ),
    (served) => !served,
    'conversion to fail',
  );
  const impatient = await connect(cluster, { patienceMs: 2000 });
  const result = await backUp(impatient, { includedNamespaces: namespacesOf(population) });
  await impatient.close();
  await api.delete(`${path}/broken.example.com`);
  const errors = result.errors.filter(({ fields }) => fields['resource'] === 'broken');
  // Where there are no objects there is nothing to convert.
  expect(errors).toHaveLength(1);
  expect(errors[0]?.message).toBe('Error listing items');
  expect(errors[0]?.fields).toMatchObject({
    group: 'example.com/v2',
    namespace: expect.stringMatching(/^many-/),
  });
  expect(textOf(errors[0] as never)).toMatch(/convers/i);
  expect(listed(result, 'v1/ConfigMap').filter((name) => name.includes('/item-'))).toHaveLength(
    expectedConfigMaps(),
  );
});

it('loses nothing while the API server is away for 20 seconds', async () => {
  let resume: () => void = () => undefined;
  const held = new Promise<void>((resolve) => {
    resume = resolve;
  });
  // An action holds the ordered lane, so that lists are still open when the server goes away.
  let killed = false;
  const result = await backUp(
    kube,
    { includedNamespaces: namespacesOf(population) },
    {
      pageSize: 20,
      actions: [
        {
          name: 'example.com/hold',
          appliesTo: () => Promise.resolve({ includedResources: ['configmaps'] }),
          execute: async (item) => {
            if (!killed) {
              killed = true;
              await cluster.apiserver.kill();
              void sleep(20_000)
                .then(() => cluster.apiserver.start())
                .then(resume, resume);
            }
            return { item };
          },
        },
      ],
    },
  );
  await held;
  expect(killed).toBe(true);
  expect(result.errors.map(textOf)).toEqual([]);
  expect(listed(result, 'v1/ConfigMap').filter((name) => name.includes('/item-'))).toHaveLength(
    expectedConfigMaps(),
  );
  expect(listed(result, 'apps/v1/Deployment')).toHaveLength(
    population.namespaces * (population.perNamespace / 4),
  );
  expect(listed(result, 'v1/Secret').filter((name) => name.includes('/item-'))).toHaveLength(
    population.namespaces * (population.perNamespace / 4),
  );
}, 120_000);

it('ends with the cause where the archive cannot be stored', async () => {
  const store = async (archive: Readable) => {
    for await (const _chunk of archive) throw new Error('no space left on device');
  };
  await expect(backUp(kube, {}, { store })).rejects.toThrow('no space left on device');
});

it('ends at once where it is told to stop', async () => {
  const controller = new AbortController();
  const started = performance.now();
  const run = backUp(
    kube,
    {},
    {
      signal: controller.signal,
      actions: [
        {
          name: 'example.com/slow',
          appliesTo: () => Promise.resolve({ includedResources: ['configmaps'] }),
          execute: async (item, _backup, { signal }) => {
            controller.abort(new Error('server is stopping'));
            await sleep(30_000, undefined, { signal });
            return { item };
          },
        },
      ],
    },
  );
  await expect(run).rejects.toThrow('server is stopping');
  expect(performance.now() - started).toBeLessThan(10_000);
});

it('V-BKP-072 tells its progress at most once a second and never backwards', async () => {
  const result = await backUp(
    kube,
    { includedNamespaces: ['many-0000'], includedResources: ['configmaps'] },
    {
      actions: [
        {
          name: 'example.com/pace',
          appliesTo: () => Promise.resolve({ includedResources: ['configmaps'] }),
          execute: async (item) => {
            await sleep(20);
            return { item };
          },
        },
      ],
    },
  );
  const seconds = (population.perNamespace / 2) * 0.02;
  expect(result.progress.length).toBeGreaterThanOrEqual(2);
  expect(result.progress.length).toBeLessThanOrEqual(Math.ceil(seconds) + 2);
  const done = result.progress.map(({ itemsBackedUp }) => itemsBackedUp);
  expect(done).toEqual([...done].sort((a, b) => a - b));
  for (const { totalItems, itemsBackedUp } of result.progress) {
    expect(totalItems).toBeGreaterThanOrEqual(itemsBackedUp);
  }
});

it('several backups run at once without mixing', async () => {
  const results = await Promise.all(
    namespacesOf(population).map((namespace) =>
      backUp(kube, { includedNamespaces: [namespace] }, { name: namespace }),
    ),
  );
  for (const [index, result] of results.entries()) {
    const namespace = `many-${String(index).padStart(4, '0')}`;
    expect(listed(result, 'v1/Namespace')).toEqual([namespace]);
    const names = listed(result, 'v1/ConfigMap');
    expect(names.every((name) => name.startsWith(`${namespace}/`))).toBe(true);
    expect(names).toHaveLength(population.perNamespace / 2 + 1);
    expect(result.errors).toEqual([]);
  }
});

it('types that were installed a moment ago belong to the backup', async () => {
  await api.create(
    '/apis/apiextensions.k8s.io/v1/customresourcedefinitions',
    aDefinition('fresh', 'Fresh', 'Cluster'),
  );
  await api.until(
    () =>
      api.list('/apis/example.com/v1/fresh').then(
        () => true,
        () => false,
      ),
    (served) => served,
    'fresh to be served',
  );
  await api.create('/apis/example.com/v1/fresh', {
    apiVersion: 'example.com/v1',
    kind: 'Fresh',
    metadata: { name: 'one' },
  });
  const result = await backUp(kube, {});
  expect(listed(result, 'example.com/v1/Fresh')).toEqual(['one']);
});
