/** Our own client to a development cluster. */

import { readFileSync } from 'node:fs';
import type { Cluster } from '../../dev/cluster/index.ts';
import { type ClientOptions, type ClusterConfig, connectKube } from '../../src/kube/index.ts';

/** The administrator of a cluster. */
export function configOf(cluster: Pick<Cluster, 'server' | 'caFile' | 'token'>): ClusterConfig {
  return { server: cluster.server, ca: readFileSync(cluster.caFile, 'utf8'), auth: { token: cluster.token } };
}

/** A connected client of ours. */
export function clientOf(
  cluster: Pick<Cluster, 'server' | 'caFile' | 'token'>,
  options: ClientOptions = {},
  config: Partial<ClusterConfig> = {},
): ReturnType<typeof connectKube> {
  return connectKube({ ...configOf(cluster), ...config }, options);
}

export function configMap(name: string, data: Record<string, string> = {}) {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data };
}
