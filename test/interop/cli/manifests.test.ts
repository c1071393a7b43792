import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Cluster, startCluster } from '../../../dev/cluster/index.ts';
import { Api } from '../../support/api.ts';
import { ensureNamespace, installCrds, kubectl, velero } from '../../support/velero.ts';

/** What the command line prints with `-o` is a manifest: kubectl takes it, and it makes the same object. */

const NAMESPACE = 'manifests';

let cluster: Cluster;
let api: Api;

beforeAll(async () => {
  cluster = await startCluster({ velero: true });
  api = new Api(cluster);
  await installCrds(cluster, api, 'ours');
  await ensureNamespace(api, NAMESPACE);
  await api.create(pathOf('backups'), {
    apiVersion: 'velero.io/v1',
    kind: 'Backup',
    metadata: { name: 'source', labels: { team: 'a' } },
    spec: { includedNamespaces: ['shop'], ttl: '48h0m0s' },
    status: { phase: 'Completed', expiration: '2035-02-01T03:04:05Z', warnings: 2 },
  });
}, 180_000);

afterAll(async () => {
  await api?.close();
  await cluster?.stop();
});

const pathOf = (plural: string, name?: string) =>
  `/apis/velero.io/v1/namespaces/${NAMESPACE}/${plural}${name === undefined ? '' : `/${name}`}`;

async function ours(...args: string[]): Promise<string> {
  const result = await velero(cluster, 'ours', [...args, '-n', NAMESPACE]);
  expect(result, result.stderr).toMatchObject({ code: 0 });
  return result.stdout;
}

const CREATED: [string, string, string[]][] = [
  [
    'backups',
    'V-CLI-011 V-CLI-013 V-CLI-014 backup',
    ['backup', '--include-namespaces', 'a,b', '--labels', 'k=v', '--ttl', '36h', '-l', 'a=b,c in (x,y)'],
  ],
  [
    'restores',
    'V-CLI-011 V-CLI-036 V-CLI-037 restore',
    ['restore', '--from-backup', 'source', '--namespace-mappings', 'a:b', '--restore-volumes=false'],
  ],
  [
    'schedules',
    'V-CLI-011 V-CLI-049 schedule',
    ['schedule', '--schedule', '@every 1h', '--include-resources', 'pods', '--skip-immediately=true'],
  ],
  [
    'backupstoragelocations',
    'V-CLI-011 V-CLI-056 backup-location',
    [
      'backup-location',
      '--provider',
      'aws',
      '--bucket',
      'b',
      '--config',
      'a=b',
      '--validation-frequency',
      '1m',
    ],
  ],
  [
    'volumesnapshotlocations',
    'V-CLI-011 V-CLI-061 snapshot-location',
    ['snapshot-location', '--provider', 'aws', '--credential', 's=k'],
  ],
];

it.each(
  CREATED.flatMap(([plural, title, args]) =>
    ['yaml', 'json'].map((format) => ({ plural, title, args, format })),
  ),
)('$title create -o $format and kubectl apply make what create makes', async ({ plural, args, format }) => {
  const [noun, ...flags] = args as [string, ...string[]];
  const manifest = await ours(noun, 'create', `applied-${format}`, ...flags, '-o', format);
  expect(
    await api.list(pathOf(plural)).then((list) => list.map(({ metadata }) => metadata.name)),
  ).not.toContain(`applied-${format}`);
  await kubectl(cluster, ['apply', '-f', '-'], manifest);
  await ours(noun, 'create', `created-${format}`, ...flags);
  const applied = await api.get(pathOf(plural, `applied-${format}`));
  const created = await api.get(pathOf(plural, `created-${format}`));
  expect(applied['spec']).toEqual(created['spec']);
  expect(applied.metadata.labels).toEqual(created.metadata.labels);
});

it.each(['yaml', 'json'])('V-CLI-012 what get -o %s prints can be applied again', async (format) => {
  const before = await api.get(pathOf('backups', 'source'));
  await kubectl(cluster, ['apply', '-f', '-'], await ours('backup', 'get', 'source', '-o', format));
  const { spec, status } = await api.get(pathOf('backups', 'source'));
  expect({ spec, status }).toMatchObject({ spec: before['spec'], status: before['status'] });
  // All of them at once.
  const list = await ours('backup', 'get', '-o', format);
  const names = (await api.list(pathOf('backups'))).map(({ metadata }) => metadata.name).sort();
  const applied = await kubectl(cluster, ['apply', '-f', '-', '--dry-run=server', '-o', 'name'], list);
  expect(applied.trim().split('\n').sort()).toEqual(names.map((name) => `backup.velero.io/${name}`));
});
