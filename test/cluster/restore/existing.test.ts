import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Cluster, startCluster } from '../../../dev/cluster/index.ts';
import type { KubeObject } from '../../../src/api/object.ts';
import type { RestoreSpec } from '../../../src/api/restore.ts';
import { type ApiResource, connectKube, type KubeClient } from '../../../src/kube/index.ts';
import { configOf } from '../../support/kube.ts';
import { archiveOf, configMap, connect, restore, type RunResult, saved } from './support.ts';

let cluster: Cluster;
let kube: KubeClient;

beforeAll(async () => {
  cluster = await startCluster({ users: [{ name: 'writer', groups: ['writers'] }] });
  kube = await connect(cluster);
});

afterAll(async () => {
  await kube?.close();
  await cluster?.stop();
});

function resource(name: string): ApiResource {
  return kube.discovery.resolve(name) as ApiResource;
}

async function run(objects: KubeObject[], spec: RestoreSpec = {}, name = 'restore-1'): Promise<RunResult> {
  return await restore(kube, await archiveOf(kube, objects), spec, { name });
}

async function live(type: string, namespace: string, name: string): Promise<KubeObject> {
  return await kube.get(resource(type), name, namespace);
}

/** A ConfigMap as it lies in a backup: with the field managers that the cluster knows of it. */
async function backedUp(namespace: string, name: string, data: Record<string, string>): Promise<KubeObject> {
  await run([configMap(namespace, 'ensure-namespace')]);
  return await kube.create(
    resource('configmaps'),
    { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data },
    namespace,
  );
}

const labelsOf = (object: KubeObject) => ({
  backup: object.metadata.labels?.['velero.io/backup-name'],
  restore: object.metadata.labels?.['velero.io/restore-name'],
});

const DIFFERENT = (kind: string, name: string) =>
  `could not restore, ${kind} "${name}" already exists. Warning: the in-cluster version is different than the backed-up version`;

describe('objects that exist', () => {
  it('V-RST-124 V-RST-125 leaves an equal object alone, without a warning', async () => {
    const object = await backedUp('equal', 'one', { a: 'b' });
    const before = await live('configmaps', 'equal', 'one');
    const { outcome, warnings, errors } = await run([object]);
    expect([...warnings, ...errors]).toEqual([]);
    expect(outcome.resourceList).toEqual({ 'v1/ConfigMap': ['equal/one(skipped)'] });
    expect((await live('configmaps', 'equal', 'one')).metadata.resourceVersion).toBe(
      before.metadata.resourceVersion,
    );
  });

  it('V-RST-125 V-RST-128 patches only the labels of an equal object with policy update', async () => {
    const object = await backedUp('equal-update', 'one', { a: 'b' });
    const { outcome, warnings, errors } = await run([object], { existingResourcePolicy: 'update' });
    expect([...warnings, ...errors]).toEqual([]);
    expect(outcome.resourceList).toEqual({ 'v1/ConfigMap': ['equal-update/one(skipped)'] });
    const after = await live('configmaps', 'equal-update', 'one');
    expect(labelsOf(after)).toEqual({ backup: 'backup-1', restore: 'restore-1' });
    expect(after['data']).toEqual({ a: 'b' });
    await run([object], { existingResourcePolicy: 'update' }, 'restore-2');
    expect(labelsOf(await live('configmaps', 'equal-update', 'one')).restore).toBe('restore-2');
  });

  it('V-RST-124 V-RST-126 warns of a different object and leaves it alone', async () => {
    const object = await backedUp('different', 'one', { a: 'b' });
    const changed = { ...object, data: { a: 'c' } };
    for (const spec of [{}, { existingResourcePolicy: 'none' }] as RestoreSpec[]) {
      const { outcome, warnings, errors } = await run([changed], spec);
      expect(errors).toEqual([]);
      expect(warnings).toEqual([`different: ${DIFFERENT('ConfigMap', 'one')}`]);
      expect(outcome.resourceList).toEqual({ 'v1/ConfigMap': ['different/one(failed)'] });
    }
    expect((await live('configmaps', 'different', 'one'))['data']).toEqual({ a: 'b' });
  });

  it('V-RST-124 takes annotations, finalizers and field managers for differences', async () => {
    const object = await backedUp('differences', 'one', { a: 'b' });
    for (const metadata of [
      { annotations: { a: 'b' } },
      { finalizers: ['example.io/x'] },
      {
        managedFields: [
          {
            manager: 'somebody',
            operation: 'Update',
            apiVersion: 'v1',
            fieldsType: 'FieldsV1',
            fieldsV1: {},
          },
        ],
      },
    ]) {
      const { warnings } = await run([{ ...object, metadata: { ...object.metadata, ...metadata } }]);
      expect(warnings).toEqual([`differences: ${DIFFERENT('ConfigMap', 'one')}`]);
    }
  });

  it('V-RST-127 V-RST-168 makes a different object like the backup with policy update, absent fields included', async () => {
    const object = await backedUp('updated', 'one', { a: 'b' });
    await kube.patch(resource('configmaps'), 'one', 'updated', 'merge', {
      data: { a: 'changed', extra: 'x' },
      metadata: { annotations: { extra: 'x' }, labels: { extra: 'x' } },
    });
    const { outcome, warnings, errors } = await run([object], { existingResourcePolicy: 'update' });
    expect([...warnings, ...errors]).toEqual([]);
    expect(outcome.resourceList).toEqual({ 'v1/ConfigMap': ['updated/one(updated)'] });
    const after = await live('configmaps', 'updated', 'one');
    expect(after['data']).toEqual({ a: 'b' });
    expect(after.metadata.annotations).toBeUndefined();
    expect(after.metadata.labels).toEqual({
      'velero.io/backup-name': 'backup-1',
      'velero.io/restore-name': 'restore-1',
    });
  });

  it('V-RST-129 patches at least the labels where the update is refused', async () => {
    await run([configMap('refused', 'ensure-namespace')]);
    const secret = (immutable: boolean, a: string): KubeObject => ({
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'one', namespace: 'refused' },
      immutable,
      data: { a },
    });
    await kube.create(resource('secrets'), secret(true, 'eA=='), 'refused');
    const { outcome, warnings, errors } = await run([saved(secret(true, 'eQ=='))], {
      existingResourcePolicy: 'update',
    });
    expect(errors).toEqual([]);
    expect(warnings).toEqual([
      expect.stringMatching(/^refused: Secret "one" is invalid: data: Forbidden/) as string,
    ]);
    expect(outcome.resourceList).toEqual({ 'v1/Secret': ['refused/one(failed)'] });
    const after = await live('secrets', 'refused', 'one');
    expect(after['data']).toEqual({ a: 'eA==' });
    expect(labelsOf(after)).toEqual({ backup: 'backup-1', restore: 'restore-1' });
  });

  it('V-RST-130 merges service accounts whatever the policy', async () => {
    const account = (name: string, more: Partial<KubeObject>, metadata = {}): KubeObject =>
      saved({
        apiVersion: 'v1',
        kind: 'ServiceAccount',
        metadata: { name, namespace: 'accounts', ...metadata },
        ...more,
      });
    await run([configMap('accounts', 'ensure-namespace')]);
    await kube.create(
      resource('serviceaccounts'),
      {
        apiVersion: 'v1',
        kind: 'ServiceAccount',
        metadata: { name: 'app', labels: { both: 'live' } },
        imagePullSecrets: [{ name: 'mine' }],
      },
      'accounts',
    );
    const { outcome, warnings, errors } = await run([
      account(
        'app',
        { imagePullSecrets: [{ name: 'mine' }, { name: 'saved' }], secrets: [{ name: 'other' }] },
        { labels: { both: 'saved', more: 'x' } },
      ),
      account('fresh', {}),
    ]);
    expect([...warnings, ...errors]).toEqual([]);
    expect(outcome.resourceList).toEqual({
      'v1/ServiceAccount': ['accounts/app(updated)', 'accounts/fresh(created)'],
    });
    const after = await live('serviceaccounts', 'accounts', 'app');
    expect(after['imagePullSecrets']).toEqual([{ name: 'mine' }, { name: 'saved' }]);
    expect(after['secrets']).toEqual([{ name: 'other' }]);
    expect(after.metadata.labels).toMatchObject({ both: 'live', more: 'x' });
    const again = await run([account('app', {})]);
    expect(again.outcome.resourceList).toEqual({ 'v1/ServiceAccount': ['accounts/app(skipped)'] });
  });

  it('V-RST-131 warns where a service account cannot be patched', async () => {
    await run([configMap('accounts-refused', 'ensure-namespace')]);
    const { warnings } = await run([
      saved({
        apiVersion: 'v1',
        kind: 'ServiceAccount',
        metadata: { name: 'default', namespace: 'accounts-refused', labels: { 'not a label': 'x' } },
      }),
    ]);
    expect(warnings).toEqual([
      expect.stringMatching(
        /^accounts-refused: ServiceAccount "default" is invalid: metadata.labels/,
      ) as string,
    ]);
  });

  it('V-RST-120 V-RST-122 handles any refused create as an existing object where one can be read', async () => {
    await run([configMap('taken', 'ensure-namespace')]);
    const service = (name: string, nodePort: number, app: string): KubeObject => ({
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name, namespace: 'taken' },
      spec: { type: 'NodePort', selector: { app }, ports: [{ port: 80, nodePort }] },
    });
    await kube.create(resource('services'), service('same', 30111, 'a'), 'taken');
    await kube.create(resource('services'), service('holder', 30222, 'a'), 'taken');
    const { warnings, errors } = await run([service('same', 30111, 'b'), service('stranger', 30222, 'b')], {
      preserveNodePorts: true,
    });
    expect(warnings).toEqual([`taken: ${DIFFERENT('Service', 'same')}`]);
    expect(errors).toEqual([
      expect.stringMatching(
        /^taken: error restoring services\/taken\/stranger: Service "stranger" is invalid: .*provided port is already allocated/,
      ) as string,
    ]);
    const invalid = configMap('taken', 'ensure-namespace', {}, { labels: { 'not a label': 'x' } });
    const again = await run([invalid]);
    expect(again.errors).toEqual([]);
    expect(again.warnings).toEqual([`taken: ${DIFFERENT('ConfigMap', 'ensure-namespace')}`]);
  });

  it('V-RST-121 warns where an object exists that may not be read', async () => {
    await run([configMap('unreadable', 'one', { a: 'b' })]);
    const may = (name: string, resources: string[], verbs: string[]) => ({
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRole',
      metadata: { name },
      rules: [{ apiGroups: [''], resources, verbs }],
    });
    await kube.create(resource('clusterroles'), may('writer', ['configmaps', 'namespaces'], ['create']));
    await kube.create(resource('clusterroles'), may('looker', ['namespaces'], ['get']));
    for (const name of ['writer', 'looker']) {
      await kube.create(resource('clusterrolebindings'), {
        apiVersion: 'rbac.authorization.k8s.io/v1',
        kind: 'ClusterRoleBinding',
        metadata: { name },
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name },
        subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'writer' }],
      });
    }
    const writer = await connectKube({ ...configOf(cluster), auth: { token: cluster.user('writer').token } });
    try {
      const { warnings, errors, outcome } = await restore(
        writer,
        await archiveOf(kube, [configMap('unreadable', 'one'), configMap('unreadable', 'two')]),
      );
      expect(errors).toEqual([]);
      expect(warnings).toEqual([
        'unreadable: configmaps "one" is forbidden: User "writer" cannot get resource "configmaps" in API group "" in the namespace "unreadable"',
      ]);
      expect(outcome.resourceList['v1/ConfigMap']).toEqual([
        'unreadable/one(failed)',
        'unreadable/two(created)',
      ]);
    } finally {
      await writer.close();
    }
  });

  it('V-RST-123 says which item the server refused and why', async () => {
    const { errors, outcome } = await run([configMap('refuses', 'Bad_Name'), configMap('refuses', 'good')]);
    expect(errors).toEqual([
      expect.stringMatching(
        /^refuses: error restoring configmaps\/refuses\/Bad_Name: ConfigMap "Bad_Name" is invalid: metadata.name/,
      ) as string,
    ]);
    expect(outcome.resourceList['v1/ConfigMap']).toEqual([
      'refuses/Bad_Name(failed)',
      'refuses/good(created)',
    ]);
  });

  it('V-RST-095 never updates a namespace that exists', async () => {
    await run([configMap('kept', 'ensure-namespace')]);
    const home = saved({
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name: 'kept', labels: { new: 'label' } },
    });
    const { outcome } = await run([home, configMap('kept', 'one')], { existingResourcePolicy: 'update' });
    expect(outcome.resourceList['v1/Namespace']).toBeUndefined();
    expect((await kube.get(resource('namespaces'), 'kept')).metadata.labels?.['new']).toBeUndefined();
  });

  it('a second restore of the same backup changes nothing and complains of nothing', async () => {
    const managedFields = [
      {
        manager: 'kubectl-create',
        operation: 'Update',
        apiVersion: 'v1',
        time: '2024-01-02T03:04:05Z',
        fieldsType: 'FieldsV1',
        fieldsV1: { 'f:data': { '.': {}, 'f:key': {} } },
      },
    ];
    const objects = Array.from({ length: 20 }, (_, index) =>
      configMap('twice', `c${index}`, { key: `${index}` }, { managedFields, labels: { app: 'x' } }),
    );
    await run(objects, {}, 'first');
    const { warnings, errors, outcome } = await run(objects, {}, 'second');
    expect([...warnings, ...errors]).toEqual([]);
    expect(new Set(outcome.resourceList['v1/ConfigMap']?.map((entry) => entry.replace(/.*\(/, '(')))).toEqual(
      new Set(['(skipped)']),
    );
  });
});
