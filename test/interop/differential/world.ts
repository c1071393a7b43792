/**
 * What the backups are made of: the whole application `shop`, and `lab`, where every object is a special case. Its
 * statuses are written by hand, and the cluster's controllers have stopped by then, so that nothing moves between two
 * looks at it.
 */

import { createApplication } from '../../support/application.ts';
import type { Pair } from './pair.ts';

/** A name of 63 characters, the most that a namespace may have. */
export const LONG = `${'long-'.repeat(12)}end`;

const crd = (
  plural: string,
  kind: string,
  scope: 'Namespaced' | 'Cluster',
  versions: readonly string[],
  labels = '{}',
) => `
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: ${plural}.lab.example.com, labels: ${labels}}
spec:
  group: lab.example.com
  scope: ${scope}
  names: {plural: ${plural}, singular: ${kind.toLowerCase()}, kind: ${kind}, shortNames: [${plural.slice(0, 3)}]}
  versions:
${versions
  .map(
    (version, index) => `
    - name: ${version}
      served: true
      storage: ${index === 0}
      subresources: {status: {}}
      schema:
        openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}
`,
  )
  .join('')}`;

export const CRDS = [
  crd('widgets', 'Widget', 'Namespaced', ['v1', 'v1beta1', 'v2alpha1']),
  crd('racks', 'Rack', 'Cluster', ['v1']),
  crd('ghosts', 'Ghost', 'Namespaced', ['v1'], '{velero.io/exclude-from-backup: "true"}'),
].join('---');

export const NAMESPACES = `
apiVersion: v1
kind: Namespace
metadata:
  name: lab
  labels: {pod-security.kubernetes.io/enforce: privileged, example.com/UPPER_case.and-more: "", team: blue}
  annotations: {scheduler.alpha.kubernetes.io/node-selector: "", note: "many\\nlines: {}"}
---
apiVersion: v1
kind: Namespace
metadata: {name: mini, labels: {team: red}}
---
apiVersion: v1
kind: Namespace
metadata: {name: hidden}
---
apiVersion: v1
kind: Namespace
metadata: {name: trouble}
---
apiVersion: v1
kind: Namespace
metadata: {name: half-hidden, labels: {velero.io/exclude-from-backup: "false"}}
---
apiVersion: v1
kind: Namespace
metadata: {name: empty}
---
apiVersion: v1
kind: Namespace
metadata: {name: stuck}
---
apiVersion: v1
kind: Namespace
metadata: {name: ${LONG}}
`;

const volume = (name: string, source: string, extra = '', labels = '{}', policy = 'Retain') => `
---
apiVersion: v1
kind: PersistentVolume
metadata: {name: ${name}, labels: ${labels}}
spec:
  capacity: {storage: 1Gi}
  accessModes: [ReadWriteOnce]
  persistentVolumeReclaimPolicy: ${policy}
  storageClassName: lab
  ${source}
  ${extra}
`;
const claim = (name: string, extra = '', labels = '{}') => `
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: ${name}, namespace: lab, labels: ${labels}}
spec:
  accessModes: [ReadWriteOnce]
  resources: {requests: {storage: 1Gi}}
  storageClassName: lab
  ${extra}
`;
const claimedBy = (name: string) => `claimRef: {kind: PersistentVolumeClaim, namespace: lab, name: ${name}}`;
const pod = (name: string, metadata = '', spec = '', namespace = 'lab') => `
---
apiVersion: v1
kind: Pod
metadata:
  name: ${name}
  namespace: ${namespace}
  ${metadata}
spec:
  automountServiceAccountToken: false
  containers: [{name: main, image: example/main:1}]
  ${spec}
`;

const LAB = `
apiVersion: v1
kind: Node
metadata: {name: node-1}
---
apiVersion: storage.k8s.io/v1
kind: StorageClass
metadata: {name: lab}
provisioner: kubernetes.io/no-provisioner
${volume('lab-bound', 'hostPath: {path: /tmp/lab-bound}', claimedBy('bound'), '{disk: one}')}
${volume('lab-delete', 'hostPath: {path: /tmp/lab-delete}', claimedBy('delete'), '{disk: two}', 'Delete')}
${volume('lab-free', 'hostPath: {path: /tmp/lab-free}')}
${volume('lab-nfs', 'nfs: {server: nfs.example.com, path: /exports}', claimedBy('nfs'))}
${volume('lab-csi', 'csi: {driver: csi.example.com, volumeHandle: v1}', claimedBy('csi'))}
${volume('lab-hidden', 'hostPath: {path: /tmp/lab-hidden}', claimedBy('behind-hidden'), '{velero.io/exclude-from-backup: "true"}')}
${volume('lab-foreign', 'hostPath: {path: /tmp/lab-foreign}', 'claimRef: {kind: PersistentVolumeClaim, namespace: mini, name: gone}')}
${claim('bound', 'volumeName: lab-bound', '{app: web}')}
${claim('delete', 'volumeName: lab-delete')}
${claim('nfs', 'volumeName: lab-nfs')}
${claim('csi', 'volumeName: lab-csi')}
${claim('behind-hidden', 'volumeName: lab-hidden')}
${claim('unbound')}
${claim('lost', 'volumeName: lab-lost')}
${claim('left-out', '', '{velero.io/exclude-from-backup: "true"}')}
${pod('pending', 'labels: {app: web, tier: front}')}
${pod(
  'hooked-pending',
  'annotations: {pre.hook.backup.velero.io/command: \'["/bin/true"]\', post.hook.backup.velero.io/command: /bin/true, pre.hook.backup.velero.io/on-error: Continue}',
  '',
  'trouble',
)}
${pod(
  'hooked-running',
  'annotations: {pre.hook.backup.velero.io/command: \'["/bin/true"]\', pre.hook.backup.velero.io/container: nobody}\n  labels: {hooked: "yes"}',
  'nodeName: node-1',
  'trouble',
)}
${pod('marked', 'annotations: {backup.velero.io/backup-volumes: "scratch,none,settings"}', 'nodeName: node-1\n  volumes: [{name: scratch, emptyDir: {}}, {name: cache, emptyDir: {}}]', 'trouble')}
${pod('done', 'labels: {app: db, tier: back}', 'nodeName: node-1')}
${pod('failed', '', 'nodeName: node-1')}
${pod('mirror', 'annotations: {kubernetes.io/config.mirror: abc}', 'nodeName: node-1')}
${pod(
  'disks',
  'annotations: {backup.velero.io/backup-volumes-excludes: cache}\n  labels: {disks: "yes"}',
  `nodeName: node-1
  volumes:
    - {name: bound, persistentVolumeClaim: {claimName: bound}}
    - {name: delete, persistentVolumeClaim: {claimName: delete}}
    - {name: nfs, persistentVolumeClaim: {claimName: nfs}}
    - {name: csi, persistentVolumeClaim: {claimName: csi}}
    - {name: scratch, emptyDir: {}}
    - {name: cache, emptyDir: {}}
    - {name: host, hostPath: {path: /tmp}}
    - {name: settings, configMap: {name: plain, optional: true}}
    - {name: secret, secret: {secretName: token, optional: true}}
    - {name: self, downwardAPI: {items: [{path: name, fieldRef: {fieldPath: metadata.name}}]}}
    - {name: inline, csi: {driver: csi.example.com}}
    - {name: net, nfs: {server: nfs.example.com, path: /inline}}
`,
)}
${pod('waiting', '', 'volumes: [{name: lost, persistentVolumeClaim: {claimName: lost}}, {name: missing, persistentVolumeClaim: {claimName: missing}}, {name: tmp, emptyDir: {}}]')}
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: builder, namespace: lab}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: lab-viewer, labels: {app: web}}
rules: [{apiGroups: [""], resources: [pods], verbs: [get]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: lab-sum}
aggregationRule: {clusterRoleSelectors: [{matchLabels: {app: web}}]}
rules: []
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: lab-viewers}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: lab-viewer}
subjects:
  - {kind: ServiceAccount, name: builder, namespace: lab}
  - {kind: User, name: jane, apiGroup: rbac.authorization.k8s.io}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: builders, namespace: lab}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: lab-viewer}
subjects: [{kind: ServiceAccount, name: builder, namespace: lab}, {kind: ServiceAccount, name: robot, namespace: shop}]
---
apiVersion: v1
kind: Secret
metadata: {name: token, namespace: lab, annotations: {kubernetes.io/service-account.name: builder}}
type: kubernetes.io/service-account-token
---
apiVersion: v1
kind: ConfigMap
metadata: {name: plain, namespace: lab, labels: {app: web, tier: front}}
data: {a: "1"}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: odd.name.with-dots, namespace: lab, labels: {app: db, tier: back, empty: ""}}
data: {b: "2"}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: left-out, namespace: lab, labels: {velero.io/exclude-from-backup: "true"}}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: not-left-out, namespace: lab, labels: {velero.io/exclude-from-backup: "yes"}}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: going, namespace: lab, finalizers: [example.com/hold]}
---
apiVersion: v1
kind: Event
metadata: {name: noted, namespace: lab}
involvedObject: {kind: Pod, name: pending, namespace: lab}
reason: Noted
type: Normal
---
apiVersion: batch/v1
kind: Job
metadata: {name: done, namespace: lab}
spec: {template: {spec: {restartPolicy: Never, containers: [{name: main, image: example/main:1}]}}}
---
apiVersion: batch/v1
kind: Job
metadata: {name: active, namespace: lab}
spec: {template: {spec: {restartPolicy: Never, containers: [{name: main, image: example/main:1}]}}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: lab, labels: {app: web}}
spec:
  selector: {matchLabels: {app: web}}
  template: {metadata: {labels: {app: web}}, spec: {containers: [{name: main, image: "old.example.com/app:1"}]}}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: web, namespace: lab}
spec: {defaultBackend: {service: {name: web, port: {number: 80}}}}
---
apiVersion: lab.example.com/v1
kind: Widget
metadata: {name: one, namespace: lab, labels: {app: web}}
spec: {size: 1}
---
apiVersion: lab.example.com/v1
kind: Widget
metadata: {name: left-out, namespace: lab, labels: {velero.io/exclude-from-backup: "true"}}
---
apiVersion: lab.example.com/v1
kind: Ghost
metadata: {name: casper, namespace: lab}
---
apiVersion: lab.example.com/v1
kind: Rack
metadata: {name: rack-1, labels: {app: web}}
---
apiVersion: lab.example.com/v1
kind: Rack
metadata: {name: rack-2, labels: {velero.io/exclude-from-backup: "true"}}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: secretive, namespace: hidden}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: visible, namespace: half-hidden}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: last, namespace: stuck, finalizers: [example.com/hold]}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: here, namespace: ${LONG}}
`;

/** The namespace that most restores restore: one object of each kind that is treated in a way of its own. */
const MINI = `
apiVersion: v1
kind: ConfigMap
metadata: {name: settings, namespace: mini, labels: {app: web, tier: front}, annotations: {a: b}}
data: {mode: fast, size: "10", list: "a,b"}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: frozen, namespace: mini, labels: {app: db}}
immutable: true
data: {k: v}
---
apiVersion: v1
kind: Secret
metadata: {name: password, namespace: mini, labels: {app: db}}
data: {password: c2VjcmV0}
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: builder, namespace: mini}
imagePullSecrets: [{name: password}]
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: mini, labels: {app: web}}
spec: {selector: {app: web}, ports: [{port: 80}]}
---
apiVersion: v1
kind: Service
metadata: {name: node, namespace: mini}
spec: {type: NodePort, selector: {app: web}, ports: [{name: http, port: 80, targetPort: 8080}, {name: tls, port: 443}]}
---
apiVersion: v1
kind: Service
metadata: {name: balanced, namespace: mini}
spec: {type: LoadBalancer, externalTrafficPolicy: Local, selector: {app: web}, ports: [{port: 80}]}
---
apiVersion: v1
kind: Service
metadata: {name: head, namespace: mini}
spec: {clusterIP: None, selector: {app: web}, ports: [{port: 80}]}
---
apiVersion: v1
kind: Pod
metadata:
  name: hooked
  namespace: mini
  labels: {app: web}
  annotations:
    init.hook.restore.velero.io/container-image: example/init:1
    init.hook.restore.velero.io/container-name: first
    init.hook.restore.velero.io/command: '["/bin/sh", "-c", "date"]'
spec: {serviceAccountName: builder, containers: [{name: main, image: "old.example.com/app:1"}]}
---
apiVersion: v1
kind: Pod
metadata: {name: done, namespace: mini}
spec: {nodeName: node-1, containers: [{name: main, image: "example/main:1"}]}
---
apiVersion: v1
kind: Pod
metadata: {name: mirror, namespace: mini, annotations: {kubernetes.io/config.mirror: abc}}
spec: {nodeName: node-1, automountServiceAccountToken: false, containers: [{name: main, image: "example/main:1"}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: mini, labels: {app: web}}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template: {metadata: {labels: {app: web}}, spec: {containers: [{name: main, image: "old.example.com/app:1"}]}}
---
apiVersion: batch/v1
kind: Job
metadata: {name: once, namespace: mini}
spec: {template: {spec: {restartPolicy: Never, containers: [{name: main, image: "example/main:1"}]}}}
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: disk, namespace: mini, annotations: {volume.kubernetes.io/selected-node: node-1}}
spec: {accessModes: [ReadWriteOnce], storageClassName: lab, resources: {requests: {storage: 1Gi}}}
---
apiVersion: lab.example.com/v1
kind: Widget
metadata: {name: one, namespace: mini, labels: {app: web}}
spec: {size: 1}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: editor, namespace: mini}
rules: [{apiGroups: [""], resources: [configmaps], verbs: ["*"]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: editors, namespace: mini}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: editor}
subjects: [{kind: ServiceAccount, name: builder, namespace: mini}, {kind: ServiceAccount, name: robot, namespace: shop}]
`;

const STATUSES: readonly (readonly [path: string, status: Record<string, unknown>])[] = [
  ['/api/v1/persistentvolumes/lab-bound', { phase: 'Bound' }],
  ['/api/v1/persistentvolumes/lab-delete', { phase: 'Bound' }],
  ['/api/v1/persistentvolumes/lab-nfs', { phase: 'Bound' }],
  ['/api/v1/persistentvolumes/lab-csi', { phase: 'Bound' }],
  ['/api/v1/persistentvolumes/lab-hidden', { phase: 'Bound' }],
  ['/api/v1/persistentvolumes/lab-free', { phase: 'Available' }],
  ['/api/v1/persistentvolumes/lab-foreign', { phase: 'Released' }],
  ...['bound', 'delete', 'nfs', 'csi', 'behind-hidden'].map(
    (name) =>
      [
        `/api/v1/namespaces/lab/persistentvolumeclaims/${name}`,
        { phase: 'Bound', capacity: { storage: '1Gi' } },
      ] as const,
  ),
  ['/api/v1/namespaces/lab/persistentvolumeclaims/lost', { phase: 'Lost' }],
  ...['trouble/pods/hooked-running', 'trouble/pods/marked', 'lab/pods/disks', 'lab/pods/mirror'].map(
    (name) => [`/api/v1/namespaces/${name}`, { phase: 'Running' }] as const,
  ),
  ['/api/v1/namespaces/lab/pods/done', { phase: 'Succeeded' }],
  ['/api/v1/namespaces/lab/pods/failed', { phase: 'Failed' }],
  ['/api/v1/namespaces/mini/pods/done', { phase: 'Succeeded' }],
  ['/api/v1/namespaces/mini/pods/mirror', { phase: 'Running' }],
  [
    '/api/v1/namespaces/lab/jobs/done',
    {
      succeeded: 1,
      startTime: '2026-01-01T00:00:00Z',
      completionTime: '2026-01-01T00:01:00Z',
      uncountedTerminatedPods: {},
      conditions: ['SuccessCriteriaMet', 'Complete'].map((type) => ({ type, status: 'True' })),
    },
  ],
  ['/api/v1/namespaces/lab/jobs/active', { active: 1, startTime: '2026-01-01T00:00:00Z' }],
  ['/api/v1/namespaces/mini/services/balanced', { loadBalancer: { ingress: [{ ip: '192.0.2.1' }] } }],
  ['/apis/lab.example.com/v1/namespaces/mini/widgets/one', { ready: true }],
];

/** Fills the cluster and stops its controllers. */
export async function createWorld(pair: Pair): Promise<void> {
  const { api, cluster } = pair;
  await pair.apply(CRDS);
  await pair.apply(NAMESPACES);
  await createApplication(api, 'shop');
  for (const namespace of ['lab', 'mini', 'trouble', 'stuck', LONG]) {
    await api.until(
      () =>
        api.get(`/api/v1/namespaces/${namespace}/serviceaccounts/default`).then(
          () => true,
          () => false,
        ),
      (there) => there,
      `service account of ${namespace}`,
    );
  }
  for (const program of ['kube-controller-manager', 'kube-scheduler'] as const) {
    await cluster.program(program).kill();
  }
  await pair.apply(LAB);
  await pair.apply(MINI);
  for (const [path, status] of STATUSES) {
    const full = path.includes('/jobs/') ? path.replace('/api/v1', '/apis/batch/v1') : path;
    await api.patch(`${full}/status`, { status });
  }
  await api.delete('/api/v1/namespaces/lab/configmaps/going');
  await api.delete('/api/v1/namespaces/stuck');
}

/** Excludes the namespace `hidden` from every backup from now on. */
export async function hide(pair: Pair): Promise<void> {
  await pair.api.patch('/api/v1/namespaces/hidden', {
    metadata: { labels: { 'velero.io/exclude-from-backup': 'true' } },
  });
}
