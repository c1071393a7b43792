import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Cluster, startCluster } from '../../dev/cluster/index.ts';
import { Api, type ApiObject, deleteNamespace } from '../support/api.ts';
import { NAMESPACED_PATHS } from '../support/application.ts';
import { BucketFolder } from '../support/bucket.ts';
import { compareSets, differences } from '../support/compare.ts';
import {
  createLocation,
  installCrds,
  runToEnd,
  type Side,
  startServer,
  type VeleroServer,
} from '../support/velero.ts';

/**
 * A bucket that the real Velero 1.14.1 wrote on another cluster, long gone: both servers learn of its backups by
 * themselves and restore them. There is no node agent here, so both report what they cannot do for the volumes.
 */

const SIDES = ['real', 'ours'] as const;
const BACKUPS = [
  { name: 'shop-fsb3', namespace: 'shop' },
  { name: 'store-csi', namespace: 'store' },
  { name: 'store-dm', namespace: 'store' },
] as const;

let cluster: Cluster;
let api: Api;
const servers = {} as Record<Side, VeleroServer>;
const results = new Map<string, { restore: ApiObject; objects: Map<string, ApiObject> }>();

beforeAll(async () => {
  cluster = await startCluster({ velero: true });
  api = new Api(cluster);
  await installCrds(cluster, api, 'real');
  execFileSync('tar', [
    '-xzf',
    path.resolve(import.meta.dirname, '../golden/velero-1.14.1-bucket.tar.gz'),
    '-C',
    path.join(cluster.s3.dataFolder, 'velero'),
  ]);
  for (const side of SIDES) {
    await createLocation(cluster, api, `velero-${side}`, {
      prefix: 'base',
      spec: { accessMode: 'ReadWrite' },
    });
    servers[side] = await startServer(cluster, api, { side, namespace: `velero-${side}` });
  }
  for (const side of SIDES) {
    await api.until(
      async () =>
        (await api.list(`/apis/velero.io/v1/namespaces/velero-${side}/backups`)).map(
          (one) => one.metadata.name,
        ),
      (names) => BACKUPS.every(({ name }) => names.includes(name)),
      `${side}: backups to be synced from the bucket`,
      150,
    );
  }
  for (const { name, namespace } of BACKUPS) {
    for (const side of SIDES) {
      const restore = await runToEnd(
        api,
        'restores',
        `velero-${side}`,
        `${name}-${side}`,
        { backupName: name },
        180,
      );
      results.set(`${name} ${side}`, { restore, objects: await settled(namespace) });
      for (const one of [namespace, 'velero']) await deleteNamespace(api, one);
      await api.text('DELETE', '/api/v1/persistentvolumes');
      for (const kind of ['clusterroles', 'clusterrolebindings']) {
        await api.delete(`/apis/rbac.authorization.k8s.io/v1/${kind}/shop-reader`);
      }
    }
  }
}, 900_000);

afterAll(async () => {
  for (const side of SIDES) await servers[side]?.stop();
  await api?.close();
  await cluster?.stop();
}, 120_000);

/** Controllers adopt what was restored: wait until two looks, a second apart, see the same. */
async function settled(namespace: string): Promise<Map<string, ApiObject>> {
  await api.until(
    () => api.get(`/api/v1/namespaces/${namespace}/pods/db-0`).catch(() => undefined),
    (pod) => pod === undefined || pod.metadata['ownerReferences'] !== undefined,
    'pod db-0 to be adopted by its StatefulSet',
  );
  for (let last = ''; ; ) {
    const objects = await objectsOf(namespace);
    const now = [...objects.values()].map((object) => object.metadata['resourceVersion']).join();
    if (now === last) return objects;
    last = now;
    await new Promise((resolve) => setTimeout(resolve, 1000));
  }
}

async function objectsOf(namespace: string): Promise<Map<string, ApiObject>> {
  const found = new Map<string, ApiObject>();
  for (const entry of NAMESPACED_PATHS) {
    const [group, resource] = entry.split(' ') as [string, string];
    for (const item of await api.list(`/${group}/namespaces/${namespace}/${resource}`).catch(() => [])) {
      found.set(`${resource}/${item.metadata.name}`, item);
    }
  }
  return found;
}

describe('backups of another cluster, known from the bucket alone', () => {
  it.each(BACKUPS)('V-SYN-004 $name is the same custom resource for both', async ({ name }) => {
    const [real, ours] = await Promise.all(
      SIDES.map((side) => api.get(`/apis/velero.io/v1/namespaces/velero-${side}/backups/${name}`)),
    );
    const lines = differences(real, ours).filter(
      (one) =>
        !/^metadata\.(uid|resourceVersion|creationTimestamp|namespace|managedFields|generation)/.test(
          one.path,
        ),
    );
    expect(lines).toEqual([]);
  });

  it('V-SYN-005 their PodVolumeBackups come with them', async () => {
    const [real, ours] = await Promise.all(
      SIDES.map((side) => api.list(`/apis/velero.io/v1/namespaces/velero-${side}/podvolumebackups`)),
    );
    const byName = (list: ApiObject[] | undefined) =>
      new Map((list ?? []).map((one) => [one.metadata.name, one] as const));
    expect(real?.length).toBeGreaterThan(0);
    const lines = compareSets(byName(real), byName(ours), {
      status: true,
      ignore: (_key, one) => /backup-uid$|^metadata\.namespace$|^spec\.tags\.backup-uid$/.test(one.path),
    });
    expect(lines).toEqual([]);
  });

  it.each(BACKUPS)('V-RST-038 $name ends in the same phase with as many errors and warnings', ({ name }) => {
    const [real, ours] = SIDES.map((side) => results.get(`${name} ${side}`)?.restore['status']);
    // The number of errors differs by those that the original says twice: see the results below.
    expect(differences(real, ours).filter((one) => !/Timestamp$|^errors$/.test(one.path))).toEqual([]);
  });

  it.each(BACKUPS)('V-RST-104 V-RST-139 $name leaves the same objects', ({ name }) => {
    const [real, ours] = SIDES.map(
      (side) => results.get(`${name} ${side}`)?.objects as Map<string, ApiObject>,
    );
    const lines = compareSets(real as Map<string, ApiObject>, ours as Map<string, ApiObject>, {
      ignore: (key, one) =>
        (key.startsWith('services/') && /clusterIPs?(\[0\])?$|nodePort$/.test(one.path)) ||
        // The init container carries the UID of the Restore.
        (/initContainers\[\d\]\.args\[0\]$/.test(one.path) && typeof one.left === 'string') ||
        key.endsWith('/default') ||
        one.path.endsWith('last-change-trigger-time') ||
        // The original mounts the volumes of a pod in no order.
        /initContainers\[\d\]\.volumeMounts\[\d\]/.test(one.path) ||
        (/initContainers\[\d\]\.image$/.test(one.path) && String(one.left).includes('velero-restore-helper')),
      skip: (key) => key.startsWith('endpointslices/'),
    });
    expect(lines).toEqual([]);
  });

  it.each(BACKUPS)('V-RST-036 V-RST-045 $name says the same in its results and its list', ({ name }) => {
    const [real, ours] = SIDES.map((side) => {
      const folder = new BucketFolder(cluster, 'base', 'restores', `${name}-${side}`);
      const prefix = `restore-${name}-${side}`;
      return {
        list: folder.json<Record<string, string[]>>(`${prefix}-resource-list.json.gz`),
        results: withoutTwice(folder.json<Results>(`${prefix}-results.gz`)),
      };
    });
    expect(ours).toEqual(real);
  });
});

interface Messages {
  velero?: string[];
  cluster?: string[];
  namespaces?: Record<string, string[]>;
}
interface Results {
  errors: Messages;
  warnings: Messages;
}

/**
 * Messages as a sorted set: the original says twice that a storage class is not there, once bare and once with the claim.
 * Ours adds in brackets what to do.
 */
function withoutTwice(results: Results): Results {
  const clean = (messages: string[]) =>
    messages
      .map((message) => message.replace(/ \(.* is not served by this cluster: .*\)$/, ''))
      .filter((message) => !/^storageclasses\.storage\.k8s\.io "\w+" not found$/.test(message))
      .sort();
  const each = ({ velero, cluster, namespaces }: Messages): Messages => ({
    ...(velero ? { velero: clean(velero) } : {}),
    ...(cluster ? { cluster: clean(cluster) } : {}),
    ...(namespaces
      ? {
          namespaces: Object.fromEntries(
            Object.entries(namespaces).map(([name, list]) => [name, clean(list)]),
          ),
        }
      : {}),
  });
  return { errors: each(results.errors), warnings: each(results.warnings) };
}
