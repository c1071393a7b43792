import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Cluster, startCluster } from '../../../dev/cluster/index.ts';
import type { KubeClient } from '../../../src/kube/index.ts';
import { Api } from '../../support/api.ts';
import { createFixture } from './fixture.ts';
import { backUp, connect, listed, type RunResult, textOf } from './support.ts';

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

/** Group resources in the archive, sorted. */
function types(result: RunResult): string[] {
  return [...new Set(result.paths.flatMap((path) => path.split('/').slice(1, 2)))]
    .filter((type) => type !== 'version')
    .sort();
}

it('V-STO-030 V-STO-031 V-STO-032 V-STO-034 V-STO-035 writes each object whole and under both paths', async () => {
  const result = await backUp(kube, only);
  expect(result.paths[0]).toBe('metadata/version');
  expect(result.files.get('metadata/version')).toBe('1.1.0\n');
  const live = await api.get('/api/v1/namespaces/shop/configmaps/settings');
  const paths = ['', 'v1-preferredversion/'].map(
    (version) => `resources/configmaps/${version}namespaces/shop/settings.json`,
  );
  for (const path of paths) expect(result.files.get(path)).toEqual(live);
  expect(live.metadata).toHaveProperty('managedFields');
  const widget = await api.get('/apis/example.com/v1/namespaces/shop/widgets/one');
  expect(result.files.get('resources/widgets.example.com/namespaces/shop/one.json')).toEqual(widget);
  const paired = result.paths.slice(1).filter((path) => path.includes('-preferredversion/'));
  expect(paired).toHaveLength((result.paths.length - 1) / 2);
  expect(result.outcome.archive).toMatchObject({ entries: result.paths.length, items: paired.length });
});

it('V-STO-033 V-BKP-040 writes other versions once, under their version', async () => {
  const result = await backUp(kube, only, { features: ['EnableAPIGroupVersions'] });
  const scalers = result.paths.filter((path) => path.startsWith('resources/horizontalpodautoscalers'));
  expect(scalers.sort()).toEqual([
    'resources/horizontalpodautoscalers.autoscaling/namespaces/shop/idle.json',
    'resources/horizontalpodautoscalers.autoscaling/v1/namespaces/shop/idle.json',
    'resources/horizontalpodautoscalers.autoscaling/v2-preferredversion/namespaces/shop/idle.json',
  ]);
  expect(listed(result, 'autoscaling/v1/HorizontalPodAutoscaler')).toEqual(['shop/idle']);
  expect(listed(result, 'autoscaling/v2/HorizontalPodAutoscaler')).toEqual(['shop/idle']);
});

it('V-BKP-033 V-BKP-060 V-BKP-071 backs up one namespace with what belongs to it', async () => {
  const result = await backUp(kube, only);
  expect(listed(result, 'v1/Namespace')).toEqual(['shop']);
  expect(listed(result, 'v1/ConfigMap')).toEqual([
    'shop/kube-root-ca.crt',
    'shop/not-excluded',
    'shop/settings',
    'shop/tools',
  ]);
  expect(listed(result, 'v1/PersistentVolume')).toEqual(['pv-data', 'pv-files']);
  expect(listed(result, 'apiextensions.k8s.io/v1/CustomResourceDefinition')).toEqual(['widgets.example.com']);
  expect(listed(result, 'example.com/v1/Galaxy')).toEqual([]);
  expect(result.errors.map(textOf)).toEqual([]);
});

it('V-BKP-033 V-BKP-035 V-BKP-047 backs up the whole cluster', async () => {
  const result = await backUp(kube, {});
  expect(listed(result, 'v1/Namespace')).toEqual(
    expect.arrayContaining(['default', 'empty', 'kube-system', 'other', 'shop']),
  );
  // It carries the label that keeps items out.
  expect(listed(result, 'v1/Namespace')).not.toContain('hidden');
  expect(listed(result, 'v1/PersistentVolume')).toEqual(['pv-data', 'pv-files', 'pv-free']);
  expect(listed(result, 'example.com/v1/Galaxy')).toEqual(['milky']);
  expect(listed(result, 'apiextensions.k8s.io/v1/CustomResourceDefinition')).toEqual([
    'galaxies.example.com',
    'unused.example.com',
    'widgets.example.com',
  ]);
  expect(listed(result, 'v1/Node')).toEqual(['ghost']);
});

it('V-BKP-033 leaves cluster-scoped objects out where they are not wanted', async () => {
  const result = await backUp(kube, { ...only, includeClusterResources: false });
  for (const kind of ['v1/PersistentVolume', 'v1/Namespace', 'scheduling.k8s.io/v1/PriorityClass']) {
    expect(listed(result, kind)).toEqual([]);
  }
  const wanted = await backUp(kube, { ...only, includeClusterResources: true });
  expect(listed(wanted, 'v1/PersistentVolume')).toContain('pv-free');
});

it('V-BKP-031 V-BKP-033 collects only the named types, whatever they are called', async () => {
  const result = await backUp(kube, { ...only, includedResources: ['cm', 'Pod', 'widgets.example.com'] });
  expect(types(result)).toEqual(['configmaps', 'pods', 'widgets.example.com']);
  const others = await backUp(kube, { ...only, excludedResources: ['secret', 'po'] });
  expect(types(others)).not.toContain('secrets');
  expect(types(others)).not.toContain('pods');
  expect(types(others)).toContain('configmaps');
});

it('V-BKP-034 V-BKP-035 collects by scope', async () => {
  const result = await backUp(kube, {
    ...only,
    includedClusterScopedResources: ['galaxies'],
    includedNamespaceScopedResources: ['configmaps', 'persistentvolumeclaims'],
  });
  expect(types(result)).toEqual([
    'configmaps',
    'customresourcedefinitions.apiextensions.k8s.io',
    'galaxies.example.com',
    'namespaces',
    'persistentvolumeclaims',
    'persistentvolumes',
  ]);
  const clusterOnly = await backUp(kube, {
    excludedNamespaceScopedResources: ['*'],
    includedClusterScopedResources: ['pv'],
  });
  expect(types(clusterOnly)).toEqual(['namespaces', 'persistentvolumes']);
});

it('V-BKP-045 V-BKP-047 selects by label, and keeps namespaces in which something was found', async () => {
  const result = await backUp(kube, { labelSelector: { matchLabels: { app: 'shop' } } });
  expect(listed(result, 'v1/ConfigMap')).toEqual(['hidden/secretive', 'other/elsewhere', 'shop/settings']);
  expect(listed(result, 'v1/Namespace')).toEqual(['other', 'shop']);
});

it('V-BKP-046 V-BKP-047 selects by any of several labels, each item once, and namespaces by their own', async () => {
  const result = await backUp(kube, {
    orLabelSelectors: [
      { matchLabels: { app: 'tools' } },
      { matchLabels: { team: 'b' } },
      { matchLabels: { app: 'tools' } },
    ],
  });
  expect(listed(result, 'v1/ConfigMap')).toEqual(['shop/tools']);
  expect(listed(result, 'v1/Pod')).toEqual(['shop/batch']);
  expect(listed(result, 'v1/Namespace')).toEqual(['other', 'shop']);
  expect(new Set(result.paths).size).toBe(result.paths.length);
});

it('V-BKP-045 an empty selector means everything', async () => {
  const result = await backUp(kube, { ...only, labelSelector: {} });
  expect(listed(result, 'v1/ConfigMap')).toContain('shop/tools');
  expect(result.errors).toEqual([]);
});

it('V-BKP-044 V-ERR-034 says that an included namespace does not exist', async () => {
  const result = await backUp(kube, { includedNamespaces: ['shop', 'nowhere'] });
  expect(result.errors.map(({ message }) => message)).toEqual([
    'fail to get the namespace nowhere specified in backup.Spec.IncludedNamespaces',
  ]);
  expect(listed(result, 'v1/Namespace')).toEqual(['shop']);
});

it('V-NEW-061 expands patterns of namespaces', async () => {
  const result = await backUp(kube, {
    includedNamespaces: ['sh*', '[eo]*', 'nothing-*'],
    excludedNamespaces: ['emp*'],
  });
  expect(listed(result, 'v1/Namespace')).toEqual(['other', 'shop']);
  expect(result.errors.filter(({ message }) => message.startsWith('fail to get'))).toEqual([]);
  expect(result.warnings.map(({ message }) => message)).toContain(
    'no namespace matches the pattern nothing-* in backup.Spec.IncludedNamespaces',
  );
});

it('V-BKP-041 V-BKP-062 backs up pods before claims before volumes, each with what it brings along', async () => {
  const result = await backUp(kube, only);
  const order = result.entries
    .filter(({ message }) => message === 'Processing item')
    .map(({ fields }) => String(fields['resource']));
  const first = (type: string) => order.indexOf(type);
  expect(first('pods')).toBeLessThan(first('persistentvolumeclaims'));
  const position = (path: string) => result.paths.indexOf(path);
  const pod = position('resources/pods/namespaces/shop/web.json');
  expect(position('resources/persistentvolumeclaims/namespaces/shop/data.json')).toBeLessThan(pod);
  expect(position('resources/persistentvolumes/cluster/pv-data.json')).toBeLessThan(pod);
});

it('V-BKP-048 backs up in the order that is asked for, and warns of what is not there', async () => {
  const result = await backUp(kube, {
    ...only,
    orderedResources: { pods: 'shop/web,shop/none,other/runner', configmaps: 'shop/tools,shop/not-excluded' },
  });
  const names = (type: string) =>
    result.entries
      .filter(({ message, fields }) => message === 'Processing item' && fields['resource'] === type)
      .map(({ fields }) => fields['name']);
  expect(names('pods')).toEqual(['web', 'batch']);
  expect(names('configmaps').slice(0, 2)).toEqual(['tools', 'not-excluded']);
  expect(names('configmaps')).toHaveLength(5);
  expect(result.warnings.map(({ message }) => message)).toEqual(
    expect.arrayContaining(["Cannot find resource 'shop/none'.", "Cannot find resource 'other/runner'."]),
  );
});

it('V-BKP-042 takes events once', async () => {
  const event = { metadata: { name: 'e' }, involvedObject: { kind: 'Pod', namespace: 'shop', name: 'web' } };
  await api.create('/api/v1/namespaces/shop/events', { apiVersion: 'v1', kind: 'Event', ...event });
  const result = await backUp(kube, only);
  expect(listed(result, 'v1/Event')).toContain('shop/e');
  expect(types(result).filter((type) => type.startsWith('events'))).toEqual(['events']);
});

it('V-BKP-049 V-BKP-073 tells its progress in the log and in the outcome', async () => {
  const result = await backUp(kube, only);
  const count = result.outcome.progress.itemsBackedUp;
  expect(result.outcome.progress).toEqual({ totalItems: count, itemsBackedUp: count });
  const messages = result.entries.map(({ message }) => message);
  expect(messages.some((message) => /^Collected \d+ items matching the backup spec/.test(message))).toBe(
    true,
  );
  expect(messages).toContain(`Backed up a total of ${count} items`);
  const last = messages
    .filter((message) => /^Backed up \d+ items out of an estimated total of \d+ /.test(message))
    .at(-1);
  expect(last).toBeDefined();
  const backedUp = result.entries.filter(({ message }) => message === 'Backing up item');
  expect(backedUp).toHaveLength(count);
  for (const { fields } of backedUp) {
    expect(fields).toMatchObject({
      resource: expect.any(String),
      name: expect.any(String),
      namespace: expect.any(String),
    });
  }
});

it('lists over all namespaces where many are included, and keeps to them', async () => {
  const names = Array.from({ length: 40 }, (_, index) => `many-${String(index).padStart(2, '0')}`);
  for (const name of names) {
    await api.create('/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
    await api.create(`/api/v1/namespaces/${name}/configmaps`, {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'c' },
    });
  }
  const before = kube.stats.requests;
  const result = await backUp(kube, { includedNamespaces: names.slice(0, 38) });
  expect(kube.stats.requests - before).toBeLessThan(150);
  const found = listed(result, 'v1/ConfigMap').filter((name) => name.endsWith('/c'));
  expect(found).toEqual(names.slice(0, 38).map((name) => `${name}/c`));
  expect(listed(result, 'v1/Namespace')).toEqual(names.slice(0, 38));
});

it('goes over many pages without losing or doubling anything', async () => {
  // The controllers put an account and a config map into each new namespace; nothing may come between the two runs.
  const count = async (path: string, name: string) =>
    (await api.list(path)).filter(({ metadata }) => metadata.name === name).length;
  const namespaces = (await api.list('/api/v1/namespaces')).length;
  for (const [path, name] of [
    ['/api/v1/serviceaccounts', 'default'],
    ['/api/v1/configmaps', 'kube-root-ca.crt'],
  ] as const) {
    await api.until(
      () => count(path, name),
      (found) => found === namespaces,
      `${name} in every namespace`,
    );
  }
  const small = await backUp(kube, {}, { pageSize: 3 });
  const whole = await backUp(kube, {}, { pageSize: 0 });
  const stable = (result: RunResult) =>
    Object.entries(result.outcome.resourceList).filter(([kind]) => !/Lease|Event/.test(kind));
  expect(stable(small)).toEqual(stable(whole));
});
