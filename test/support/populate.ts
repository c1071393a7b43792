/** Fills a cluster with many small objects, as a cluster of many tenants has them. */

import { type Api, ensureNone, inParallel } from './api.ts';

export interface Population {
  /** Prefix of the namespaces' names. */
  prefix: string;
  namespaces: number;
  /** Objects in each: half ConfigMaps, a quarter Secrets, a quarter Deployments that are paused with 0 replicas. */
  perNamespace: number;
}

export interface PlannedObject {
  path: string;
  body: string;
}

const TEXT = 'the quick brown fox jumps over the lazy dog; '.repeat(12);

/** The names of the namespaces of a population. */
export function namespacesOf(population: Population): string[] {
  return Array.from(
    { length: population.namespaces },
    (_, index) => `${population.prefix}-${String(index).padStart(4, '0')}`,
  );
}

/** Every object of a population, namespaces not included, in the order in which they are created. */
export function* plan(population: Population): Generator<PlannedObject> {
  for (const namespace of namespacesOf(population)) {
    for (let index = 0; index < population.perNamespace; index++) yield planned(namespace, index);
  }
}

function planned(namespace: string, index: number): PlannedObject {
  const name = `item-${String(index).padStart(4, '0')}`;
  const labels = { app: `app-${index % 10}`, tier: index % 2 === 0 ? 'front' : 'back' };
  const metadata = { name, namespace, labels };
  if (index % 4 === 3) {
    return {
      path: `/apis/apps/v1/namespaces/${namespace}/deployments`,
      body: JSON.stringify({
        apiVersion: 'apps/v1',
        kind: 'Deployment',
        metadata,
        spec: {
          replicas: 0,
          paused: true,
          selector: { matchLabels: { item: name } },
          template: {
            metadata: { labels: { item: name } },
            spec: {
              containers: [{ name: 'main', image: 'example/app:1', env: [{ name: 'TEXT', value: TEXT }] }],
            },
          },
        },
      }),
    };
  }
  if (index % 4 === 1) {
    return {
      path: `/api/v1/namespaces/${namespace}/secrets`,
      body: JSON.stringify({
        apiVersion: 'v1',
        kind: 'Secret',
        metadata,
        data: { text: Buffer.from(TEXT).toString('base64') },
      }),
    };
  }
  return {
    path: `/api/v1/namespaces/${namespace}/configmaps`,
    body: JSON.stringify({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata,
      data: { text: TEXT, index: `${index}` },
    }),
  };
}

/** Creates a population's namespaces. */
export async function createNamespaces(api: Api, population: Population): Promise<void> {
  await inParallel(namespacesOf(population), 16, async (name) => {
    await api.text('POST', '/api/v1/namespaces', {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name, labels: { population: population.prefix } },
    });
  });
}

/**
 * Creates every object of a population over 32 connections: the raw limit of creates.
 * @returns seconds for the objects, the namespaces not counted
 */
export async function populate(api: Api, population: Population): Promise<number> {
  await createNamespaces(api, population);
  const started = performance.now();
  await inParallel(plan(population), 32, async (object) => {
    await api.text('POST', object.path, object.body);
  });
  return (performance.now() - started) / 1000;
}

/** Deletes a population with its namespaces and waits until nothing of it is left. */
export async function depopulate(api: Api, population: Population, seconds = 900): Promise<void> {
  await inParallel(namespacesOf(population), 16, async (name) => {
    await api.delete(`/api/v1/namespaces/${name}`);
  });
  await ensureNone(api, `/api/v1/namespaces?labelSelector=population%3D${population.prefix}`, seconds);
}
