import { expect, it } from 'vitest';
import type { KubeClient } from '../../kube/contract.ts';
import { restoreActions } from './index.ts';

it('V-RIA-001 lists the built-in actions in the order of their names', () => {
  const kube = {} as KubeClient;
  const names = restoreActions({ kube, namespace: 'velero', image: { registry: 'velero', tag: 'v1' } }).map(
    (action) => action.name,
  );
  expect(names).toEqual(
    [
      'add-pv-from-pvc',
      'add-pvc-from-pod',
      'admission-webhook-configuration',
      'apiservice',
      'change-image-name',
      'change-pvc-node-selector',
      'change-storage-class',
      'cluster-role-bindings',
      'crd-preserve-fields',
      'dataupload',
      'init-restore-hook',
      'job',
      'pod',
      'pod-volume-restore',
      'role-bindings',
      'secret',
      'service',
      'service-account',
    ].map((name) => `velero.io/${name}`),
  );
});
