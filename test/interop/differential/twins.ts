/**
 * Objects of the whole cluster cannot be restored twice. So there is a set of them for either side under names of its
 * own, `t1-real` and `t1-ours`; each side backs up its own set, and restores it after all sets are gone.
 */

import type { Side } from '../../support/velero.ts';
import type { Pair } from './pair.ts';

export const SETS = ['t1', 't2', 't3', 't4', 't5'] as const;
export type SetName = (typeof SETS)[number];

/** The set that stays where it is. */
const STAYS: SetName = 't4';

const named = (set: SetName, side: Side) => `${set}-${side}`;

const volume = (name: string, claim: string, policy: string, set: string) => `
---
apiVersion: v1
kind: PersistentVolume
metadata:
  name: ${set}-${name}
  labels: {set: ${set}}
  annotations: {pv.kubernetes.io/bound-by-controller: "yes", pv.kubernetes.io/provisioned-by: example.com/disks}
spec:
  capacity: {storage: 1Gi}
  accessModes: [ReadWriteOnce]
  persistentVolumeReclaimPolicy: ${policy}
  storageClassName: ${set}
  hostPath: {path: /tmp/${set}-${name}}
  ${claim === '' ? '' : `claimRef: {apiVersion: v1, kind: PersistentVolumeClaim, namespace: ${set}, name: ${claim}, uid: 11111111-2222-3333-4444-555555555555, resourceVersion: "1"}`}
---
${
  claim === ''
    ? ''
    : `
apiVersion: v1
kind: PersistentVolumeClaim
metadata:
  name: ${claim}
  namespace: ${set}
  labels: {set: ${set}}
  annotations: {pv.kubernetes.io/bind-completed: "yes", pv.kubernetes.io/bound-by-controller: "yes", volume.kubernetes.io/storage-provisioner: example.com/disks}
spec: {accessModes: [ReadWriteOnce], storageClassName: ${set}, volumeName: ${set}-${name}, resources: {requests: {storage: 1Gi}}}
`
}`;

/** The manifests of a set; its namespace is the first. */
function manifests(set: string): string {
  return `
apiVersion: v1
kind: Namespace
metadata: {name: ${set}, labels: {set: ${set}, odd.example.com/Label_1: ""}, annotations: {note: kept}}
---
apiVersion: storage.k8s.io/v1
kind: StorageClass
metadata: {name: ${set}, labels: {set: ${set}}}
provisioner: example.com/disks
reclaimPolicy: Delete
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: ${set}, labels: {set: ${set}}}
rules: [{apiGroups: [""], resources: [pods], verbs: [get]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: ${set}, labels: {set: ${set}}}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: ${set}}
subjects: [{kind: ServiceAccount, name: default, namespace: ${set}}]
---
apiVersion: scheduling.k8s.io/v1
kind: PriorityClass
metadata: {name: ${set}, labels: {set: ${set}}}
value: 7
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingWebhookConfiguration
metadata: {name: ${set}, labels: {set: ${set}}}
webhooks:
  - name: guard.example.com
    admissionReviewVersions: [v1]
    sideEffects: None
    failurePolicy: Ignore
    clientConfig: {service: {namespace: ${set}, name: guard}}
    rules: [{apiGroups: [none.example.com], apiVersions: [v1], operations: [CREATE], resources: [none]}]
---
apiVersion: lab.example.com/v1
kind: Rack
metadata: {name: ${set}, labels: {set: ${set}}}
spec: {height: 42}
${volume('keep', 'keep', 'Retain', set)}
${volume('drop', 'drop', 'Delete', set)}
${volume('free', '', 'Retain', set)}
---
apiVersion: v1
kind: Pod
metadata: {name: user, namespace: ${set}, labels: {set: ${set}}}
spec:
  automountServiceAccountToken: false
  containers: [{name: main, image: "example/main:1"}]
  volumes: [{name: keep, persistentVolumeClaim: {claimName: keep}}, {name: drop, persistentVolumeClaim: {claimName: drop}}]
---
apiVersion: v1
kind: ConfigMap
metadata: {name: settings, namespace: ${set}, labels: {set: ${set}}}
data: {a: "1"}
`;
}

/** Creates every set, bound volumes and all. */
export async function createTwins(pair: Pair, side: Side): Promise<void> {
  for (const set of SETS.map((name) => named(name, side))) {
    await pair.apply(
      `apiVersion: v1\nkind: Namespace\nmetadata: {name: ${set}, labels: {set: ${set}, odd.example.com/Label_1: ""}, annotations: {note: kept}}\n`,
    );
    await pair.apply(
      `apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: default, namespace: ${set}, labels: {set: ${set}}}\n`,
    );
    const [, ...rest] = manifests(set).split('\n---\n');
    await pair.apply(rest.join('\n---\n'));
    for (const name of ['keep', 'drop']) {
      await pair.api.patch(`/api/v1/persistentvolumes/${set}-${name}/status`, { status: { phase: 'Bound' } });
      await pair.api.patch(`/api/v1/namespaces/${set}/persistentvolumeclaims/${name}/status`, {
        status: { phase: 'Bound', capacity: { storage: '1Gi' } },
      });
    }
  }
}

/** Deletes the sets with everything in them, in place of the controllers, which have stopped. */
export async function removeTwins(pair: Pair, side: Side): Promise<void> {
  const { api } = pair;
  const gone = async (path: string) => {
    await api.patch(path, { metadata: { finalizers: null } });
    await api.delete(`${path}?gracePeriodSeconds=0`);
  };
  for (const name of SETS) {
    if (name === STAYS) continue;
    const set = named(name, side);
    const inside = `/api/v1/namespaces/${set}`;
    for (const path of [
      'pods/user',
      'persistentvolumeclaims/keep',
      'persistentvolumeclaims/drop',
      'configmaps/settings',
      'serviceaccounts/default',
    ]) {
      await gone(`${inside}/${path}`);
    }
    for (const path of [
      `/api/v1/persistentvolumes/${set}-keep`,
      `/api/v1/persistentvolumes/${set}-drop`,
      `/api/v1/persistentvolumes/${set}-free`,
      `/apis/storage.k8s.io/v1/storageclasses/${set}`,
      `/apis/rbac.authorization.k8s.io/v1/clusterrolebindings/${set}`,
      `/apis/rbac.authorization.k8s.io/v1/clusterroles/${set}`,
      `/apis/scheduling.k8s.io/v1/priorityclasses/${set}`,
      `/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/${set}`,
      `/apis/lab.example.com/v1/racks/${set}`,
    ]) {
      await gone(path);
    }
    await api.delete(inside);
    const namespace = await api.get(inside);
    await api.text('PUT', `${inside}/finalize`, { ...namespace, spec: { finalizers: [] } });
  }
}
