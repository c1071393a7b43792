import { readdirSync, readFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Cluster, startCluster } from '../../../dev/cluster/index.ts';
import { deleteActions } from '../../../src/actions/delete/index.ts';
import { restoreActions } from '../../../src/actions/restore/index.ts';
import type { Backup } from '../../../src/api/backup.ts';
import type { KubeObject } from '../../../src/api/object.ts';
import { type ApiResource, isNotFound, type KubeClient } from '../../../src/kube/index.ts';
import { createLogger, type LogEntry } from '../../../src/lib/log.ts';
import { parseYaml } from '../../../src/lib/yaml.ts';
import type { RestoreItemActionResult } from '../../../src/plugin/contract.ts';
import { archiveOf, aRestore, configMap, connect, namespace, restore, saved } from './support.ts';

let cluster: Cluster;
let kube: KubeClient;
let entries: LogEntry[] = [];

const IMAGE = { registry: 'example.io/velero', tag: 'v1.14.1' };

beforeAll(async () => {
  cluster = await startCluster();
  kube = await connect(cluster);
  const folder = new URL('../../../deploy/crds/', import.meta.url);
  const definitions = readdirSync(folder).filter((file) => file.endsWith('.yaml'));
  const crds = definitions.map(
    (file) => parseYaml(readFileSync(new URL(file, folder), 'utf8')) as KubeObject,
  );
  const { errors } = await restore(
    kube,
    await archiveOf(kube, [...crds, namespace('velero'), namespace('shop')]),
  );
  expect(errors).toEqual([]);
});

afterAll(async () => {
  await kube?.close();
  await cluster?.stop();
});

afterEach(async () => {
  entries = [];
  await kube.deleteCollection(resource('configmaps'), {
    namespace: 'velero',
    labelSelector: 'velero.io/plugin-config',
  });
});

function resource(name: string): ApiResource {
  return kube.discovery.resolve(name) as ApiResource;
}

/** Runs one built-in action, fresh each time as for another restore. */
async function act(
  action: string,
  item: KubeObject,
  options: { itemFromBackup?: KubeObject; name?: string } = {},
): Promise<RestoreItemActionResult> {
  const found = restoreActions({ kube, namespace: 'velero', image: IMAGE }).find(
    ({ name }) => name === `velero.io/${action}`,
  );
  if (!found) throw new Error(`no action ${action}`);
  const log = createLogger({ sinks: [{ write: (entry) => entries.push(entry) }] });
  const input = {
    item,
    itemFromBackup: options.itemFromBackup ?? item,
    restore: aRestore(options.name ?? 'r1'),
  };
  return await found.execute(input, { log, signal: new AbortController().signal });
}

async function configure(
  action: string,
  data: Record<string, string>,
  name = `config-of-${action}`,
): Promise<void> {
  await kube.create(
    resource('configmaps'),
    {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: {
        name,
        labels: { 'velero.io/plugin-config': '', [`velero.io/${action}`]: 'RestoreItemAction' },
      },
      data,
    },
    'velero',
  );
}

const object = (kind: string, spec: unknown, metadata: Partial<KubeObject['metadata']> = {}): KubeObject => ({
  apiVersion: kind === 'StatefulSet' ? 'apps/v1' : 'v1',
  kind,
  metadata: { name: 'x', namespace: 'shop', ...metadata },
  spec,
});

async function exists(type: string, name: string, inNamespace: string): Promise<boolean> {
  try {
    await kube.get(resource(type), name, inNamespace);
    return true;
  } catch (error) {
    if (isNotFound(error)) return false;
    throw error;
  }
}

describe('configuration of actions', () => {
  it('V-RIA-002 V-RIA-003 is one labelled ConfigMap of any name; two of them fail the action', async () => {
    const claim = object('PersistentVolumeClaim', { storageClassName: 'old' });
    expect((await act('change-storage-class', claim)).item).toBe(claim);
    await configure('change-storage-class', {}, 'first');
    expect((await act('change-storage-class', claim)).item).toBe(claim);
    await configure('change-storage-class', {}, 'second');
    await expect(act('change-storage-class', claim)).rejects.toThrow(
      'found more than one ConfigMap matching label selector "velero.io/plugin-config,velero.io/change-storage-class=RestoreItemAction": [first second]',
    );
  });
});

describe('change maps', () => {
  it('V-MOD-028 V-MOD-029 V-MOD-030 maps storage classes of claims, volumes and claim templates', async () => {
    await kube.create(resource('storageclasses'), {
      apiVersion: 'storage.k8s.io/v1',
      kind: 'StorageClass',
      metadata: { name: 'new' },
      provisioner: 'example.com/x',
    });
    await configure('change-storage-class', { old: 'new', lost: 'nowhere' });
    const mapped = async (item: KubeObject) => (await act('change-storage-class', item)).item;
    for (const kind of ['PersistentVolumeClaim', 'PersistentVolume']) {
      const item = object(
        kind,
        { storageClassName: 'old', other: 1 },
        {
          annotations: { 'volume.beta.kubernetes.io/storage-class': 'old' },
        },
      );
      expect(await mapped(item)).toEqual({ ...item, spec: { storageClassName: 'new', other: 1 } });
      expect((await mapped(object(kind, { storageClassName: 'older' })))['spec']).toEqual({
        storageClassName: 'older',
      });
      expect((await mapped(object(kind, {})))['spec']).toEqual({});
    }
    const set = object('StatefulSet', {
      replicas: 1,
      volumeClaimTemplates: ['old', 'other'].map((storageClassName) => ({ spec: { storageClassName } })),
    });
    expect((await mapped(set))['spec']).toEqual({
      replicas: 1,
      volumeClaimTemplates: ['new', 'other'].map((storageClassName) => ({ spec: { storageClassName } })),
    });
    await expect(mapped(object('PersistentVolumeClaim', { storageClassName: 'lost' }))).rejects.toThrow(
      'error getting storage class nowhere from API: storageclasses.storage.k8s.io "nowhere" not found',
    );
  });

  it('V-MOD-031 V-MOD-032 maps the selected node of claims, or forgets one that is gone', async () => {
    const key = 'volume.kubernetes.io/selected-node';
    const claim = (node: string, more: Record<string, string> = {}) =>
      object('PersistentVolumeClaim', {}, { annotations: { [key]: node, ...more } });
    const annotations = async (item: KubeObject) =>
      (await act('change-pvc-node-selector', item)).item.metadata.annotations;
    await kube.create(resource('nodes'), { apiVersion: 'v1', kind: 'Node', metadata: { name: 'here' } });
    expect(await annotations(claim('here'))).toEqual({ [key]: 'here' });
    expect(await annotations(claim('gone', { keep: 'me' }))).toEqual({ keep: 'me' });
    expect(await annotations(claim('gone'))).toBeUndefined();
    await configure('change-pvc-node-selector', { gone: 'here', here: 'nowhere' });
    entries = [];
    expect(await annotations(claim('gone'))).toEqual({ [key]: 'here' });
    expect(entries).toEqual([]);
    expect(await annotations(claim('here'))).toEqual({ [key]: 'nowhere' });
    expect(entries.map(({ level }) => level)).toEqual(['warning']);
    const plain = object('PersistentVolumeClaim', {});
    expect((await act('change-pvc-node-selector', plain)).item).toBe(plain);
  });

  it('V-MOD-033 V-MOD-034 V-MOD-035 replaces parts of image names, one rule an image', async () => {
    await configure('change-image-name', {
      a: ' 1.1.1.1:5000 , 2.2.2.2:3000 ',
      b: 'abc:test,edf:test',
      c: 'no comma',
      d: 'nothing after,',
    });
    const containers = (...images: string[]) => ({
      containers: images.map((image) => ({ name: 'c', image })),
    });
    const images = async (item: KubeObject) =>
      [...JSON.stringify((await act('change-image-name', item)).item).matchAll(/"image":"([^"]*)"/g)].map(
        ([, image]) => image,
      );
    expect(
      await images(
        object('Pod', {
          ...containers('1.1.1.1:5000/abc:test', 'x/abc:test', 'other', 'nothing after'),
          initContainers: [{ name: 'i', image: '1.1.1.1:5000/1.1.1.1:5000' }],
        }),
      ),
    ).toEqual(['2.2.2.2:3000/abc:test', 'x/edf:test', 'other', 'nothing after', '2.2.2.2:3000/2.2.2.2:3000']);
    for (const kind of [
      'Deployment',
      'StatefulSet',
      'DaemonSet',
      'ReplicaSet',
      'ReplicationController',
      'Job',
    ]) {
      expect(await images(object(kind, { template: { spec: containers('abc:test') } }))).toEqual([
        'edf:test',
      ]);
    }
    expect(
      await images(
        object('CronJob', { jobTemplate: { spec: { template: { spec: containers('abc:test') } } } }),
      ),
    ).toEqual(['edf:test']);
  });
});

describe('secrets', () => {
  it('V-RIA-013 V-RIA-014 V-RIA-015 leaves out tokens that the cluster makes, and cleans others', async () => {
    await kube.create(
      resource('serviceaccounts'),
      { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'app' } },
      'shop',
    );
    const secret = (name: string, type: string): KubeObject => ({
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: {
        name,
        namespace: 'shop',
        annotations: {
          'kubernetes.io/service-account.uid': 'u',
          'kubernetes.io/service-account.name': 'app',
        },
      },
      type,
      data: { token: 'dA==', 'ca.crt': 'Yw==', namespace: 'bg==' },
    });
    const TOKEN = 'kubernetes.io/service-account-token';
    const opaque = secret('app-token-1', 'Opaque');
    expect(await act('secret', opaque)).toEqual({ item: opaque });
    expect((await act('secret', secret('app-token-1', TOKEN))).skipRestore).toBe(true);
    const { item, skipRestore } = await act('secret', secret('mine', TOKEN));
    expect(skipRestore).toBeUndefined();
    expect(item).toEqual({
      ...secret('mine', TOKEN),
      metadata: {
        name: 'mine',
        namespace: 'shop',
        annotations: { 'kubernetes.io/service-account.name': 'app' },
      },
      data: { namespace: 'bg==' },
    });
  });
});

describe('pod volume restore', () => {
  const wait = (item: KubeObject) =>
    (item['spec'] as { initContainers: Record<string, unknown>[] }).initContainers;

  const pod = (initContainers: object[] = [], annotations: Record<string, string> = {}) =>
    object(
      'Pod',
      {
        containers: [{ name: 'c' }],
        volumes: [{ name: 'data' }, { name: 'info', downwardAPI: {} }],
        initContainers,
      },
      {
        name: 'web',
        annotations,
      },
    );

  beforeAll(async () => {
    const backedUp = async (name: string, podName: string, volume: string, snapshotID: string) => {
      const made = await kube.create(
        resource('podvolumebackups.velero.io'),
        {
          apiVersion: 'velero.io/v1',
          kind: 'PodVolumeBackup',
          metadata: { name, labels: { 'velero.io/backup-name': 'backup-1' } },
          spec: {
            node: 'n',
            pod: { kind: 'Pod', name: podName, namespace: 'shop' },
            volume,
            backupStorageLocation: 'default',
            repoIdentifier: '',
            uploaderType: 'kopia',
          },
        },
        'velero',
      );
      await kube.update(resource('podvolumebackups.velero.io'), {
        ...made,
        status: { phase: 'Completed', snapshotID },
      });
    };
    await backedUp('one', 'web', 'data', 'snap-1');
    await backedUp('two', 'web', 'info', 'snap-2');
    await backedUp('three', 'web', 'empty', '');
    await backedUp('four', 'db', 'data', 'snap-4');
  });

  it('V-RIA-026 V-RIA-027 V-RIA-028 V-RIA-030 V-RST-153 makes the pod wait for its volumes', async () => {
    const { item } = await act('pod-volume-restore', pod([{ name: 'own' }]));
    expect(wait(item)).toEqual([
      {
        name: 'restore-wait',
        image: 'example.io/velero/velero-restore-helper:v1.14.1',
        command: ['/velero-restore-helper'],
        args: ['uid-of-r1'],
        env: [
          { name: 'POD_NAMESPACE', valueFrom: { fieldRef: { fieldPath: 'metadata.namespace' } } },
          { name: 'POD_NAME', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
        ],
        resources: {
          requests: { cpu: '100m', memory: '128Mi' },
          limits: { cpu: '100m', memory: '128Mi' },
        },
        volumeMounts: [{ name: 'data', mountPath: '/restores/data' }],
        securityContext: {},
      },
      { name: 'own' },
    ]);
    for (const former of ['restore-wait', 'restic-wait']) {
      const replaced = wait((await act('pod-volume-restore', pod([{ name: former }, { name: 'own' }]))).item);
      expect(replaced.map(({ name }) => name)).toEqual(['restore-wait', 'own']);
    }
    const other = { ...pod(), metadata: { name: 'cache', namespace: 'shop' } };
    expect((await act('pod-volume-restore', other)).item).toBe(other);
    const elsewhere = { ...pod(), metadata: { name: 'web', namespace: 'elsewhere' } };
    expect((await act('pod-volume-restore', pod(), { itemFromBackup: elsewhere })).item['spec']).toEqual(
      pod()['spec'],
    );
    const old = pod([], { 'snapshot.velero.io/data': 'restic-1' });
    old.metadata.name = 'old';
    expect(wait((await act('pod-volume-restore', old)).item)[0]).toMatchObject({
      volumeMounts: [{ name: 'data', mountPath: '/restores/data' }],
    });
  });

  it('V-RIA-029 V-RIA-030 V-RIA-031 V-RIA-032 V-RIA-033 heeds its configuration', async () => {
    const configured = async (data: Record<string, string>) => {
      await kube.deleteCollection(resource('configmaps'), {
        namespace: 'velero',
        labelSelector: 'velero.io/plugin-config',
      });
      await configure('pod-volume-restore', data);
      return wait((await act('pod-volume-restore', pod())).item)[0];
    };
    expect(
      await configured({
        image: 'quay.io/me/helper:1',
        command: '/bin/helper --flag',
        cpuRequest: '50m',
        memRequest: '64Mi',
        cpuLimit: '0',
        memLimit: '256Mi',
        secCtxRunAsUser: '1000',
        secCtxRunAsGroup: '2000',
        secCtxAllowPrivilegeEscalation: 'false',
        secCtx: 'runAsUser: 3000\nrunAsNonRoot: true\n',
      }),
    ).toMatchObject({
      image: 'quay.io/me/helper:1',
      command: ['/bin/helper --flag'],
      resources: { requests: { cpu: '50m', memory: '64Mi' }, limits: { memory: '256Mi' } },
      securityContext: {
        runAsUser: 3000,
        runAsGroup: 2000,
        allowPrivilegeEscalation: false,
        runAsNonRoot: true,
      },
    });
    const defaults = { cpu: '100m', memory: '128Mi' };
    for (const bad of [{ cpuRequest: 'much' }, { memRequest: '1Gi' }] as Record<string, string>[]) {
      entries = [];
      expect(await configured({ ...bad, memLimit: '512Mi' })).toMatchObject({
        resources: { requests: defaults, limits: defaults },
      });
      expect(entries.map(({ level }) => level)).toEqual(['error']);
    }
    const DEFAULT = 'example.io/velero/velero-restore-helper:v1.14.1';
    expect(await configured({ image: 'helper:1' })).toMatchObject({ image: DEFAULT });
    expect(await configured({ image: 'quay.io:5000/me/helper' })).toMatchObject({
      image: 'quay.io:5000/me/helper:v1.14.1',
    });
    expect(await configured({ secCtxRunAsUser: '1', secCtx: 'bogus: 1' })).toMatchObject({
      securityContext: { runAsUser: 1 },
    });
    expect(await configured({ secCtxRunAsUser: 'root', secCtxRunAsGroup: '1' })).toMatchObject({
      securityContext: {},
    });
  });

  it('V-RHK-012 comes to stand before init hooks, which so run on restored data', async () => {
    const annotated = pod([{ name: 'own', image: 'x' }], {
      'init.hook.restore.velero.io/container-image': 'alpine',
      'init.hook.restore.velero.io/container-name': 'hook',
      'init.hook.restore.velero.io/command': 'true',
    });
    (annotated['spec'] as { containers: object[]; volumes: object[] }).containers = [
      { name: 'c', image: 'x' },
    ];
    (annotated['spec'] as { volumes: object[] }).volumes = [
      { name: 'data', emptyDir: {} },
      { name: 'info', downwardAPI: { items: [] } },
    ];
    const { errors } = await restore(kube, await archiveOf(kube, [saved(annotated)]));
    expect(errors).toEqual([]);
    const made = await kube.get(resource('pods'), 'web', 'shop');
    expect(wait(made).map(({ name }) => name)).toEqual(['restore-wait', 'hook', 'own']);
  });
});

describe('data uploads', () => {
  const upload = (
    more: object = {},
    status: object = { snapshotID: 'snap-1', dataMoverResult: { a: 'b' } },
  ): KubeObject => ({
    apiVersion: 'velero.io/v2alpha1',
    kind: 'DataUpload',
    metadata: { name: 'upload-1', namespace: 'velero' },
    spec: { sourceNamespace: 'shop', sourcePVC: 'data', snapshotType: 'CSI', ...more },
    status,
  });

  it('V-RIA-046 V-RST-087 leave a result for their claim and are not restored, whatever the filters', async () => {
    await kube.create(
      resource('backups.velero.io'),
      {
        apiVersion: 'velero.io/v1',
        kind: 'Backup',
        metadata: { name: 'backup-1' },
        spec: { storageLocation: 'west' },
      },
      'velero',
    );
    const { status: _status, ...item } = upload({ datamover: 'velero' });
    const { skipRestore } = await act('dataupload', item, {
      itemFromBackup: upload({ datamover: 'velero' }),
    });
    expect(skipRestore).toBe(true);
    const [result] = await kube.list(resource('configmaps'), {
      namespace: 'velero',
      labelSelector: 'velero.io/restore-uid=uid-of-r1',
    });
    expect(result?.metadata.name).toMatch(/^upload-1-/);
    expect(result?.metadata.labels).toEqual({
      'velero.io/restore-uid': 'uid-of-r1',
      'velero.io/pvc-namespace-name': 'shop.data',
      'velero.io/resource-usage': 'DataUpload',
    });
    expect(
      JSON.parse((result as unknown as { data: Record<string, string> }).data['uid-of-r1'] ?? ''),
    ).toEqual({
      backupStorageLocation: 'west',
      datamover: 'velero',
      snapshotID: 'snap-1',
      sourceNamespace: 'shop',
      dataMoverResult: { a: 'b' },
    });
    const archive = await archiveOf(kube, [saved(upload()), configMap('shop', 'one')]);
    const { outcome, errors } = await restore(kube, archive, {
      includedNamespaces: ['shop'],
      includedResources: ['configmaps'],
      labelSelector: { matchLabels: { not: 'there' } },
    });
    expect(errors).toEqual([]);
    expect(outcome.resourceList).toEqual({ 'velero.io/v2alpha1/DataUpload': ['velero/upload-1(skipped)'] });
    expect(await exists('datauploads.velero.io', 'upload-1', 'velero')).toBe(false);
  });

  it('V-RIA-052 tell the deletion of their backup which snapshot they made', async () => {
    const backup: Backup = {
      apiVersion: 'velero.io/v1',
      kind: 'Backup',
      metadata: { name: 'backup-1', namespace: 'velero' },
      spec: { storageLocation: 'west' },
    };
    const [action] = deleteActions({ kube });
    const run = async (item: KubeObject) => {
      const log = createLogger({ sinks: [] });
      await action?.execute(item, backup, { log, signal: new AbortController().signal });
      return await exists('configmaps', 'upload-1-info', 'velero');
    };
    expect(await action?.appliesTo()).toEqual({ includedResources: ['datauploads.velero.io'] });
    expect(await run(upload({ datamover: 'other' }))).toBe(false);
    expect(await run(upload({}, {}))).toBe(false);
    expect(await run(upload())).toBe(true);
    expect(await run(upload())).toBe(true);
    const made = await kube.get(resource('configmaps'), 'upload-1-info', 'velero');
    expect(made.metadata.labels).toEqual({
      'velero.io/backup-name': 'backup-1',
      'velero.io/data-upload-snapshot-info': 'true',
    });
    expect(made['data']).toEqual({
      volumeNamespace: 'shop',
      backupStorageLocation: 'west',
      snapshotID: 'snap-1',
      repositoryType: 'kopia',
      source: 'shop/data',
      uploaderType: 'kopia',
      repoIdentifier: '',
    });
  });
});
