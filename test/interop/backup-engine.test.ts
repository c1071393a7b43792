/** The real Velero and our engine back up the same cluster: archives, resource lists, volume infos and counts agree. */

import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Cluster, startCluster } from '../../dev/cluster/index.ts';
import type { BackupSpec } from '../../src/api/backup.ts';
import type { KubeClient } from '../../src/kube/index.ts';
import { createFixture } from '../cluster/backup/fixture.ts';
import { backUp, connect } from '../cluster/backup/support.ts';
import { Api, type ApiObject } from '../support/api.ts';
import { BucketFolder } from '../support/bucket.ts';
import { differences } from '../support/compare.ts';
import { createLocation, installCrds, startServer, type VeleroServer } from '../support/velero.ts';

let cluster: Cluster;
let api: Api;
let kube: KubeClient;
let server: VeleroServer;

const PATH = '/apis/velero.io/v1/namespaces/velero/backups';

beforeAll(async () => {
  cluster = await startCluster({ velero: true });
  api = new Api(cluster);
  await installCrds(cluster, api, 'real');
  await createFixture(api);
  await createLocation(cluster, api, 'velero', { prefix: 'compared' });
  server = await startServer(cluster, api, { side: 'real', namespace: 'velero' });
  kube = await connect(cluster);
});

afterAll(async () => {
  await kube?.close();
  await server?.stop();
  await api?.close();
  await cluster?.stop();
});

interface RealBackup extends ApiObject {
  spec: BackupSpec;
  status: {
    phase: string;
    errors?: number;
    warnings?: number;
    progress?: { itemsBackedUp?: number };
    hookStatus?: object;
  };
}

const FINAL = ['Completed', 'PartiallyFailed', 'Failed', 'FailedValidation'];

/** What changes between two runs by itself: leases, events, and the real server's own objects. */
const MOVING = /leases|events|namespaces\/velero\/|backups\.velero|velero\.io\//;

const app = { matchLabels: { app: 'shop' } };

it.each<[string, BackupSpec]>([
  ['one-namespace', { includedNamespaces: ['shop'] }],
  ['whole-cluster', {}],
  ['no-node-agent', { includedNamespaces: ['other'] }],
  ['labelled', { includedNamespaces: ['*'], labelSelector: app }],
  ['either-label', { orLabelSelectors: [{ matchLabels: { app: 'tools' } }, { matchLabels: { team: 'b' } }] }],
  [
    'types',
    { includedNamespaces: ['shop', 'other'], includedResources: ['cm', 'pvc', 'widgets.example.com'] },
  ],
  [
    'scoped',
    {
      includedNamespaces: ['shop'],
      includedClusterScopedResources: ['galaxies'],
      excludedNamespaceScopedResources: ['secrets'],
    },
  ],
  [
    'cluster-only',
    { excludedNamespaceScopedResources: ['*'], includedClusterScopedResources: ['pv', 'clusterroles'] },
  ],
  ['without-cluster', { includedNamespaces: ['shop'], includeClusterResources: false }],
  ['with-cluster', { includedNamespaces: ['shop'], includeClusterResources: true }],
  ['missing-namespace', { includedNamespaces: ['shop', 'nowhere'] }],
  ['ordered', { includedNamespaces: ['shop'], orderedResources: { pods: 'shop/web,shop/none' } }],
  ['all-as-files', { includedNamespaces: ['shop'], defaultVolumesToFsBackup: true }],
  ['no-snapshots', { includedNamespaces: ['shop'], snapshotVolumes: false }],
])('V-STO-031 V-STO-032 V-STO-035 V-STO-046 agrees with the real Velero on %s', async (name, spec) => {
  await api.create(PATH, { apiVersion: 'velero.io/v1', kind: 'Backup', metadata: { name }, spec });
  const real = await api.until(
    () => api.get<RealBackup>(`${PATH}/${name}`),
    ({ status }) => FINAL.includes(status?.phase),
    `backup ${name} to end`,
    120,
  );
  const bucket = new BucketFolder(cluster, 'compared', 'backups', name);
  const theirs = bucket.archive(`${name}.tar.gz`);
  const ours = await backUp(kube, real.spec, { name });

  const still = (path: string) => !MOVING.test(path);
  expect(ours.paths.filter(still).sort()).toEqual([...theirs.keys()].filter(still).sort());
  for (const [path, text] of theirs) {
    if (!still(path) || !path.endsWith('.json')) continue;
    expect({ path, differences: differences(JSON.parse(text), ours.files.get(path)) }).toEqual({
      path,
      differences: [],
    });
  }
  const list = (lists: Record<string, string[]>) =>
    Object.entries(lists)
      .filter(([kind]) => !/Lease|Event|velero\.io/.test(kind))
      .map(([kind, items]) => [kind, items.filter((item) => !item.startsWith('velero/'))] as const)
      .filter(([, items]) => items.length > 0)
      .sort(([one], [other]) => (one < other ? -1 : 1));
  expect(list(ours.outcome.resourceList)).toEqual(list(bucket.json(`${name}-resource-list.json.gz`)));
  const byVolume = (infos: { pvName?: string }[] | null) =>
    (infos ?? []).toSorted((one, other) => ((one.pvName ?? '') < (other.pvName ?? '') ? -1 : 1));
  expect(byVolume(ours.outcome.volumeInfos)).toEqual(byVolume(bucket.json(`${name}-volumeinfo.json.gz`)));
  expect({ errors: ours.errors.length, warnings: ours.warnings.length }).toEqual({
    errors: real.status.errors ?? 0,
    warnings: real.status.warnings ?? 0,
  });
  expect(Object.values(ours.outcome.hookStatus).every((count) => count === 0)).toBe(
    JSON.stringify(real.status.hookStatus ?? {}) === '{}',
  );
});
