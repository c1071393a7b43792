/** Whether pods run, and whether a node agent runs beside them (pkg/util/kube/pod.go, pkg/nodeagent/node_agent.go). */

import type { KubeObject } from '../api/object.ts';
import type { KubeClient } from '../kube/contract.ts';
import { isNotFound } from '../kube/errors.ts';
import { Failure, wrap } from '../lib/errors.ts';
import type { PodVolumeView } from './decide.ts';

const NODE_AGENT = 'node-agent';

/** The fields of a pod that matter to its volumes. */
export interface PodView extends KubeObject {
  spec?: { nodeName?: string; volumes?: readonly PodVolumeView[] | null };
  status?: { phase?: string };
}

/** Why a pod's volumes cannot be read now; undefined where it runs. */
export function whyNotRunning(pod: PodView): string | undefined {
  const { name = '', namespace = '' } = pod.metadata;
  const phase = pod.status?.phase ?? '';
  const what = `name=${name}, namespace=${namespace}, phase=${phase}`;
  if ((pod.spec?.nodeName ?? '') === '') return `pod is not scheduled, ${what}`;
  if (phase !== 'Running') return `pod is not in the expected status, ${what}: pod is not running`;
  return pod.metadata.deletionTimestamp === undefined ? undefined : `pod is being terminated, ${what}`;
}

/** @throws Failure `NODE_AGENT_MISSING` where no node agent runs on the node; what the API server answers */
export async function requireNodeAgent(
  kube: KubeClient,
  nodeName: string,
  signal: AbortSignal,
): Promise<void> {
  const resource = kube.discovery.find('', 'pods');
  const pods =
    resource === undefined
      ? []
      : await kube
          .list<PodView>(resource, {
            labelSelector: 'name=node-agent',
            fieldSelector: `spec.nodeName=${nodeName}`,
            signal,
          })
          .catch((error: unknown) => Promise.reject(wrap(error, 'failed to list daemonset pods')));
  if (pods.some((pod) => whyNotRunning(pod) === undefined)) return;
  throw new Failure({
    code: 'NODE_AGENT_MISSING',
    message: `daemonset pod not found in running state in node ${nodeName}`,
    object: `node ${nodeName}`,
    remedy: 'install the node agent, and let it run on this node (tolerations, node selector)',
  });
}

/** @throws Failure `NODE_AGENT_MISSING` where there is no daemon set of node agents; what the API server answers */
export async function requireNodeAgents(
  kube: KubeClient,
  namespace: string,
  signal: AbortSignal,
): Promise<void> {
  const resource = kube.discovery.find('apps', 'daemonsets');
  try {
    if (resource !== undefined) {
      await kube.get(resource, NODE_AGENT, namespace, signal);
      return;
    }
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
  throw new Failure({
    code: 'NODE_AGENT_MISSING',
    message: 'daemonset not found',
    object: `daemon set ${namespace}/${NODE_AGENT}`,
    remedy: 'install the node agent',
  });
}
