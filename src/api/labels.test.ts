import { describe, expect, it } from 'vitest';
import { ANNOTATIONS, LABELS, labelValue, OPERATION_ID_PREFIXES } from './labels.ts';

describe('names', () => {
  it('V-CRD-080 knows every label of the original', () => {
    expect(Object.values(LABELS)).toEqual(
      expect.arrayContaining([
        'velero.io/backup-name',
        'velero.io/backup-uid',
        'velero.io/restore-name',
        'velero.io/restore-uid',
        'velero.io/schedule-name',
        'velero.io/pod-uid',
        'velero.io/pvc-uid',
        'velero.io/storage-location',
        'velero.io/volume-namespace',
        'velero.io/repository-type',
        'velero.io/data-upload',
        'velero.io/data-upload-snapshot-info',
        'velero.io/data-download',
        'velero.io/async-operation-id',
        'velero.io/pvc-namespace-name',
        'velero.io/resource-usage',
        'velero.io/exclude-from-backup',
        'velero.io/volume-snapshot-name',
        'velero.io/dynamic-pv-restore',
        'velero.io/csi-volumesnapshot-class',
      ]),
    );
  });

  it('V-CRD-081 V-CRD-082 knows every annotation of the original', () => {
    expect(Object.values(ANNOTATIONS)).toEqual(
      expect.arrayContaining([
        'velero.io/pod-volume-timeout',
        'velero.io/source-cluster-k8s-gitversion',
        'velero.io/source-cluster-k8s-major-version',
        'velero.io/source-cluster-k8s-minor-version',
        'velero.io/resource-timeout',
        'backup.velero.io/backup-volumes',
        'backup.velero.io/backup-volumes-excludes',
        'backup.velero.io/must-include-additional-items',
        'backup.velero.io/skipped-no-csi-pv',
        'velero.io/csi-volumesnapshot-handle',
        'velero.io/csi-volumesnapshot-restore-size',
        'velero.io/csi-driver-name',
        'velero.io/csi-vsc-deletion-policy',
        'velero.io/data-upload-name',
        'csi.storage.k8s.io/snapshotter-secret-name',
        'csi.storage.k8s.io/snapshotter-secret-namespace',
        'csi.storage.k8s.io/snapshotter-list-secret-name',
        'csi.storage.k8s.io/snapshotter-list-secret-namespace',
      ]),
    );
  });

  it('V-CRD-083 tells operations apart by the beginning of their id', () => {
    expect(OPERATION_ID_PREFIXES).toEqual({ dataUpload: 'du-', dataDownload: 'dd-' });
  });
});

describe('labelValue', () => {
  it('V-CRD-084 keeps 63 characters and shortens more to 57 and 6 digits of their SHA-256', () => {
    const fits = 'a'.repeat(63);
    expect(labelValue(fits)).toBe(fits);
    // printf '%064d' 0 | tr 0 a | sha256sum begins with ffe054.
    expect(labelValue('a'.repeat(64))).toBe(`${'a'.repeat(57)}ffe054`);
  });

  it('V-CRD-084 tells long names apart that begin alike', () => {
    const begin = 'x'.repeat(60);
    expect(labelValue(`${begin}-one`)).not.toBe(labelValue(`${begin}-two`));
    expect(labelValue(`${begin}-one`)).toHaveLength(63);
  });
});
