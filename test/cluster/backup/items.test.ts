import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Cluster, startCluster } from '../../../dev/cluster/index.ts';
import type { KubeObject } from '../../../src/api/object.ts';
import { finalizeBackup } from '../../../src/backup/finalize.ts';
import type { KubeClient } from '../../../src/kube/index.ts';
import { createLogger, type LogEntry } from '../../../src/lib/log.ts';
import type { BackupItemAction, BackupItemActionResult } from '../../../src/plugin/contract.ts';
import { createArchiveWriter } from '../../../src/storage/archive/writer.ts';
import { Api } from '../../support/api.ts';
import { createFixture } from './fixture.ts';
import { aBackup, backUp, connect, listed, readArchive, textOf } from './support.ts';

let cluster: Cluster;
let api: Api;
let kube: KubeClient;

beforeAll(async () => {
  cluster = await startCluster();
  api = new Api(cluster);
  await createFixture(api);
  kube = await connect(cluster);
});

afterAll(async () => {
  await kube?.close();
  await api?.close();
  await cluster?.stop();
});

const only = { includedNamespaces: ['shop'] };

/** An action for config maps of the name, or for another type. */
function anAction(
  execute: (item: KubeObject) => Partial<BackupItemActionResult> | Promise<Partial<BackupItemActionResult>>,
  options: { name?: string; resources?: string[]; labelSelector?: string; namespaces?: string[] } = {},
): BackupItemAction {
  return {
    name: options.name ?? 'example.com/test',
    appliesTo: () =>
      Promise.resolve({
        includedResources: options.resources ?? ['configmaps'],
        ...(options.labelSelector === undefined ? {} : { labelSelector: options.labelSelector }),
        ...(options.namespaces === undefined ? {} : { includedNamespaces: options.namespaces }),
      }),
    execute: async (item) => ({ item, ...(await execute(item)) }),
  };
}

const configMap = (name: string, namespace = 'shop') => ({
  group: '',
  resource: 'configmaps',
  namespace,
  name,
});
const settings = 'resources/configmaps/namespaces/shop/settings.json';

it('V-BKP-064 asks only the actions whose selector fits, in their order', async () => {
  const calls: string[] = [];
  const note = (name: string) => (item: KubeObject) => {
    calls.push(`${name} ${item.kind} ${item.metadata.name ?? ''}`);
    return {};
  };
  await backUp(kube, only, {
    actions: [
      anAction(note('labelled'), { labelSelector: 'app in (shop)' }),
      anAction(note('elsewhere'), { namespaces: ['other'] }),
      anAction(note('namespaced'), { resources: ['persistentvolumes'], namespaces: ['shop'] }),
      anAction(note('second'), { labelSelector: 'app=shop' }),
    ],
  });
  expect(calls).toEqual(['labelled ConfigMap settings', 'second ConfigMap settings']);
});

it('V-BKP-062 V-BKP-064 stores what the last action made, each seeing what the one before left', async () => {
  const add = (key: string) =>
    anAction((item) => ({ item: { ...item, data: { ...(item as { data?: object }).data, [key]: 'x' } } }), {
      labelSelector: 'app=shop',
    });
  const { files } = await backUp(kube, only, { actions: [add('one'), add('two')] });
  expect(files.get(settings)).toMatchObject({ data: { text: expect.any(String), one: 'x', two: 'x' } });
});

it('V-BKP-063 V-BKP-065 an action that fails loses its item alone, with object and cause in the error', async () => {
  const action = anAction(() => Promise.reject(new Error('no way')), { labelSelector: 'app=shop' });
  const result = await backUp(kube, only, { actions: [action] });
  expect(result.errors.map(textOf)).toEqual([
    'Error backing up item: error executing custom action (groupResource=configmaps, namespace=shop, name=settings): no way',
  ]);
  expect(result.errors[0]?.fields).toMatchObject({
    resource: 'configmaps',
    namespace: 'shop',
    name: 'settings',
  });
  expect(result.files.has(settings)).toBe(false);
  expect(listed(result, 'v1/ConfigMap')).toEqual(expect.arrayContaining(['shop/settings', 'shop/tools']));
  expect(result.files.has('resources/configmaps/namespaces/shop/tools.json')).toBe(true);
});

it('V-STO-034 V-BKP-062 an action may change name and version: the path keeps the version', async () => {
  const action = anAction(
    (item) => ({ item: { ...item, apiVersion: 'v9', metadata: { ...item.metadata, name: 'renamed' } } }),
    { labelSelector: 'app=shop' },
  );
  const { files } = await backUp(kube, only, { actions: [action] });
  expect(files.get('resources/configmaps/v1-preferredversion/namespaces/shop/renamed.json')).toMatchObject({
    apiVersion: 'v9',
  });
});

it('V-BKP-036 V-BKP-060 V-BKP-067 brings additional items along within the filters; missing ones warn', async () => {
  const action = anAction(
    () => ({
      additionalItems: [
        configMap('excluded'),
        configMap('elsewhere', 'other'),
        configMap('nothing'),
        { group: 'example.com', resource: 'galaxies', namespace: '', name: 'milky' },
      ],
    }),
    { labelSelector: 'app=shop' },
  );
  const result = await backUp(kube, only, { actions: [action] });
  expect(listed(result, 'v1/ConfigMap')).not.toContain('shop/excluded');
  expect(listed(result, 'v1/ConfigMap')).not.toContain('other/elsewhere');
  expect(listed(result, 'example.com/v1/Galaxy')).toEqual(['milky']);
  expect(result.warnings.map(({ message }) => message)).toContain(
    "Additional item was not found in Kubernetes API, can't back it up",
  );
  expect(result.errors).toEqual([]);
});

it('V-BKP-066 brings them along past all filters where the item says so, and drops that annotation', async () => {
  const key = 'backup.velero.io/must-include-additional-items';
  const action = anAction(
    (item) => ({
      item: { ...item, metadata: { ...item.metadata, annotations: { kept: 'yes', [key]: 'true' } } },
      additionalItems: [configMap('excluded'), configMap('elsewhere', 'other')],
    }),
    { labelSelector: 'app=shop', namespaces: ['shop'] },
  );
  const result = await backUp(kube, only, { actions: [action] });
  expect(listed(result, 'v1/ConfigMap')).toEqual(
    expect.arrayContaining(['other/elsewhere', 'shop/excluded']),
  );
  expect(result.files.get(settings)).toMatchObject({ metadata: { annotations: { kept: 'yes' } } });
  expect(JSON.stringify(result.files.get(settings))).not.toContain(key);
});

it('V-BKP-061 items that bring each other along come to an end, each stored once', async () => {
  const calls: string[] = [];
  const action = anAction(
    (item) => {
      const name = item.metadata.name ?? '';
      calls.push(name);
      return { additionalItems: [configMap(name === 'settings' ? 'tools' : 'settings')] };
    },
    { labelSelector: 'app in (shop,tools)' },
  );
  const result = await backUp(kube, only, { actions: [action] });
  expect(calls.sort()).toEqual(['settings', 'tools']);
  expect(result.paths.filter((path) => path === settings)).toHaveLength(1);
  expect(new Set(result.paths).size).toBe(result.paths.length);
});

it('V-BKP-063 V-BKP-067 an additional item of an unknown type fails the item that names it', async () => {
  const action = anAction(
    () => ({ additionalItems: [{ group: 'no.such', resource: 'things', namespace: 'shop', name: 'x' }] }),
    { labelSelector: 'app=shop' },
  );
  const result = await backUp(kube, only, { actions: [action] });
  expect(result.errors.map(textOf)).toEqual([
    `Error backing up item: the server doesn't have a resource type "things.no.such"`,
  ]);
});

it('V-BKP-060 an item that is being deleted is never stored', async () => {
  const path = '/api/v1/namespaces/shop/configmaps';
  const metadata = { name: 'leaving', finalizers: ['example.com/wait'] };
  await api.create(path, { apiVersion: 'v1', kind: 'ConfigMap', metadata });
  await api.delete(`${path}/leaving`);
  const result = await backUp(kube, only);
  await api.patch(`${path}/leaving`, { metadata: { finalizers: null } });
  expect(listed(result, 'v1/ConfigMap')).not.toContain('shop/leaving');
});

it('V-BKP-142 an account brings along what grants it rights in the cluster', async () => {
  const result = await backUp(kube, only);
  expect(listed(result, 'rbac.authorization.k8s.io/v1/ClusterRoleBinding')).toEqual(['robot-reads']);
  expect(listed(result, 'rbac.authorization.k8s.io/v1/ClusterRole')).toEqual(['robot-reader']);
});

it('V-BKP-141 V-BKP-140 a pod brings its class and claims along, a claim its volume', async () => {
  const result = await backUp(kube, { ...only, labelSelector: { matchLabels: { app: 'shop' } } });
  expect(listed(result, 'scheduling.k8s.io/v1/PriorityClass')).toEqual(['urgent']);
  expect(listed(result, 'v1/PersistentVolume')).toEqual(['pv-data', 'pv-files']);
});

it('V-BKP-143 keeps a definition as v1 where the cluster does not serve v1beta1', async () => {
  const result = await backUp(kube, {});
  expect(
    result.files.get(
      'resources/customresourcedefinitions.apiextensions.k8s.io/cluster/widgets.example.com.json',
    ),
  ).toMatchObject({ apiVersion: 'apiextensions.k8s.io/v1' });
});

it('V-BKP-069 skips CSI actions while the feature is off', async () => {
  const calls: string[] = [];
  const action = anAction(
    (item) => {
      calls.push(item.metadata.name ?? '');
      return {};
    },
    { name: 'velero.io/csi-test' },
  );
  await backUp(kube, only, { actions: [action] });
  expect(calls).toEqual([]);
  await backUp(kube, only, { actions: [action], features: ['EnableCSI'] });
  expect(calls).toContain('settings');
});

it('V-STO-041 V-STO-043 V-BKP-068 notes an operation that an action has started', async () => {
  const item = configMap('tools');
  const action = anAction(() => ({ operationId: 'op-1', postOperationItems: [item] }), {
    labelSelector: 'app=shop',
  });
  const { outcome } = await backUp(kube, only, { actions: [action] });
  expect(outcome.operations).toEqual([
    {
      spec: {
        backupName: 'test',
        backupUID: 'uid-of-test',
        backupItemAction: 'example.com/test',
        resourceIdentifier: { Group: '', Resource: 'configmaps', Namespace: 'shop', Name: 'settings' },
        operationID: 'op-1',
        postOperationItems: [{ Group: '', Resource: 'configmaps', Namespace: 'shop', Name: 'tools' }],
      },
      status: { phase: 'New', created: expect.stringMatching(/^\d{4}-.*Z$/) },
    },
  ]);
});

async function finalize(actions: readonly BackupItemAction[], postOperationItems: object[]) {
  const entries: LogEntry[] = [];
  const writer = createArchiveWriter();
  void writer.addItem(
    { groupResource: 'configmaps', version: 'v1', preferred: true, namespace: 'shop', name: 'tools' },
    Buffer.from('{"old":true}'),
  );
  void writer.add('resources/secrets/namespaces/shop/kept.json', Buffer.from('{"kept":true}'));
  const finished = writer.finish();
  const chunks: Buffer[] = [];
  const outcome = await finalizeBackup({
    backup: aBackup('test', only),
    kube,
    actions,
    settings: { features: new Set() },
    operations: [
      {
        spec: {
          backupName: 'test',
          backupUID: 'u',
          backupItemAction: 'a',
          resourceIdentifier: { Group: '', Resource: 'pods', Namespace: 'shop', Name: 'web' },
          operationID: 'op',
          postOperationItems: postOperationItems as never,
        },
        status: { phase: 'Completed' },
      },
    ],
    volumeInfos: [],
    archive: writer.stream,
    store: async (archive) => {
      for await (const chunk of archive) chunks.push(chunk as Buffer);
    },
    log: createLogger({ sinks: [{ write: (entry) => entries.push(entry) }] }),
    signal: new AbortController().signal,
  });
  await finished;
  const errors = entries.filter(({ level }) => level === 'error');
  return { outcome, files: await readArchive(Buffer.concat(chunks)), errors };
}

const post = (name: string) => ({ Group: '', Resource: 'configmaps', Namespace: 'shop', Name: name });

it('V-STO-036 V-BKP-130 reads items of ended operations anew, past all filters, and rewrites the archive', async () => {
  const mark = anAction((item) => ({ item: { ...item, marked: true } }));
  const { files, errors, outcome } = await finalize([mark], [post('tools'), post('excluded'), post('gone')]);
  expect([...files.keys()]).toEqual([
    'metadata/version',
    'resources/configmaps/namespaces/shop/tools.json',
    'resources/configmaps/v1-preferredversion/namespaces/shop/tools.json',
    'resources/secrets/namespaces/shop/kept.json',
    'resources/configmaps/namespaces/shop/excluded.json',
    'resources/configmaps/v1-preferredversion/namespaces/shop/excluded.json',
  ]);
  expect(files.get('resources/configmaps/namespaces/shop/tools.json')).toMatchObject({
    marked: true,
    data: { a: '1' },
  });
  expect(files.get('resources/secrets/namespaces/shop/kept.json')).toEqual({ kept: true });
  expect(errors.map(textOf)).toEqual(['Error getting item: configmaps "gone" not found']);
  expect(outcome.archive.entries).toBe(6);
});

it('V-BKP-068 V-BKP-130 an operation started while finalizing is an error of its item', async () => {
  const { errors, files } = await finalize([anAction(() => ({ operationId: 'again' }))], [post('tools')]);
  expect(errors.map(textOf)).toEqual([
    'Error backing up item: backup Item Action created operation during finalize (groupResource=configmaps, namespace=shop, name=tools)',
  ]);
  expect(files.get('resources/configmaps/namespaces/shop/tools.json')).toEqual({ old: true });
});
