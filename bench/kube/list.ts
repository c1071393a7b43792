/**
 * Items listed a second through our client against the raw limit of the same API server: plain requests by pages of
 * 500, four kinds at once, each page parsed as a whole. Usage: node bench/kube/list.ts [objects, default 30000]
 */

import { startCluster } from '../../dev/cluster/index.ts';
import { type ApiResource, listMany } from '../../src/kube/index.ts';
import { Api, inParallel } from '../../test/support/api.ts';
import { clientOf } from '../../test/support/kube.ts';

const count = Number(process.argv[2] ?? 30_000);
await using cluster = await startCluster({ log: console.log });
const kube = await clientOf(cluster);
const kinds = ['cm', 'secrets', 'sa', 'pdb'].map((name) => kube.discovery.resolve(name) as ApiResource);
const bodies: Record<string, object> = {
  ConfigMap: { data: { a: 'x'.repeat(400) } },
  Secret: { stringData: { password: 'x'.repeat(200) } },
  ServiceAccount: {},
  PodDisruptionBudget: { spec: { minAvailable: 1, selector: { matchLabels: { app: 'bench' } } } },
};

console.log(`creating ${count} objects`);
await inParallel(
  Array.from({ length: count }, (_, index) => index),
  200,
  async (index) => {
    const kind = kinds[index % kinds.length] as ApiResource;
    const apiVersion = kind.group === '' ? kind.version : `${kind.group}/${kind.version}`;
    const metadata = { name: `item-${index}`, labels: { app: 'bench', n: String(index) } };
    await kube.createRaw(kind, { apiVersion, kind: kind.kind, metadata, ...bodies[kind.kind] }, 'default');
  },
);

async function raw(api: Api): Promise<number> {
  let items = 0;
  await Promise.all(
    kinds.map(async (kind) => {
      const path = kind.group === '' ? '/api/v1' : `/apis/${kind.group}/${kind.version}`;
      let token = '';
      do {
        const text = await api.text(
          'GET',
          `${path}/${kind.resource}?limit=500&continue=${encodeURIComponent(token)}`,
        );
        const page = JSON.parse(text) as { items: unknown[]; metadata: { continue?: string } };
        items += page.items.length;
        token = page.metadata.continue ?? '';
      } while (token !== '');
    }),
  );
  return items;
}

async function ours(parse: boolean): Promise<number> {
  let items = 0;
  for await (const step of listMany((resource) => kube.pages(resource), kinds, 4)) {
    if ('error' in step) throw step.error;
    items += step.page.items.length;
    if (parse) for (const item of step.page.items) items += item.object.metadata.name === '' ? 1 : 0;
  }
  return items;
}

const api = new Api(cluster);
const ways = [
  { name: 'raw, pages of 500, parsed whole', list: () => raw(api), best: 0 },
  { name: 'ours, cut only', list: () => ours(false), best: 0 },
  { name: 'ours, cut and each item parsed', list: () => ours(true), best: 0 },
];
for (let turn = 0; turn < 8; turn++) {
  for (const way of ways) {
    const started = performance.now();
    const items = await way.list();
    way.best = Math.max(way.best, (items / (performance.now() - started)) * 1000);
  }
}
for (const { name, best } of ways) console.log(`${name}: ${Math.round(best)} items/s`);
await api.close();
await kube.close();
const [limit, , parsed] = ways.map(({ best }) => best);
console.log(`ratio: ${((parsed ?? 0) / (limit ?? 1)).toFixed(2)}`);
