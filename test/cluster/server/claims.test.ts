import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Cluster, startCluster } from '../../../dev/cluster/index.ts';
import type { KubeObject } from '../../../src/api/object.ts';
import type { ApiResource } from '../../../src/kube/index.ts';
import { writeChanges } from '../../../src/server/writes.ts';
import { clientOf, configMap } from '../../support/kube.ts';
import { FlakyProxy } from '../../support/proxies.ts';

let cluster: Cluster;
let kube: Awaited<ReturnType<typeof clientOf>>;
let proxy: FlakyProxy;
let client: typeof kube;
let configMaps: ApiResource;
let counter = 0;
let before: KubeObject;

beforeAll(async () => {
  cluster = await startCluster();
  kube = await clientOf(cluster);
  configMaps = kube.discovery.resolve('cm') as ApiResource;
  proxy = await FlakyProxy.start(cluster.server);
  client = await clientOf(cluster, {}, { server: proxy.url });
});

afterAll(async () => {
  await client?.close();
  await proxy?.close();
  await kube?.close();
  await cluster?.stop();
});

beforeEach(async () => {
  before = await kube.create(configMaps, configMap(`claim-${++counter}`, { phase: 'New' }), 'default');
  // A connection that is still being made would be lost before anything was asked over it.
  await client.get(configMaps, before.metadata.name as string, 'default');
  await sleep(50);
});

/** Claims the object over a connection that loses the first answer. */
async function claim(phase: string): Promise<KubeObject> {
  const resets = proxy.resets;
  proxy.weather = 'lose-answers';
  const claiming = writeChanges(
    client,
    configMaps,
    before,
    { ...before, data: { phase } },
    { unchanged: true },
  );
  claiming.catch(() => undefined);
  while (proxy.resets === resets) await sleep(1);
  proxy.weather = 'pass';
  return await claiming;
}

describe('a claim whose answer is lost', () => {
  it('V-BKP-021 is found to have been carried out, so that what was claimed is worked on', async () => {
    const claimed = await claim('InProgress');
    expect(claimed['data']).toEqual({ phase: 'InProgress' });
    expect(claimed).toEqual(await kube.get(configMaps, before.metadata.name as string, 'default'));
  });

  it('V-BKP-021 is refused where somebody else was faster', async () => {
    await kube.update(configMaps, { ...before, data: { phase: 'InProgress', by: 'another' } });
    await expect(claim('Mine')).rejects.toMatchObject({ reason: 'Conflict' });
  });
});
