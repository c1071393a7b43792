/**
 * Creates a second through our client against the raw limit of the same API server: plain requests over 16 and 32
 * connections, the better of the two. Usage: node bench/kube/create.ts [objects, default 6000]
 */

import { startCluster } from '../../dev/cluster/index.ts';
import type { ApiResource } from '../../src/kube/index.ts';
import { Api, inParallel } from '../../test/support/api.ts';
import { clientOf } from '../../test/support/kube.ts';

const count = Number(process.argv[2] ?? 6000);
await using cluster = await startCluster({ log: console.log });
const kube = await clientOf(cluster);
const configMaps = kube.discovery.resolve('cm') as ApiResource;
const namespaces = kube.discovery.resolve('ns') as ApiResource;
const object = (name: string) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, labels: { app: 'bench' } },
  data: { a: 'x'.repeat(400) },
});

let round = 0;
/** Objects a second, with the processor time of this process for each. */
async function measure(
  name: string,
  create: (namespace: string, object: unknown) => Promise<unknown>,
  inFlight: number,
) {
  const namespace = `bench-${round++}`;
  await kube.create(namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
  const names = Array.from({ length: count }, (_, index) => `cm-${index}`);
  const cpu = process.cpuUsage();
  const started = performance.now();
  await inParallel(names, inFlight, async (each) => {
    await create(namespace, object(each));
  });
  const seconds = (performance.now() - started) / 1000;
  const used = process.cpuUsage(cpu);
  console.log(
    `${name}: ${Math.round(count / seconds)}/s, ${Math.round((used.user + used.system) / count)} µs of CPU each`,
  );
  return count / seconds;
}

async function raw(connections: number): Promise<number> {
  const api = new Api(cluster, connections);
  const rate = await measure(
    `raw over ${connections} connections`,
    (namespace, body) => api.text('POST', `/api/v1/namespaces/${namespace}/configmaps`, body),
    connections,
  );
  await api.close();
  return rate;
}

await raw(16);
let best = 0;
let ours = 0;
for (let turn = 0; turn < 2; turn++) {
  for (const connections of [16, 32]) best = Math.max(best, await raw(connections));
  ours = Math.max(
    ours,
    await measure(
      'ours, 200 callers',
      (namespace, body) => kube.createRaw(configMaps, body as never, namespace),
      200,
    ),
  );
}
console.log(`in flight at the end: ${kube.transport.lanes?.write.limit}`);
await kube.close();
console.log(`ratio: ${(ours / best).toFixed(2)}`);
