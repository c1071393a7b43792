/** Objects of an application and its surroundings, chosen so that each rule of a backup has something to decide about. */

import type { Api } from '../../support/api.ts';

const EXCLUDE = 'velero.io/exclude-from-backup';

/** A CRD in group example.com. */
export function aDefinition(plural: string, kind: string, scope: 'Namespaced' | 'Cluster'): object {
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.example.com` },
    spec: {
      group: 'example.com',
      scope,
      names: { plural, singular: kind.toLowerCase(), kind, listKind: `${kind}List` },
      versions: [
        {
          name: 'v1',
          served: true,
          storage: true,
          schema: {
            openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
          },
        },
      ],
    },
  };
}

function aPod(
  name: string,
  options: { volumes?: object[]; mounts?: object[]; metadata?: object; spec?: object },
) {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, ...options.metadata },
    spec: {
      containers: [{ name: 'main', image: 'example/app:1', volumeMounts: options.mounts ?? [] }],
      volumes: options.volumes ?? [],
      ...options.spec,
    },
  };
}

function aPv(name: string, claim: string | undefined, metadata: object = {}) {
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: { name, ...metadata },
    spec: {
      capacity: { storage: '1Gi' },
      accessModes: ['ReadWriteOnce'],
      persistentVolumeReclaimPolicy: 'Retain',
      storageClassName: 'manual',
      hostPath: { path: `/tmp/${name}` },
      ...(claim === undefined ? {} : { claimRef: { namespace: 'shop', name: claim } }),
    },
  };
}

function aClaim(name: string, volumeName: string | undefined, spec: object = {}) {
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { name, labels: { app: 'shop' } },
    spec: {
      accessModes: ['ReadWriteOnce'],
      storageClassName: 'manual',
      resources: { requests: { storage: '1Gi' } },
      ...(volumeName === undefined ? {} : { volumeName }),
      ...spec,
    },
  };
}

/**
 * Creates everything and waits until claims are bound. Namespaces: `shop` (the application), `other` (a few objects),
 * `empty` (nothing of its own), `hidden` (labelled to be left out).
 */
export async function createFixture(api: Api): Promise<void> {
  const namespace = (name: string, labels: Record<string, string> = {}) =>
    api.create('/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } });
  await namespace('shop', { team: 'a' });
  await namespace('other', { team: 'b' });
  await namespace('empty');
  await namespace('hidden', { [EXCLUDE]: 'true' });
  for (const [plural, kind, scope] of [
    ['widgets', 'Widget', 'Namespaced'],
    ['galaxies', 'Galaxy', 'Cluster'],
    ['unused', 'Unused', 'Namespaced'],
  ] as const) {
    await api.create(
      '/apis/apiextensions.k8s.io/v1/customresourcedefinitions',
      aDefinition(plural, kind, scope),
    );
  }
  await api.until(
    () =>
      api.list('/apis/example.com/v1/namespaces/shop/unused').then(
        () => true,
        () => false,
      ),
    (served) => served,
    'custom resources to be served',
  );
  const shop = '/api/v1/namespaces/shop';
  const config = (
    name: string,
    labels: Record<string, string>,
    data: Record<string, string> = { a: '1' },
  ) => ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name, labels },
    data,
  });
  await api.create(
    `${shop}/configmaps`,
    config('settings', { app: 'shop' }, { text: 'a < b && c > d "quoted" ü' }),
  );
  await api.create(`${shop}/configmaps`, config('tools', { app: 'tools' }));
  await api.create(`${shop}/configmaps`, config('excluded', { app: 'shop', [EXCLUDE]: 'true' }));
  await api.create(`${shop}/configmaps`, config('not-excluded', { [EXCLUDE]: 'false' }));
  await api.create('/api/v1/namespaces/other/configmaps', config('elsewhere', { app: 'shop' }));
  await api.create('/api/v1/namespaces/hidden/configmaps', config('secretive', { app: 'shop' }));
  await api.create(`${shop}/secrets`, {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'password' },
    stringData: { password: 'p' },
  });
  await api.create(`${shop}/serviceaccounts`, {
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: { name: 'robot' },
  });
  const rbac = '/apis/rbac.authorization.k8s.io/v1';
  await api.create(`${rbac}/clusterroles`, {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRole',
    metadata: { name: 'robot-reader' },
    rules: [{ apiGroups: [''], resources: ['pods'], verbs: ['get'] }],
  });
  await api.create(`${rbac}/clusterrolebindings`, {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRoleBinding',
    metadata: { name: 'robot-reads' },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'robot-reader' },
    subjects: [{ kind: 'ServiceAccount', name: 'robot', namespace: 'shop' }],
  });
  await api.create('/apis/scheduling.k8s.io/v1/priorityclasses', {
    apiVersion: 'scheduling.k8s.io/v1',
    kind: 'PriorityClass',
    metadata: { name: 'urgent' },
    value: 1000,
  });
  await api.create('/api/v1/persistentvolumes', aPv('pv-data', 'data', { labels: { disk: 'fast' } }));
  await api.create('/api/v1/persistentvolumes', aPv('pv-files', 'files'));
  await api.create(
    '/api/v1/persistentvolumes',
    aPv('pv-excluded', 'excluded', { labels: { [EXCLUDE]: 'true' } }),
  );
  await api.create('/api/v1/persistentvolumes', aPv('pv-free', undefined));
  for (const claim of ['data', 'files', 'excluded']) {
    await api.create(`${shop}/persistentvolumeclaims`, aClaim(claim, `pv-${claim}`));
  }
  await api.create(
    `${shop}/persistentvolumeclaims`,
    aClaim('unbound', undefined, { storageClassName: 'nowhere' }),
  );
  await api.create(
    `${shop}/pods`,
    aPod('web', {
      metadata: { labels: { app: 'shop' }, annotations: { 'backup.velero.io/backup-volumes': 'files' } },
      volumes: [
        { name: 'data', persistentVolumeClaim: { claimName: 'data' } },
        { name: 'files', persistentVolumeClaim: { claimName: 'files' } },
        { name: 'scratch', emptyDir: {} },
        { name: 'config', configMap: { name: 'settings' } },
      ],
      mounts: [
        { name: 'data', mountPath: '/data' },
        { name: 'files', mountPath: '/files' },
      ],
      spec: { priorityClassName: 'urgent', serviceAccountName: 'robot' },
    }),
  );
  await api.create(`${shop}/pods`, aPod('batch', { metadata: { labels: { app: 'tools' } } }));
  await createRunningPod(api);
  const labels = { matchLabels: { app: 'idle' } };
  const template = {
    metadata: { labels: { app: 'idle' } },
    spec: { containers: [{ name: 'main', image: 'example/app:1' }] },
  };
  await api.create('/apis/apps/v1/namespaces/shop/deployments', {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'idle', labels: { app: 'shop' } },
    spec: { replicas: 0, paused: true, selector: labels, template },
  });
  await api.create('/apis/autoscaling/v2/namespaces/shop/horizontalpodautoscalers', {
    apiVersion: 'autoscaling/v2',
    kind: 'HorizontalPodAutoscaler',
    metadata: { name: 'idle' },
    spec: { maxReplicas: 2, scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'idle' } },
  });
  await api.create('/apis/networking.k8s.io/v1/namespaces/shop/networkpolicies', {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { name: 'closed' },
    spec: { podSelector: {}, policyTypes: ['Ingress'] },
  });
  await api.create('/apis/example.com/v1/namespaces/shop/widgets', {
    apiVersion: 'example.com/v1',
    kind: 'Widget',
    metadata: { name: 'one', labels: { app: 'shop' } },
    spec: { big: 9007199254740000, ratio: 0.5, nested: { list: [1, 'two', null] } },
  });
  await api.create('/apis/example.com/v1/galaxies', {
    apiVersion: 'example.com/v1',
    kind: 'Galaxy',
    metadata: { name: 'milky' },
    spec: {},
  });
  await api.until(
    () => api.list(`${shop}/persistentvolumeclaims`),
    (claims) =>
      claims.filter((claim) => (claim['status'] as { phase?: string }).phase === 'Bound').length === 3,
    'claims to be bound',
  );
}

/** A pod that the API server believes to run, on a node where nothing runs: what has no node agent looks like this. */
async function createRunningPod(api: Api): Promise<void> {
  await api.create('/api/v1/nodes', {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name: 'ghost' },
    spec: { unschedulable: true },
  });
  const pods = '/api/v1/namespaces/other/pods';
  await api.create(
    pods,
    aPod('runner', {
      metadata: { annotations: { 'backup.velero.io/backup-volumes': 'scratch' } },
      volumes: [{ name: 'scratch', emptyDir: {} }],
      mounts: [{ name: 'scratch', mountPath: '/scratch' }],
      spec: { nodeName: 'ghost' },
    }),
  );
  await api.patch(`${pods}/runner/status`, { status: { phase: 'Running' } });
}
