import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Cluster, startCluster } from '../../dev/cluster/index.ts';
import { apiVersionOf, type KindName, KINDS } from '../../src/api/kinds.ts';
import type { KubeObject } from '../../src/api/object.ts';
import { kindToWire } from '../../src/api/wire.ts';
import { Api } from '../support/api.ts';
import { damaged, type Example, examples } from '../support/examples.ts';
import { ensureNamespace, installCrds, velero } from '../support/velero.ts';

/**
 * Objects as Go writes them: the real `velero` reads each example from the cluster into its structs and prints it
 * again; what we write of the same object must be the same text, key for key.
 */

const NAMESPACE = 'velero';
const COMMANDS: Partial<Record<KindName, string[]>> = {
  Backup: ['backup', 'get'],
  Restore: ['restore', 'get'],
  Schedule: ['schedule', 'get'],
  BackupStorageLocation: ['backup-location', 'get'],
  VolumeSnapshotLocation: ['snapshot-location', 'get'],
  BackupRepository: ['repo', 'get'],
};

let cluster: Cluster;
let api: Api;

beforeAll(async () => {
  cluster = await startCluster({ velero: true });
  api = new Api(cluster);
  await installCrds(cluster, api, 'real');
  await ensureNamespace(api, NAMESPACE);
});

afterAll(async () => {
  await api.close();
  await cluster.stop();
});

function address(kind: KindName): string {
  return `/apis/${apiVersionOf(KINDS[kind])}/namespaces/${NAMESPACE}/${KINDS[kind].resource}`;
}

/** What the API server takes and Go cannot read: lengths of time that are none, and lists where a time belongs. */
function readable(example: Example): boolean {
  const spoilt = /server-decides|(ttl|[tT]imeout|Period|Frequency) as (another word|text|empty text)$/;
  const misplaced = /(Time|Timestamp|expiration|lastBackup|lastSkipped|caCert) as list$/;
  return !spoilt.test(example.title) && !misplaced.test(example.title);
}

describe('kindToWire', () => {
  it.each(Object.keys(COMMANDS) as KindName[])(
    'V-CRD-007 V-CRD-008 writes every example of %s, whole and damaged, as the real Velero does',
    async (kind) => {
      const valid = examples().filter((example) => example.kind === kind && example.valid === true);
      const ours = new Map<string, string>();
      const candidates = [...valid, ...valid.flatMap(damaged)].filter(readable);
      for (const [index, { manifest }] of candidates.entries()) {
        const metadata = {
          ...(manifest['metadata'] as object),
          name: `example-${index}`,
          labels: { z: '1', a: '2' },
        };
        const created = await api
          .create<KubeObject>(address(kind), { ...manifest, metadata })
          .catch(() => undefined);
        if (created !== undefined) ours.set(`example-${index}`, JSON.stringify(kindToWire(kind, created)));
      }
      expect(ours.size).toBeGreaterThan(valid.length);

      const listing = await velero(cluster, 'real', [
        ...(COMMANDS[kind] as string[]),
        '-o',
        'json',
        '-n',
        NAMESPACE,
      ]);
      expect(listing.stderr).toBe('');
      const { items } = JSON.parse(listing.stdout) as { items: KubeObject[] };
      const differing = items
        .map((item) => [item.metadata.name as string, JSON.stringify(item)] as const)
        .filter(([name, theirs]) => withoutType(ours.get(name)) !== withoutType(theirs));
      expect(differing.map(([name, theirs]) => [ours.get(name), theirs])).toEqual([]);
      expect(items).toHaveLength(ours.size);
    },
  );
});

/** Items of a list come without their kind from some readers and with it from others. */
function withoutType(text: string | undefined): string | undefined {
  return text?.replace(/^\{"kind":"\w+","apiVersion":"[\w./]+",/, '{');
}
