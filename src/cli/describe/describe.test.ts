import { describe, expect, it } from 'vitest';
import type { Backup } from '../../api/backup.ts';
import type { Restore } from '../../api/restore.ts';
import { ansiColours, noColours } from '../print/colour.ts';
import type { BackupFacts } from './backup-facts.ts';
import { describeBackup, describeBackupJson, describeRestore, describeSchedule } from './index.ts';
import type { RestoreFacts } from './restore-facts.ts';

const backup = (status?: Backup['status']): Backup => ({
  apiVersion: 'velero.io/v1',
  kind: 'Backup',
  metadata: { name: 'b', namespace: 'velero' },
  spec: {},
  ...(status && { status }),
});

const facts = (more: Partial<BackupFacts> = {}): BackupFacts => ({
  backup: backup(),
  deleteRequests: [],
  podVolumeBackups: [],
  results: undefined,
  operations: undefined,
  resourceList: undefined,
  volumes: { state: 'ok', native: [], csi: [], legacy: false },
  ...more,
});

describe('describing a backup', () => {
  it('V-CLI-029 JSON of a backup that no server has seen: the original crashes over its expiration', () => {
    const json = JSON.parse(describeBackupJson(facts(), false)) as {
      phase: string;
      status: Record<string, unknown>;
    };
    expect(json.phase).toBe('');
    expect(json.status).toMatchObject({ expiration: '<nil>', started: '<n/a>', completed: '<n/a>' });
  });

  it('V-CLI-029 JSON tells why results could not be had: the original writes an empty object', () => {
    const flawed = facts({ backup: backup({ errors: 1 }), results: { state: 'failed', reason: 'no way' } });
    const json = JSON.parse(describeBackupJson(flawed, false)) as Record<string, unknown>;
    expect(json['errors']).toEqual({ errorGettingErrors: '<error getting errors: no way>' });
    expect(json['warnings']).toEqual({ errorGettingWarnings: '<error getting warnings: no way>' });
  });

  it('V-CLI-028 text tells it too', () => {
    const flawed = facts({ backup: backup({ errors: 1 }), results: { state: 'failed', reason: 'no way' } });
    expect(describeBackup(flawed, false, noColours)).toContain(
      'Warnings:  <error getting warnings: no way>\n\nErrors:  <error getting errors: no way>\n',
    );
  });

  it('V-CLI-025 colours phases for people', () => {
    const text = (phase: 'Completed' | 'Failed' | 'InProgress') =>
      describeBackup(facts({ backup: backup({ phase }) }), false, ansiColours);
    expect(text('Completed')).toContain('Phase:  \u001b[32mCompleted\u001b[0m\n');
    expect(text('Failed')).toContain(
      'Phase:  \u001b[31mFailed\u001b[0m (run `velero backup logs b` for more information)\n',
    );
    expect(text('InProgress')).toContain('Phase:  InProgress\n');
  });

  it('V-CLI-024 a running backup estimates', () => {
    const running = facts({ backup: backup({ phase: 'InProgress', progress: { totalItems: 10 } }) });
    expect(describeBackup(running, false, noColours)).toContain(
      'Estimated total items to be backed up:  10\nItems backed up so far:                 0\n',
    );
  });

  it('V-CLI-026 CSI snapshots of an old backup may be there unseen', () => {
    const old = facts({ volumes: { state: 'ok', native: [], csi: [], legacy: true } });
    expect(describeBackup(old, false, noColours)).toContain(
      '  CSI Snapshots: <none included or not detectable>\n',
    );
  });
});

describe('describing a restore', () => {
  it('V-CLI-045 one that is being deleted, from an older version without volume information', () => {
    const restore: Restore = {
      apiVersion: 'velero.io/v1',
      kind: 'Restore',
      metadata: { name: 'r', namespace: 'velero', deletionTimestamp: '2026-01-01T00:00:00Z' },
      spec: { backupName: 'b' },
      status: { phase: 'InProgress', progress: { totalItems: 3, itemsRestored: 1 } },
    };
    const all: RestoreFacts = {
      restore,
      podVolumeRestores: [],
      results: undefined,
      volumes: { state: 'missing' },
      operations: undefined,
      resourceList: undefined,
    };
    const text = describeRestore(all, false, noColours);
    expect(text).toContain(
      'Phase:                                 InProgress (Deleting)\nEstimated total items to be restored:  3\nItems restored so far:                 1\n',
    );
    expect(text).not.toContain('CSI Snapshot Restores');
  });
});

describe('describing a schedule', () => {
  it('V-CLI-053 one that never ran', () => {
    const text = describeSchedule(
      {
        apiVersion: 'velero.io/v1',
        kind: 'Schedule',
        metadata: { name: 's', namespace: 'velero' },
        spec: { schedule: '@daily', template: {} },
      },
      noColours,
    );
    expect(text).toContain(
      '\nPhase:  New\n\nPaused:  false\n\nSchedule:  @daily\n\nBackup Template:\n  Namespaces:\n',
    );
    expect(text).toMatch(/\nLast Backup: {2}<never>\n$/);
  });
});
