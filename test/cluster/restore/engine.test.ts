import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Cluster, startCluster } from '../../../dev/cluster/index.ts';
import type { KubeObject } from '../../../src/api/object.ts';
import type { RestoreSpec } from '../../../src/api/restore.ts';
import { type ApiResource, isNotFound, type KubeClient } from '../../../src/kube/index.ts';
import type { RestoreItemAction } from '../../../src/plugin/contract.ts';
import { archiveOf, configMap, connect, namespace, type Placed, restore, saved } from './support.ts';

let cluster: Cluster;
let kube: KubeClient;
let configMaps: ApiResource;

beforeAll(async () => {
  cluster = await startCluster();
  kube = await connect(cluster);
  configMaps = resource('configmaps');
});

afterAll(async () => {
  await kube?.close();
  await cluster?.stop();
});

function resource(name: string): ApiResource {
  const found = kube.discovery.resolve(name);
  if (!found) throw new Error(`the cluster serves no ${name}`);
  return found;
}

async function lookUp(type: string, name: string, inNamespace?: string): Promise<KubeObject | undefined> {
  try {
    return await kube.get(resource(type), name, inNamespace);
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

/** Names of the ConfigMaps in a namespace, without the cluster's own. */
async function configMapNames(inNamespace: string): Promise<string[]> {
  const found = await kube.list(configMaps, { namespace: inNamespace });
  return found.map((object) => object.metadata.name ?? '').filter((name) => name !== 'kube-root-ca.crt');
}

/** An action that does something to one kind of item. */
function action(name: string, resources: string[], execute: RestoreItemAction['execute']): RestoreItemAction {
  return { name, appliesTo: async () => ({ includedResources: resources }), execute };
}

describe('restoring into an empty cluster', () => {
  it('V-RST-094 V-RST-096 V-RST-104 V-RST-116 V-RST-134 brings objects back with their metadata, labels and field managers', async () => {
    const managedFields = [
      {
        manager: 'helm',
        operation: 'Apply',
        apiVersion: 'v1',
        time: '2024-01-02T03:04:05Z',
        fieldsType: 'FieldsV1',
        fieldsV1: { 'f:data': { 'f:key': {} } },
      },
    ];
    const archive = await archiveOf(kube, [
      namespace('basic', {
        labels: { team: 'a' },
        annotations: { note: 'x' },
        finalizers: ['example.io/hold'],
      }),
      configMap(
        'basic',
        'one',
        { key: 'value' },
        {
          labels: { app: 'web' },
          annotations: { keep: 'me' },
          finalizers: ['example.io/stay'],
          ownerReferences: [{ apiVersion: 'v1', kind: 'ConfigMap', name: 'gone', uid: 'gone' }],
          managedFields,
        },
      ),
    ]);
    const { outcome, errors, warnings } = await restore(kube, archive);
    expect([...errors, ...warnings]).toEqual([]);
    const one = (await lookUp('configmaps', 'one', 'basic')) as KubeObject;
    expect(one.metadata).toMatchObject({
      labels: { app: 'web', 'velero.io/backup-name': 'backup-1', 'velero.io/restore-name': 'restore-1' },
      annotations: { keep: 'me' },
      finalizers: ['example.io/stay'],
      managedFields,
    });
    expect(one.metadata.ownerReferences).toBeUndefined();
    expect(one['data']).toEqual({ key: 'value' });
    const home = (await lookUp('namespaces', 'basic')) as KubeObject;
    expect(home.metadata.labels).toEqual({ team: 'a', 'kubernetes.io/metadata.name': 'basic' });
    expect(home.metadata.annotations).toEqual({ note: 'x' });
    expect(home.metadata.finalizers).toBeUndefined();
    expect(outcome.resourceList).toEqual({
      'v1/ConfigMap': ['basic/one(created)'],
      'v1/Namespace': ['basic(created)'],
    });
  });

  it('V-RST-094 V-RST-095 makes a bare namespace where the backup has none, or not a readable one', async () => {
    const archive = await archiveOf(kube, [configMap('bare', 'one'), configMap('broken', 'two')], {
      'resources/namespaces/cluster/broken.json': '{"kind": "Namespace"',
    });
    const { errors } = await restore(kube, archive, { includedNamespaces: ['bare', 'broken'] });
    expect(errors).toEqual([]);
    for (const name of ['bare', 'broken']) {
      const labels = (await lookUp('namespaces', name))?.metadata.labels;
      expect(labels).toEqual({ 'kubernetes.io/metadata.name': name });
    }
  });

  it('V-RST-070 warns where the backup holds nothing', async () => {
    const { outcome, warnings, errors } = await restore(kube, await archiveOf(kube, []));
    expect(warnings).toEqual(['velero: zero items to be restored: directory "resources": does not exist']);
    expect(errors).toEqual([]);
    expect(outcome.resourceList).toEqual({});
  });

  it('V-RST-092 leaves out what cannot be read and goes on', async () => {
    const archive = await archiveOf(kube, [configMap('unread', 'good')], {
      'resources/configmaps/namespaces/unread/bad.json': '{"kind": ',
      'resources/configmaps/namespaces/unread/odd.json': '[]',
    });
    const { errors } = await restore(kube, archive, { namespaceMapping: { unread: 'unread-copy' } });
    expect(errors.toSorted()).toEqual([
      expect.stringMatching(
        /^unread-copy: error decoding "resources\/configmaps\/namespaces\/unread\/bad\.json": /,
      ) as string,
      'unread-copy: error decoding "resources/configmaps/namespaces/unread/odd.json": the file holds no JSON object',
    ]);
    expect(await configMapNames('unread-copy')).toEqual(['good']);
  });

  it('notes an error for each item that is no object of Kubernetes, and goes on', async () => {
    const pods = 'resources/pods/namespaces/odd';
    const archive = await archiveOf(kube, [configMap('odd', 'good')], {
      [`${pods}/bare.json`]: '{"apiVersion":"v1","kind":"Pod"}',
      [`${pods}/versionless.json`]:
        '{"kind":"Pod","metadata":{"name":"versionless","namespace":"odd"},"spec":{}}',
      'resources/secrets/namespaces/odd/owned.json':
        '{"apiVersion":"v1","kind":"Secret","metadata":{"name":"owned","namespace":"odd","managedFields":[null]}}',
    });
    const { errors } = await restore(kube, archive);
    expect(errors.toSorted()).toEqual([
      expect.stringMatching(/^odd: error restoring pods\/odd\/: /) as string,
      expect.stringMatching(/^odd: error restoring pods\/odd\/versionless: /) as string,
      expect.stringMatching(/^odd: error restoring secrets\/odd\/owned: /) as string,
    ]);
    expect(await configMapNames('odd')).toEqual(['good']);
  });

  it('V-RST-088 V-RST-091 V-RST-093 V-RST-162 V-RST-163 filters by namespace, resource and labels', async () => {
    const labelled = (inNamespace: string, name: string, app: string) =>
      configMap(inNamespace, name, {}, { labels: { app } });
    const archive = await archiveOf(kube, [
      namespace('filter-a'),
      namespace('filter-b'),
      namespace('filter-c'),
      labelled('filter-a', 'web', 'web'),
      labelled('filter-a', 'db', 'db'),
      labelled('filter-b', 'web', 'web'),
      labelled('filter-c', 'web', 'other'),
      saved({
        apiVersion: 'v1',
        kind: 'Secret',
        metadata: { name: 's', namespace: 'filter-a', labels: { app: 'web' } },
      }),
    ]);
    const run = async (spec: RestoreSpec) => {
      const { outcome, errors } = await restore(kube, archive, spec);
      expect(errors).toEqual([]);
      return outcome.resourceList;
    };
    const mapped = (suffix: string) => ({
      namespaceMapping: Object.fromEntries(
        ['a', 'b', 'c'].map((x) => [`filter-${x}`, `filter-${x}${suffix}`]),
      ),
    });
    expect(
      await run({
        ...mapped('1'),
        includedNamespaces: ['filter-*'],
        excludedNamespaces: ['filter-b'],
        includedResources: ['cm'],
        labelSelector: { matchLabels: { app: 'web' } },
      }),
    ).toEqual({ 'v1/ConfigMap': ['filter-a1/web(created)'], 'v1/Namespace': ['filter-a1(created)'] });
    expect(
      await run({
        ...mapped('2'),
        excludedResources: ['secrets'],
        orLabelSelectors: [{ matchLabels: { app: 'db' } }, { matchLabels: { app: 'other' } }],
        includedNamespaces: ['filter-a', 'filter-c'],
      }),
    ).toEqual({
      'v1/ConfigMap': ['filter-a2/db(created)', 'filter-c2/web(created)'],
      'v1/Namespace': ['filter-a2(created)', 'filter-c2(created)'],
    });
  });

  it('V-RST-086 takes nothing for a resource that nobody knows', async () => {
    const archive = await archiveOf(kube, [configMap('unknown-include', 'one')]);
    const { outcome } = await restore(kube, archive, { includedResources: ['widgetz'] });
    expect(outcome.resourceList).toEqual({});
  });

  it('V-RST-089 V-RST-099 V-RST-166 takes cluster-scoped items as the three settings say', async () => {
    const role = (name: string) =>
      saved({
        apiVersion: 'rbac.authorization.k8s.io/v1',
        kind: 'ClusterRole',
        metadata: { name },
        rules: [],
      });
    const run = async (prefix: string, spec: RestoreSpec) => {
      const archive = await archiveOf(kube, [
        role(`${prefix}-role`),
        namespace(`${prefix}-in`),
        namespace(`${prefix}-out`),
        configMap(`${prefix}-in`, 'one'),
        configMap(`${prefix}-out`, 'two'),
      ]);
      const { outcome } = await restore(kube, archive, spec);
      return Object.values(outcome.resourceList).flat().sort();
    };
    expect(await run('scope1', { includedNamespaces: ['scope1-in'] })).toEqual([
      'scope1-in(created)',
      'scope1-in/one(created)',
    ]);
    expect(await run('scope2', { includeClusterResources: false })).toEqual([
      'scope2-in(created)',
      'scope2-in/one(created)',
      'scope2-out(created)',
      'scope2-out/two(created)',
    ]);
    expect(await run('scope3', { includedNamespaces: ['scope3-in'], includeClusterResources: true })).toEqual(
      ['scope3-in(created)', 'scope3-in/one(created)', 'scope3-out(created)', 'scope3-role(created)'],
    );
    expect(await run('scope4', {})).toContain('scope4-role(created)');
  });

  it('V-RST-100 V-RST-103 V-RST-102 leaves completed items out and lists mirror pods as skipped', async () => {
    const pod = (name: string, phase: string, annotations = {}) =>
      saved({
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { name, namespace: 'done', annotations },
        spec: { containers: [{ name: 'a', image: 'b' }] },
        status: { phase },
      });
    const job = saved({
      apiVersion: 'batch/v1',
      kind: 'Job',
      metadata: { name: 'job', namespace: 'done' },
      spec: { template: { spec: { restartPolicy: 'Never', containers: [{ name: 'a', image: 'b' }] } } },
      status: { completionTime: '2024-01-01T00:00:00Z' },
    });
    const archive = await archiveOf(kube, [
      pod('ended', 'Succeeded'),
      pod('failed', 'Failed'),
      pod('mirror', 'Running', { 'kubernetes.io/config.mirror': 'x' }),
      pod('running', 'Running'),
      job,
    ]);
    const { outcome, errors, warnings } = await restore(kube, archive);
    expect([...errors, ...warnings]).toEqual([]);
    expect(outcome.resourceList).toEqual({
      'v1/Namespace': ['done(created)'],
      'v1/Pod': ['done/mirror(skipped)', 'done/running(created)'],
    });
  });

  it('V-RST-132 V-RST-133 restores status only where asked, and only of what it made', async () => {
    const item = (name: string, ip = '192.0.2.1') =>
      saved({
        apiVersion: 'v1',
        kind: 'Service',
        metadata: { name, namespace: 'status' },
        spec: { type: 'LoadBalancer', ports: [{ port: 80 }] },
        status: { loadBalancer: { ingress: [{ ip, ipMode: 'VIP' }] } },
      });
    const ingress = async (name: string) => {
      const service = await kube.get(resource('services'), name, 'status');
      return (service['status'] as { loadBalancer: { ingress?: unknown[] } }).loadBalancer.ingress;
    };
    const run = async (object: KubeObject, spec: RestoreSpec) =>
      await restore(kube, await archiveOf(kube, [object]), spec);
    await run(item('none'), {});
    expect(await ingress('none')).toBeUndefined();
    await run(item('named'), { restoreStatus: { includedResources: ['svc'] } });
    expect(await ingress('named')).toEqual([{ ip: '192.0.2.1', ipMode: 'VIP' }]);
    await run(item('other'), { restoreStatus: { includedResources: ['pods'] } });
    expect(await ingress('other')).toBeUndefined();
    await run(item('excluded'), { restoreStatus: { excludedResources: ['services'] } });
    expect(await ingress('excluded')).toBeUndefined();
    await run(item('none'), { restoreStatus: {}, existingResourcePolicy: 'update' });
    expect(await ingress('none')).toBeUndefined();
    const { warnings, outcome } = await run(item('wrong', 'not an address'), { restoreStatus: {} });
    expect(warnings).toEqual([
      expect.stringMatching(/^status: Service "wrong" is invalid: status\.loadBalancer/) as string,
    ]);
    expect(outcome.resourceList['v1/Service']).toEqual(['status/wrong(created)']);
  });
});

describe('the order', () => {
  it('V-RST-082 V-RST-083 V-RST-085 V-RST-135 restores definitions first, waits for them, and then custom resources', async () => {
    const crd = saved({
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      metadata: { name: 'gadgets.order.example.com' },
      spec: {
        group: 'order.example.com',
        scope: 'Namespaced',
        names: { plural: 'gadgets', singular: 'gadget', kind: 'Gadget', shortNames: ['gd'] },
        versions: [
          {
            name: 'v1',
            served: true,
            storage: true,
            schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
          },
        ],
      },
    });
    const gadget: Placed = {
      groupResource: 'gadgets.order.example.com',
      object: saved({
        apiVersion: 'order.example.com/v1',
        kind: 'Gadget',
        metadata: { name: 'g', namespace: 'order' },
        spec: { exact: 1 },
      }),
    };
    const archive = await archiveOf(kube, [gadget, crd, configMap('order', 'z')], {
      'resources/gadgets.order.example.com/namespaces/order/big.json':
        '{"apiVersion":"order.example.com/v1","kind":"Gadget","metadata":{"name":"big","namespace":"order"},"spec":{"exact":9007199254740993}}',
    });
    const { outcome, errors, warnings, entries } = await restore(kube, archive, {
      includedResources: ['gd', 'crds', 'cm'],
    });
    expect([...errors, ...warnings]).toEqual([]);
    expect(outcome.resourceList).toMatchObject({
      'apiextensions.k8s.io/v1/CustomResourceDefinition': ['gadgets.order.example.com(created)'],
      'order.example.com/v1/Gadget': ['order/big(created)', 'order/g(created)'],
    });
    const attempts = entries
      .map((entry) => /^Attempting to restore (\w+): /.exec(entry.message)?.[1])
      .filter((kind) => kind !== undefined);
    expect(attempts).toEqual(['CustomResourceDefinition', 'ConfigMap', 'Gadget', 'Gadget']);
    const text = await kube.raw('GET', '/apis/order.example.com/v1/namespaces/order/gadgets/big');
    expect(text).toContain('"exact":9007199254740993');
  });

  it('V-RST-049 V-RST-107 V-RST-109 V-RST-110 runs actions in order, each on what the last one made, and stops at a failure or a skip', async () => {
    const seen: string[] = [];
    const setting = (name: string): RestoreItemAction =>
      action(name, ['configmaps'], async ({ item, itemFromBackup }) => {
        seen.push(`${name} ${item.metadata.name} ${JSON.stringify(item['data'])}`);
        expect(itemFromBackup.metadata.uid).toBeDefined();
        return { item: { ...item, data: { ...(item['data'] as object), [name]: 'x' } } };
      });
    const fussy = action('fussy', ['configmaps'], async ({ item }) => {
      if (item.metadata.name === 'bad') throw new Error('I refuse');
      return item.metadata.name === 'skipped'
        ? {
            item,
            skipRestore: true,
            operationId: 'op-1',
            additionalItems: [{ group: '', resource: 'configmaps', namespace: 'acted', name: 'more' }],
          }
        : { item };
    });
    const archive = await archiveOf(
      kube,
      ['good', 'bad', 'skipped'].map((name) => configMap('acted', name, {})),
    );
    const { outcome, errors } = await restore(
      kube,
      archive,
      {},
      { actions: [setting('a'), setting('b'), fussy] },
    );
    expect(errors).toEqual(['acted: error preparing configmaps/acted/bad: I refuse']);
    expect(outcome.resourceList['v1/ConfigMap']).toEqual([
      'acted/bad(failed)',
      'acted/good(created)',
      'acted/skipped(skipped)',
    ]);
    expect(seen.filter((line) => line.includes('good'))).toEqual(['a good {}', 'b good {"a":"x"}']);
    expect(outcome.operations).toEqual([
      {
        spec: {
          restoreName: 'restore-1',
          restoreUID: 'uid-of-restore-1',
          restoreItemAction: 'fussy',
          resourceIdentifier: { Group: '', Resource: 'configmaps', Namespace: 'acted', Name: 'skipped' },
          operationID: 'op-1',
        },
        status: { phase: 'New', created: expect.any(String) as string },
      },
    ]);
  });

  it('V-RST-107 V-RIA-004 chooses actions by target namespace and by the labels of the changed item', async () => {
    const seen: string[] = [];
    const noting = (name: string, selector: object): RestoreItemAction => ({
      name,
      appliesTo: async () => ({ includedResources: ['configmaps', 'clusterroles'], ...selector }),
      execute: async ({ item }) => {
        seen.push(`${name} ${item.metadata.name}`);
        return { item };
      },
    });
    const labelling = action('labelling', ['cm'], async ({ item }) => ({
      item: { ...item, metadata: { ...item.metadata, labels: { stage: 'two' } } },
    }));
    const archive = await archiveOf(kube, [
      configMap('chosen', 'one'),
      saved({
        apiVersion: 'rbac.authorization.k8s.io/v1',
        kind: 'ClusterRole',
        metadata: { name: 'chosen' },
        rules: [],
      }),
    ]);
    await restore(
      kube,
      archive,
      { namespaceMapping: { chosen: 'chosen-target' } },
      {
        actions: [
          noting('before', { labelSelector: 'stage=two' }),
          labelling,
          noting('after', { labelSelector: 'stage in (two)' }),
          noting('source', { includedNamespaces: ['chosen'] }),
          noting('target', { includedNamespaces: ['chosen-target'] }),
          noting('velero.io/csi-thing', {}),
        ],
      },
    );
    expect(seen).toEqual(['after one', 'target one']);
  });

  it('V-RST-108 runs CSI actions only with the feature', async () => {
    const seen: string[] = [];
    const csi = action('velero.io/csi-pvc-restorer', ['configmaps'], async ({ item }) => {
      seen.push(item.metadata.name ?? '');
      return { item };
    });
    const run = async (name: string, features: string[]) =>
      await restore(
        kube,
        await archiveOf(kube, [configMap('csi', name)]),
        {},
        {
          actions: [csi],
          settings: { features: new Set(features) },
        },
      );
    await run('off', []);
    await run('on', ['EnableCSI']);
    expect(seen).toEqual(['on']);
  });

  it('V-RST-111 V-RST-112 V-RST-113 restores additional items first, with the mapping, and warns of missing ones', async () => {
    const order: string[] = [];
    const bringing = action('bringing', ['secrets'], async ({ item }) => ({
      item,
      additionalItems: ['dep', 'missing'].map((name) => ({
        group: '',
        resource: 'configmaps',
        namespace: 'needs',
        name,
      })),
    }));
    const noting = action('noting', ['secrets', 'configmaps'], async ({ item }) => {
      if (item.kind === 'Secret') {
        const dependency = await lookUp('configmaps', 'dep', 'needs-target');
        order.push(`secret with ${dependency?.metadata.name}`);
      }
      return { item };
    });
    const archive = await archiveOf(kube, [
      saved({ apiVersion: 'v1', kind: 'Secret', metadata: { name: 's', namespace: 'needs' } }),
      configMap('needs', 'dep', {}, { labels: { not: 'selected' } }),
    ]);
    const { warnings, errors, outcome } = await restore(
      kube,
      archive,
      { namespaceMapping: { needs: 'needs-target' }, includedResources: ['secrets', 'configmaps'] },
      { actions: [bringing, noting] },
    );
    expect(errors).toEqual([]);
    expect(warnings).toEqual([
      'needs: stat resources/configmaps/namespaces/needs/missing.json: no such file or directory',
    ]);
    expect(order).toEqual(['secret with dep']);
    expect(outcome.resourceList).toMatchObject({
      'v1/ConfigMap': ['needs-target/dep(created)'],
      'v1/Secret': ['needs-target/s(created)'],
    });
  });

  it('V-RST-093 skips an excluded additional item without a word', async () => {
    const bringing = action('bringing', ['configmaps'], async ({ item }) => ({
      item,
      additionalItems: [{ group: '', resource: 'secrets', namespace: 'silent', name: 's' }],
    }));
    const archive = await archiveOf(kube, [
      saved({ apiVersion: 'v1', kind: 'Secret', metadata: { name: 's', namespace: 'silent' } }),
      configMap('silent', 'one'),
    ]);
    const { warnings, errors } = await restore(
      kube,
      archive,
      { includedResources: ['configmaps'] },
      { actions: [bringing] },
    );
    expect([...errors, ...warnings]).toEqual([]);
    expect(await lookUp('secrets', 's', 'silent')).toBeUndefined();
  });

  it('V-RST-113 V-RST-114 waits for additional items where the action asks, and creates the item also when time is up', async () => {
    let asked = 0;
    const waiting = (ready: (tries: number) => boolean, timeout: number): RestoreItemAction => ({
      ...action('waiting', ['secrets'], async ({ item }) => ({
        item,
        additionalItems: [{ group: '', resource: 'configmaps', namespace: 'waits', name: 'dep' }],
        waitForAdditionalItems: true,
        additionalItemsReadyTimeout: timeout,
      })),
      areAdditionalItemsReady: async (items) => {
        expect(items.map((item) => item.name)).toEqual(['dep']);
        asked++;
        return ready(asked);
      },
    });
    const run = async (name: string, act: RestoreItemAction) => {
      const secret = saved({ apiVersion: 'v1', kind: 'Secret', metadata: { name, namespace: 'waits' } });
      return await restore(
        kube,
        await archiveOf(kube, [secret, configMap('waits', 'dep')]),
        {},
        { actions: [act] },
      );
    };
    expect(
      (
        await run(
          'soon',
          waiting((tries) => tries === 2, 30_000),
        )
      ).errors,
    ).toEqual([]);
    expect(asked).toBe(2);
    const late = await run(
      'late',
      waiting(() => false, 100),
    );
    expect(late.errors).toEqual([
      expect.stringMatching(
        /^waits: error verifying additional items are ready to use: timed out after 100ms/,
      ) as string,
    ]);
    expect(late.outcome.resourceList['v1/Secret']).toEqual(['waits/late(created)']);
  });

  it('restores items that need each other, also in a circle and side by side', async () => {
    const circle = action('circle', ['configmaps'], async ({ item }) => {
      const index = Number(item.metadata.name?.slice(1));
      return {
        item,
        additionalItems: [1, 7].map((step) => ({
          group: '',
          resource: 'configmaps',
          namespace: 'circle',
          name: `c${(index + step) % 40}`,
        })),
      };
    });
    const archive = await archiveOf(
      kube,
      Array.from({ length: 40 }, (_, index) => configMap('circle', `c${index}`)),
    );
    const { outcome, errors } = await restore(kube, archive, {}, { actions: [circle] });
    expect(errors).toEqual([]);
    expect(outcome.resourceList['v1/ConfigMap']).toHaveLength(40);
    expect(await configMapNames('circle')).toHaveLength(40);
  });

  it('V-RST-117 honours another API version or kind that an action chose', async () => {
    const converting = action('converting', ['configmaps'], async ({ item }) =>
      item.metadata.name === 'odd'
        ? { item: { ...item, kind: 'Nonsense' } }
        : { item: { apiVersion: 'v1', kind: 'Secret', metadata: item.metadata, stringData: { a: 'b' } } },
    );
    const archive = await archiveOf(kube, [configMap('kinds', 'one'), configMap('kinds', 'odd')]);
    const { errors, outcome } = await restore(kube, archive, {}, { actions: [converting] });
    expect(errors).toEqual([
      'kinds: error getting GVR for v1, Kind=Nonsense: no matches for v1, Kind=Nonsense',
    ]);
    expect(await lookUp('secrets', 'one', 'kinds')).toBeDefined();
    expect(outcome.resourceList['v1/ConfigMap']).toEqual(['kinds/odd(failed)', 'kinds/one(created)']);
  });

  it('V-RST-118 warns of an API version that is none', async () => {
    const breaking = action('breaking', ['configmaps'], async ({ item }) => ({
      item: { ...item, apiVersion: 'a/b/c' },
    }));
    const { warnings } = await restore(
      kube,
      await archiveOf(kube, [configMap('versions', 'one')]),
      {},
      {
        actions: [breaking],
      },
    );
    expect(warnings).toEqual([
      'versions: error getting updated resource client for namespace "versions", resource "configmaps": unexpected GroupVersion string: a/b/c',
    ]);
  });

  it('V-RST-115 applies modifiers to the item with its original namespace, and creates it in spite of their errors', async () => {
    const { readResourceModifiers } = await import('../../../src/restore/modifiers/modifiers.ts');
    const modifiers = readResourceModifiers(
      {
        rules: `
version: v1
resourceModifierRules:
- conditions: {groupResource: configmaps, namespaces: [modified]}
  patches: [{operation: add, path: /data/added, value: "yes it is"}]
- conditions: {groupResource: configmaps}
  patches: [{operation: remove, path: /data/none}]
`,
      },
      'velero/rules',
    );
    const { errors } = await restore(
      kube,
      await archiveOf(kube, [configMap('modified', 'one')]),
      { namespaceMapping: { modified: 'modified-target' } },
      { request: { modifiers } },
    );
    expect(errors).toEqual([expect.stringMatching(/^modified-target: error in applying patch /) as string]);
    expect((await lookUp('configmaps', 'one', 'modified-target'))?.['data']).toEqual({
      key: 'value',
      added: 'yes it is',
    });
  });

  it('V-RST-073 V-RST-074 V-RST-075 chooses API versions with the feature and the right format', async () => {
    const scale = (version: string, namespaceName: string): KubeObject =>
      saved({
        apiVersion: `autoscaling/${version}`,
        kind: 'HorizontalPodAutoscaler',
        metadata: { name: 'h', namespace: namespaceName, annotations: { saved: version } },
        spec: { maxReplicas: 2, scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' } },
      });
    const run = async (namespaceName: string, formatVersion: string, features: string[]) => {
      const place = (version: string, unpreferred: boolean): Placed => ({
        groupResource: 'horizontalpodautoscalers.autoscaling',
        object: scale(version, namespaceName),
        unpreferred,
      });
      const archive = await archiveOf(kube, [place('v1', false), place('v2', true)]);
      const { errors } = await restore(
        kube,
        archive,
        {},
        {
          backup: { status: { formatVersion } },
          settings: { features: new Set(features) },
        },
      );
      expect(errors).toEqual([]);
      return (await lookUp('hpa', 'h', namespaceName))?.metadata.annotations?.['saved'];
    };
    expect(await run('version-on', '1.1.0', ['EnableAPIGroupVersions'])).toBe('v2');
    expect(await run('version-old', '1', ['EnableAPIGroupVersions'])).toBe('v1');
    expect(await run('version-off', '1.1.0', [])).toBe('v1');
  });

  it('V-RST-119 V-RST-167 needs one request an item where nothing exists', async () => {
    const managedFields = [
      {
        manager: 'kubectl-create',
        operation: 'Update',
        apiVersion: 'v1',
        fieldsType: 'FieldsV1',
        fieldsV1: { 'f:data': {} },
      },
    ];
    const archive = await archiveOf(
      kube,
      Array.from({ length: 200 }, (_, index) => configMap('economy', `c${index}`, {}, { managedFields })),
    );
    const before = kube.stats.requests;
    const { errors, outcome } = await restore(kube, archive, {}, { settings: { concurrency: 8 } });
    expect(errors).toEqual([]);
    expect(outcome.resourceList['v1/ConfigMap']).toHaveLength(200);
    // Besides: discovery, the namespace and the clean-up at the end.
    expect(kube.stats.requests - before).toBeLessThanOrEqual(206);
  });

  it('V-RST-161 reports progress, the last time with what was visited', async () => {
    const slow = action('slow', ['configmaps'], async ({ item }) => {
      await new Promise((resolve) => {
        setTimeout(resolve, 250);
      });
      return { item };
    });
    const archive = await archiveOf(
      kube,
      Array.from({ length: 12 }, (_, index) => configMap('progress', `c${index}`)),
    );
    const { progress } = await restore(kube, archive, {}, { actions: [slow], settings: { concurrency: 1 } });
    expect(progress.length).toBeGreaterThanOrEqual(3);
    expect(progress.length).toBeLessThanOrEqual(5);
    expect(progress[0]?.totalItems).toBeGreaterThan(progress[0]?.itemsRestored ?? 0);
    expect(progress.at(-1)).toEqual({ totalItems: 13, itemsRestored: 13 });
  });
});
