import { expect, it } from 'vitest';
import type { Backup } from '../api/backup.ts';
import type { KubeObject } from '../api/object.ts';
import { readResourcePolicies } from './resource-policies.ts';

function aBackup(kind = 'configmap'): Backup {
  return {
    apiVersion: 'velero.io/v1',
    kind: 'Backup',
    metadata: { name: 'b', namespace: 'velero' },
    spec: { resourcePolicy: { kind, name: 'rules' } },
  };
}

function read(yaml: string, kind?: string) {
  return readResourcePolicies(aBackup(kind), () => Promise.resolve({ data: { any: yaml } }));
}

/** One policy of these conditions with action skip. */
function skipping(conditions: string): string {
  return `version: v1\nvolumePolicies:\n- conditions: ${conditions}\n  action: {type: skip}\n`;
}

function aPv(spec: Record<string, unknown>): KubeObject {
  return { apiVersion: 'v1', kind: 'PersistentVolume', metadata: { name: 'pv' }, spec };
}

it('V-POL-001 reads a ConfigMap whatever the case of its kind, and nothing for other kinds', async () => {
  expect(await read(skipping('{}'), 'ConfigMap')).toBeDefined();
  expect(await read('nonsense', 'secret')).toBeUndefined();
  expect(
    await readResourcePolicies({ ...aBackup(), spec: {} }, () => Promise.reject(new Error('asked'))),
  ).toBeUndefined();
});

it('V-POL-002 V-POL-010 wants exactly one key', async () => {
  for (const data of [undefined, {}, { a: '', b: '' }]) {
    await expect(
      readResourcePolicies(aBackup(), () => Promise.resolve(data === undefined ? {} : { data })),
    ).rejects.toThrow(
      'fail to read the ResourcePolicies from ConfigMap velero/b with error illegal resource policies velero/rules configmap',
    );
  }
});

it('V-POL-010 says that the ConfigMap cannot be had', async () => {
  await expect(
    readResourcePolicies(aBackup(), () => Promise.reject(new Error('configmaps "rules" not found'))),
  ).rejects.toThrow(
    'fail to get ResourcePolicies velero/rules ConfigMap with error configmaps "rules" not found',
  );
});

const READ = 'fail to read the ResourcePolicies from ConfigMap velero/b with error ';
const VALIDATE = 'fail to validate ResourcePolicies in ConfigMap velero/b with error ';

it.each([
  [
    'V-POL-003',
    'version: v1\nfoo: 1\n',
    `${READ}failed to decode yaml data into resource policies  yaml: unmarshal errors:\n  line 2: field foo not found in type resourcepolicies.ResourcePolicies`,
  ],
  [
    'V-POL-003',
    'version: v1\nvolumePolicies:\n- conditions: {}\n  action: {type: skip, more: 1}\n  x: 2\n',
    `${READ}failed to decode yaml data into resource policies  yaml: unmarshal errors:\n  line 4: field more not found in type resourcepolicies.Action\n  line 5: field x not found in type resourcepolicies.VolumePolicy`,
  ],
  [
    'V-POL-004',
    skipping('{pvcLabels: {a: b}}'),
    `${READ}failed to decode volume conditions: yaml: unmarshal errors:\n  line 3: field pvcLabels not found in type resourcepolicies.volumeConditions`,
  ],
  [
    'V-POL-004',
    skipping('{storageClass: gp2}'),
    `${READ}failed to decode volume conditions: yaml: unmarshal errors:\n  line 3: cannot unmarshal !!str \`gp2\` into []string`,
  ],
  ['V-POL-006', skipping('{capacity: "1Gi"}'), `${READ}wrong format of Capacity 1Gi`],
  ['V-POL-006', skipping('{capacity: "20Gi,10Gi"}'), `${VALIDATE}illegal values for capacity 20Gi,10Gi`],
  [
    'V-POL-009',
    'version: v1\nvolumePolicies:\n- conditions: {}\n  action: {type: copy}\n',
    `${VALIDATE}invalid action type copy`,
  ],
  ['V-POL-009', 'version: v2\n', `${VALIDATE}incompatible version number v2 with supported version v1`],
])('%s V-POL-010 refuses %j', async (_number, yaml, message) => {
  await expect(read(yaml)).rejects.toMatchObject({ code: 'RESOURCE_POLICY', message });
});

it('V-POL-005 takes the first policy whose conditions all hold; none at all match everything', async () => {
  const policies = await read(
    [
      'version: v1',
      'volumePolicies:',
      '- conditions: {storageClass: [gold], csi: {driver: ebs}}',
      '  action: {type: snapshot}',
      '- conditions: {storageClass: [gold]}',
      '  action: {type: fs-backup, parameters: {a: 1}}',
      '- conditions: {}',
      '  action: {type: skip}',
    ].join('\n'),
  );
  const action = (spec: Record<string, unknown>) => policies?.actionForPv(aPv(spec));
  expect(action({ storageClassName: 'gold', csi: { driver: 'ebs' } })?.type).toBe('snapshot');
  expect(action({ storageClassName: 'gold', csi: { driver: 'other' } })).toEqual({
    type: 'fs-backup',
    parameters: { a: 1 },
  });
  expect(action({ storageClassName: 'silver' })?.type).toBe('skip');
  expect(policies?.actionForPodVolume({ name: 'v', emptyDir: {} })?.type).toBe('skip');
});

it.each([
  ['10Gi,', '10Gi', true],
  ['10Gi,', '9.9Gi', false],
  [',10Gi', '10Gi', true],
  [',10Gi', '11Gi', false],
  ['1Gi, 2Gi', '2048Mi', true],
  ['1Gi,2Gi', '2049Mi', false],
  [',', '5Gi', true],
  ['0,0', '0', true],
])('V-POL-006 capacity %j holds for %s: %s', async (capacity, storage, matches) => {
  const policies = await read(skipping(`{capacity: "${capacity}"}`));
  expect(policies?.actionForPv(aPv({ capacity: { storage } })) !== undefined).toBe(matches);
});

it('V-POL-006 a pod volume has capacity 0', async () => {
  const small = await read(skipping('{capacity: ",1Gi"}'));
  const large = await read(skipping('{capacity: "1Gi,"}'));
  expect(small?.actionForPodVolume({ emptyDir: {} })?.type).toBe('skip');
  expect(large?.actionForPodVolume({ emptyDir: {} })).toBeUndefined();
});

it.each([
  ['{nfs: {}}', { nfs: { server: 's', path: '/p' } }, true],
  ['{nfs: {}}', { csi: { driver: 'd' } }, false],
  ['{nfs: {server: s}}', { nfs: { server: 's', path: '/p' } }, true],
  ['{nfs: {server: t}}', { nfs: { server: 's', path: '/p' } }, false],
  ['{nfs: {path: /p}}', { nfs: { server: 's', path: '/p' } }, true],
  ['{nfs: {server: s, path: /q}}', { nfs: { server: 's', path: '/p' } }, false],
  ['{csi: {}}', { csi: { driver: 'd' } }, true],
  ['{csi: {}}', { hostPath: { path: '/' } }, false],
  ['{csi: {driver: d}}', { csi: { driver: 'd' } }, true],
  ['{csi: {driver: e}}', { csi: { driver: 'd' } }, false],
  ['{storageClass: ["", gp2]}', { storageClassName: '' }, false],
  ['{storageClass: [gp2]}', { storageClassName: 'gp2' }, true],
])('V-POL-007 %s on %j: %s', async (conditions, spec, matches) => {
  const policies = await read(skipping(conditions));
  expect(policies?.actionForPv(aPv(spec)) !== undefined).toBe(matches);
});

it.each([
  ['awsElasticBlockStore', { awsElasticBlockStore: { volumeID: 'v' } }, true],
  ['storageOS', { storageos: {} }, true],
  ['local', { local: { path: '/l' } }, true],
  ['awsAzureDisk', { azureDisk: {} }, false],
  ['nonsense', { hostPath: { path: '/' } }, false],
])('V-POL-008 volume type %s on %j: %s', async (type, spec, matches) => {
  const policies = await read(skipping(`{volumeTypes: [${type}]}`));
  expect(policies?.actionForPv(aPv(spec)) !== undefined).toBe(matches);
});

it('V-POL-008 knows the types of pod volumes', async () => {
  const policies = await read(skipping('{volumeTypes: [emptyDir, projected]}'));
  expect(policies?.actionForPodVolume({ name: 'a', emptyDir: {} })?.type).toBe('skip');
  expect(policies?.actionForPodVolume({ name: 'a', projected: {} })?.type).toBe('skip');
  expect(policies?.actionForPodVolume({ name: 'a', configMap: {} })).toBeUndefined();
});
