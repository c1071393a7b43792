import { expect, it } from 'vitest';
import type { Backup } from '../../api/backup.ts';
import type { KubeObject } from '../../api/object.ts';
import { silentLogger } from '../../lib/log.ts';
import type { BackupItemAction } from '../../plugin/contract.ts';
import { needsBeta } from './crd-remap-version.ts';
import { podAction } from './pod.ts';
import { pvAction } from './pv.ts';

const backup: Backup = { apiVersion: 'velero.io/v1', kind: 'Backup', metadata: { name: 'b' }, spec: {} };

function run(action: BackupItemAction, item: KubeObject) {
  const before = structuredClone(item);
  return action
    .execute(item, backup, { log: silentLogger, signal: new AbortController().signal })
    .finally(() => expect(item).toEqual(before));
}

function aClaim(spec: Record<string, unknown>, phase = 'Bound'): KubeObject {
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { name: 'c', namespace: 'n' },
    spec,
    status: { phase },
  };
}

it('V-BKP-140 a bound claim brings its volume along and forgets where its data came from', async () => {
  const claim = aClaim({
    volumeName: 'pv',
    storageClassName: 'gold',
    selector: { matchLabels: { a: 'b' } },
    dataSource: { kind: 'VolumeSnapshot', name: 's' },
    dataSourceRef: { kind: 'VolumeSnapshot', name: 's' },
    accessModes: ['ReadWriteOnce'],
  });
  const { item, additionalItems } = await run(pvAction, claim);
  expect(additionalItems).toEqual([{ group: '', resource: 'persistentvolumes', namespace: '', name: 'pv' }]);
  expect(item).toEqual({
    ...claim,
    spec: { volumeName: 'pv', storageClassName: 'gold', accessModes: ['ReadWriteOnce'] },
  });
});

it.each([
  ['not bound', aClaim({ volumeName: 'pv', dataSource: {} }, 'Pending')],
  ['without a volume', aClaim({ volumeName: '', dataSource: {} })],
])('V-BKP-140 leaves a claim that is %s alone', async (_what, claim) => {
  const { item, additionalItems } = await run(pvAction, claim);
  expect(item).toBe(claim);
  expect(additionalItems).toBeUndefined();
});

it('V-BKP-140 gives the very object back where there is nothing to change', async () => {
  const claim = aClaim({ volumeName: 'pv', storageClassName: 'gold' });
  expect((await run(pvAction, claim)).item).toBe(claim);
});

it.each([
  [{ matchLabels: { a: 'b', 'velero.io/dynamic-pv-restore': 'x' } }, { matchLabels: { a: 'b' } }],
  [{ matchLabels: { 'velero.io/x': 'y' }, matchExpressions: [] }, { matchExpressions: [] }],
  [{ matchLabels: { a: 'b' } }, { matchLabels: { a: 'b' } }],
])(
  'V-BKP-140 a claim that wants no class keeps its selector %j but for our labels',
  async (selector, kept) => {
    const { item } = await run(pvAction, aClaim({ volumeName: 'pv', storageClassName: '', selector }));
    expect((item as { spec?: { selector?: unknown } }).spec?.selector).toEqual(kept);
  },
);

it('V-BKP-141 a pod brings its priority class and its claims along', async () => {
  const pod: KubeObject = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'p', namespace: 'n' },
    spec: {
      priorityClassName: 'urgent',
      volumes: [
        { name: 'a', persistentVolumeClaim: { claimName: 'one' } },
        { name: 'b', emptyDir: {} },
        { name: 'c', persistentVolumeClaim: { claimName: 'two' } },
      ],
    },
  };
  const { item, additionalItems } = await run(podAction, pod);
  expect(item).toBe(pod);
  expect(additionalItems).toEqual([
    { group: 'scheduling.k8s.io', resource: 'priorityclasses', namespace: '', name: 'urgent' },
    { group: '', resource: 'persistentvolumeclaims', namespace: 'n', name: 'one' },
    { group: '', resource: 'persistentvolumeclaims', namespace: 'n', name: 'two' },
  ]);
});

const structural = { schema: { openAPIV3Schema: { type: 'object' } } };

it.each([
  ['its first version has no schema', { spec: { versions: [{}] } }, true],
  ['its first schema is empty', { spec: { versions: [{ schema: {} }, structural] } }, true],
  [
    'it is not structural',
    { spec: { versions: [structural] }, status: { conditions: [{ type: 'NonStructuralSchema' }] } },
    true,
  ],
  ['it keeps unknown fields', { spec: { versions: [structural], preserveUnknownFields: true } }, true],
  ['it is sound', { spec: { versions: [structural, {}] } }, false],
])('V-BKP-143 a definition needs v1beta1 where %s', (_what, parts, needs) => {
  const definition = { apiVersion: 'apiextensions.k8s.io/v1', kind: 'CRD', metadata: { name: 'x' } };
  expect(needsBeta({ ...definition, ...parts })).toBe(needs);
});
