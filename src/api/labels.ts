/**
 * Every label, annotation and finalizer name of the project, once (pkg/apis/velero/v1/labels_annotations.go,
 * internal/hook/item_hook_handler.go, pkg/controller and the operator's controllers of the original).
 */

import { createHash } from 'node:crypto';

export const LABELS = {
  backupName: 'velero.io/backup-name',
  backupUid: 'velero.io/backup-uid',
  restoreName: 'velero.io/restore-name',
  restoreUid: 'velero.io/restore-uid',
  scheduleName: 'velero.io/schedule-name',
  podUid: 'velero.io/pod-uid',
  pvcUid: 'velero.io/pvc-uid',
  storageLocation: 'velero.io/storage-location',
  /** Namespace whose volumes a BackupRepository keeps. */
  volumeNamespace: 'velero.io/volume-namespace',
  repositoryType: 'velero.io/repository-type',
  repositoryName: 'velero.io/repo-name',
  dataUpload: 'velero.io/data-upload',
  dataUploadSnapshotInfo: 'velero.io/data-upload-snapshot-info',
  dataDownload: 'velero.io/data-download',
  asyncOperationId: 'velero.io/async-operation-id',
  /** `<namespace>.<name>` of a claim. */
  pvcNamespaceName: 'velero.io/pvc-namespace-name',
  resourceUsage: 'velero.io/resource-usage',
  /** `true` keeps an item out of every backup. */
  excludeFromBackup: 'velero.io/exclude-from-backup',
  volumeSnapshotName: 'velero.io/volume-snapshot-name',
  dynamicPvRestore: 'velero.io/dynamic-pv-restore',
  /** Marks the VolumeSnapshotClass to use for its driver; the annotation of the same name picks one by name. */
  volumeSnapshotClass: 'velero.io/csi-volumesnapshot-class',
  exposerPodGroup: 'velero.io/exposer-pod-group',
  acceptedBy: 'velero.io/accepted-by',
  /** Why garbage collection could not remove a backup. */
  gcFailure: 'velero.io/gc-failure',
  /** `velero.io/plugin-config`, with the plugin's kind and name as further labels, marks a plugin's ConfigMap. */
  pluginConfig: 'velero.io/plugin-config',
  podVolumeRestoreHelper: 'velero.io/pod-volume-restore',
  changeStorageClass: 'velero.io/change-storage-class',
  changePvcNodeSelector: 'velero.io/change-pvc-node-selector',
  changeImageName: 'velero.io/change-image-name',
  oadpOperator: 'openshift.io/oadp',
  oadpRegistry: 'openshift.io/oadp-registry',
  oadpLocationName: 'openshift.io/oadp-bsl-name',
  oadpLocationProvider: 'openshift.io/oadp-bsl-provider',
  oadpDataMover: 'openshift.io/oadp-data-mover',
} as const;

export const ANNOTATIONS = {
  podVolumeTimeout: 'velero.io/pod-volume-timeout',
  sourceClusterGitVersion: 'velero.io/source-cluster-k8s-gitversion',
  sourceClusterMajorVersion: 'velero.io/source-cluster-k8s-major-version',
  sourceClusterMinorVersion: 'velero.io/source-cluster-k8s-minor-version',
  resourceTimeout: 'velero.io/resource-timeout',
  /** Volumes of a pod to back up from the file system, names joined by commas. */
  volumesToBackup: 'backup.velero.io/backup-volumes',
  volumesToExclude: 'backup.velero.io/backup-volumes-excludes',
  mustIncludeAdditionalItems: 'backup.velero.io/must-include-additional-items',
  skippedNoCsiPv: 'backup.velero.io/skipped-no-csi-pv',
  volumeSnapshotHandle: 'velero.io/csi-volumesnapshot-handle',
  volumeSnapshotRestoreSize: 'velero.io/csi-volumesnapshot-restore-size',
  csiDriverName: 'velero.io/csi-driver-name',
  vscDeletionPolicy: 'velero.io/csi-vsc-deletion-policy',
  /** On a claim: the VolumeSnapshotClass to use. On a Backup: the same, followed by `_` and the driver's name. */
  volumeSnapshotClass: 'velero.io/csi-volumesnapshot-class',
  dataUploadName: 'velero.io/data-upload-name',
  pvcName: 'velero.io/pvc-name',
  originalPvName: 'velero.io/original-pv-name',
  snapshotterSecretName: 'csi.storage.k8s.io/snapshotter-secret-name',
  snapshotterSecretNamespace: 'csi.storage.k8s.io/snapshotter-secret-namespace',
  snapshotterListSecretName: 'csi.storage.k8s.io/snapshotter-list-secret-name',
  snapshotterListSecretNamespace: 'csi.storage.k8s.io/snapshotter-list-secret-namespace',
  /** On a BackupStorageLocation: the store in which its backups were last seen; ours alone. */
  lastSyncedStore: 'oadp.openshift.io/last-synced-store',
  cloudStorageDelete: 'oadp.openshift.io/cloudstorage-delete',
  unsupportedVeleroServerArgs: 'oadp.openshift.io/unsupported-velero-server-args',
  unsupportedNodeAgentServerArgs: 'oadp.openshift.io/unsupported-node-agent-server-args',
} as const;

/** Followed by a volume's name: the snapshot of it, as backups of old versions noted it on the pod. */
export const POD_SNAPSHOT_ANNOTATION_PREFIX = 'snapshot.velero.io/';

/**
 * Annotations by which a pod asks for a command before (`pre.`) or after (`post.`) it is backed up. Without either
 * prefix they mean a command before, as in the oldest versions.
 */
export const BACKUP_HOOK_ANNOTATIONS = {
  container: 'hook.backup.velero.io/container',
  command: 'hook.backup.velero.io/command',
  onError: 'hook.backup.velero.io/on-error',
  timeout: 'hook.backup.velero.io/timeout',
} as const;

/** Annotations by which a pod asks for a command after it is restored. */
export const RESTORE_EXEC_HOOK_ANNOTATIONS = {
  container: 'post.hook.restore.velero.io/container',
  command: 'post.hook.restore.velero.io/command',
  onError: 'post.hook.restore.velero.io/on-error',
  execTimeout: 'post.hook.restore.velero.io/exec-timeout',
  waitTimeout: 'post.hook.restore.velero.io/wait-timeout',
  waitForReady: 'post.hook.restore.velero.io/wait-for-ready',
} as const;

/** Annotations by which a pod asks for an init container when it is restored. */
export const RESTORE_INIT_HOOK_ANNOTATIONS = {
  containerImage: 'init.hook.restore.velero.io/container-image',
  containerName: 'init.hook.restore.velero.io/container-name',
  command: 'init.hook.restore.velero.io/command',
  timeout: 'init.hook.restore.velero.io/timeout',
} as const;

export const FINALIZERS = {
  /** On a Restore: its files in the bucket go first. */
  restoreExternalResources: 'restores.velero.io/external-resources-finalizer',
  dataUploadDownload: 'velero.io/data-upload-download-finalizer',
  volumeSnapshotContentProtect: 'velero.io/volume-snapshot-content-protect-finalizer',
  cloudStorageBucket: 'oadp.openshift.io/bucket-protection',
} as const;

/** How the id of an asynchronous operation begins, by what carries it out. */
export const OPERATION_ID_PREFIXES = { dataUpload: 'du-', dataDownload: 'dd-' } as const;

/** Values of {@link LABELS.resourceUsage}. */
export const RESOURCE_USAGES = { dataUploadResult: 'DataUpload' } as const;

const LABEL_LIMIT = 63;
const HASH_LENGTH = 6;

/**
 * A name as a label's value: as it is up to 63 characters, else its first 57 and the first 6 hex digits of its
 * SHA-256 (pkg/label/label.go). Every look-up by such a label must go through here.
 */
export function labelValue(name: string): string {
  if (name.length <= LABEL_LIMIT) return name;
  const hash = createHash('sha256').update(name).digest('hex');
  return name.slice(0, LABEL_LIMIT - HASH_LENGTH) + hash.slice(0, HASH_LENGTH);
}
