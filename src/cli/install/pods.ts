/** The Deployment of the server and the DaemonSet of the node agent (pkg/install/deployment.go, daemonset.go). */

import type { KubeObject } from '../../api/object.ts';
import { formatDuration } from '../../lib/duration.ts';
import { parseQuantity } from '../../lib/quantity.ts';
import { invalid } from '../backup/spec-flags.ts';
import { pluginContainer } from '../plugin/deployment.ts';
import type { InstallValues } from './flags.ts';
import { canonicalQuantity } from './quantity.ts';

export const LABELS = { component: 'velero' };

type Mount = { name: string; mountPath: string; mountPropagation?: string };

const CREDENTIAL_VARIABLES = [
  'GOOGLE_APPLICATION_CREDENTIALS',
  'AWS_SHARED_CREDENTIALS_FILE',
  'AZURE_CREDENTIALS_FILE',
  'ALIBABA_CLOUD_CREDENTIALS_FILE',
];

/** @param withSecret whether the cloud's credentials are mounted */
export function serverDeployment(
  namespace: string,
  flags: InstallValues,
  serviceAccount: string,
  withSecret: boolean,
): KubeObject {
  const policy = pullPolicy(flags.image);
  const secret = secretParts(withSecret);
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: meta('velero', namespace),
    spec: {
      selector: { matchLabels: { deploy: 'velero' } },
      strategy: {},
      template: {
        metadata: {
          creationTimestamp: null,
          labels: { ...LABELS, ...flags['pod-labels'], deploy: 'velero' },
          annotations: {
            'prometheus.io/scrape': 'true',
            'prometheus.io/port': '8085',
            'prometheus.io/path': '/metrics',
            ...flags['pod-annotations'],
          },
        },
        spec: {
          restartPolicy: 'Always',
          serviceAccountName: serviceAccount,
          containers: [
            {
              name: 'velero',
              image: flags.image,
              imagePullPolicy: policy,
              ports: [{ name: 'metrics', containerPort: 8085 }],
              command: ['/velero'],
              args: serverArgs(flags),
              env: [
                { name: 'VELERO_SCRATCH_DIR', value: '/scratch' },
                fromField('VELERO_NAMESPACE', 'metadata.namespace'),
                { name: 'LD_LIBRARY_PATH', value: '/plugins' },
                ...secret.env,
              ],
              volumeMounts: [mount('plugins', '/plugins'), mount('scratch', '/scratch'), ...secret.mounts],
              resources: resourcesOf(flags, 'velero-pod'),
            },
          ],
          ...(flags.plugins.length > 0 && {
            initContainers: flags.plugins.map((image) => pluginContainer(image, policy)),
          }),
          volumes: [{ name: 'plugins', emptyDir: {} }, { name: 'scratch', emptyDir: {} }, ...secret.volumes],
        },
      },
    },
  };
}

export function nodeAgentDaemonSet(
  namespace: string,
  flags: InstallValues,
  serviceAccount: string,
  withSecret: boolean,
): KubeObject {
  const secret = secretParts(withSecret);
  const propagated = { mountPropagation: 'HostToContainer' };
  return {
    apiVersion: 'apps/v1',
    kind: 'DaemonSet',
    metadata: meta('node-agent', namespace),
    spec: {
      selector: { matchLabels: { name: 'node-agent' } },
      template: {
        metadata: {
          creationTimestamp: null,
          labels: { ...LABELS, ...flags['pod-labels'], name: 'node-agent' },
          ...(Object.keys(flags['pod-annotations']).length > 0 && { annotations: flags['pod-annotations'] }),
        },
        spec: {
          serviceAccountName: serviceAccount,
          securityContext: { runAsUser: 0 },
          containers: [
            {
              name: 'node-agent',
              image: flags.image,
              imagePullPolicy: pullPolicy(flags.image),
              ports: [{ name: 'metrics', containerPort: 8085 }],
              command: ['/velero'],
              args: ['node-agent', 'server', featuresArg(flags)],
              securityContext: { privileged: flags['privileged-node-agent'] },
              env: [
                fromField('NODE_NAME', 'spec.nodeName'),
                fromField('VELERO_NAMESPACE', 'metadata.namespace'),
                { name: 'VELERO_SCRATCH_DIR', value: '/scratch' },
                ...secret.env,
              ],
              volumeMounts: [
                { ...mount('host-pods', '/host_pods'), ...propagated },
                { ...mount('host-plugins', '/var/lib/kubelet/plugins'), ...propagated },
                mount('scratch', '/scratch'),
                ...secret.mounts,
              ],
              resources: resourcesOf(flags, 'node-agent-pod'),
            },
          ],
          volumes: [
            { name: 'host-pods', hostPath: { path: '/var/lib/kubelet/pods' } },
            { name: 'host-plugins', hostPath: { path: '/var/lib/kubelet/plugins' } },
            { name: 'scratch', emptyDir: {} },
            ...secret.volumes,
          ],
        },
      },
      updateStrategy: {},
    },
  };
}

export function meta(name: string, namespace?: string): KubeObject['metadata'] {
  return { name, ...(namespace !== undefined && { namespace }), labels: { ...LABELS } };
}

/** `velero` in the namespace of that name, so that several installations have bindings of their own. */
export function clusterRoleBindingName(namespace: string): string {
  return namespace === 'velero' ? 'velero' : `velero-${namespace}`;
}

/** An image with a tag other than latest is not pulled again; one colon more, a registry's port, is not told apart. */
export function pullPolicy(image: string): 'Always' | 'IfNotPresent' {
  const parts = image.split(':');
  return parts.length === 2 && parts[1] !== 'latest' ? 'IfNotPresent' : 'Always';
}

function featuresArg(flags: InstallValues): string {
  return `--features=${flags.features}`;
}

function serverArgs(flags: InstallValues): string[] {
  const args = ['server', featuresArg(flags)];
  for (const name of [
    'default-volumes-to-fs-backup',
    'default-snapshot-move-data',
    'disable-informer-cache',
    'schedule-skip-immediately',
  ] as const) {
    if (flags[name]) args.push(`--${name}=true`);
  }
  if (flags['uploader-type'] !== '') args.push(`--uploader-type=${flags['uploader-type']}`);
  if (flags['restore-only']) args.push('--restore-only');
  for (const [flag, arg] of [
    ['default-repo-maintain-frequency', 'default-repo-maintain-frequency'],
    ['garbage-collection-frequency', 'garbage-collection-frequency'],
    ['pod-volume-operation-timeout', 'fs-backup-timeout'],
  ] as const) {
    if (flags[flag] > 0) args.push(`--${arg}=${formatDuration(flags[flag])}`);
  }
  const keep = flags['keep-latest-maintenance-jobs'];
  if (keep > 0) args.push(`--keep-latest-maintenance-jobs=${keep}`);
  for (const name of ['cpu-limit', 'cpu-request', 'mem-limit', 'mem-request'] as const) {
    const value = flags[`maintenance-job-${name}`];
    if (value !== '') args.push(`--maintenance-job-${name}=${value}`);
  }
  return args;
}

function mount(name: string, mountPath: string): Mount {
  return { name, mountPath };
}

function fromField(name: string, fieldPath: string): object {
  return { name, valueFrom: { fieldRef: { fieldPath } } };
}

function secretParts(present: boolean): { env: object[]; mounts: Mount[]; volumes: object[] } {
  if (!present) return { env: [], mounts: [], volumes: [] };
  return {
    env: CREDENTIAL_VARIABLES.map((name) => ({ name, value: '/credentials/cloud' })),
    mounts: [mount('cloud-credentials', '/credentials')],
    volumes: [{ name: 'cloud-credentials', secret: { secretName: 'cloud-credentials' } }],
  };
}

type PodName = 'velero-pod' | 'node-agent-pod';

/** Requests and limits; a 0 is none. @throws Failure for what is no quantity, and for requests above their limits */
function resourcesOf(flags: InstallValues, name: PodName): Record<string, Record<string, string>> {
  const requests: Record<string, string> = {};
  const limits: Record<string, string> = {};
  for (const [short, resource, word] of [
    ['cpu', 'cpu', 'CPU'],
    ['mem', 'memory', 'Memory'],
  ] as const) {
    const request = flags[`${name}-${short}-request`];
    const limit = flags[`${name}-${short}-limit`];
    const [asked, most] = [quantityOf(request, `${word} request`), quantityOf(limit, `${word} limit`)];
    if (most !== 0n && asked > most) {
      throw invalid(`${word} request "${request}" must be less than or equal to ${word} limit "${limit}"`);
    }
    if (asked !== 0n) requests[resource] = canonicalQuantity(request);
    if (most !== 0n) limits[resource] = canonicalQuantity(limit);
  }
  return {
    ...(Object.keys(limits).length > 0 && { limits }),
    ...(Object.keys(requests).length > 0 && { requests }),
  };
}

function quantityOf(text: string, what: string): bigint {
  const nanos = parseQuantity(text);
  if (nanos !== undefined) return nanos;
  const name = what.startsWith('CPU') ? what : what.toLowerCase();
  throw invalid(
    `couldn't parse ${name} "${text}": quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'`,
  );
}
