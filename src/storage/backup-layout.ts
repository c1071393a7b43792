/** Every key of the bucket (pkg/persistence/object_store_layout.go of the original). */

import type { DownloadTarget } from '../api/download-request.ts';
import { Failure } from '../lib/errors.ts';
import { goQuote } from '../lib/go-text.ts';

/** What may lie directly under the prefix of a location. */
export const TOP_LEVEL_DIRS = ['backups', 'restores', 'restic', 'metadata', 'plugins', 'kopia'] as const;
type TopLevelDir = (typeof TOP_LEVEL_DIRS)[number];

const BACKUP_FILES = {
  contents: (name: string) => `${name}.tar.gz`,
  csiVolumeSnapshotClasses: (name: string) => `${name}-csi-volumesnapshotclasses.json.gz`,
  csiVolumeSnapshotContents: (name: string) => `${name}-csi-volumesnapshotcontents.json.gz`,
  csiVolumeSnapshots: (name: string) => `${name}-csi-volumesnapshots.json.gz`,
  itemOperations: (name: string) => `${name}-itemoperations.json.gz`,
  log: (name: string) => `${name}-logs.gz`,
  metadata: () => 'velero-backup.json',
  podVolumeBackups: (name: string) => `${name}-podvolumebackups.json.gz`,
  resourceList: (name: string) => `${name}-resource-list.json.gz`,
  results: (name: string) => `${name}-results.gz`,
  volumeInfos: (name: string) => `${name}-volumeinfo.json.gz`,
  volumeSnapshots: (name: string) => `${name}-volumesnapshots.json.gz`,
} as const;
export type BackupFile = keyof typeof BACKUP_FILES;

const RESTORE_FILES = {
  itemOperations: (name: string) => `restore-${name}-itemoperations.json.gz`,
  log: (name: string) => `restore-${name}-logs.gz`,
  resourceList: (name: string) => `restore-${name}-resource-list.json.gz`,
  results: (name: string) => `restore-${name}-results.gz`,
  // The original left the prefix out of this one.
  volumeInfo: (name: string) => `${name}-volumeinfo.json.gz`,
} as const;
export type RestoreFile = keyof typeof RESTORE_FILES;

const TARGETS: Readonly<Record<string, { backup: BackupFile } | { restore: RestoreFile }>> = {
  BackupContents: { backup: 'contents' },
  BackupItemOperations: { backup: 'itemOperations' },
  BackupLog: { backup: 'log' },
  BackupResourceList: { backup: 'resourceList' },
  BackupResults: { backup: 'results' },
  BackupVolumeInfos: { backup: 'volumeInfos' },
  BackupVolumeSnapshots: { backup: 'volumeSnapshots' },
  CSIBackupVolumeSnapshotContents: { backup: 'csiVolumeSnapshotContents' },
  CSIBackupVolumeSnapshots: { backup: 'csiVolumeSnapshots' },
  RestoreItemOperations: { restore: 'itemOperations' },
  RestoreLog: { restore: 'log' },
  RestoreResourceList: { restore: 'resourceList' },
  RestoreResults: { restore: 'results' },
  RestoreVolumeInfo: { restore: 'volumeInfo' },
};

/** Keys below one location's prefix. */
export class BackupLayout {
  /** Empty, or the prefix with a slash at its end. */
  readonly root: string;

  /** @param prefix of the location, without slashes at its ends */
  constructor(prefix: string) {
    this.root = prefix === '' ? '' : `${prefix}/`;
  }

  /** `<prefix>/<dir>/`. */
  dir(dir: TopLevelDir): string {
    return `${this.root}${dir}/`;
  }

  /** @throws Failure `BAD_NAME` */
  backupDir(name: string): string {
    return `${this.dir('backups')}${checked(name)}/`;
  }

  /** @throws Failure `BAD_NAME` */
  restoreDir(name: string): string {
    return `${this.dir('restores')}${checked(name)}/`;
  }

  /** @throws Failure `BAD_NAME` */
  backupKey(name: string, file: BackupFile): string {
    return this.backupDir(name) + BACKUP_FILES[file](name);
  }

  /** @throws Failure `BAD_NAME` */
  restoreKey(name: string, file: RestoreFile): string {
    return this.restoreDir(name) + RESTORE_FILES[file](name);
  }

  /** The key that a DownloadRequest asks for. @throws Failure `UNSUPPORTED_DOWNLOAD_TARGET`, `BAD_NAME` */
  downloadKey(target: Readonly<DownloadTarget>): string {
    const file = Object.hasOwn(TARGETS, target.kind) ? TARGETS[target.kind] : undefined;
    if (file === undefined) {
      throw new Failure({
        code: 'UNSUPPORTED_DOWNLOAD_TARGET',
        message: `unsupported download target kind ${goQuote(target.kind)}`,
        remedy: `use one of ${Object.keys(TARGETS).join(', ')}`,
      });
    }
    return 'backup' in file
      ? this.backupKey(target.name, file.backup)
      : this.restoreKey(target.name, file.restore);
  }
}

/** A name becomes part of keys that are listed and deleted by prefix: an empty one would mean all backups. */
function checked(name: string): string {
  if (name !== '' && name !== '.' && name !== '..' && !name.includes('/')) return name;
  throw new Failure({
    code: 'BAD_NAME',
    message: `${goQuote(name)} cannot be the name of a backup or restore in object storage`,
    remedy: 'names of backups and restores are not empty and contain no slash',
  });
}
