import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Cluster, startCluster } from '../../../dev/cluster/index.ts';
import type { BackupSpec } from '../../../src/api/backup.ts';
import type { BackupVolumeInfo } from '../../../src/api/documents/volume-info.ts';
import type { VolumeSnapshotLocation } from '../../../src/api/volume-snapshot-location.ts';
import type { KubeClient } from '../../../src/kube/index.ts';
import type { BackupItemAction, VolumeSnapshotter } from '../../../src/plugin/contract.ts';
import { readResourcePolicies } from '../../../src/volumes/resource-policies.ts';
import { Api } from '../../support/api.ts';
import { createFixture } from './fixture.ts';
import { aBackup, backUp, connect, listed, type RunOptions, type RunResult, textOf } from './support.ts';

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

const only: BackupSpec = { includedNamespaces: ['shop'] };

function infoOf(result: RunResult, pvName: string): BackupVolumeInfo | undefined {
  return result.outcome.volumeInfos.find((info) => info.pvName === pvName);
}

const NOT_RUNNING =
  'podvolume: encountered a problem with backing up the PVC of pod shop/web: pod is not scheduled, name=web, namespace=shop, phase=Pending;';

it('V-BKP-084 V-BKP-087 V-BKP-094 V-STO-046 V-STO-048 says of each volume that nobody takes why', async () => {
  const result = await backUp(kube, only);
  expect(infoOf(result, 'pv-data')).toEqual({
    pvcName: 'data',
    pvcNamespace: 'shop',
    pvName: 'pv-data',
    snapshotDataMoved: false,
    preserveLocalSnapshot: false,
    skipped: true,
    skippedReason:
      'podvolume: opted out due to annotation in pod web;volumeSnapshot: no applicable volumesnapshotter found;',
    pvInfo: { reclaimPolicy: 'Retain', labels: { disk: 'fast' } },
  });
  expect(infoOf(result, 'pv-files')?.skippedReason).toBe(
    `${NOT_RUNNING}volumeSnapshot: not satisfy the criteria for VolumePolicy or the legacy snapshot way;`,
  );
  expect(result.warnings.map(textOf)).toEqual([
    'Skip pod volume files: pod is not scheduled, name=web, namespace=shop, phase=Pending',
  ]);
  expect(result.errors).toEqual([]);
  const summary = result.entries.find(({ message }) => message.startsWith('Summary for skipped PVs: '));
  expect(JSON.parse(summary?.message.slice('Summary for skipped PVs: '.length) ?? '')).toContainEqual({
    name: 'pv-excluded',
    reasons: [{ approach: 'any', reason: 'item has label velero.io/exclude-from-backup=true' }],
  });
});

it('V-BKP-092 V-BKP-094 with the default on, takes every volume that can be taken as files', async () => {
  const result = await backUp(kube, { ...only, defaultVolumesToFsBackup: true });
  expect(result.warnings.map(({ message }) => message)).toEqual([
    'Skip pod volume data',
    'Skip pod volume files',
    'Skip pod volume scratch',
  ]);
});

it('V-BKP-090 leaves volumes behind claims alone where claims are left out', async () => {
  const result = await backUp(kube, {
    ...only,
    defaultVolumesToFsBackup: true,
    excludedResources: ['persistentvolumeclaims'],
  });
  expect(result.warnings.map(({ message }) => message)).toEqual(['Skip pod volume scratch']);
});

it('V-BKP-095 V-ERR-011 V-BKP-063 fails a running pod whose node has no node agent', async () => {
  const result = await backUp(kube, { includedNamespaces: ['other'] });
  expect(result.errors.map(textOf)).toEqual([
    'Error backing up item: daemonset pod not found in running state in node ghost',
  ]);
  expect(result.files.has('resources/pods/namespaces/other/runner.json')).toBe(false);
  expect(listed(result, 'v1/Pod')).toEqual(['other/runner']);
});

it('V-BKP-080 snapshots nothing where snapshots are off', async () => {
  const result = await backUp(kube, { ...only, snapshotVolumes: false });
  expect(infoOf(result, 'pv-data')?.skippedReason).toContain(
    'volumeSnapshot: not satisfy the criteria for VolumePolicy or the legacy snapshot way;',
  );
});

/** A provider of snapshots that knows the PVs whose names it is given. */
function aSnapshotter(known: readonly string[], calls: unknown[], fail = false): VolumeSnapshotter {
  return {
    init: (config) => {
      calls.push(['init', config]);
      return Promise.resolve();
    },
    getVolumeId: (pv) =>
      Promise.resolve(known.includes(pv.metadata.name ?? '') ? `vol-${pv.metadata.name}` : ''),
    getVolumeInfo: () => Promise.resolve({ volumeType: 'fast', iops: 10 }),
    createSnapshot: (volumeId, zone, tags) => {
      calls.push(['snapshot', volumeId, zone, tags]);
      return fail ? Promise.reject(new Error('quota')) : Promise.resolve(`snap-${volumeId}`);
    },
    createVolumeFromSnapshot: () => Promise.reject(new Error('not asked for')),
    setVolumeId: () => Promise.reject(new Error('not asked for')),
    deleteSnapshot: () => Promise.reject(new Error('not asked for')),
  };
}

const location = (name: string, provider: string): VolumeSnapshotLocation => ({
  apiVersion: 'velero.io/v1',
  kind: 'VolumeSnapshotLocation',
  metadata: { name },
  spec: { provider, config: { region: name } },
});

it('V-BKP-084 V-BKP-085 V-STO-040 V-STO-047 snapshots a PV at the first location that knows it', async () => {
  const calls: unknown[] = [];
  const providers: Record<string, VolumeSnapshotter> = {
    blind: aSnapshotter([], calls),
    sees: aSnapshotter(['pv-data'], calls),
  };
  const result = await backUp(kube, only, {
    labels: { owner: 'me' },
    snapshotLocations: [location('none', 'missing'), location('one', 'blind'), location('two', 'sees')],
    volumeSnapshotter: (provider) =>
      providers[provider] === undefined
        ? Promise.reject(new Error(`unable to locate VolumeSnapshotter plugin named ${provider}`))
        : Promise.resolve(providers[provider]),
  });
  expect(result.outcome.volumeSnapshots).toEqual([
    {
      spec: {
        backupName: 'test',
        backupUID: 'uid-of-test',
        location: 'two',
        persistentVolumeName: 'pv-data',
        providerVolumeID: 'vol-pv-data',
        volumeType: 'fast',
        volumeIOPS: 10,
      },
      status: { phase: 'Completed', providerSnapshotID: 'snap-vol-pv-data' },
    },
  ]);
  expect(calls).toEqual([
    ['init', { region: 'one' }],
    ['init', { region: 'two' }],
    ['snapshot', 'vol-pv-data', '', { owner: 'me', 'velero.io/backup': 'test', 'velero.io/pv': 'pv-data' }],
  ]);
  expect(infoOf(result, 'pv-data')).toMatchObject({ skipped: false, backupMethod: 'NativeSnapshot' });
  expect(result.errors.map(textOf)).toEqual([
    'Error getting volume snapshotter for volume snapshot location: unable to locate VolumeSnapshotter plugin named missing',
  ]);
});

it('V-BKP-086 records a snapshot that failed, and fails its PV', async () => {
  const result = await backUp(kube, only, {
    snapshotLocations: [location('one', 'sees')],
    volumeSnapshotter: () => Promise.resolve(aSnapshotter(['pv-data'], [], true)),
  });
  expect(result.outcome.volumeSnapshots.map(({ status }) => status)).toEqual([{ phase: 'Failed' }]);
  expect(result.errors.map(textOf)).toEqual([
    'Error backing up item: error taking snapshot of volume: quota',
  ]);
  expect(result.files.has('resources/persistentvolumes/cluster/pv-data.json')).toBe(false);
});

it('V-BKP-082 says that native snapshots cannot be moved, and takes one', async () => {
  const result = await backUp(
    kube,
    { ...only, snapshotMoveData: true },
    {
      features: ['EnableCSI'],
      snapshotLocations: [location('one', 'sees')],
      volumeSnapshotter: () => Promise.resolve(aSnapshotter(['pv-data'], [])),
    },
  );
  expect(result.outcome.volumeSnapshots).toHaveLength(1);
  expect(result.warnings.map(({ message }) => message)).toEqual(
    expect.arrayContaining(["VolumeSnapshotter plugin doesn't support data movement."]),
  );
});

it('V-BKP-081 leaves CSI volumes to the CSI actions where the feature is on', async () => {
  await api.create('/api/v1/persistentvolumes', {
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: { name: 'pv-csi' },
    spec: {
      capacity: { storage: '1Gi' },
      accessModes: ['ReadWriteOnce'],
      csi: { driver: 'd.csi', volumeHandle: 'h' },
    },
  });
  const options: RunOptions = {
    snapshotLocations: [location('one', 'sees')],
    volumeSnapshotter: () => Promise.resolve(aSnapshotter(['pv-csi'], [])),
  };
  const spec: BackupSpec = { includedResources: ['persistentvolumes'] };
  const on = await backUp(kube, spec, { ...options, features: ['EnableCSI'] });
  expect(on.outcome.volumeSnapshots).toEqual([]);
  expect(on.entries.map(({ message }) => message)).toContain(
    "Skipping snapshot of persistent volume pv-csi, because it's handled by CSI plugin.",
  );
  expect((await backUp(kube, spec, options)).outcome.volumeSnapshots).toHaveLength(1);
});

function policies(action: string, conditions = '{capacity: "0,10Gi"}') {
  const backup = aBackup('test', { resourcePolicy: { kind: 'configmap', name: 'p' } });
  const yaml = `version: v1\nvolumePolicies: [{conditions: ${conditions}, action: {type: ${action}}}]`;
  return readResourcePolicies(backup, () => Promise.resolve({ data: { p: yaml } }));
}

const csiAction: BackupItemAction = {
  name: 'velero.io/csi-pvc-backupper',
  appliesTo: () => Promise.resolve({ includedResources: ['persistentvolumeclaims'] }),
  execute: (item) =>
    Promise.resolve({
      item: {
        ...item,
        metadata: { ...item.metadata, annotations: { 'backup.velero.io/skipped-no-csi-pv': 'true' } },
      },
    }),
};

it('V-BKP-070 V-BKP-087 V-POL-011 a skip policy keeps snapshot actions away and stores the objects all the same', async () => {
  const skip = await policies('skip');
  const result = await backUp(kube, only, {
    actions: [csiAction],
    features: ['EnableCSI'],
    ...(skip === undefined ? {} : { policies: skip }),
  });
  expect(infoOf(result, 'pv-data')?.skippedReason).toContain('any: skipped due to resource policy ;');
  expect(result.errors.map(textOf)).toEqual(['Error backing up item: PVC has no volume backing this claim']);
  expect(listed(result, 'v1/PersistentVolume')).toEqual(['pv-data', 'pv-files']);
  const claim = result.files.get('resources/persistentvolumeclaims/namespaces/shop/data.json');
  expect(JSON.stringify(claim)).not.toContain('skipped-no-csi-pv');
});

it('V-BKP-080 V-BKP-091 a snapshot policy wins over annotations and over snapshots that are off', async () => {
  const snapshot = await policies('snapshot');
  const result = await backUp(
    kube,
    { ...only, snapshotVolumes: false },
    {
      snapshotLocations: [location('one', 'sees')],
      volumeSnapshotter: () => Promise.resolve(aSnapshotter(['pv-data', 'pv-files'], [])),
      ...(snapshot === undefined ? {} : { policies: snapshot }),
    },
  );
  expect(result.outcome.volumeSnapshots.map(({ spec }) => spec.persistentVolumeName).sort()).toEqual([
    'pv-data',
    'pv-files',
  ]);
});

it('V-BKP-087 notes a claim that the CSI action passed over, and takes its mark off the object', async () => {
  const result = await backUp(kube, only, { actions: [csiAction], features: ['EnableCSI'] });
  expect(infoOf(result, 'pv-data')?.skippedReason).toContain(
    "csiSnapshot: skipped b/c it's not a CSI volume;",
  );
  const claim = result.files.get('resources/persistentvolumeclaims/namespaces/shop/data.json');
  expect(claim).toMatchObject({ metadata: { annotations: {} } });
});

/** The types of the CSI snapshot controller, of which only the fields that are read matter here. */
async function createSnapshotTypes(): Promise<void> {
  for (const [plural, kind, scope] of [
    ['volumesnapshots', 'VolumeSnapshot', 'Namespaced'],
    ['volumesnapshotcontents', 'VolumeSnapshotContent', 'Cluster'],
    ['volumesnapshotclasses', 'VolumeSnapshotClass', 'Cluster'],
  ] as const) {
    const schema = { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } };
    await api.create('/apis/apiextensions.k8s.io/v1/customresourcedefinitions', {
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      metadata: {
        name: `${plural}.snapshot.storage.k8s.io`,
        annotations: {
          'api-approved.kubernetes.io': 'https://github.com/kubernetes-csi/external-snapshotter/pull/814',
        },
      },
      spec: {
        group: 'snapshot.storage.k8s.io',
        scope,
        names: { plural, singular: kind.toLowerCase(), kind, listKind: `${kind}List` },
        versions: [{ name: 'v1', served: true, storage: true, schema }],
      },
    });
  }
  const served = () =>
    api.list(`${SNAPSHOTS}/volumesnapshotclasses`).then(
      () => true,
      () => false,
    );
  await api.until(served, (yes) => yes, 'snapshot types to be served');
}

const SNAPSHOTS = '/apis/snapshot.storage.k8s.io/v1';

it('V-BKP-123 V-STO-049 gathers the CSI snapshots of the backup, their contents and classes', async () => {
  await createSnapshotTypes();
  const object = (kind: string, name: string, parts: object, backup?: string) => ({
    apiVersion: 'snapshot.storage.k8s.io/v1',
    kind,
    metadata: { name, ...(backup === undefined ? {} : { labels: { 'velero.io/backup-name': backup } }) },
    ...parts,
  });
  for (const name of ['used', 'unused']) {
    await api.create(
      `${SNAPSHOTS}/volumesnapshotclasses`,
      object('VolumeSnapshotClass', name, { driver: 'd.csi' }),
    );
  }
  for (const backup of ['test', 'another']) {
    await api.create(
      `${SNAPSHOTS}/volumesnapshotcontents`,
      object(
        'VolumeSnapshotContent',
        `content-${backup}`,
        { spec: { volumeSnapshotClassName: 'used' }, status: { snapshotHandle: 'h' } },
        backup,
      ),
    );
    await api.create(
      `${SNAPSHOTS}/namespaces/shop/volumesnapshots`,
      object(
        'VolumeSnapshot',
        `snapshot-${backup}`,
        {
          spec: { volumeSnapshotClassName: 'used', source: { persistentVolumeClaimName: 'data' } },
          status: { boundVolumeSnapshotContentName: `content-${backup}`, restoreSize: '1Gi' },
        },
        backup,
      ),
    );
  }
  const names = (objects: readonly { metadata: { name?: string } }[]) =>
    objects.map(({ metadata }) => metadata.name);
  const { outcome } = await backUp(kube, only, { features: ['EnableCSI'] });
  expect(names(outcome.csiVolumeSnapshots)).toEqual(['snapshot-test']);
  expect(names(outcome.csiVolumeSnapshotContents)).toEqual(['content-test']);
  expect(names(outcome.csiVolumeSnapshotClasses)).toEqual(['used']);
  expect(outcome.volumeInfos).toContainEqual(
    expect.objectContaining({ pvName: 'pv-data', backupMethod: 'CSISnapshot', skipped: false }),
  );
  const off = await backUp(kube, only);
  expect(off.outcome.csiVolumeSnapshots).toEqual([]);
  const moved = await backUp(kube, { ...only, snapshotMoveData: true }, { features: ['EnableCSI'] });
  expect(moved.outcome.csiVolumeSnapshots).toEqual([]);
  expect(moved.outcome.csiVolumeSnapshotClasses).toEqual([]);
});
