import { describe, expect, it } from 'vitest';
import { DEFINITIONS } from './definitions.ts';
import { apiVersionOf, KINDS } from './kinds.ts';

describe('KINDS', () => {
  it('V-CRD-002 V-CRD-003 names every kind with its version and plural', () => {
    const names = Object.values(KINDS).map((kind) => `${apiVersionOf(kind)} ${kind.kind} ${kind.resource}`);
    expect(names).toEqual([
      'velero.io/v1 Backup backups',
      'velero.io/v1 Restore restores',
      'velero.io/v1 Schedule schedules',
      'velero.io/v1 DownloadRequest downloadrequests',
      'velero.io/v1 DeleteBackupRequest deletebackuprequests',
      'velero.io/v1 PodVolumeBackup podvolumebackups',
      'velero.io/v1 PodVolumeRestore podvolumerestores',
      'velero.io/v1 BackupRepository backuprepositories',
      'velero.io/v1 BackupStorageLocation backupstoragelocations',
      'velero.io/v1 VolumeSnapshotLocation volumesnapshotlocations',
      'velero.io/v1 ServerStatusRequest serverstatusrequests',
      'velero.io/v2alpha1 DataUpload datauploads',
      'velero.io/v2alpha1 DataDownload datadownloads',
      'oadp.openshift.io/v1alpha1 DataProtectionApplication dataprotectionapplications',
      'oadp.openshift.io/v1alpha1 CloudStorage cloudstorages',
    ]);
  });

  it('V-CRD-004 gives short names to three kinds of velero.io and to the DataProtectionApplication', () => {
    const short = Object.values(KINDS).filter((kind) => kind.shortNames.length > 0);
    expect(Object.fromEntries(short.map((kind) => [kind.kind, kind.shortNames]))).toEqual({
      BackupStorageLocation: ['bsl'],
      VolumeSnapshotLocation: ['vsl'],
      ServerStatusRequest: ['ssr'],
      DataProtectionApplication: ['dpa'],
    });
  });

  it('has a definition for each', () => {
    for (const [name, kind] of Object.entries(KINDS)) {
      expect(kind.kind).toBe(name);
      expect(DEFINITIONS[kind.kind as keyof typeof KINDS]).toMatchObject(kind);
    }
    expect(Object.keys(DEFINITIONS).sort()).toEqual(Object.keys(KINDS).sort());
  });
});
