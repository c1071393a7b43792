import { describe, expect, it } from 'vitest';
import { BackupLayout } from './backup-layout.ts';

describe('the layout of the bucket', () => {
  const layout = new BackupLayout('my/prefix');
  const at = (file: Parameters<BackupLayout['backupKey']>[1]) => layout.backupKey('b', file);

  it('V-STO-002 V-STO-016 has six directories below the prefix', () => {
    expect(new BackupLayout('').dir('kopia')).toBe('kopia/');
    for (const dir of ['backups', 'restores', 'restic', 'metadata', 'plugins', 'kopia'] as const) {
      expect(layout.dir(dir)).toBe(`my/prefix/${dir}/`);
    }
  });

  it('V-STO-004 V-STO-005 V-STO-006 V-STO-007 V-STO-008 V-STO-009 V-STO-010 V-STO-011 V-STO-012 V-STO-013 names the files of a backup', () => {
    expect(at('metadata')).toBe('my/prefix/backups/b/velero-backup.json');
    expect(at('contents')).toBe('my/prefix/backups/b/b.tar.gz');
    expect(at('log')).toBe('my/prefix/backups/b/b-logs.gz');
    expect(at('podVolumeBackups')).toBe('my/prefix/backups/b/b-podvolumebackups.json.gz');
    expect(at('volumeSnapshots')).toBe('my/prefix/backups/b/b-volumesnapshots.json.gz');
    expect(at('itemOperations')).toBe('my/prefix/backups/b/b-itemoperations.json.gz');
    expect(at('resourceList')).toBe('my/prefix/backups/b/b-resource-list.json.gz');
    expect(at('csiVolumeSnapshots')).toBe('my/prefix/backups/b/b-csi-volumesnapshots.json.gz');
    expect(at('csiVolumeSnapshotContents')).toBe('my/prefix/backups/b/b-csi-volumesnapshotcontents.json.gz');
    expect(at('csiVolumeSnapshotClasses')).toBe('my/prefix/backups/b/b-csi-volumesnapshotclasses.json.gz');
    expect(at('results')).toBe('my/prefix/backups/b/b-results.gz');
    expect(at('volumeInfos')).toBe('my/prefix/backups/b/b-volumeinfo.json.gz');
  });

  it('V-STO-014 names the files of a restore', () => {
    const restore = (file: Parameters<BackupLayout['restoreKey']>[1]) => layout.restoreKey('r', file);
    expect(restore('log')).toBe('my/prefix/restores/r/restore-r-logs.gz');
    expect(restore('results')).toBe('my/prefix/restores/r/restore-r-results.gz');
    expect(restore('resourceList')).toBe('my/prefix/restores/r/restore-r-resource-list.json.gz');
    expect(restore('itemOperations')).toBe('my/prefix/restores/r/restore-r-itemoperations.json.gz');
    expect(restore('volumeInfo')).toBe('my/prefix/restores/r/r-volumeinfo.json.gz');
  });

  it('never makes the key of one backup out of a name that means several', () => {
    for (const bad of ['', '.', '..', 'a/b']) {
      expect(() => layout.backupDir(bad)).toThrow(/cannot be the name/);
      expect(() => layout.restoreKey(bad, 'log')).toThrow(/cannot be the name/);
    }
  });
});
