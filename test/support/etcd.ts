/** etcd behind a development cluster's API server, reached directly: to age its history and to change it unseen. */

import type { Cluster } from '../../dev/cluster/index.ts';

/** etcd listens two ports below the API server (dev/cluster/slots.ts). */
function etcdUrl(cluster: Pick<Cluster, 'server'>): string {
  return `http://127.0.0.1:${Number(new URL(cluster.server).port) - 2}`;
}

async function ask(cluster: Pick<Cluster, 'server'>, path: string, body: unknown): Promise<unknown> {
  const answer = await fetch(`${etcdUrl(cluster)}${path}`, { method: 'POST', body: JSON.stringify(body) });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`etcd ${path}: ${text}`);
  return JSON.parse(text);
}

const base64 = (text: string): string => Buffer.from(text).toString('base64');

/** Forgets all history, so that continue tokens and resource versions given so far have expired. */
export async function compact(cluster: Pick<Cluster, 'server'>): Promise<void> {
  const range = (await ask(cluster, '/v3/kv/range', { key: base64('/none') })) as {
    header: { revision: string };
  };
  await ask(cluster, '/v3/kv/compaction', { revision: range.header.revision, physical: true });
}

/** Deletes a key, e.g. `/registry/configmaps/shop/a`, behind the API server's back. */
export async function deleteKey(cluster: Pick<Cluster, 'server'>, key: string): Promise<void> {
  await ask(cluster, '/v3/kv/deleterange', { key: base64(key) });
}
