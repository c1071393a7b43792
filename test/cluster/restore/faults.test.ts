import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Cluster, startCluster } from '../../../dev/cluster/index.ts';
import type { KubeObject } from '../../../src/api/object.ts';
import { type ApiResource, type KubeClient, isNotFound } from '../../../src/kube/index.ts';
import { Api } from '../../support/api.ts';
import { startDenyingWebhook } from '../../support/denying-webhook.ts';
import { archiveOf, configMap, connect, namespace, restore, saved } from './support.ts';

let cluster: Cluster;
let api: Api;
let kube: KubeClient;

beforeAll(async () => {
  cluster = await startCluster();
  api = new Api(cluster);
  kube = await connect(cluster);
});

afterAll(async () => {
  await kube?.close();
  await api?.close();
  await cluster?.stop();
});

function resource(name: string): ApiResource {
  return kube.discovery.resolve(name) as ApiResource;
}

async function makeNamespace(name: string, finalizers: string[] = []): Promise<void> {
  await kube.create(resource('namespaces'), { apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
  if (finalizers.length === 0) return;
  await kube.create(
    resource('configmaps'),
    { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'holder', finalizers } },
    name,
  );
}

/** Resolves once the namespace controller says what it is waiting for. */
async function hasConditions(name: string): Promise<void> {
  for (;;) {
    const live = await kube.get(resource('namespaces'), name);
    const { conditions = [] } = live['status'] as { conditions?: { status: string; type: string }[] };
    if (conditions.some(({ type, status }) => type === 'NamespaceFinalizersRemaining' && status === 'True'))
      return;
    await new Promise((resolve) => {
      setTimeout(resolve, 100);
    });
  }
}

async function release(name: string): Promise<void> {
  await kube.patch(resource('configmaps'), 'holder', name, 'merge', { metadata: { finalizers: null } });
}

describe('a namespace that is being deleted', () => {
  it('V-RST-097 is waited for, and then made anew', async () => {
    await makeNamespace('leaving', ['example.io/hold']);
    await kube.delete(resource('namespaces'), 'leaving');
    const released = new Promise((resolve) => {
      setTimeout(resolve, 1500);
    }).then(() => release('leaving'));
    const archive = await archiveOf(kube, [
      namespace('leaving', { labels: { again: 'yes' } }),
      configMap('leaving', 'one'),
      configMap('other-than-leaving', 'two'),
    ]);
    const { outcome, errors } = await restore(kube, archive);
    await released;
    expect(errors).toEqual([]);
    expect(outcome.resourceList).toEqual({
      'v1/ConfigMap': ['leaving/one(created)', 'other-than-leaving/two(created)'],
      'v1/Namespace': ['leaving(created)', 'other-than-leaving(created)'],
    });
    expect((await kube.get(resource('namespaces'), 'leaving')).metadata.labels?.['again']).toBe('yes');
  });

  it('V-RST-097 is given up once, with an error for each of its items, while all others go on', async () => {
    await makeNamespace('stuck', ['example.io/hold']);
    await kube.delete(resource('namespaces'), 'stuck');
    await hasConditions('stuck');
    const items = Array.from({ length: 500 }, (_, index) => configMap('stuck', `c${index}`));
    const archive = await archiveOf(kube, [
      ...items,
      saved({ apiVersion: 'v1', kind: 'Secret', metadata: { name: 's', namespace: 'stuck' } }),
      configMap('fine', 'one'),
    ]);
    const started = Date.now();
    const { outcome, errors } = await restore(
      kube,
      archive,
      {},
      { settings: { terminatingResourceTimeoutMs: 2000 } },
    );
    expect(Date.now() - started).toBeLessThan(15_000);
    await release('stuck');
    const ofVelero = errors.filter((text) => text.startsWith('velero: '));
    expect(ofVelero).toEqual([
      expect.stringMatching(
        /^velero: error getting namespace stuck: timed out after 2s: the namespace is still being deleted; .*example\.io\/hold/,
      ) as string,
    ]);
    expect(
      errors.filter((text) => text.startsWith('stuck: error restoring configmaps/stuck/c')),
    ).toHaveLength(500);
    expect(outcome.resourceList['v1/ConfigMap']?.filter((entry) => entry.endsWith('(failed)'))).toHaveLength(
      500,
    );
    expect(outcome.resourceList['v1/ConfigMap']).toContain('fine/one(created)');
    expect(outcome.resourceList['v1/Secret']).toEqual(['stuck/s(failed)']);
  });

  it('V-RST-098 says why a namespace cannot be made', async () => {
    const archive = await archiveOf(kube, [configMap('Not_A_Name', 'one'), configMap('goes-on', 'two')]);
    const { errors, outcome } = await restore(kube, archive);
    expect(errors.toSorted()).toEqual([
      expect.stringMatching(
        /^Not_A_Name: error restoring configmaps\/Not_A_Name\/one: error creating namespace /,
      ) as string,
      expect.stringMatching(
        /^velero: error creating namespace Not_A_Name: Namespace "Not_A_Name" is invalid/,
      ) as string,
    ]);
    expect(outcome.resourceList['v1/ConfigMap']).toContain('goes-on/two(created)');
  });
});

describe('what the cluster lacks or refuses', () => {
  it('names a kind that is gone, for each of its items, and goes on', async () => {
    const widget = (name: string) => ({
      groupResource: 'widgets.gone.example.com',
      object: saved({
        apiVersion: 'gone.example.com/v1',
        kind: 'Widget',
        metadata: { name, namespace: 'gone' },
      }),
    });
    const cronJob = {
      groupResource: 'cronjobs.batch',
      object: saved({
        apiVersion: 'batch/v1beta1',
        kind: 'CronJob',
        metadata: { name: 'old', namespace: 'gone' },
      }),
    };
    const archive = await archiveOf(kube, [widget('a'), widget('b'), cronJob, configMap('gone', 'one')]);
    const { errors, outcome } = await restore(kube, archive);
    expect(errors.toSorted()).toEqual([
      'gone: error restoring cronjobs.batch/gone/old: the server could not find the requested resource (batch/v1beta1, Kind=CronJob is not served by this cluster: the cluster serves batch/v1)',
      ...['a', 'b'].map(
        (name) =>
          `gone: error restoring widgets.gone.example.com/gone/${name}: the server could not find the requested resource (gone.example.com/v1, Kind=Widget is not served by this cluster: restore its custom resource definition or install what serves it)`,
      ),
    ]);
    expect(outcome.resourceList).toMatchObject({
      'gone.example.com/v1/Widget': ['gone/a(failed)', 'gone/b(failed)'],
      'v1/ConfigMap': ['gone/one(created)'],
    });
  });

  it('V-RST-136 says which definition never becomes ready', async () => {
    const definition = (plural: string, kind: string): KubeObject =>
      saved({
        apiVersion: 'apiextensions.k8s.io/v1',
        kind: 'CustomResourceDefinition',
        metadata: { name: `${plural}.clash.example.com` },
        spec: {
          group: 'clash.example.com',
          scope: 'Namespaced',
          names: { plural, singular: plural, kind, listKind: `${kind}List` },
          versions: [
            { name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } } },
          ],
        },
      });
    await restore(kube, await archiveOf(kube, [definition('firsts', 'Taken')]));
    const { errors } = await restore(
      kube,
      await archiveOf(kube, [definition('seconds', 'Taken'), configMap('clash', 'one')]),
      {},
      { settings: { resourceTimeoutMs: 1500 } },
    );
    expect(errors).toEqual([
      'cluster: error verifying the CRD seconds.clash.example.com is ready to use: timed out after 1.5s: not yet Established and NamesAccepted',
    ]);
  });

  it('reports the webhook that denies an object, and restores all others', async () => {
    await makeNamespace('guarded');
    await using _webhook = await startDenyingWebhook(cluster, api, 'guarded');
    const archive = await archiveOf(
      kube,
      ['bad', 'good', 'better'].map((name) => configMap('guarded', name)),
    );
    const { errors, warnings, outcome } = await restore(kube, archive);
    expect(warnings).toEqual([]);
    expect(errors).toEqual([
      'guarded: error restoring configmaps/guarded/bad: admission webhook "guard.example.com" denied the request: bad is not welcome',
    ]);
    expect(outcome.resourceList['v1/ConfigMap']).toEqual([
      'guarded/bad(failed)',
      'guarded/better(created)',
      'guarded/good(created)',
    ]);
  });

  it('loses nothing while the API server is away for 20 seconds', async () => {
    const items = Array.from({ length: 3000 }, (_, index) => configMap('outage', `c${index}`));
    const archive = await archiveOf(kube, items);
    const running = restore(kube, archive);
    await new Promise((resolve) => {
      setTimeout(resolve, 700);
    });
    await cluster.apiserver.kill();
    await new Promise((resolve) => {
      setTimeout(resolve, 20_000);
    });
    await cluster.apiserver.start();
    const { outcome, errors, warnings } = await running;
    expect([...errors, ...warnings]).toEqual([]);
    const entries = outcome.resourceList['v1/ConfigMap'] ?? [];
    expect(entries.filter((entry) => entry.endsWith('(created)'))).toHaveLength(3000);
    const found = await kube.list(resource('configmaps'), { namespace: 'outage' });
    expect(found.filter((object) => object.metadata.name?.startsWith('c'))).toHaveLength(3000);
  });

  it('stops when it is told to', async () => {
    const stop = new AbortController();
    const archive = await archiveOf(
      kube,
      Array.from({ length: 2000 }, (_, index) => configMap('stopped', `c${index}`)),
    );
    const running = restore(kube, archive, {}, { request: { signal: stop.signal } });
    setTimeout(() => stop.abort(new Error('the server stops')), 200);
    await expect(running).rejects.toThrow('the server stops');
    try {
      const found = await kube.list(resource('configmaps'), { namespace: 'stopped' });
      expect(found.length).toBeLessThan(2000);
    } catch (error) {
      expect(isNotFound(error)).toBe(true);
    }
  });
});
