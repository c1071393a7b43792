/** Everything that `install` creates, in the order in which it is created (pkg/install/resources.go). */

import { customResourceDefinition } from '../../api/crd.ts';
import { DEFINITIONS } from '../../api/definitions.ts';
import { VELERO_GROUP } from '../../api/kinds.ts';
import type { KubeObject } from '../../api/object.ts';
import { fileAsBase64 } from '../location.ts';
import type { Session } from '../session.ts';
import type { InstallValues } from './flags.ts';
import { clusterRoleBindingName, LABELS, meta, nodeAgentDaemonSet, serverDeployment } from './pods.ts';

const SERVICE_ACCOUNT = 'velero';

/** The custom resources of velero.io, those of v1 first. */
export function crdResources(): KubeObject[] {
  const order = (a: string, b: string) => (a < b ? -1 : 1);
  return Object.values(DEFINITIONS)
    .filter(({ group }) => group === VELERO_GROUP)
    .sort((a, b) => (a.version === b.version ? order(a.resource, b.resource) : order(a.version, b.version)))
    .map(customResourceDefinition);
}

/** @throws Failure for a file that cannot be read and for quantities that are none */
export async function allResources(session: Session, flags: InstallValues): Promise<KubeObject[]> {
  const { namespace } = session;
  const secret = flags['no-secret'] ? undefined : await fileAsBase64(session, flags['secret-file']);
  const caCert = await fileAsBase64(session, flags.cacert);
  const account = flags['service-account-name'] || SERVICE_ACCOUNT;
  const withSecret = secret !== undefined;
  return [
    ...crdResources(),
    namespaceObject(namespace),
    ...(flags['service-account-name'] === ''
      ? [clusterRoleBinding(namespace), serviceAccount(namespace, flags['sa-annotations'])]
      : []),
    ...(withSecret ? [secretObject(namespace, secret)] : []),
    ...(flags['no-default-backup-location'] ? [] : [backupLocation(namespace, flags, caCert)]),
    ...(flags['use-volume-snapshots'] ? [snapshotLocation(namespace, flags)] : []),
    serverDeployment(namespace, flags, account, withSecret),
    ...(flags['use-node-agent'] ? [nodeAgentDaemonSet(namespace, flags, account, withSecret)] : []),
  ];
}

function namespaceObject(name: string): KubeObject {
  const levels = ['enforce', 'audit', 'warn'].flatMap((mode) => [
    [`pod-security.kubernetes.io/${mode}`, 'privileged'],
    [`pod-security.kubernetes.io/${mode}-version`, 'latest'],
  ]);
  return {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name, labels: { ...LABELS, ...(Object.fromEntries(levels) as Record<string, string>) } },
    spec: {},
  };
}

function clusterRoleBinding(namespace: string): KubeObject {
  return {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRoleBinding',
    metadata: meta(clusterRoleBindingName(namespace)),
    subjects: [{ kind: 'ServiceAccount', namespace, name: SERVICE_ACCOUNT }],
    roleRef: { kind: 'ClusterRole', name: 'cluster-admin', apiGroup: 'rbac.authorization.k8s.io' },
  };
}

function serviceAccount(namespace: string, annotations: Readonly<Record<string, string>>): KubeObject {
  const metadata = meta(SERVICE_ACCOUNT, namespace);
  if (Object.keys(annotations).length > 0) metadata.annotations = { ...annotations };
  return { apiVersion: 'v1', kind: 'ServiceAccount', metadata };
}

function secretObject(namespace: string, cloud: string): KubeObject {
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: meta('cloud-credentials', namespace),
    data: { cloud },
    type: 'Opaque',
  };
}

function backupLocation(namespace: string, flags: InstallValues, caCert: string | undefined): KubeObject {
  const config = flags['backup-location-config'];
  return {
    apiVersion: 'velero.io/v1',
    kind: 'BackupStorageLocation',
    metadata: meta('default', namespace),
    spec: {
      provider: flags.provider,
      ...(Object.keys(config).length > 0 && { config }),
      objectStorage: {
        bucket: flags.bucket,
        ...(flags.prefix !== '' && { prefix: flags.prefix }),
        ...(caCert !== undefined && { caCert }),
      },
      default: true,
    },
  };
}

function snapshotLocation(namespace: string, flags: InstallValues): KubeObject {
  const config = flags['snapshot-location-config'];
  return {
    apiVersion: 'velero.io/v1',
    kind: 'VolumeSnapshotLocation',
    metadata: meta('default', namespace),
    spec: { provider: flags.provider, ...(Object.keys(config).length > 0 && { config }) },
  };
}
