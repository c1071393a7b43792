import { expect, it } from 'vitest';
import {
  canBeFileBackedUp,
  decideFileBackup,
  decideSnapshot,
  isFileBackupChosen,
  zoneOfPv,
} from './decide.ts';

it.each([
  [{ name: 'v', hostPath: {} }, false],
  [{ name: 'v', secret: {} }, false],
  [{ name: 'v', configMap: {} }, false],
  [{ name: 'v', projected: {} }, false],
  [{ name: 'v', downwardAPI: {} }, false],
  [{ name: 'default-token-abc', emptyDir: {} }, false],
  [{ name: 'v', emptyDir: {} }, true],
  [{ name: 'v', persistentVolumeClaim: { claimName: 'c' } }, true],
])('V-BKP-090 %j can be backed up as files: %s', (volume, can) => {
  expect(canBeFileBackedUp(volume, false)).toBe(can);
});

it('V-BKP-090 leaves claims out where the filters leave claims out', () => {
  expect(canBeFileBackedUp({ name: 'v', persistentVolumeClaim: { claimName: 'c' } }, true)).toBe(false);
});

const IN = 'backup.velero.io/backup-volumes';
const OUT = 'backup.velero.io/backup-volumes-excludes';

it.each([
  [{ [IN]: 'a,b' }, 'b', false, true],
  [{ [IN]: 'a, b' }, 'b', false, false],
  [{}, 'b', false, false],
  [{ [OUT]: 'a,b' }, 'b', true, false],
  [{ [OUT]: 'a, b' }, 'b', true, true],
  [{}, 'b', true, true],
])('V-BKP-092 annotations %j choose %s with default %s: %s', (annotations, name, byDefault, chosen) => {
  expect(isFileBackupChosen(annotations, name, byDefault)).toBe(chosen);
});

it.each([
  ['fs-backup', false, true],
  ['snapshot', true, false],
  ['skip', true, false],
  [undefined, true, true],
  [undefined, false, false],
] as const)('V-BKP-091 policy %s with default %s: %s', (policy, defaultToFiles, yes) => {
  const volume = { name: 'v' };
  const input = { pod: 'n/p', volume, annotations: {}, claimsExcluded: false, defaultToFiles, policy };
  expect(decideFileBackup(input).yes).toBe(yes);
});

it('V-BKP-090 no policy makes a file backup of what cannot have one', () => {
  const input = { pod: 'n/p', annotations: {}, claimsExcluded: false, defaultToFiles: true };
  expect(decideFileBackup({ ...input, volume: { name: 'v', secret: {} }, policy: 'fs-backup' })).toEqual({
    yes: false,
    message: "skip fs-backup action for pod n/p's volume v, due to not pass volume check.",
  });
});

it.each([
  ['snapshot', true, false, true],
  ['fs-backup', false, true, false],
  ['skip', false, true, false],
  [undefined, true, true, false],
  [undefined, false, undefined, true],
  [undefined, false, null, true],
  [undefined, false, true, true],
  [undefined, false, false, false],
] as const)(
  'V-BKP-080 policy %s, as files %s, snapshotVolumes %s: %s',
  (policy, fileBackedUp, snapshotVolumes, yes) => {
    expect(decideSnapshot({ pvName: 'pv', policy, fileBackedUp, snapshotVolumes }).yes).toBe(yes);
  },
);

const terms = (...pairs: [string, string][]) =>
  pairs.map(([key, value]) => ({ matchExpressions: [{ key, operator: 'In', values: [value] }] }));

it.each([
  [{ 'topology.kubernetes.io/zone': 'a', 'failure-domain.beta.kubernetes.io/zone': 'b' }, [], 'a'],
  [{ 'failure-domain.beta.kubernetes.io/zone': 'b' }, terms(['topology.gke.io/zone', 'c']), 'b'],
  [{}, terms(['topology.ebs.csi.aws.com/zone', 'e']), 'e'],
  [{}, terms(['topology.disk.csi.azure.com/zone', 'z']), 'z'],
  [{}, terms(['topology.manila.csi.openstack.org/zone', 'm']), 'm'],
  [{}, terms(['topology.cinder.csi.openstack.org/zone', 'o']), 'o'],
  [{}, terms(['topology.gke.io/zone', 'g1'], ['topology.gke.io/zone', 'g2']), 'g1__g2'],
  [{}, [{ matchExpressions: [{ key: 'topology.gke.io/zone', operator: 'NotIn', values: ['x'] }] }], ''],
  [{}, [{ matchExpressions: null }], ''],
  [{}, terms(['kubernetes.io/hostname', 'n']), ''],
])('V-BKP-083 zone of labels %j and affinity %j is %j', (labels, affinity, zone) => {
  expect(zoneOfPv(labels, affinity)).toBe(zone);
});
