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

const TURNS = 8;
const perTurn = Math.ceil(count / TURNS);
const totals = new Map<string, { objects: number; seconds: number; cpuMicros: number }>();
let round = 0;

async function measure(
  name: string,
  create: (namespace: string, object: unknown) => Promise<unknown>,
  inFlight: number,
) {
  const namespace = `bench-${round++}`;
  await kube.create(namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
  const names = Array.from({ length: perTurn }, (_, index) => `cm-${index}`);
  const cpu = process.cpuUsage();
  const started = performance.now();
  await inParallel(names, inFlight, async (each) => {
    await create(namespace, object(each));
  });
  const used = process.cpuUsage(cpu);
  const total = totals.get(name) ?? { objects: 0, seconds: 0, cpuMicros: 0 };
  total.objects += perTurn;
  total.seconds += (performance.now() - started) / 1000;
  total.cpuMicros += used.user + used.system;
  totals.set(name, total);
}

// In short turns: whatever else the machine does then falls on all alike. The first turn warms up and is not counted.
const raws = [16, 32].map((connections) => ({ connections, api: new Api(cluster, connections) }));
const ways = [
  ...raws.map(
    ({ connections, api }) =>
      () =>
        measure(
          `raw over ${connections} connections`,
          (namespace, body) => api.text('POST', `/api/v1/namespaces/${namespace}/configmaps`, body),
          connections,
        ),
  ),
  () => measure('ours', (namespace, body) => kube.createRaw(configMaps, body as never, namespace), 200),
];
// There and back: what one way leaves the server to do falls on the next, and must not always fall on the same.
for (let turn = 0; turn <= TURNS; turn++) {
  for (const way of turn % 2 === 0 ? ways : ways.toReversed()) await way();
  if (turn === 0) totals.clear();
}
const rates = [...totals].map(([name, { objects, seconds, cpuMicros }]) => {
  const rate = objects / seconds;
  console.log(`${name}: ${Math.round(rate)}/s, ${Math.round(cpuMicros / objects)} µs of CPU each`);
  return { name, rate };
});
console.log(`in flight at the end: ${kube.transport.lanes?.write.limit}`);
for (const { api } of raws) await api.close();
await kube.close();
const ours = rates.find(({ name }) => name === 'ours')?.rate ?? 0;
const best = Math.max(...rates.filter(({ name }) => name !== 'ours').map(({ rate }) => rate));
console.log(`ratio: ${(ours / best).toFixed(2)}`);
