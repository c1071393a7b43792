import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Cluster, startCluster } from '../../../dev/cluster/index.ts';
import type { BackupVolumeInfo } from '../../../src/api/documents/volume-info.ts';
import type { NativeSnapshot } from '../../../src/api/documents/native-snapshot.ts';
import type { KubeObject } from '../../../src/api/object.ts';
import type { PodVolumeBackup } from '../../../src/api/pod-volume-backup.ts';
import type { RestoreSpec } from '../../../src/api/restore.ts';
import { type ApiResource, isNotFound, type KubeClient } from '../../../src/kube/index.ts';
import { systemClock } from '../../../src/lib/clock.ts';
import { silentLogger } from '../../../src/lib/log.ts';
import { parseYaml } from '../../../src/lib/yaml.ts';
import type { VolumeSnapshotter } from '../../../src/plugin/contract.ts';
import { finalizeRestore } from '../../../src/restore/finalize.ts';
import { createHookTracker } from '../../../src/restore/hook-tracker.ts';
import type { RestoreRequest } from '../../../src/restore/request.ts';
import { archiveOf, aRestore, configMap, connect, restore, type RunResult, saved } from './support.ts';

let cluster: Cluster;
let kube: KubeClient;

beforeAll(async () => {
  cluster = await startCluster();
  kube = await connect(cluster);
  // Nothing binds or removes volumes by itself: their states are set here.
  await cluster.program('kube-controller-manager').kill();
});

afterAll(async () => {
  await kube?.close();
  await cluster?.stop();
});

function resource(name: string): ApiResource {
  return kube.discovery.resolve(name) as ApiResource;
}

async function lookUp(type: string, name: string, namespace?: string): Promise<KubeObject | undefined> {
  try {
    return await kube.get(resource(type), name, namespace);
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

function volume(name: string, claim: string, namespace: string, policy = 'Retain'): KubeObject {
  return saved({
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: {
      name,
      annotations: {
        'pv.kubernetes.io/bound-by-controller': 'yes',
        'pv.kubernetes.io/provisioned-by': 'example.com/csi',
      },
    },
    spec: {
      accessModes: ['ReadWriteOnce'],
      capacity: { storage: '1Gi' },
      persistentVolumeReclaimPolicy: policy,
      claimRef: {
        apiVersion: 'v1',
        kind: 'PersistentVolumeClaim',
        name: claim,
        namespace,
        uid: 'old',
        resourceVersion: '7',
      },
      hostPath: { path: `/tmp/${name}` },
    },
    status: { phase: 'Bound' },
  });
}

function claim(name: string, namespace: string, volumeName: string): KubeObject {
  return saved({
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: {
      name,
      namespace,
      annotations: {
        'pv.kubernetes.io/bind-completed': 'yes',
        'pv.kubernetes.io/bound-by-controller': 'yes',
      },
    },
    spec: {
      accessModes: ['ReadWriteOnce'],
      resources: { requests: { storage: '1Gi' } },
      storageClassName: '',
      volumeName,
    },
    status: { phase: 'Bound' },
  });
}

/** As somebody makes an object who has no backup of it. */
function fresh(object: KubeObject): KubeObject {
  const { name = '', annotations = {} } = object.metadata;
  return { ...object, metadata: { name, annotations } };
}

/** A volume `pv-<n>` and its claim `data` in namespace `<n>`. */
const pair = (n: string, policy?: string) => [
  volume(`pv-${n}`, 'data', n, policy),
  claim('data', n, `pv-${n}`),
];

async function run(
  objects: KubeObject[],
  request: Partial<RestoreRequest> = {},
  spec: RestoreSpec = {},
  settings: Partial<RestoreRequest['settings']> = {},
): Promise<RunResult> {
  return await restore(kube, await archiveOf(kube, objects), spec, { request, settings });
}

function info(pvName: string, backupMethod?: BackupVolumeInfo['backupMethod']): BackupVolumeInfo {
  return {
    pvName,
    snapshotDataMoved: false,
    preserveLocalSnapshot: false,
    skipped: backupMethod === undefined,
    ...(backupMethod === undefined ? {} : { backupMethod }),
  };
}

async function claimSpec(namespace: string): Promise<{ volumeName?: string }> {
  return (await lookUp('pvc', 'data', namespace))?.['spec'] as { volumeName?: string };
}

function snapshot(persistentVolumeName: string): NativeSnapshot {
  return {
    spec: {
      backupName: 'backup-1',
      backupUID: 'u',
      location: 'west',
      persistentVolumeName,
      providerVolumeID: 'vol-1',
      volumeType: 'gp3',
      volumeAZ: 'az-1',
      volumeIOPS: 100,
    },
    status: { providerSnapshotID: 'snap-1', phase: 'Completed' },
  };
}

/** Notes what it is asked to do, and sets the volume's id as a provider's plugin does. */
function snapshotter(calls: unknown[][], rename?: string): Partial<RestoreRequest> {
  const answer: Pick<VolumeSnapshotter, 'init' | 'createVolumeFromSnapshot' | 'setVolumeId'> = {
    init: async (config) => {
      calls.push(['init', config]);
    },
    createVolumeFromSnapshot: async (...args) => {
      calls.push(['create', ...args]);
      return 'vol-2';
    },
    setVolumeId: async (pv, id) => ({
      ...pv,
      metadata: { ...pv.metadata, ...(rename === undefined ? {} : { name: rename }) },
      spec: { ...(pv['spec'] as object), hostPath: { path: `/tmp/${id}` } },
    }),
  };
  return {
    snapshotLocation: async (name) => ({ provider: 'example.com/snapshots', config: { region: name } }),
    volumeSnapshotter: async (provider) => {
      calls.push(['provider', provider]);
      return answer as VolumeSnapshotter;
    },
  };
}

describe('volumes without a snapshot of their own', () => {
  it('V-RST-137 V-RST-140 V-RST-141 V-RST-149 restores a kept volume as it is, free of its binding', async () => {
    const objects = pair('keep');
    const { outcome, errors, warnings } = await run(
      objects,
      { volumeInfos: [info('pv-keep')] },
      {
        namespaceMapping: { keep: 'keep-copy' },
      },
    );
    expect([...errors, ...warnings]).toEqual([]);
    const pv = (await lookUp('pv', 'pv-keep')) as KubeObject;
    expect((pv['spec'] as { claimRef: object }).claimRef).toEqual({
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      name: 'data',
      namespace: 'keep-copy',
    });
    expect(pv.metadata.annotations).toEqual({ 'pv.kubernetes.io/provisioned-by': 'example.com/csi' });
    const pvc = (await lookUp('pvc', 'data', 'keep-copy')) as KubeObject;
    expect(pvc.metadata.annotations).toBeUndefined();
    expect(await claimSpec('keep-copy')).toMatchObject({ volumeName: 'pv-keep' });
    expect(outcome.resourceList['v1/PersistentVolume']).toEqual(['pv-keep(created)']);
  });

  it('V-RST-137 V-RST-139 V-RST-149 lets volumes with saved data, or nothing worth keeping, be made anew', async () => {
    for (const [n, method, policy] of [
      ['fsb', 'PodVolumeBackup', 'Retain'],
      ['csi', 'CSISnapshot', 'Retain'],
      ['delete', undefined, 'Delete'],
    ] as const) {
      const { outcome, errors } = await run(pair(n, policy), { volumeInfos: [info(`pv-${n}`, method)] });
      expect(errors).toEqual([]);
      expect(await lookUp('pv', `pv-${n}`)).toBeUndefined();
      expect((await claimSpec(n)).volumeName).toBeUndefined();
      expect(outcome.resourceList['v1/PersistentVolume']).toEqual([`pv-${n}(skipped)`]);
    }
  });

  it('V-RST-138 decides by what else the backup holds where it has no volume infos', async () => {
    const podVolumeBackup: PodVolumeBackup = {
      apiVersion: 'velero.io/v1',
      kind: 'PodVolumeBackup',
      metadata: { name: 'pvb', annotations: { 'velero.io/pvc-name': 'data' } },
      spec: {
        node: 'n',
        pod: { name: 'web', namespace: 'old-fsb' },
        volume: 'data',
        backupStorageLocation: 'default',
        repoIdentifier: '',
        uploaderType: 'kopia',
      },
    };
    const csiSnapshot: KubeObject = {
      apiVersion: 'snapshot.storage.k8s.io/v1',
      kind: 'VolumeSnapshot',
      metadata: { name: 'vs', namespace: 'old-csi' },
      spec: { source: { persistentVolumeClaimName: 'data' } },
    };
    const request = { podVolumeBackups: [podVolumeBackup], csiVolumeSnapshots: [csiSnapshot] };
    await kube.create(resource('namespaces'), {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name: 'velero' },
    });
    const leaveResult = () =>
      kube.create(
        resource('configmaps'),
        {
          apiVersion: 'v1',
          kind: 'ConfigMap',
          metadata: {
            name: 'result',
            labels: {
              'velero.io/restore-uid': 'uid-of-restore-1',
              'velero.io/pvc-namespace-name': 'old-dm.data',
              'velero.io/resource-usage': 'DataUpload',
            },
          },
        },
        'velero',
      );
    for (const [n, policy, made] of [
      ['old-fsb', 'Retain', false],
      ['old-csi', 'Retain', false],
      ['old-dm', 'Retain', false],
      ['old-delete', 'Delete', false],
      ['old-keep', 'Retain', true],
    ] as const) {
      if (n === 'old-dm') await leaveResult();
      await run(pair(n, policy), request);
      expect([n, (await lookUp('pv', `pv-${n}`)) !== undefined]).toEqual([n, made]);
    }
  });

  it('V-RST-151 deletes the results that DataUploads left for this restore', async () => {
    const result = (name: string, uid: string) =>
      kube.create(
        resource('configmaps'),
        {
          apiVersion: 'v1',
          kind: 'ConfigMap',
          metadata: {
            name,
            labels: { 'velero.io/restore-uid': uid, 'velero.io/resource-usage': 'DataUpload' },
          },
        },
        'velero',
      );
    await result('mine', 'uid-of-restore-1');
    await result('other', 'uid-of-restore-2');
    await run([configMap('cleaning', 'one')]);
    expect(await lookUp('configmaps', 'mine', 'velero')).toBeUndefined();
    expect(await lookUp('configmaps', 'other', 'velero')).toBeDefined();
  });

  it('V-RST-150 leaves the volume name of a claim whose volume is not restored', async () => {
    await run(
      pair('without'),
      { volumeInfos: [info('pv-without', 'CSISnapshot')] },
      {
        excludedResources: ['persistentvolumes'],
      },
    );
    expect(await claimSpec('without')).toMatchObject({ volumeName: 'pv-without' });
  });
});

describe('pod volumes', () => {
  const podVolumeBackup = (namespace: string): PodVolumeBackup => ({
    apiVersion: 'velero.io/v1',
    kind: 'PodVolumeBackup',
    metadata: { name: 'pvb' },
    spec: {
      node: 'n',
      pod: { name: 'web', namespace },
      volume: 'data',
      backupStorageLocation: 'default',
      repoIdentifier: '',
      uploaderType: 'kopia',
    },
    status: { snapshotID: 's' },
  });

  const pod = (namespace: string): KubeObject =>
    saved({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'web', namespace },
      spec: { containers: [{ name: 'a', image: 'b' }] },
    });

  /** Which the cluster would make by itself. */
  const account = (namespace: string): KubeObject =>
    saved({ apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'default', namespace } });

  async function restoredFor(
    namespace: string,
    spec: RestoreSpec = {},
  ): Promise<{ asked: unknown[]; errors: string[] }> {
    const asked: unknown[] = [];
    const { errors } = await run(
      [account(namespace), pod(namespace)],
      {
        podVolumeBackups: [podVolumeBackup(namespace)],
        podVolumes: {
          hasVolumes: (made, sourceNamespace) =>
            made.metadata.name === 'web' && sourceNamespace === namespace,
          restore: async ({ pod: made, sourceNamespace, backupLocation }) => {
            asked.push([made.metadata.namespace, typeof made.metadata.uid, sourceNamespace, backupLocation]);
            return ['pod volume restore failed: disk full', 'and another'];
          },
        },
      },
      spec,
    );
    return { asked, errors };
  }

  it('V-RST-152 V-RST-160 are restored for pods that were made, with their errors for the whole restore', async () => {
    const { asked, errors } = await restoredFor('pvr', { namespaceMapping: { pvr: 'pvr-copy' } });
    expect(asked).toEqual([['pvr-copy', 'string', 'pvr', 'default']]);
    expect(errors).toEqual(['velero: pod volume restore failed: disk full', 'velero: and another']);
    expect((await restoredFor('pvr', { namespaceMapping: { pvr: 'pvr-copy' } })).asked).toEqual([]);
  });

  it('V-RST-152 are left alone where claims or volumes are excluded', async () => {
    expect((await restoredFor('pvr-no-pv', { excludedResources: ['pv'] })).asked).toEqual([]);
    expect((await restoredFor('pvr-no-pvc', { excludedResources: ['pvc'] })).asked).toEqual([]);
  });
});

describe('volume records', () => {
  it('V-RST-029 takes the last record of a volume, and is not misled by records without a volume', async () => {
    const { pvName: _none, ...nameless } = info('x', 'CSISnapshot');
    await run(pair('record'), {
      volumeInfos: [nameless, info('pv-record', 'CSISnapshot'), info('pv-record')],
    });
    expect(await lookUp('pv', 'pv-record')).toBeDefined();
  });

  it('V-RST-047 lists what a data mover brought back', async () => {
    const file = new URL('../../../deploy/crds/velero.io_datadownloads.yaml', import.meta.url);
    await run([parseYaml(readFileSync(file, 'utf8')) as KubeObject, configMap('velero', 'ensure-namespace')]);
    await kube.create(
      resource('datadownloads.velero.io'),
      {
        apiVersion: 'velero.io/v2alpha1',
        kind: 'DataDownload',
        metadata: {
          name: 'dd-1',
          labels: { 'velero.io/restore-name': 'restore-1', 'velero.io/async-operation-id': 'dd-op' },
        },
        spec: {
          targetVolume: { pvc: 'data', pv: '', namespace: 'moved' },
          backupStorageLocation: 'default',
          snapshotID: 'snap-1',
          sourceNamespace: 'moved',
          operationTimeout: '10m',
        },
      },
      'velero',
    );
    const { outcome } = await run([configMap('moved', 'one')]);
    expect(outcome.volumeInfos).toEqual([
      {
        pvcName: 'data',
        pvcNamespace: 'moved',
        restoreMethod: 'CSISnapshot',
        snapshotDataMoved: true,
        snapshotDataMovementInfo: {
          dataMover: 'velero',
          uploaderType: 'kopia',
          snapshotHandle: 'snap-1',
          operationID: 'dd-op',
          size: 0,
        },
      },
    ]);
    await kube.delete(resource('datadownloads.velero.io'), 'dd-1', 'velero');
  });
});

describe('native snapshots', () => {
  const native = (n: string, calls: unknown[][], rename?: string): Partial<RestoreRequest> => ({
    volumeInfos: [info(`pv-${n}`, 'NativeSnapshot')],
    volumeSnapshots: [snapshot(`pv-${n}`)],
    ...snapshotter(calls, rename),
  });

  it('V-RST-137 V-RST-144 V-RST-148 V-RST-046 makes the volume from its snapshot', async () => {
    const calls: unknown[][] = [];
    const { outcome, errors } = await run(pair('snap'), native('snap', calls), {
      namespaceMapping: { snap: 'snap-copy' },
    });
    expect(errors).toEqual([]);
    expect(calls).toEqual([
      ['provider', 'example.com/snapshots'],
      ['init', { region: 'west' }],
      ['create', 'snap-1', 'gp3', 'az-1', 100],
    ]);
    const spec = (await lookUp('pv', 'pv-snap'))?.['spec'];
    expect(spec).toMatchObject({
      hostPath: { path: '/tmp/vol-2' },
      claimRef: { namespace: 'snap-copy', name: 'data' },
    });
    expect(outcome.volumeInfos).toEqual([
      {
        pvName: 'pv-snap',
        restoreMethod: 'NativeSnapshot',
        snapshotDataMoved: false,
        nativeSnapshotInfo: { snapshotHandle: 'snap-1', volumeType: 'gp3', volumeAZ: 'az-1', iops: '100' },
      },
    ]);
  });

  it('V-RST-142 V-RST-143 V-RST-149 gives a new name where the claim moves and the volume is still there', async () => {
    await kube.create(resource('pv'), fresh(volume('pv-clone', 'data', 'clone')));
    const calls: unknown[][] = [];
    const { outcome } = await run(pair('clone'), native('clone', calls), {
      namespaceMapping: { clone: 'clone-copy' },
    });
    const { volumeName = '' } = await claimSpec('clone-copy');
    expect(volumeName).toMatch(/^velero-clone-[0-9a-f-]{36}$/);
    const clone = (await lookUp('pv', volumeName)) as KubeObject;
    expect(clone.metadata.annotations).toMatchObject({ 'velero.io/original-pv-name': 'pv-clone' });
    expect(outcome.volumeInfos[0]?.pvName).toBe(volumeName);
    expect(outcome.resourceList['v1/PersistentVolume']).toEqual(['pv-clone(created)']);
  });

  it('V-RST-143 takes the name that the snapshotter gave', async () => {
    await run(pair('named'), native('named', [], 'pv-named-by-provider'));
    expect(await claimSpec('named')).toMatchObject({ volumeName: 'pv-named-by-provider' });
    expect((await lookUp('pv', 'pv-named-by-provider'))?.metadata.annotations).toMatchObject({
      'velero.io/original-pv-name': 'pv-named',
    });
  });

  it('V-RST-147 V-RST-165 makes no volume where restorePVs is false, but restores the object', async () => {
    const calls: unknown[][] = [];
    await run(pair('object'), native('object', calls), { restorePVs: false });
    expect(calls).toEqual([]);
    expect((await lookUp('pv', 'pv-object'))?.['spec']).toMatchObject({
      hostPath: { path: '/tmp/pv-object' },
    });
  });

  it('V-RST-148 says which volume could not be made, and skips it', async () => {
    const request = {
      volumeInfos: [info('pv-lost', 'NativeSnapshot' as const)],
      volumeSnapshots: [snapshot('pv-lost')],
      snapshotLocation: () => Promise.reject(new Error('volumesnapshotlocations.velero.io "west" not found')),
    };
    const { errors, outcome } = await run(pair('lost'), request);
    expect(errors).toEqual([
      'cluster: error executing PVAction for persistentvolumes/pv-lost: volumesnapshotlocations.velero.io "west" not found',
    ]);
    expect(outcome.resourceList['v1/PersistentVolume']).toEqual(['pv-lost(failed)']);
    expect(await lookUp('pv', 'pv-lost')).toBeUndefined();
  });

  it('V-RST-145 V-RST-146 waits for a volume that is on its way out, and takes one that stays as it is', async () => {
    const calls: unknown[][] = [];
    await kube.create(resource('pv'), fresh(volume('pv-busy', 'data', 'busy')));
    const timedOut = await run(
      [volume('pv-busy', 'data', 'busy')],
      native('busy', calls),
      {},
      { terminatingResourceTimeoutMs: 400 },
    );
    expect(timedOut.errors).toEqual([
      expect.stringMatching(
        /^cluster: error waiting on in-cluster persistentvolume pv-busy: timed out after 400ms: its claim busy\/data is gone but the volume is not/,
      ) as string,
    ]);
    setTimeout(() => {
      void kube.patch(resource('pv'), 'pv-busy', undefined, 'merge', { metadata: { finalizers: null } });
      void kube.delete(resource('pv'), 'pv-busy');
    }, 700);
    const waited = await run([volume('pv-busy', 'data', 'busy')], native('busy', calls));
    expect(waited.errors).toEqual([]);
    expect(calls.filter(([what]) => what === 'create')).toHaveLength(1);
    const unclaimed = volume('pv-idle', 'data', 'idle');
    delete (unclaimed['spec'] as { claimRef?: unknown }).claimRef;
    await kube.create(resource('pv'), fresh(unclaimed));
    const stays = await run([volume('pv-idle', 'data', 'idle')], native('idle', calls));
    expect(calls.filter(([what]) => what === 'create')).toHaveLength(1);
    expect(stays.warnings).toEqual([
      'cluster: could not restore, PersistentVolume "pv-idle" already exists. Warning: the in-cluster version is different than the backed-up version',
    ]);
  });
});

describe('finalizing', () => {
  const pvInfo = { reclaimPolicy: 'Retain', labels: { saved: 'yes' } };

  /** A claim in the cluster, bound to a volume that has labels and a policy of its own. */
  async function boundPair(n: string, claimName = 'data'): Promise<void> {
    await run([configMap(n, 'ensure-namespace')]);
    const { metadata, ...rest } = claim('data', n, `new-${n}`);
    const pvc = await kube.create(
      resource('pvc'),
      { ...rest, metadata: { name: metadata.name } } as KubeObject,
      n,
    );
    await kube.update(resource('pvc'), { ...pvc, status: { phase: 'Bound' } }, { subresource: 'status' });
    const pv = volume(`new-${n}`, claimName, n, 'Delete');
    const made = await kube.create(resource('pv'), {
      ...pv,
      metadata: { name: `new-${n}`, labels: { fresh: 'yes' } },
    });
    await kube.update(resource('pv'), { ...made, status: { phase: 'Bound' } }, { subresource: 'status' });
  }

  async function finalize(
    namespaces: string[],
    options: {
      method?: BackupVolumeInfo['backupMethod'];
      timeoutMs?: number;
      entry?: string;
      spec?: RestoreSpec;
    } = {},
  ) {
    const { method = 'CSISnapshot', timeoutMs = 2000, entry = 'created', spec = {} } = options;
    return await finalizeRestore({
      restore: aRestore('restore-1', spec),
      resourceList: {
        'v1/PersistentVolumeClaim': namespaces.map(
          (n) => `${spec.namespaceMapping?.[n] ?? n}/data(${entry})`,
        ),
      },
      volumeInfos: namespaces.map((n) => ({
        ...info(`pv-${n}`, method),
        pvcName: 'data',
        pvcNamespace: n,
        pvInfo,
      })),
      kube,
      hooks: createHookTracker(),
      resourceTimeoutMs: timeoutMs,
      log: silentLogger,
      clock: systemClock,
      signal: new AbortController().signal,
    });
  }

  it('V-RST-061 V-RST-067 gives a new volume the saved policy and labels', async () => {
    await boundPair('patched');
    const { errors, hookStatus } = await finalize(['patched']);
    expect(errors).toEqual({ velero: [], cluster: [], namespaces: {} });
    expect(hookStatus).toEqual({ hooksAttempted: 0, hooksFailed: 0 });
    const pv = (await lookUp('pv', 'new-patched')) as KubeObject;
    expect(pv.metadata.labels).toEqual({ saved: 'yes' });
    expect(pv['spec']).toMatchObject({ persistentVolumeReclaimPolicy: 'Retain' });
    const again = pv.metadata.resourceVersion;
    await finalize(['patched']);
    expect((await lookUp('pv', 'new-patched'))?.metadata.resourceVersion).toBe(again);
  });

  it('V-RST-061 V-RST-164 looks only at claims that this restore made, and at moved or file system data', async () => {
    await boundPair('ignored');
    await finalize(['ignored'], { entry: 'skipped' });
    await finalize(['ignored'], { method: 'NativeSnapshot' });
    expect((await lookUp('pv', 'new-ignored'))?.metadata.labels).toEqual({ fresh: 'yes' });
    const mapped = await finalize(['elsewhere'], { spec: { namespaceMapping: { elsewhere: 'ignored' } } });
    expect(mapped.errors.namespaces).toEqual({});
    expect((await lookUp('pv', 'new-ignored'))?.metadata.labels).toEqual({ saved: 'yes' });
  });

  it('V-RST-062 V-RST-063 V-RST-068 keeps waiting for what is not bound, and says so when time is up', async () => {
    const { errors } = await finalize(['absent'], { timeoutMs: 300 });
    expect(errors.namespaces).toEqual({
      absent: [
        'fail to patch dynamic PV, err: timed out after 300ms: PVC absent/data is not there, PVC: data, PV: pv-absent',
      ],
    });
  });

  it('V-RST-066 refuses a volume that another claim has', async () => {
    await boundPair('stolen', 'thief');
    const { errors } = await finalize(['stolen']);
    expect(errors.namespaces['stolen']).toEqual([
      'fail to patch dynamic PV, err: PV was bound by unexpected PVC, unexpected PVC: stolen/thief, expected PVC: stolen/data, PVC: data, PV: pv-stolen',
    ]);
  });

  it('V-RST-064 V-RST-065 skips a pending claim that waits for its first consumer, and copes with one without a class', async () => {
    await kube.create(resource('storageclasses'), {
      apiVersion: 'storage.k8s.io/v1',
      kind: 'StorageClass',
      metadata: { name: 'lazy' },
      provisioner: 'example.com/csi',
      volumeBindingMode: 'WaitForFirstConsumer',
    });
    const pending = async (n: string, storageClassName?: string) => {
      await run([configMap(n, 'ensure-namespace')]);
      const made = await kube.create(
        resource('pvc'),
        {
          apiVersion: 'v1',
          kind: 'PersistentVolumeClaim',
          metadata: { name: 'data' },
          spec: {
            accessModes: ['ReadWriteOnce'],
            resources: { requests: { storage: '1Gi' } },
            ...(storageClassName === undefined ? {} : { storageClassName }),
          },
        },
        n,
      );
      await kube.update(
        resource('pvc'),
        { ...made, status: { phase: 'Pending' } },
        { subresource: 'status' },
      );
    };
    await pending('lazy-claim', 'lazy');
    expect((await finalize(['lazy-claim'])).errors.namespaces).toEqual({});
    await pending('classless-claim');
    expect(
      (await finalize(['classless-claim'], { timeoutMs: 200 })).errors.namespaces['classless-claim']?.[0],
    ).toMatch(/timed out after 200ms: PVC classless-claim\/data is not bound/);
    await pending('lost-class', 'gone');
    expect((await finalize(['lost-class'])).errors.namespaces['lost-class']).toEqual([
      'fail to patch dynamic PV, err: storageclasses.storage.k8s.io "gone" not found, PVC: data, PV: pv-lost-class',
    ]);
  });
});
