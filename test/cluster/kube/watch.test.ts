import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type Cluster, startCluster } from '../../../dev/cluster/index.ts';
import { type ApiResource, Informer, keyOf } from '../../../src/kube/index.ts';
import { watchResource } from '../../../src/kube/watch.ts';
import { compact, deleteKey } from '../../support/etcd.ts';
import { clientOf, configMap } from '../../support/kube.ts';
import { FlakyProxy } from '../../support/proxies.ts';

let cluster: Cluster;
let kube: Awaited<ReturnType<typeof clientOf>>;
let configMaps: ApiResource;

beforeAll(async () => {
  cluster = await startCluster();
  kube = await clientOf(cluster);
  configMaps = kube.discovery.resolve('cm') as ApiResource;
});

afterAll(async () => {
  await kube?.close();
  await cluster?.stop();
});

const only = { namespace: 'default', labelSelector: 'watched' };

function watched(name: string, data: Record<string, string> = {}) {
  return { ...configMap(name, data), metadata: { name, labels: { watched: 'yes' } } };
}

/** An informer that runs until `stop`, over a client of its own. */
function informerOn(client: typeof kube) {
  const stop = new AbortController();
  const informer = new Informer(client, configMaps, only);
  const ended = informer.run(stop.signal);
  return {
    informer,
    stop: async (): Promise<void> => {
      stop.abort();
      await ended;
    },
  };
}

/** The informer knows exactly what the API server has. */
async function agree(informer: Informer, timeout = 60_000): Promise<void> {
  await vi.waitFor(
    async () => {
      const real = await kube.list(configMaps, only);
      const versions = (objects: Iterable<(typeof real)[number]>) =>
        [...objects].map((object) => `${keyOf(object)}@${object.metadata.resourceVersion}`).toSorted();
      expect(versions(informer.values())).toEqual(versions(real));
    },
    { timeout, interval: 250 },
  );
}

describe('watching a real API server', () => {
  it('gives what is there, SYNC, and every change in order', async () => {
    await kube.create(configMaps, watched('a'), 'default');
    const stop = new AbortController();
    const seen: string[] = [];
    const changes = async (): Promise<void> => {
      await kube.create(configMaps, watched('b'), 'default');
      for (const n of ['1', '2', '3']) await kube.patch(configMaps, 'b', 'default', 'merge', { data: { n } });
      await kube.patch(configMaps, 'a', 'default', 'merge', { metadata: { labels: { watched: null } } });
      await kube.delete(configMaps, 'b', 'default');
    };
    let changing: Promise<void> | undefined;
    for await (const { type, object } of kube.watch(configMaps, { ...only, signal: stop.signal })) {
      const data = object?.['data'] as { n?: string } | undefined;
      seen.push(`${type} ${object?.metadata.name ?? ''}${data?.n ?? ''}`.trim());
      if (type === 'SYNC') changing = changes();
      if (type === 'DELETED' && object?.metadata.name === 'b') stop.abort();
    }
    await changing;
    expect(seen).toEqual([
      'ADDED a',
      'SYNC',
      'ADDED b',
      'MODIFIED b1',
      'MODIFIED b2',
      'MODIFIED b3',
      'DELETED a',
      'DELETED b3',
    ]);
  });

  it('resumes where it was when the server ends a watch, without a second list', async () => {
    await kube.create(configMaps, watched('resumed'), 'default');
    const stop = new AbortController();
    const seen: string[] = [];
    const running = (async () => {
      for await (const { type, object } of watchResource(
        kube.transport,
        configMaps,
        { ...only, signal: stop.signal },
        { timeoutSeconds: 1 },
      )) {
        seen.push(`${type} ${object?.metadata.name ?? ''}`.trim());
      }
    })();
    for (let n = 0; n < 8; n++) {
      await sleep(500);
      await kube.patch(configMaps, 'resumed', 'default', 'merge', { data: { n: String(n) } });
    }
    await vi.waitFor(
      () => expect(seen.filter((entry) => entry === 'MODIFIED resumed')).toHaveLength(8),
      20_000,
    );
    expect(seen).not.toContain('RELIST');
    stop.abort();
    await running;
  });

  it('survives the API server being killed, and learns what was deleted behind its back (410)', async () => {
    await kube.create(configMaps, watched('vanishing'), 'default');
    await kube.create(configMaps, watched('staying'), 'default');
    const { informer, stop } = informerOn(kube);
    await informer.synced;
    expect(informer.get('default/vanishing')).toBeDefined();
    let deleted = '';
    informer.subscribe({ deleted: (object) => (deleted = object.metadata.name ?? '') });
    await cluster.apiserver.kill();
    await deleteKey(cluster, '/registry/configmaps/default/vanishing');
    await compact(cluster);
    await sleep(2000);
    await cluster.apiserver.start();
    await agree(informer);
    expect(deleted).toBe('vanishing');
    await kube.create(configMaps, watched('afterwards'), 'default');
    await agree(informer);
    await stop();
  });

  it('takes a peer that says nothing for dead', async () => {
    const proxy = await FlakyProxy.start(cluster.server);
    const client = await clientOf(cluster, {}, { server: proxy.url });
    const stop = new AbortController();
    const seen: string[] = [];
    const running = (async () => {
      const events = watchResource(
        client.transport,
        configMaps,
        { ...only, signal: stop.signal },
        { deadPeerMs: 1500 },
      );
      for await (const { type, object } of events) seen.push(`${type} ${object?.metadata.name ?? ''}`.trim());
    })();
    await vi.waitFor(() => expect(seen).toContain('SYNC'), 10_000);
    proxy.weather = 'stall';
    await kube.create(configMaps, watched('in-silence'), 'default');
    await sleep(1000);
    expect(seen).not.toContain('ADDED in-silence');
    proxy.weather = 'pass';
    await vi.waitFor(() => expect(seen).toContain('ADDED in-silence'), 20_000);
    stop.abort();
    await running;
    await client.close();
    await proxy.close();
  });

  it('can be of metadata alone', async () => {
    await kube.create(configMaps, watched('lean', { a: 'b' }), 'default');
    const stop = new AbortController();
    const informer = new Informer(kube, configMaps, { ...only, keep: 'metadata' });
    const running = informer.run(stop.signal);
    await informer.synced;
    const version = (await kube.patch(configMaps, 'lean', 'default', 'merge', { data: { c: 'd' } })).metadata
      .resourceVersion;
    await vi.waitFor(
      () => expect(informer.get('default/lean')?.metadata.resourceVersion).toBe(version),
      10_000,
    );
    expect(informer.get('default/lean')).toMatchObject({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { labels: { watched: 'yes' } },
    });
    expect(informer.get('default/lean')).not.toHaveProperty('data');
    stop.abort();
    await running;
  });

  it('tries for ever where the type is not there, and begins when it comes', async () => {
    const missing: ApiResource = {
      ...configMaps,
      group: 'late.example.com',
      version: 'v1',
      resource: 'lates',
      kind: 'Late',
    };
    const stop = new AbortController();
    const seen: string[] = [];
    const troubles: unknown[] = [];
    const running = (async () => {
      const onError = (error: unknown) => troubles.push(error);
      for await (const { type } of kube.watch(missing, { signal: stop.signal, onError })) seen.push(type);
    })();
    await sleep(1500);
    expect(troubles[0]).toMatchObject({ reason: 'NotFound', object: 'lates.late.example.com' });
    expect(seen.filter((type) => type === 'SYNC')).toEqual([]);
    await kube.create(kube.discovery.resolve('crd') as ApiResource, {
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      metadata: { name: 'lates.late.example.com' },
      spec: {
        group: 'late.example.com',
        scope: 'Namespaced',
        names: { plural: 'lates', kind: 'Late' },
        versions: [
          { name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } } },
        ],
      },
    });
    await vi.waitFor(() => expect(seen.at(-1)).toBe('SYNC'), 30_000);
    stop.abort();
    await running;
  });

  it('stays right over connections that are reset and stall at random, while everything changes', async () => {
    const proxy = await FlakyProxy.start(cluster.server);
    const client = await clientOf(cluster, { requestTimeoutMs: 2000 }, { server: proxy.url });
    const stop = new AbortController();
    const informer = new Informer(
      {
        watch: (resource, options) =>
          watchResource(client.transport, resource, options, { deadPeerMs: 2000, timeoutSeconds: 3 }),
      },
      configMaps,
      only,
    );
    const running = informer.run(stop.signal);
    await informer.synced;
    proxy.resetChance = 0.03;
    proxy.stallChance = 0.01;
    const end = Date.now() + 15_000;
    let turn = 0;
    while (Date.now() < end) {
      const name = `soak-${turn % 40}`;
      turn++;
      // Reads and writes through the bad network: reads must succeed, writes may not but must not tell lies.
      if (turn % 3 === 0) await client.list(configMaps, only);
      else if (turn % 3 === 1) {
        await client.patch(configMaps, name, 'default', 'apply', watched(name, { turn: String(turn) }), {
          force: true,
        });
      } else {
        await client.delete(configMaps, `soak-${(turn * 7) % 40}`, 'default').catch((error: unknown) => {
          if ((error as { reason?: string }).reason !== 'NotFound') throw error;
        });
      }
    }
    expect(proxy.resets + proxy.stalls).toBeGreaterThan(10);
    proxy.resetChance = 0;
    proxy.stallChance = 0;
    await agree(informer);
    stop.abort();
    await running;
    await client.close();
    await proxy.close();
  });
});
