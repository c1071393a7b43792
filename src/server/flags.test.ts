import { describe, expect, it } from 'vitest';
import { defaultServerFlags, serverFlags } from './flags.ts';
import { checkOptions, serverOptions } from './options.ts';

const defaults = defaultServerFlags();
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

function withFlags(flags: Partial<typeof defaults>) {
  return () => checkOptions(serverOptions({ flags }));
}

describe('flags of the server', () => {
  it('V-SRV-001 levels and formats of the log', () => {
    expect(defaults['log-level']).toBe('info');
    expect(serverFlags['log-level'].usage).toBe(
      'The level at which to log. Valid values are trace, debug, info, warning, error, fatal, panic.',
    );
    expect(defaults['log-format']).toBe('text');
    expect(serverFlags['log-format'].usage).toContain('Valid values are text, json.');
    expect(() => serverFlags['log-format'].type.parse('xml', 'text', false)).toThrow('invalid value: "xml"');
  });

  it('V-SRV-002 V-SRV-003 V-SRV-004 V-SRV-005 addresses, periods and timeouts', () => {
    expect(defaults).toMatchObject({
      'plugin-dir': '/plugins',
      'metrics-address': ':8085',
      'profiler-address': 'localhost:6060',
      'backup-sync-period': MINUTE,
      'store-validation-frequency': MINUTE,
      'fs-backup-timeout': 4 * HOUR,
      'terminating-resource-timeout': 10 * MINUTE,
      'resource-timeout': 10 * MINUTE,
      'default-item-operation-timeout': 4 * HOUR,
      'default-backup-ttl': 720 * HOUR,
    });
  });

  it('V-SRV-006 default locations', () => {
    expect(defaults['default-backup-storage-location']).toBe('default');
    expect(
      serverFlags['default-volume-snapshot-locations'].type.parse('aws:east,gcp:west-1', {}, false),
    ).toEqual({ aws: 'east', gcp: 'west-1' });
  });

  it('V-SRV-007 V-SRV-008 V-SRV-009 V-SRV-010 V-SRV-011 V-SRV-012 V-SRV-013 the rest', () => {
    expect(defaults).toMatchObject({
      'restore-only': false,
      'disable-controllers': [],
      'client-qps': 100,
      'client-burst': 100,
      'client-page-size': 500,
      'default-repo-maintain-frequency': 0,
      'garbage-collection-frequency': 0,
      'item-operation-sync-frequency': 0,
      'default-volumes-to-fs-backup': false,
      'default-snapshot-move-data': false,
      'disable-informer-cache': false,
      'schedule-skip-immediately': false,
      'uploader-type': 'restic',
      'max-concurrent-k8s-connections': 30,
      'keep-latest-maintenance-jobs': 3,
      'maintenance-job-cpu-request': '',
      'maintenance-job-mem-request': '',
      'maintenance-job-cpu-limit': '',
      'maintenance-job-mem-limit': '',
      'concurrent-backups': 4,
      'concurrent-restores': 4,
    });
    expect(Object.keys(serverFlags)).toHaveLength(39);
  });

  it('V-SRV-014 V-SRV-015 priorities have a high and a low part; the part that is not given stays', () => {
    const { type } = serverFlags['restore-resource-priorities'];
    const initial = defaults['restore-resource-priorities'];
    expect(type.print(initial)).toBe(
      'customresourcedefinitions,namespaces,storageclasses,volumesnapshotclass.snapshot.storage.k8s.io,' +
        'volumesnapshotcontents.snapshot.storage.k8s.io,volumesnapshots.snapshot.storage.k8s.io,' +
        'datauploads.velero.io,persistentvolumes,persistentvolumeclaims,serviceaccounts,secrets,configmaps,' +
        'limitranges,pods,replicasets.apps,clusterclasses.cluster.x-k8s.io,endpoints,services,-,' +
        'clusterbootstraps.run.tanzu.vmware.com,clusters.cluster.x-k8s.io,clusterresourcesets.addons.cluster.x-k8s.io',
    );
    expect(type.parse('a,b', initial, false)).toEqual({ high: ['a', 'b'], low: initial.low });
    expect(type.parse('a,-,z', initial, false)).toEqual({ high: ['a'], low: ['z'] });
    expect(type.parse('-,z', initial, false)).toEqual({ high: initial.high, low: ['z'] });
    expect(type.parse('a,-', initial, false)).toEqual({ high: ['a'], low: initial.low });
    expect(type.parse('-', initial, false)).toEqual(initial);
    expect(() => type.parse('a,-,b,-', initial, false)).toThrow('multiple priority separator "-" found');
  });

  it('V-SRV-016 refuses values that cannot work, in the words of the original', () => {
    expect(withFlags({ 'uploader-type': 'rsync' })).toThrow(
      "invalid uploader type 'rsync', valid upload types are: 'restic', 'kopia'",
    );
    expect(withFlags({ 'client-qps': -1 })).toThrow('client-qps must be positive');
    expect(withFlags({ 'client-qps': 0 })).not.toThrow();
    expect(withFlags({ 'client-burst': 0 })).toThrow('client-burst must be positive');
    expect(withFlags({ 'client-page-size': -1 })).toThrow('client-page-size must not be negative');
    expect(withFlags({ 'client-page-size': 0 })).not.toThrow();
  });

  it('refuses to run no backup or no restore at a time', () => {
    expect(withFlags({ 'concurrent-backups': 0 })).toThrow('concurrent-backups must be positive');
    expect(withFlags({ 'concurrent-restores': -2 })).toThrow('concurrent-restores must be positive');
  });
});
