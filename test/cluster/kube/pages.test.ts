import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Cluster, startCluster } from '../../../dev/cluster/index.ts';
import { type ApiResource, keyOf, listMany, type ListPage } from '../../../src/kube/index.ts';
import { compact } from '../../support/etcd.ts';
import { clientOf, configMap } from '../../support/kube.ts';

const COUNT = 1200;

let cluster: Cluster;
let kube: Awaited<ReturnType<typeof clientOf>>;
let configMaps: ApiResource;

beforeAll(async () => {
  // Without its cache of old lists the API server reads old versions from etcd, where they can be made to expire.
  cluster = await startCluster({
    arguments: { 'kube-apiserver': ['--feature-gates=ListFromCacheSnapshot=false'] },
  });
  kube = await clientOf(cluster);
  configMaps = kube.discovery.resolve('cm') as ApiResource;
  const namespaces = kube.discovery.resolve('ns') as ApiResource;
  for (const name of ['one', 'two']) {
    await kube.create(namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
  }
  await Promise.all(
    Array.from({ length: COUNT }, (_, index) =>
      kube.createRaw(
        configMaps,
        configMap(`cm-${index}`, { n: String(index) }),
        index % 2 === 0 ? 'one' : 'two',
      ),
    ),
  );
});

afterAll(async () => {
  await kube?.close();
  await cluster?.stop();
});

async function collect(pages: AsyncIterable<ListPage>, after?: (page: number) => Promise<void>) {
  const keys: string[] = [];
  const sizes: number[] = [];
  for await (const page of pages) {
    sizes.push(page.items.length);
    for (const item of page.items) keys.push(keyOf(item.object));
    await after?.(sizes.length);
  }
  return { keys, sizes };
}

const ours = { labelSelector: '', namespace: 'one' };

describe('lists of a real API server', () => {
  it('V-BKP-045 come in pages of the size asked for, or at once', async () => {
    const paged = await collect(kube.pages(configMaps, { ...ours, pageSize: 100 }));
    expect(paged.sizes.slice(0, 6)).toEqual([100, 100, 100, 100, 100, 100]);
    const whole = await collect(kube.pages(configMaps, { ...ours, pageSize: 0 }));
    expect(whole.sizes).toHaveLength(1);
    expect(whole.keys).toEqual(paged.keys);
    expect(paged.keys.filter((key) => key.includes('/cm-'))).toHaveLength(COUNT / 2);
  });

  it('say how much is left, and hold the version of the list', async () => {
    for await (const page of kube.pages(configMaps, { pageSize: 500, namespace: 'one' })) {
      expect(page.resourceVersion).toMatch(/^\d+$/);
      expect(page.remaining).toBeGreaterThan(0);
      break;
    }
  });

  it('go on after their continue token has expired, and give no object twice and none never', async () => {
    const expected = await collect(kube.pages(configMaps, { pageSize: 0 }));
    const before = kube.stats.requests;
    const walked = await collect(kube.pages(configMaps, { pageSize: 100 }), async (page) => {
      // A new version must exist for the old one to be forgotten.
      if (page === 2 || page === 5) {
        await kube.patch(configMaps, 'cm-0', 'one', 'merge', { data: { turn: String(page) } });
        await compact(cluster);
      }
    });
    expect(walked.keys).toEqual(expected.keys);
    expect(new Set(walked.keys).size).toBe(walked.keys.length);
    // Pages, two patches, and at least one token that was refused.
    expect(kube.stats.requests - before).toBeGreaterThan(walked.sizes.length + 2);
  });

  it('of several kinds are in flight together; one that cannot be had does not stop the others', async () => {
    const missing: ApiResource = { ...configMaps, resource: 'gadgets', kind: 'Gadget' };
    const wanted = ['cm', 'secrets', 'sa', 'ns', 'clusterroles'].map(
      (name) => kube.discovery.resolve(name) as ApiResource,
    );
    const seen = new Map<string, number>();
    const failed: string[] = [];
    for await (const step of listMany(
      (resource) => kube.pages(resource, { pageSize: 100 }),
      [...wanted, missing],
      3,
    )) {
      if ('error' in step) failed.push(step.resource.resource);
      else seen.set(step.resource.resource, (seen.get(step.resource.resource) ?? 0) + step.page.items.length);
    }
    expect(failed).toEqual(['gadgets']);
    expect(seen.get('configmaps')).toBeGreaterThanOrEqual(COUNT);
    expect(seen.get('clusterroles')).toBe((await kube.list(wanted[4] as ApiResource)).length);
  });

  it('can be of metadata alone, and stop where the reader stops', async () => {
    for await (const page of kube.pages(configMaps, { namespace: 'one', pageSize: 10, metadataOnly: true })) {
      expect(page.items).toHaveLength(10);
      expect(page.items[0]?.object).not.toHaveProperty('data');
      expect(page.items[0]?.object.metadata.name).toMatch(/^cm-/);
      break;
    }
    const stop = new AbortController();
    const walking = collect(kube.pages(configMaps, { pageSize: 10, signal: stop.signal }), (page) => {
      if (page === 2) stop.abort(new Error('enough'));
      return Promise.resolve();
    });
    await expect(walking).rejects.toThrow('enough');
  });
});
