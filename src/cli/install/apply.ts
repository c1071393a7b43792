/** Sends what `install` made to the cluster (pkg/install/install.go). */

import type { KubeObject } from '../../api/object.ts';
import type { ApiResource, KubeClient } from '../../kube/contract.ts';
import { isAlreadyExists, isNotFound } from '../../kube/errors.ts';
import { Failure, wrap } from '../../lib/errors.ts';
import type { Session } from '../session.ts';

const VERBS = ['create', 'get', 'list', 'delete'] as const;

function builtIn(
  group: string,
  kind: string,
  resource: string,
  namespaced: boolean,
  version = 'v1',
): ApiResource {
  const singular = kind.toLowerCase();
  return {
    group,
    version,
    resource,
    kind,
    singular,
    shortNames: [],
    namespaced,
    verbs: VERBS,
    preferred: true,
  };
}

const RESOURCES: readonly ApiResource[] = [
  builtIn('apiextensions.k8s.io', 'CustomResourceDefinition', 'customresourcedefinitions', false),
  builtIn('', 'Namespace', 'namespaces', false),
  builtIn('rbac.authorization.k8s.io', 'ClusterRoleBinding', 'clusterrolebindings', false),
  builtIn('', 'ServiceAccount', 'serviceaccounts', true),
  builtIn('', 'Secret', 'secrets', true),
  builtIn('velero.io', 'BackupStorageLocation', 'backupstoragelocations', true),
  builtIn('velero.io', 'VolumeSnapshotLocation', 'volumesnapshotlocations', true),
  builtIn('apps', 'Deployment', 'deployments', true),
  builtIn('apps', 'DaemonSet', 'daemonsets', true),
];

/** The address of a kind that an installation consists of. */
export function resourceOf(kind: string): ApiResource {
  const resource = RESOURCES.find((candidate) => candidate.kind === kind);
  if (!resource) throw new TypeError(`no installation has a ${kind}`);
  return resource;
}

const CRD_DEADLINE_MS = 60_000;

/**
 * Creates the resources in order, and waits between CRDs and the rest until the CRDs can be used. What exists is left
 * as it is.
 * @throws Failure, KubeError: the first that cannot be created ends it
 */
export async function applyResources(session: Session, resources: readonly KubeObject[]): Promise<void> {
  const kube = await session.kube();
  const crds = resources.filter(({ kind }) => kind === 'CustomResourceDefinition');
  for (const crd of crds) await createResource(session, kube, crd);
  await session.print('Waiting for resources to be ready in cluster...');
  await waitUntil(session, CRD_DEADLINE_MS, 'timeout reached, CRDs not ready', () => established(kube, crds));
  for (const resource of resources) {
    if (resource.kind !== 'CustomResourceDefinition') await createResource(session, kube, resource);
  }
}

async function createResource(session: Session, kube: KubeClient, object: KubeObject): Promise<void> {
  const { kind, metadata } = object;
  const id = `${kind}/${metadata.name}`;
  await session.print(`${id}: attempting to create resource`);
  await session.print(`${id}: attempting to create resource client`);
  try {
    await kube.create(resourceOf(kind), object, metadata.namespace);
  } catch (error) {
    if (!isAlreadyExists(error)) throw wrap(error, `Error creating resource ${id}`);
    await session.print(`${id}: already exists, proceeding`);
  }
  await session.print(`${id}: created`);
}

interface Conditioned extends KubeObject {
  status?: { conditions?: { type: string; status: string; lastTransitionTime?: string }[] };
}

async function established(kube: KubeClient, crds: readonly KubeObject[]): Promise<boolean> {
  for (const { metadata } of crds) {
    const name = metadata.name ?? '';
    try {
      const { status } = await kube.get<Conditioned>(resourceOf('CustomResourceDefinition'), name);
      const ready = ['Established', 'NamesAccepted'].every((type) =>
        status?.conditions?.some((condition) => condition.type === type && condition.status === 'True'),
      );
      if (!ready) return false;
    } catch (error) {
      if (isNotFound(error)) return false;
      throw wrap(error, `error waiting for ${name} to be ready`);
    }
  }
  return true;
}

/** Times that a workload must be seen ready: it can look ready for a moment before its pods fall over. */
const READY_SIGHTS = 5;
const SETTLED_MS = 10_000;

/** Waits until the server's Deployment has been available for a while. @throws Failure after three minutes */
export async function waitForDeployment(session: Session): Promise<void> {
  const kube = await session.kube();
  let seen = 0;
  await waitUntil(session, 180_000, 'timed out waiting for the condition', async () => {
    const deployment = await find<Conditioned>(kube, 'Deployment', 'velero', session.namespace);
    const available = deployment?.status?.conditions?.some(
      ({ type, status, lastTransitionTime = '' }) =>
        type === 'Available' &&
        status === 'True' &&
        Date.parse(lastTransitionTime) + SETTLED_MS < session.terminal.clock.now(),
    );
    if (available === true) seen += 1;
    return seen >= READY_SIGHTS;
  });
}

interface DaemonSet extends KubeObject {
  status?: { numberAvailable?: number; desiredNumberScheduled?: number };
}

/** Waits until the node agent runs on all nodes that want it. @throws Failure after one minute */
export async function waitForDaemonSet(session: Session): Promise<void> {
  const kube = await session.kube();
  let seen = 0;
  await waitUntil(session, 60_000, 'timed out waiting for the condition', async () => {
    const daemonSet = await find<DaemonSet>(kube, 'DaemonSet', 'node-agent', session.namespace);
    const { numberAvailable = 0, desiredNumberScheduled = 0 } = daemonSet?.status ?? {};
    if (daemonSet && numberAvailable === desiredNumberScheduled) seen += 1;
    return seen >= READY_SIGHTS;
  });
}

/** An object, or undefined where it does not exist. */
export async function find<T extends KubeObject>(
  kube: KubeClient,
  kind: string,
  name: string,
  namespace?: string,
): Promise<T | undefined> {
  try {
    return await kube.get<T>(resourceOf(kind), name, namespace);
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

/** Asks once a second. @throws Failure `WAIT_TIMEOUT` with the message given */
export async function waitUntil(
  { terminal: { clock } }: Session,
  timeoutMs: number,
  message: string,
  done: () => Promise<boolean>,
): Promise<void> {
  const deadline = clock.now() + timeoutMs;
  while (!(await done())) {
    if (clock.now() >= deadline) throw new Failure({ code: 'WAIT_TIMEOUT', message });
    await clock.sleep(1000);
  }
}
