/** Every custom resource by its address in the API: enough to speak of it to a cluster without asking discovery. */

export interface KindAddress {
  group: string;
  version: string;
  /** Lower-case plural. */
  resource: string;
  kind: string;
  singular: string;
  shortNames: readonly string[];
  namespaced: boolean;
  verbs: readonly string[];
  preferred: boolean;
}

export const VELERO_GROUP = 'velero.io';
export const OADP_GROUP = 'oadp.openshift.io';

const VERBS = ['delete', 'deletecollection', 'get', 'list', 'patch', 'create', 'update', 'watch'] as const;

function address(
  group: string,
  version: string,
  kind: string,
  resource: string,
  singular: string,
  shortNames: readonly string[] = [],
): KindAddress {
  // v1 is the preferred version of velero.io; the other group has but one.
  const preferred = group !== VELERO_GROUP || version === 'v1';
  return { group, version, resource, kind, singular, shortNames, namespaced: true, verbs: VERBS, preferred };
}

function velero(kind: string, resource: string, shortNames: readonly string[] = []): KindAddress {
  return address(VELERO_GROUP, 'v1', kind, resource, kind.toLowerCase(), shortNames);
}

export const KINDS = {
  Backup: velero('Backup', 'backups'),
  Restore: velero('Restore', 'restores'),
  Schedule: velero('Schedule', 'schedules'),
  DownloadRequest: velero('DownloadRequest', 'downloadrequests'),
  DeleteBackupRequest: velero('DeleteBackupRequest', 'deletebackuprequests'),
  PodVolumeBackup: velero('PodVolumeBackup', 'podvolumebackups'),
  PodVolumeRestore: velero('PodVolumeRestore', 'podvolumerestores'),
  BackupRepository: velero('BackupRepository', 'backuprepositories'),
  BackupStorageLocation: velero('BackupStorageLocation', 'backupstoragelocations', ['bsl']),
  VolumeSnapshotLocation: velero('VolumeSnapshotLocation', 'volumesnapshotlocations', ['vsl']),
  ServerStatusRequest: velero('ServerStatusRequest', 'serverstatusrequests', ['ssr']),
  DataUpload: address(VELERO_GROUP, 'v2alpha1', 'DataUpload', 'datauploads', 'dataupload'),
  DataDownload: address(VELERO_GROUP, 'v2alpha1', 'DataDownload', 'datadownloads', 'datadownload'),
  DataProtectionApplication: address(
    OADP_GROUP,
    'v1alpha1',
    'DataProtectionApplication',
    'dataprotectionapplications',
    'dataprotectionapplication',
    ['dpa'],
  ),
  CloudStorage: address(OADP_GROUP, 'v1alpha1', 'CloudStorage', 'cloudstorages', 'cloudstorage'),
} as const satisfies Record<string, KindAddress>;

export type KindName = keyof typeof KINDS;

/** `velero.io/v1` for Backup and so on. */
export function apiVersionOf(kind: Pick<KindAddress, 'group' | 'version'>): string {
  return `${kind.group}/${kind.version}`;
}
