/**
 * An application with an object of every kind that a backup treats in a way of its own. Without a node its pods stay
 * Pending, which is all that most comparisons need.
 */

import { type Api, type ApiObject, ApiError, deleteNamespace } from './api.ts';

type Manifest = readonly [path: string, object: Record<string, unknown>];

/** Kinds by API path that {@link snapshot} looks at: namespaced ones first. */
export const NAMESPACED_PATHS = [
  'api/v1 configmaps',
  'api/v1 secrets',
  'api/v1 serviceaccounts',
  'api/v1 services',
  'api/v1 endpoints',
  'api/v1 pods',
  'api/v1 persistentvolumeclaims',
  'api/v1 resourcequotas',
  'api/v1 limitranges',
  'api/v1 replicationcontrollers',
  'apis/apps/v1 deployments',
  'apis/apps/v1 statefulsets',
  'apis/apps/v1 daemonsets',
  'apis/apps/v1 replicasets',
  'apis/apps/v1 controllerrevisions',
  'apis/batch/v1 jobs',
  'apis/batch/v1 cronjobs',
  'apis/autoscaling/v2 horizontalpodautoscalers',
  'apis/policy/v1 poddisruptionbudgets',
  'apis/networking.k8s.io/v1 ingresses',
  'apis/networking.k8s.io/v1 networkpolicies',
  'apis/discovery.k8s.io/v1 endpointslices',
  'apis/coordination.k8s.io/v1 leases',
  'apis/rbac.authorization.k8s.io/v1 roles',
  'apis/rbac.authorization.k8s.io/v1 rolebindings',
  'apis/stable.example.com/v1 crontabs',
] as const;

const pod = (name: string, extra: Record<string, unknown> = {}) => ({
  serviceAccountName: 'robot',
  containers: [
    {
      name: 'main',
      image: 'example/app:1',
      command: ['sleep', '3600'],
      resources: { requests: { cpu: '10m' } },
    },
  ],
  ...extra,
  ...(name === '' ? {} : { hostname: name }),
});

/** The manifests of the application `name`, which is also its namespace and the prefix of its cluster-wide objects. */
export function application(name: string): Manifest[] {
  const ns = `namespaces/${name}`;
  const named = (own: string, extra: Record<string, unknown> = {}) => ({ metadata: { name: own, ...extra } });
  const template = (app: string, extra: Record<string, unknown> = {}) => ({
    metadata: { labels: { app } },
    spec: pod('', extra),
  });
  return [
    [
      '/apis/apiextensions.k8s.io/v1/customresourcedefinitions',
      {
        ...named('crontabs.stable.example.com'),
        spec: {
          group: 'stable.example.com',
          scope: 'Namespaced',
          names: { plural: 'crontabs', singular: 'crontab', kind: 'CronTab', shortNames: ['ct'] },
          versions: [
            {
              name: 'v1',
              served: true,
              storage: true,
              subresources: { status: {} },
              schema: {
                openAPIV3Schema: {
                  type: 'object',
                  properties: {
                    spec: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
                    status: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
                  },
                },
              },
            },
          ],
        },
      },
    ],
    [
      '/apis/scheduling.k8s.io/v1/priorityclasses',
      { ...named(`${name}-high`), value: 1000, description: 'high' },
    ],
    [
      '/apis/storage.k8s.io/v1/storageclasses',
      {
        ...named(`${name}-static`),
        provisioner: 'kubernetes.io/no-provisioner',
        volumeBindingMode: 'Immediate',
      },
    ],
    [
      '/api/v1/persistentvolumes',
      {
        ...named(`${name}-pv`, { labels: { disk: 'one' } }),
        spec: {
          capacity: { storage: '1Gi' },
          accessModes: ['ReadWriteOnce'],
          persistentVolumeReclaimPolicy: 'Retain',
          storageClassName: `${name}-static`,
          hostPath: { path: `/tmp/${name}` },
        },
      },
    ],
    [
      '/apis/rbac.authorization.k8s.io/v1/clusterroles',
      { ...named(`${name}-reader`), rules: [{ apiGroups: [''], resources: ['nodes'], verbs: ['get'] }] },
    ],
    [
      '/api/v1/namespaces',
      {
        ...named(name, {
          labels: { team: 'red', 'example.com/tier': 'gold' },
          annotations: { note: 'a <b> & "c"' },
        }),
      },
    ],
    [`/api/v1/${ns}/serviceaccounts`, { ...named('robot'), imagePullSecrets: [{ name: 'registry' }] }],
    [
      '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings',
      {
        ...named(`${name}-reader`),
        subjects: [{ kind: 'ServiceAccount', name: 'robot', namespace: name }],
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: `${name}-reader` },
      },
    ],
    [
      `/api/v1/${ns}/configmaps`,
      {
        ...named('settings', { labels: { app: 'web' }, annotations: { 'example.com/x': 'ü 😀 </script>' } }),
        data: { 'a.conf': 'line 1\nline 2\n', html: '<b>&amp;</b>\u2028', empty: '' },
        binaryData: { raw: 'AAECAwQ=' },
      },
    ],
    [
      `/api/v1/${ns}/configmaps`,
      { ...named('left-out', { labels: { 'velero.io/exclude-from-backup': 'true' } }) },
    ],
    [`/api/v1/${ns}/configmaps`, { ...named('frozen'), immutable: true, data: { k: 'v' } }],
    [
      `/api/v1/${ns}/secrets`,
      { ...named('password', { labels: { app: 'db' } }), data: { password: 'c2VjcmV0' } },
    ],
    [
      `/api/v1/${ns}/secrets`,
      {
        ...named('registry'),
        type: 'kubernetes.io/dockerconfigjson',
        stringData: { '.dockerconfigjson': '{"auths":{}}' },
      },
    ],
    [
      `/api/v1/${ns}/secrets`,
      {
        ...named('robot-key', { annotations: { 'kubernetes.io/service-account.name': 'robot' } }),
        type: 'kubernetes.io/service-account-token',
      },
    ],
    [
      `/api/v1/${ns}/services`,
      {
        ...named('web', { labels: { app: 'web' } }),
        spec: { selector: { app: 'web' }, ports: [{ port: 80 }] },
      },
    ],
    [
      `/api/v1/${ns}/services`,
      {
        ...named('web-node'),
        spec: { type: 'NodePort', selector: { app: 'web' }, ports: [{ name: 'http', port: 80 }] },
      },
    ],
    [
      `/api/v1/${ns}/services`,
      { ...named('db'), spec: { clusterIP: 'None', selector: { app: 'db' }, ports: [{ port: 5432 }] } },
    ],
    [
      `/api/v1/${ns}/services`,
      { ...named('mail'), spec: { type: 'ExternalName', externalName: 'mail.example.com' } },
    ],
    [`/api/v1/${ns}/services`, { ...named('outside'), spec: { ports: [{ port: 9000 }] } }],
    [
      `/api/v1/${ns}/endpoints`,
      { ...named('outside'), subsets: [{ addresses: [{ ip: '192.0.2.10' }], ports: [{ port: 9000 }] }] },
    ],
    [
      `/api/v1/${ns}/persistentvolumeclaims`,
      {
        ...named('data'),
        spec: {
          accessModes: ['ReadWriteOnce'],
          storageClassName: `${name}-static`,
          resources: { requests: { storage: '1Gi' } },
        },
      },
    ],
    [
      `/api/v1/${ns}/limitranges`,
      { ...named('limits'), spec: { limits: [{ type: 'Container', default: { memory: '64Mi' } }] } },
    ],
    [`/api/v1/${ns}/resourcequotas`, { ...named('quota'), spec: { hard: { 'count/secrets': '50' } } }],
    [
      `/apis/apps/v1/${ns}/deployments`,
      {
        ...named('web', { labels: { app: 'web' } }),
        spec: {
          replicas: 2,
          selector: { matchLabels: { app: 'web' } },
          template: template('web', { priorityClassName: `${name}-high` }),
        },
      },
    ],
    [
      `/apis/apps/v1/${ns}/statefulsets`,
      {
        ...named('db', { labels: { app: 'db' } }),
        spec: {
          serviceName: 'db',
          replicas: 1,
          selector: { matchLabels: { app: 'db' } },
          template: template('db', {
            volumes: [{ name: 'data', persistentVolumeClaim: { claimName: 'data' } }],
          }),
        },
      },
    ],
    [
      `/apis/apps/v1/${ns}/daemonsets`,
      {
        ...named('agent'),
        spec: { selector: { matchLabels: { app: 'agent' } }, template: template('agent') },
      },
    ],
    [
      `/apis/apps/v1/${ns}/replicasets`,
      {
        ...named('lone'),
        spec: { replicas: 0, selector: { matchLabels: { app: 'lone' } }, template: template('lone') },
      },
    ],
    [
      `/apis/batch/v1/${ns}/jobs`,
      { ...named('once'), spec: { template: { spec: pod('', { restartPolicy: 'Never' }) } } },
    ],
    [
      `/apis/batch/v1/${ns}/cronjobs`,
      {
        ...named('nightly'),
        spec: {
          schedule: '0 3 * * *',
          suspend: true,
          jobTemplate: { spec: { template: { spec: pod('', { restartPolicy: 'OnFailure' }) } } },
        },
      },
    ],
    [
      `/apis/autoscaling/v2/${ns}/horizontalpodautoscalers`,
      {
        ...named('web'),
        spec: { scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' }, maxReplicas: 4 },
      },
    ],
    [
      `/apis/policy/v1/${ns}/poddisruptionbudgets`,
      { ...named('web'), spec: { minAvailable: 1, selector: { matchLabels: { app: 'web' } } } },
    ],
    [
      `/apis/networking.k8s.io/v1/${ns}/ingresses`,
      {
        ...named('web'),
        spec: {
          rules: [
            {
              host: 'web.example.com',
              http: {
                paths: [
                  {
                    path: '/',
                    pathType: 'Prefix',
                    backend: { service: { name: 'web', port: { number: 80 } } },
                  },
                ],
              },
            },
          ],
        },
      },
    ],
    [
      `/apis/networking.k8s.io/v1/${ns}/networkpolicies`,
      { ...named('deny'), spec: { podSelector: {}, policyTypes: ['Ingress'] } },
    ],
    [
      `/apis/rbac.authorization.k8s.io/v1/${ns}/roles`,
      { ...named('editor'), rules: [{ apiGroups: [''], resources: ['configmaps'], verbs: ['*'] }] },
    ],
    [
      `/apis/rbac.authorization.k8s.io/v1/${ns}/rolebindings`,
      {
        ...named('editor'),
        subjects: [{ kind: 'ServiceAccount', name: 'robot', namespace: name }],
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'editor' },
      },
    ],
    [`/apis/coordination.k8s.io/v1/${ns}/leases`, { ...named('leader'), spec: { holderIdentity: 'nobody' } }],
    [
      `/api/v1/${ns}/pods`,
      {
        ...named('bare', { labels: { app: 'bare' } }),
        spec: pod('bare', { priorityClassName: `${name}-high` }),
      },
    ],
    [
      `/apis/stable.example.com/v1/${ns}/crontabs`,
      {
        apiVersion: 'stable.example.com/v1',
        kind: 'CronTab',
        ...named('report', { finalizers: ['example.com/keep'] }),
        spec: { big: 9007199254740992, exact: 1.5, cron: '* * * * */5' },
      },
    ],
    [
      '/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations',
      {
        ...named(`${name}-guard`),
        webhooks: [
          {
            name: 'guard.example.com',
            admissionReviewVersions: ['v1'],
            sideEffects: 'None',
            failurePolicy: 'Ignore',
            clientConfig: { service: { namespace: name, name: 'web' } },
            rules: [
              {
                apiGroups: ['example.com'],
                apiVersions: ['v1'],
                operations: ['CREATE'],
                resources: ['none'],
              },
            ],
          },
        ],
      },
    ],
  ];
}

const CLUSTER_OBJECTS = (name: string) => [
  `/apis/scheduling.k8s.io/v1/priorityclasses/${name}-high`,
  `/apis/storage.k8s.io/v1/storageclasses/${name}-static`,
  `/api/v1/persistentvolumes/${name}-pv`,
  `/apis/rbac.authorization.k8s.io/v1/clusterroles/${name}-reader`,
  `/apis/rbac.authorization.k8s.io/v1/clusterrolebindings/${name}-reader`,
  `/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/${name}-guard`,
];

const CRD = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions/crontabs.stable.example.com';

/** Creates the application and waits until the controllers have made what they make of it. */
export async function createApplication(api: Api, name: string): Promise<void> {
  for (const [path, object] of application(name)) {
    // No JavaScript number holds what the original must keep digit by digit.
    const body = JSON.stringify(object).replace('9007199254740992', '9007199254740993');
    await retry(() => api.text('POST', path, body));
  }
  await api.until(
    async () => [
      (await api.list(`/api/v1/namespaces/${name}/pods`)).length,
      (
        (await api.get(`/api/v1/namespaces/${name}/persistentvolumeclaims/data`))['status'] as {
          phase: string;
        }
      ).phase,
      Object.keys((await api.get(`/api/v1/namespaces/${name}/secrets/robot-key`))['data'] ?? {}).length,
    ],
    ([pods, phase, keys]) => (pods as number) >= 5 && phase === 'Bound' && (keys as number) >= 3,
    `application ${name} to be whole`,
  );
}

/** A CRD that was just made, or a service account that its controller has not met yet, answers 404 or 403 at first. */
async function retry(work: () => Promise<unknown>): Promise<void> {
  for (let attempt = 0; ; attempt++) {
    try {
      await work();
      return;
    } catch (error) {
      const early = error instanceof ApiError && [403, 404, 409].includes(error.status);
      if (error instanceof ApiError && error.status === 409 && error.message.includes('AlreadyExists'))
        return;
      if (!early || attempt > 50) throw error;
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }
}

/** Deletes the application with its cluster-wide objects, CRD included. */
export async function deleteApplication(api: Api, name: string): Promise<void> {
  for (const item of await api
    .list(`/apis/stable.example.com/v1/namespaces/${name}/crontabs`)
    .catch(() => [])) {
    await api.patch(`/apis/stable.example.com/v1/namespaces/${name}/crontabs/${item.metadata.name}`, {
      metadata: { finalizers: null },
    });
  }
  await api.delete(CRD);
  await deleteNamespace(api, name);
  for (const path of CLUSTER_OBJECTS(name)) await api.delete(path);
  await api.until(
    () =>
      Promise.all(
        [...CLUSTER_OBJECTS(name), CRD].map((path) =>
          api.get(path).then(
            () => 1,
            () => 0,
          ),
        ),
      ),
    (there) => there.every((one) => one === 0),
    `cluster-wide objects of ${name} to be gone`,
  );
}

/** Everything of the application that is there now, by `kind/name`. */
export async function snapshot(api: Api, name: string): Promise<Map<string, ApiObject>> {
  const found = new Map<string, ApiObject>();
  for (const entry of NAMESPACED_PATHS) {
    const [group, resource] = entry.split(' ') as [string, string];
    const list = await api.list(`/${group}/namespaces/${name}/${resource}`).catch(() => []);
    for (const item of list) found.set(`${resource}/${item.metadata.name}`, item);
  }
  for (const path of [...CLUSTER_OBJECTS(name), CRD, `/api/v1/namespaces/${name}`]) {
    const item = await api.get(path).catch(() => undefined);
    if (item) found.set(path.split('/').slice(-2).join('/'), item);
  }
  return found;
}
