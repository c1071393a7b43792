import { describe, expect, it } from 'vitest';
import type { Backup } from '../api/backup.ts';
import type { BackupStorageLocation } from '../api/backup-storage-location.ts';
import type { DeleteBackupRequest, DeleteBackupRequestPhase } from '../api/delete-backup-request.ts';
import type { DownloadRequest, DownloadRequestStatus } from '../api/download-request.ts';
import type { ServerStatusRequest, ServerStatusRequestStatus } from '../api/server-status-request.ts';
import { deletionStep, isBeingMade } from './backup-deletion/decide.ts';
import { downloadStep, isRestoreTarget } from './download-request/decide.ts';
import { gcFailure, hasPendingRequest, isExpired } from './gc/decide.ts';
import { statusRequestStep } from './server-status-request/decide.ts';

const NOW = Date.parse('2026-06-02T00:00:00Z');
const object = (kind: string, metadata = {}) => ({
  apiVersion: 'velero.io/v1',
  kind,
  metadata: { name: 'x', ...metadata },
});

describe('deletion requests', () => {
  const request = (
    phase: DeleteBackupRequestPhase | undefined,
    creationTimestamp: string,
  ): DeleteBackupRequest => ({
    ...object('DeleteBackupRequest', { creationTimestamp }),
    spec: { backupName: 'b' },
    ...(phase === undefined ? {} : { status: { phase } }),
  });
  it.each([
    ['a new one is processed', undefined, '2026-06-01T23:00:00Z', 'process'],
    ['an interrupted one is processed again', 'InProgress', '2026-06-01T23:00:00Z', 'process'],
    ['an answered one is left for a day', 'Processed', '2026-06-01T00:00:01Z', 'leave'],
    ['and then deleted', 'Processed', '2026-06-01T00:00:00Z', 'delete-request'],
  ] as const)('V-DEL-004 %s', (_, phase, created, step) => {
    expect(deletionStep(request(phase, created), NOW)).toBe(step);
  });
});

it('V-DEL-006 a backup that a server works on, or has left to the next one, is not deleted', () => {
  const phases = [
    'New',
    'InProgress',
    'Finalizing',
    'FinalizingPartiallyFailed',
    'Completed',
    'Deleting',
  ] as const;
  const waiting = ['WaitingForPluginOperations', 'WaitingForPluginOperationsPartiallyFailed'] as const;
  const beingMade = [...phases, ...waiting].filter((phase) =>
    isBeingMade({ ...object('Backup'), spec: {}, status: { phase } }),
  );
  expect(beingMade).toEqual(['InProgress', 'Finalizing', 'FinalizingPartiallyFailed', ...waiting]);
  expect(isBeingMade({ ...object('Backup'), spec: {} })).toBe(false);
});

describe('download requests', () => {
  const request = (status?: DownloadRequestStatus): DownloadRequest => ({
    ...object('DownloadRequest'),
    spec: { target: { kind: 'BackupLog', name: 'b' } },
    ...(status === undefined ? {} : { status }),
  });
  const later = '2026-06-02T00:05:00Z';
  it.each([
    ['a new one is processed', undefined, 'process'],
    ['one without an answer yet is processed again', { expiration: later }, 'process'],
    ['an answered one is left', { phase: 'Processed', expiration: later }, 'leave'],
    ['an expired one is deleted', { phase: 'Processed', expiration: '2026-06-01T00:00:00Z' }, 'delete'],
    ['whatever its phase', { expiration: '2026-06-01T00:00:00Z' }, 'delete'],
  ] as const)('V-REQ-001 %s', (_, status, step) => {
    expect(downloadStep(request(status), NOW)).toBe(step);
  });
  it('V-REQ-001 files of restores are found through their restore', () => {
    expect(isRestoreTarget('RestoreVolumeInfo')).toBe(true);
    expect(isRestoreTarget('BackupVolumeInfos')).toBe(false);
    expect(isRestoreTarget('CSIBackupVolumeSnapshots')).toBe(false);
  });
});

describe('server status requests', () => {
  const request = (status?: ServerStatusRequestStatus): ServerStatusRequest => ({
    ...object('ServerStatusRequest'),
    ...(status === undefined ? {} : { status }),
  });
  it('V-REQ-004 V-SRV-042 are answered once and deleted a minute later', () => {
    expect(statusRequestStep(request(), NOW)).toBe('process');
    expect(statusRequestStep(request({ phase: 'New' }), NOW)).toBe('process');
    const processed = (processedTimestamp: string) =>
      statusRequestStep(request({ phase: 'Processed', processedTimestamp }), NOW);
    expect(processed('2026-06-01T23:59:01Z')).toBe('leave');
    expect(processed('2026-06-01T23:59:00Z')).toBe('delete');
  });
});

describe('garbage collection', () => {
  const backup = (expiration?: string): Backup => ({
    ...object('Backup'),
    spec: {},
    status: { phase: 'Failed', ...(expiration === undefined ? {} : { expiration }) },
  });
  it('V-DEL-001 a backup is expired when its time is not after now, whatever its phase', () => {
    expect(isExpired(backup('2026-06-02T00:00:00Z'), NOW)).toBe(true);
    expect(isExpired(backup('2026-06-02T00:00:01Z'), NOW)).toBe(false);
    expect(isExpired(backup(), NOW)).toBe(false);
  });
  it('V-DEL-002 a location that cannot be deleted from is named', () => {
    const location = (accessMode?: 'ReadOnly' | 'ReadWrite'): BackupStorageLocation => ({
      ...object('BackupStorageLocation'),
      spec: {
        provider: 'aws',
        objectStorage: { bucket: 'b' },
        ...(accessMode === undefined ? {} : { accessMode }),
      },
    });
    expect(gcFailure('missing')).toBe('BSLNotFound');
    expect(gcFailure('unreadable')).toBe('BSLCannotGet');
    expect(gcFailure(location('ReadOnly'))).toBe('BSLReadOnly');
    expect(gcFailure(location('ReadWrite'))).toBeUndefined();
    expect(gcFailure(location())).toBeUndefined();
  });
  it('V-DEL-003 one request at a time is enough', () => {
    const request = (phase?: DeleteBackupRequestPhase): DeleteBackupRequest => ({
      ...object('DeleteBackupRequest'),
      spec: { backupName: 'b' },
      ...(phase === undefined ? {} : { status: { phase } }),
    });
    expect(hasPendingRequest([])).toBe(false);
    expect(hasPendingRequest([request('Processed')])).toBe(false);
    for (const phase of [undefined, 'New', 'InProgress'] as const) {
      expect(hasPendingRequest([request('Processed'), request(phase)])).toBe(true);
    }
  });
});
