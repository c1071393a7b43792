import { describe, expect, it } from 'vitest';
import { DISABLEABLE_CONTROLLERS, enabledControllers } from './controllers.ts';

describe('enabledControllers', () => {
  it('V-SRV-026 knows the names of the original', () => {
    expect([...enabledControllers([], false)].sort()).toEqual(
      [
        'backup',
        'backup-operations',
        'backup-deletion',
        'backup-finalizer',
        'backup-sync',
        'download-request',
        'gc',
        'backup-repo',
        'restore',
        'restore-operations',
        'schedule',
        'server-status-request',
        'restore-finalizer',
      ].sort(),
    );
  });

  it('V-SRV-026 V-SRV-027 refuses unknown names, the mandatory location controller among them', () => {
    for (const name of ['nonsense', 'backup-storage-location', '']) {
      expect(() => enabledControllers(['gc', name], false)).toThrow(
        `Invalid value for --disable-controllers flag provided: ${name}. Valid values are: ${DISABLEABLE_CONTROLLERS.join(',')}`,
      );
    }
  });

  it('V-SRV-028 restore-only leaves sync, repositories, downloads and restores', () => {
    expect([...enabledControllers([], true)].sort()).toEqual([
      'backup-repo',
      'backup-sync',
      'download-request',
      'restore',
      'restore-finalizer',
      'restore-operations',
      'server-status-request',
    ]);
  });

  it('V-SRV-029 takes restore-only together with one of its controllers', () => {
    expect(enabledControllers(['gc', 'gc', 'backup-sync'], true).has('backup-sync')).toBe(false);
  });
});
