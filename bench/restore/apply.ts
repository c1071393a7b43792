/**
 * The restore engine beside raw creates of the same objects on one cluster in one run.
 *
 * Usage: node bench/restore/apply.ts [--size N] [--rounds N] [--profile FILE]
 * Last line: `share of raw creates: N%`.
 */

import { Session } from 'node:inspector/promises';
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { startCluster } from '../../dev/cluster/index.ts';
import { restoreActions } from '../../src/actions/restore/index.ts';
import type { KubeObject } from '../../src/api/object.ts';
import {
  type ApiResource,
  connectKube,
  groupResource,
  type KubeClient,
  loadConfig,
} from '../../src/kube/index.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { createLogger, formatEntry } from '../../src/lib/log.ts';
import { createHookTracker } from '../../src/restore/hook-tracker.ts';
import { DEFAULT_PRIORITIES } from '../../src/restore/order.ts';
import { runRestore } from '../../src/restore/run.ts';
import { type Archive, openArchive } from '../../src/storage/archive/reader.ts';
import { createArchiveWriter } from '../../src/storage/archive/writer.ts';
import { Api } from '../../test/support/api.ts';
import { namespacesOf, type Population, populate } from '../../test/support/populate.ts';

const { values } = parseArgs({
  options: {
    size: { type: 'string', default: '5000' },
    rounds: { type: 'string', default: '2' },
    profile: { type: 'string' },
  },
});
const PER_NAMESPACE = 200;
const size = Number(values.size);

async function archiveOf(kube: KubeClient, population: Population): Promise<Archive> {
  const writer = createArchiveWriter();
  const opened = openArchive(writer.stream, { requireResources: false });
  for (const name of ['namespaces', 'configmaps', 'secrets', 'deployments.apps']) {
    const resource = kube.discovery.resolve(name) as ApiResource;
    for await (const page of kube.pages(resource)) {
      for (const { object, bytes } of page.items) {
        const { namespace = '', name: itemName = '' } = object.metadata;
        if (!(namespace === '' ? itemName : namespace).startsWith(population.prefix)) continue;
        if (itemName === 'kube-root-ca.crt') continue;
        const place = { groupResource: groupResource(resource), namespace, name: itemName };
        await writer.addItem({ ...place, version: resource.version, preferred: true }, bytes);
      }
    }
  }
  const [archive] = await Promise.all([opened, writer.finish()]);
  return archive;
}

async function restore(kube: KubeClient, archive: Archive, namespaceMapping: Record<string, string>) {
  let logBytes = 0;
  const log = createLogger({
    sinks: [
      {
        write: (entry) => {
          logBytes += formatEntry(entry).length;
        },
      },
    ],
  });
  const restored: KubeObject = {
    apiVersion: 'velero.io/v1',
    kind: 'Restore',
    metadata: { name: 'bench', namespace: 'velero', uid: 'bench' },
  };
  const started = performance.now();
  const cpu = process.cpuUsage();
  const requests = kube.stats.requests;
  const outcome = await runRestore({
    restore: { ...restored, spec: { backupName: 'bench', namespaceMapping } },
    backup: {
      apiVersion: 'velero.io/v1',
      kind: 'Backup',
      metadata: { name: 'bench', namespace: 'velero' },
      spec: {},
    },
    archive,
    actions: restoreActions({ kube, namespace: 'velero', image: { registry: 'velero', tag: 'v1' } }),
    podVolumeBackups: [],
    volumeSnapshots: [],
    csiVolumeSnapshots: [],
    volumeInfos: [],
    kube,
    settings: {
      namespace: 'velero',
      priorities: DEFAULT_PRIORITIES,
      terminatingResourceTimeoutMs: 60_000,
      resourceTimeoutMs: 60_000,
      features: new Set(),
    },
    hooks: createHookTracker(),
    volumeSnapshotter: () => Promise.reject(new Error('none')),
    snapshotLocation: () => Promise.reject(new Error('none')),
    onProgress: async () => {},
    log,
    serverLog: log,
    clock: systemClock,
    signal: new AbortController().signal,
  });
  const used = process.cpuUsage(cpu);
  const problems = [...outcome.errors.velero, ...Object.values(outcome.errors.namespaces).flat()];
  if (problems.length > 0) throw new Error(`${problems.length} errors, the first: ${problems[0]}`);
  return {
    seconds: (performance.now() - started) / 1000,
    cpuSeconds: (used.user + used.system) / 1e6,
    requests: kube.stats.requests - requests,
    logBytes,
  };
}

const cluster = await startCluster();
const api = new Api(cluster);
const kube = await connectKube(loadConfig({ env: {}, kubeconfig: cluster.kubeconfig }), {
  userAgent: 'velero-server/bench',
});
const perNamespace = Math.min(PER_NAMESPACE, size);
const population = (prefix: string): Population => ({
  prefix,
  namespaces: Math.ceil(size / perNamespace),
  perNamespace,
});
await populate(api, population('warm'));
const archive = await archiveOf(kube, population('warm'));
let raw = 0;
let ours = 0;
for (let round = 1; round <= Number(values.rounds); round++) {
  const items = population('').namespaces * perNamespace;
  const rawCpu = process.cpuUsage();
  const rawSeconds = await populate(api, population(`raw${round}`));
  const { user, system } = process.cpuUsage(rawCpu);
  raw += rawSeconds;
  console.log(
    `raw creates   ${items} items ${rawSeconds.toFixed(2)} s ${(items / rawSeconds).toFixed(0)} items/s, ` +
      `cpu ${((user + system) / 1e6).toFixed(2)} s`,
  );
  const mapping = Object.fromEntries(
    namespacesOf(population('warm')).map((name) => [name, name.replace('warm', `copy${round}`)]),
  );
  const session = values.profile === undefined ? undefined : new Session();
  if (session) {
    session.connect();
    await session.post('Profiler.enable');
    await session.post('Profiler.start');
  }
  const measured = await restore(kube, archive, mapping);
  if (session && values.profile !== undefined) {
    const { profile } = await session.post('Profiler.stop');
    writeFileSync(values.profile, JSON.stringify(profile));
    session.disconnect();
  }
  ours += measured.seconds;
  console.log(
    `restore       ${items} items ${measured.seconds.toFixed(2)} s ${(items / measured.seconds).toFixed(0)} items/s, ` +
      `cpu ${measured.cpuSeconds.toFixed(2)} s, ${measured.requests} requests, log ${(measured.logBytes / 1e6).toFixed(1)} MB, ` +
      `rss ${(process.memoryUsage.rss() / 2 ** 20).toFixed(0)} MiB`,
  );
}
await kube.close();
await cluster.stop();
console.log(`share of raw creates: ${((raw / ours) * 100).toFixed(0)}%`);
