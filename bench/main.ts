/**
 * Ours against the real Velero 1.14.1 and against the raw API server, in turn on one cluster in one run.
 *
 * Usage: node bench/main.ts [--size N] [--only backup|restore]
 *   without --size  backup at 5,000 and 30,000 objects and restore at 5,000 by both sides; ours alone restores 30,000
 *                   beside the raw limits of the API server
 *   --size N        ours alone at N objects beside the raw limits (N = 300000 needs about half an hour)
 *
 * Last lines: `backup ratio: N`, `restore ratio: N`, `share of raw creates: N%`. A ratio above 1 means that ours is faster.
 */

import { parseArgs } from 'node:util';
import { type Cluster, startCluster } from '../dev/cluster/index.ts';
import { Api, inParallel } from '../test/support/api.ts';
import { depopulate, namespacesOf, type Population, populate } from '../test/support/populate.ts';
import {
  createLocation,
  installCrds,
  runToEnd,
  type Side,
  startServer,
  type VeleroServer,
} from '../test/support/velero.ts';

interface Measured {
  what: string;
  items: number;
  seconds: number;
  peakMiB?: number;
  cpuSeconds?: number;
  requests?: number;
}

const PER_NAMESPACE = 200;
const rows: Measured[] = [];

function print(row: Measured): Measured {
  rows.push(row);
  const columns = [
    row.what.padEnd(34),
    `${row.items} items`.padStart(14),
    `${row.seconds.toFixed(2)} s`.padStart(11),
    `${(row.items / row.seconds).toFixed(0)} items/s`.padStart(15),
    row.peakMiB === undefined ? '' : `peak ${row.peakMiB.toFixed(0)} MiB`.padStart(14),
    row.cpuSeconds === undefined ? '' : `cpu ${row.cpuSeconds.toFixed(1)} s`.padStart(13),
    row.requests === undefined ? '' : `${row.requests} API requests`.padStart(22),
  ];
  console.log(columns.join(' ').trimEnd());
  return row;
}

const rate = (row: Measured) => row.items / row.seconds;

/** All requests that the API server has answered, whoever sent them. */
async function apiRequests(api: Api): Promise<number> {
  const text = await api.text('GET', '/metrics');
  let total = 0;
  for (const match of text.matchAll(/^apiserver_request_total\{[^}]*\} (\S+)$/gm)) total += Number(match[1]);
  return total;
}

interface Bench {
  cluster: Cluster;
  api: Api;
}

async function withServer<T>(
  bench: Bench,
  side: Side,
  work: (server: VeleroServer) => Promise<T>,
): Promise<T> {
  const server = await startServer(bench.cluster, bench.api, { side, namespace: `velero-${side}` });
  try {
    return await work(server);
  } finally {
    await server.stop();
  }
}

/** One backup or restore by one side, with what the server and the API server spent on it. */
async function measure(
  bench: Bench,
  server: VeleroServer,
  what: string,
  plural: 'backups' | 'restores',
  name: string,
  spec: Record<string, unknown>,
  timeout: number,
): Promise<Measured> {
  server.resetPeak();
  const requests = await apiRequests(bench.api);
  const before = server.usage();
  const started = performance.now();
  const object = await runToEnd(bench.api, plural, server.namespace, name, spec, timeout);
  const seconds = (performance.now() - started) / 1000;
  const after = server.usage();
  const status = object['status'] as {
    phase: string;
    progress?: { itemsBackedUp?: number; itemsRestored?: number };
    errors?: number;
  };
  if (status.phase !== 'Completed') {
    throw new Error(
      `${what}: ${name} ended ${status.phase} with ${status.errors} errors:\n${server.log().slice(-3000)}`,
    );
  }
  return print({
    what,
    items: status.progress?.itemsBackedUp ?? status.progress?.itemsRestored ?? 0,
    seconds,
    peakMiB: after.peakMiB,
    cpuSeconds: after.cpu - before.cpu,
    requests: (await apiRequests(bench.api)) - requests,
  });
}

/** The raw limit of reading: the same kinds, page by page, four lists at once, parsed and thrown away. */
async function rawList(api: Api): Promise<Measured> {
  const lists = [
    '/api/v1/configmaps',
    '/api/v1/secrets',
    '/apis/apps/v1/deployments',
    '/apis/apps/v1/replicasets',
    '/api/v1/serviceaccounts',
    '/api/v1/namespaces',
  ];
  const started = performance.now();
  let items = 0;
  await inParallel(lists, 4, async (path) => {
    let token = '';
    do {
      const page = JSON.parse(
        await api.text('GET', `${path}?limit=500${token ? `&continue=${encodeURIComponent(token)}` : ''}`),
      ) as { items: unknown[]; metadata: { continue?: string } };
      items += page.items.length;
      token = page.metadata.continue ?? '';
    } while (token !== '');
  });
  return print({ what: 'raw list, pages of 500', items, seconds: (performance.now() - started) / 1000 });
}

function populationOf(prefix: string, size: number): Population {
  return { prefix, namespaces: Math.ceil(size / PER_NAMESPACE), perNamespace: PER_NAMESPACE };
}

/** The whole cluster: with namespaces named one by one the real Velero lists each of them and is several times slower. */
const EVERYTHING = {};

async function backupBothSides(bench: Bench, size: number): Promise<number> {
  const spec = EVERYTHING;
  const ours: Measured[] = [];
  const real: Measured[] = [];
  for (const round of [1, 2, 3]) {
    await withServer(bench, 'ours', async (server) => {
      ours.push(
        await measure(
          bench,
          server,
          `ours: backup, round ${round}`,
          'backups',
          `b${size}-${round}`,
          spec,
          900,
        ),
      );
    });
    await withServer(bench, 'real', async (server) => {
      real.push(
        await measure(
          bench,
          server,
          `real Velero: backup, round ${round}`,
          'backups',
          `b${size}-${round}`,
          spec,
          900,
        ),
      );
    });
  }
  return median(ours.map(rate)) / median(real.map(rate));
}

function median(values: number[]): number {
  return values.sort((a, b) => a - b)[Math.floor(values.length / 2)] as number;
}

async function compare(bench: Bench, only: string): Promise<{ backup?: number; restore?: number }> {
  const result: { backup?: number; restore?: number } = {};
  const small = populationOf('small', 5_000);
  await populate(bench.api, small);
  console.log('\n5,000 objects, both sides in turn');
  await rawList(bench.api);
  const smallRatio = await backupBothSides(bench, 5_000);
  console.log(`backup ratio at 5,000 objects: ${smallRatio.toFixed(1)}`);
  if (only !== 'backup') {
    const restored: Record<Side, number> = { ours: 0, real: 0 };
    for (const side of ['ours', 'real'] as const) {
      await depopulate(bench.api, small);
      const row = await withServer(bench, side, (server) =>
        measure(
          bench,
          server,
          side === 'ours' ? 'ours: restore' : 'real Velero: restore',
          'restores',
          'r5000',
          { backupName: 'b5000-1', includedNamespaces: namespacesOf(small) },
          1800,
        ),
      );
      restored[side] = rate(row);
    }
    result.restore = restored.ours / restored.real;
    console.log(`restore ratio at 5,000 objects: ${result.restore.toFixed(1)}`);
  }
  await depopulate(bench.api, small);
  if (only !== 'restore') {
    const large = populationOf('large', 30_000);
    await populate(bench.api, large);
    console.log('\n30,000 objects, both sides in turn');
    await rawList(bench.api);
    result.backup = await backupBothSides(bench, 30_000);
    console.log(`backup ratio at 30,000 objects: ${result.backup.toFixed(1)}`);
    await depopulate(bench.api, large);
  }
  return result;
}

/** Ours alone, beside what the API server can do at most. */
async function alone(bench: Bench, size: number, only: string): Promise<number | undefined> {
  console.log(`\n${size} objects, ours beside the raw limits`);
  const population = populationOf('alone', size);
  const seconds = await populate(bench.api, population);
  const raw = print({
    what: 'raw create, 32 connections',
    items: population.namespaces * PER_NAMESPACE,
    seconds,
  });
  await rawList(bench.api);
  const spec = { includedNamespaces: namespacesOf(population) };
  await withServer(bench, 'ours', (server) =>
    measure(bench, server, 'ours: backup', 'backups', `alone${size}`, spec, 1800),
  );
  if (only === 'backup') return undefined;
  await depopulate(bench.api, population, 3600);
  const restored = await withServer(bench, 'ours', (server) =>
    measure(bench, server, 'ours: restore', 'restores', `alone${size}`, { backupName: `alone${size}` }, 3600),
  );
  return rate(restored) / rate(raw);
}

const { values } = parseArgs({
  options: { size: { type: 'string' }, only: { type: 'string', default: '' } },
});
const size = values.size === undefined ? undefined : Number(values.size);
if (size !== undefined && !(Number.isInteger(size) && size > 0)) {
  console.error(`--size ${values.size}: a number of objects is wanted, e.g. --size 300000`);
  process.exit(2);
}

const cluster = await startCluster({
  velero: true,
  // 300,000 objects and their revisions do not fit into etcd's default of 2 GiB.
  arguments: { etcd: ['--quota-backend-bytes=8589934592'] },
  log: (line) => console.log(line),
});
const api = new Api(cluster);
try {
  await installCrds(cluster, api, 'real');
  for (const side of ['ours', 'real'] as const) {
    await createLocation(cluster, api, `velero-${side}`, { prefix: side });
  }
  const bench = { cluster, api };
  const ratios = size === undefined ? await compare(bench, values.only) : {};
  const share = await alone(bench, size ?? 30_000, values.only);
  console.log('');
  if (ratios.backup !== undefined) console.log(`backup ratio: ${ratios.backup.toFixed(1)}`);
  if (ratios.restore !== undefined) console.log(`restore ratio: ${ratios.restore.toFixed(1)}`);
  if (share !== undefined) console.log(`share of raw creates: ${(share * 100).toFixed(0)}%`);
} finally {
  await api.close();
  await cluster.stop();
}
