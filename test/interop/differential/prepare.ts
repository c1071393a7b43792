/** What the cases refer to beside the world: volume policies, locations, a backup that only the bucket knows. */

import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { ApiObject } from '../../support/api.ts';
import { createLocation, type Side } from '../../support/velero.ts';
import { POLICIES } from './backup-cases.ts';
import { type Case, namespaceOf, type Pair, SIDES } from './pair.ts';
import { type RestoreCase, RULES } from './restore-cases.ts';
import { createTwins, removeTwins, SETS } from './twins.ts';

export async function prepareBackups(pair: Pair): Promise<void> {
  for (const side of SIDES) {
    const namespace = namespaceOf(side);
    await createLocation(pair.cluster, pair.api, namespace, {
      name: 'read-only',
      prefix: 'read-only',
      spec: { accessMode: 'ReadOnly' },
    });
    for (const { name, data } of POLICIES) {
      await pair.api.create(`/api/v1/namespaces/${namespace}/configmaps`, { metadata: { name }, data });
    }
    // Not the JSON of a backup, so that neither side makes a resource of it in the meantime.
    const { folder } = pair.folder(side, 'backups', 'in-the-bucket');
    mkdirSync(folder, { recursive: true });
    writeFileSync(path.join(folder, 'velero-backup.json'), 'taken');
  }
}

const PLUGIN_CONFIGS = {
  'change-storage-class': { lab: 'lab-new' },
  'change-image-name': { 'rule-1': 'old.example.com,new.example.com' },
  'change-pvc-node-selector': { 'node-1': 'node-2' },
};

/** The backups that restores are made of, and what lies in the way of some. */
export async function prepareRestores(pair: Pair): Promise<void> {
  const { api } = pair;
  for (const side of SIDES) {
    const namespace = namespaceOf(side);
    for (const [name, rules] of Object.entries(RULES)) {
      await api.create(`/api/v1/namespaces/${namespace}/configmaps`, { metadata: { name }, data: { rules } });
    }
    for (const [name, data] of Object.entries(PLUGIN_CONFIGS)) {
      const labels = { 'velero.io/plugin-config': '', [`velero.io/${name}`]: 'RestoreItemAction' };
      await api.create(`/api/v1/namespaces/${namespace}/configmaps`, { metadata: { name, labels }, data });
    }
    await createTwins(pair, side);
    await pair.apply(
      ['a', 'b']
        .map(
          (one) => `
apiVersion: v1
kind: Namespace
metadata: {name: swap-${one}-${side}, labels: {letter: ${one}}}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: only-in-${one}, namespace: swap-${one}-${side}}
`,
        )
        .join('---\n'),
    );
  }
  await pair.apply(`
apiVersion: storage.k8s.io/v1
kind: StorageClass
metadata: {name: lab-new}
provisioner: kubernetes.io/no-provisioner
---
apiVersion: v1
kind: Node
metadata: {name: node-2}
`);
}

/** Each side's own backups for the restores. */
export async function backUpSources(pair: Pair): Promise<Map<string, Record<Side, ApiObject>>> {
  const schedule = (name: string) => ({ metadata: { labels: { 'velero.io/schedule-name': name } } });
  const source = (name: string, spec: Case['spec'], more: Partial<Case> = {}): Case => ({
    name,
    title: name,
    spec,
    phase: 'Completed',
    ...more,
  });
  const first = await pair.run('backups', [
    source('mini', { includedNamespaces: ['mini'] }),
    source('lab', { includedNamespaces: ['lab'] }),
    source('shop', { includedNamespaces: ['shop'] }),
    source('older', { includedNamespaces: ['mini', 'empty'] }, schedule('nightly')),
    source('broken', { includedNamespaces: ['mini'] }),
    source('in-the-bucket', { includedNamespaces: ['mini'] }, schedule('failing')),
    source('swap', (side) => ({ includedNamespaces: [`swap-a-${side}`, `swap-b-${side}`] })),
    ...SETS.map((set) =>
      source(set, (side) => ({
        includedNamespaces: [`${set}-${side}`],
        includeClusterResources: true,
        labelSelector: { matchLabels: { set: `${set}-${side}` } },
      })),
    ),
  ]);
  const later = await pair.run('backups', [
    source('newer', { includedNamespaces: ['mini'], includedResources: ['configmaps'] }, schedule('nightly')),
  ]);
  for (const side of SIDES) {
    const { folder } = pair.folder(side, 'backups', 'broken');
    rmSync(path.join(folder, 'broken.tar.gz'));
    await removeTwins(pair, side);
  }
  return new Map([...first, ...later]);
}

/** What the restores shall meet: objects of another time, a quota, a policy that refuses, a namespace that is going. */
export async function obstruct(pair: Pair, cases: readonly RestoreCase[]): Promise<void> {
  const { api } = pair;
  for (const side of SIDES) {
    for (const { before } of cases) if (before) await pair.apply(before(side));
    await api.patch(`/api/v1/namespaces/x-quota-${side}/resourcequotas/few/status`, {
      status: { hard: { 'count/configmaps': '0' }, used: { 'count/configmaps': '0' } },
    });
    await api.delete(`/api/v1/namespaces/x-going-${side}`);
  }
  await pair.apply(`
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: {name: refusal}
spec:
  failurePolicy: Fail
  matchConstraints:
    resourceRules: [{apiGroups: ["", apps], apiVersions: ["*"], operations: [CREATE], resources: [secrets, services, deployments]}]
  validations: [{expression: "!object.metadata.namespace.startsWith('x-refused-')", message: not in this namespace}]
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata: {name: refusal}
spec: {policyName: refusal, validationActions: [Deny]}
`);
  // The API server takes a moment until it asks a new policy.
  await pair.apply('apiVersion: v1\nkind: Namespace\nmetadata: {name: x-refused-probe}\n');
  await api.until(
    async () =>
      api
        .text('POST', '/api/v1/namespaces/x-refused-probe/secrets?dryRun=All', {
          metadata: { name: 'probe' },
        })
        .then(
          () => false,
          () => true,
        ),
    (refused) => refused,
    'the policy to refuse',
  );
}
