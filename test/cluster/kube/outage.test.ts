import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Cluster, startCluster } from '../../../dev/cluster/index.ts';
import { type ApiResource, isAlreadyExists, isUnavailable, KubeError } from '../../../src/kube/index.ts';
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

async function failure(promise: Promise<unknown>): Promise<unknown> {
  return await promise.then(
    (value) => ({ unexpected: value }),
    (error: unknown) => error,
  );
}

/** A client through a proxy of its own, with connections that are open already. */
async function throughProxy(options: Parameters<typeof clientOf>[1] = {}) {
  const proxy = await FlakyProxy.start(cluster.server);
  const client = await clientOf(cluster, options, { server: proxy.url });
  // A connection that is still being made would be lost before anything was asked over it.
  await sleep(200);
  return {
    proxy,
    client,
    async [Symbol.asyncDispose]() {
      await client.close();
      await proxy.close();
    },
  };
}

/** Lets answers get lost for so many resets, then all is well. */
async function loseAnswers(proxy: FlakyProxy, count: number): Promise<void> {
  const until = proxy.resets + count;
  proxy.weather = 'lose-answers';
  while (proxy.resets < until) await sleep(1);
  proxy.weather = 'pass';
}

describe('an API server that cannot be reached for a while', () => {
  it('costs waiting and nothing else: 20 s away, reads and writes under way', async () => {
    const before = kube.stats.retries;
    const work = { done: false };
    let read = 0;
    let written = 0;
    const reader = async (): Promise<void> => {
      while (!work.done) {
        await kube.list(configMaps, { namespace: 'default', pageSize: 50 });
        read++;
      }
    };
    const writer = async (prefix: string): Promise<void> => {
      for (let n = 0; !work.done; n++) {
        await kube.createRaw(configMaps, configMap(`${prefix}-${n}`, { n: String(n) }), 'default');
        written++;
      }
    };
    const workers = [reader(), reader(), ...['a', 'b', 'c', 'd'].map(writer)];
    await sleep(500);
    await cluster.apiserver.kill();
    await sleep(20_000);
    const readDuring = read;
    const writtenDuring = written;
    await cluster.apiserver.start();
    await sleep(3000);
    work.done = true;
    await Promise.all(workers);
    expect(read).toBeGreaterThan(readDuring);
    expect(written).toBeGreaterThan(writtenDuring);
    expect(kube.stats.retries).toBeGreaterThan(before);
    // One probe asks for all: six workers for twenty seconds must not mean hundreds of tries.
    expect(kube.stats.retries - before).toBeLessThan(60);
    const names = (await kube.list(configMaps, { namespace: 'default' })).map(
      ({ metadata }) => metadata.name ?? '',
    );
    expect(names.filter((name) => /^[abcd]-\d+$/.test(name))).toHaveLength(written);
  });

  it('is given up after the patience that was asked for, and the message says why', async () => {
    await using context = await throughProxy({ patienceMs: 1500 });
    context.proxy.weather = 'refuse';
    context.proxy.resetAll();
    const started = Date.now();
    const error = await failure(context.client.list(configMaps));
    expect(isUnavailable(error)).toBe(true);
    expect(error).toMatchObject({ status: 0, maybeApplied: false, object: 'configmaps' });
    expect((error as KubeError).message).toMatch(
      /^Get "https:\/\/127\.0\.0\.1:\d+\/api\/v1\/configmaps\?limit=1000": /,
    );
    expect(Date.now() - started).toBeGreaterThan(1000);
    expect(Date.now() - started).toBeLessThan(8000);
    const write = await failure(context.client.create(configMaps, configMap('refused'), 'default'));
    expect(write).toMatchObject({ status: 0, maybeApplied: false });
  });

  it('is waited for also where it is there but says nothing', async () => {
    const client = await clientOf(cluster, { requestTimeoutMs: 1500 });
    await cluster.apiserver.freeze();
    const listing = client.list(configMaps, { namespace: 'default' });
    const deleting = client.delete(configMaps, 'a-0', 'default');
    await sleep(6000);
    await cluster.apiserver.thaw();
    expect((await listing).length).toBeGreaterThan(0);
    await deleting;
    expect(client.stats.retries).toBeGreaterThan(0);
    await client.close();
  });

  it('is waited for no longer than the caller wants', async () => {
    await using context = await throughProxy();
    context.proxy.weather = 'refuse';
    context.proxy.resetAll();
    const signal = AbortSignal.timeout(700);
    const started = Date.now();
    await expect(context.client.list(configMaps, { signal })).rejects.toThrow('timeout');
    expect(Date.now() - started).toBeLessThan(3000);
  });
});

describe('an answer that is lost', () => {
  it('of a create is found again: the object is ours and is given back', async () => {
    await using context = await throughProxy();
    const losing = loseAnswers(context.proxy, 1);
    const created = await context.client.create(configMaps, configMap('lost', { a: 'b' }), 'default');
    await losing;
    expect(created).toMatchObject({ metadata: { name: 'lost' }, data: { a: 'b' } });
    expect(created.metadata.uid).toBe((await kube.get(configMaps, 'lost', 'default')).metadata.uid);
  });

  it('of a create is an error that says so where the object there is another', async () => {
    await kube.create(configMaps, configMap('taken', { a: 'of another' }), 'default');
    await using context = await throughProxy();
    const losing = loseAnswers(context.proxy, 1);
    const error = await failure(
      context.client.create(configMaps, configMap('taken', { a: 'ours' }), 'default'),
    );
    await losing;
    expect(isAlreadyExists(error)).toBe(true);
    expect(error).toMatchObject({ maybeApplied: true });
  });

  it('of a create with the same content, but long ago, is not taken for ours', async () => {
    await kube.create(configMaps, configMap('old', { a: 'same' }), 'default');
    await sleep(4000);
    await using context = await throughProxy();
    const losing = loseAnswers(context.proxy, 1);
    const error = await failure(
      context.client.create(configMaps, configMap('old', { a: 'same' }), 'default'),
    );
    await losing;
    expect(error).toMatchObject({ reason: 'AlreadyExists', maybeApplied: true });
  });

  it('of a create with a generated name is not tried again, as that would make two', async () => {
    await using context = await throughProxy();
    const losing = loseAnswers(context.proxy, 1);
    const object = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { generateName: 'twice-' } };
    const error = await failure(context.client.create(configMaps, object, 'default'));
    await losing;
    expect(error).toBeInstanceOf(KubeError);
    expect(error).toMatchObject({ status: 0, maybeApplied: true });
    const made = (await kube.list(configMaps, { namespace: 'default' })).filter(({ metadata }) =>
      metadata.name?.startsWith('twice-'),
    );
    expect(made).toHaveLength(1);
  });

  it('of a delete, a merge and an apply does no harm: they are done again', async () => {
    await kube.create(configMaps, configMap('again', { a: '1' }), 'default');
    await using context = await throughProxy();
    let losing = loseAnswers(context.proxy, 1);
    const merged = await context.client.patch(configMaps, 'again', 'default', 'merge', { data: { b: '2' } });
    await losing;
    expect(merged['data']).toEqual({ a: '1', b: '2' });
    losing = loseAnswers(context.proxy, 1);
    await context.client.delete(configMaps, 'again', 'default');
    await losing;
    expect(isAlreadyExists(await failure(kube.create(configMaps, configMap('again'), 'default')))).toBe(
      false,
    );
  });

  it('of an update meets a conflict that says that it may be our own', async () => {
    const object = await kube.create(configMaps, configMap('updated'), 'default');
    await using context = await throughProxy();
    const losing = loseAnswers(context.proxy, 1);
    const error = await failure(context.client.update(configMaps, { ...object, data: { a: 'x' } }));
    await losing;
    expect(error).toMatchObject({ maybeApplied: true });
    expect((await kube.get(configMaps, 'updated', 'default'))['data']).toEqual({ a: 'x' });
  });
});

describe('limits', () => {
  it('V-SRV-008 the rate that the user sets is kept, and where none is set the server is the limit', async () => {
    const rate = async (client: typeof kube, requests: number): Promise<number> => {
      const started = performance.now();
      await Promise.all(Array.from({ length: requests }, () => client.getRaw(configMaps, 'lost', 'default')));
      return (requests / (performance.now() - started)) * 1000;
    };
    await using slow = await throughProxy({ limit: { qps: 50, burst: 10 } });
    await using fast = await throughProxy({ limit: { qps: 100, burst: 10 } });
    // The burst is used up before the clock starts.
    await rate(slow.client, 20);
    await rate(fast.client, 20);
    const [fifty, hundred] = [await rate(slow.client, 100), await rate(fast.client, 200)];
    expect(hundred / fifty).toBeGreaterThan(1.7);
    expect(hundred / fifty).toBeLessThan(2.3);
    expect(fifty).toBeGreaterThan(40);
    expect(fifty).toBeLessThan(60);
    expect(slow.client.stats.throttledMs).toBeGreaterThan(1000);
    const unlimited = await rate(kube, 600);
    expect(unlimited / hundred).toBeGreaterThan(2);
  });

  it('a server that says 429 is asked less at once, and everything is done in the end', async () => {
    // With one request at a time and no queues (administrators would be let through regardless).
    await using busy = await startCluster({
      users: [{ name: 'worker' }],
      arguments: {
        'kube-apiserver': [
          '--enable-priority-and-fairness=false',
          '--max-requests-inflight=40',
          '--max-mutating-requests-inflight=2',
        ],
      },
    });
    const admin = await clientOf(busy);
    const bindings = admin.discovery.resolve('clusterrolebindings') as ApiResource;
    await admin.create(bindings, {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRoleBinding',
      metadata: { name: 'worker' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin' },
      subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'worker' }],
    });
    const worker = await clientOf(busy, {}, { auth: { token: busy.user('worker').token } });
    await Promise.all(
      Array.from({ length: 300 }, (_, n) => worker.createRaw(configMaps, configMap(`busy-${n}`), 'default')),
    );
    const made = (await admin.list(configMaps, { namespace: 'default' })).filter(({ metadata }) =>
      metadata.name?.startsWith('busy-'),
    );
    expect(made).toHaveLength(300);
    expect(worker.stats.retries).toBeGreaterThan(0);
    expect(worker.stats.throttledMs).toBeGreaterThan(500);
    expect(worker.transport.lanes?.write.limit).toBeLessThan(16);
    await worker.close();
    await admin.close();
  });
});
