import { describe, expect, it } from 'vitest';
import { DEFAULT_PRIORITIES, formatPriorities, orderResources, parsePriorities } from './order.ts';

describe('restore priorities', () => {
  it('V-RST-078 V-RST-079 has the default order', () => {
    expect(formatPriorities(DEFAULT_PRIORITIES)).toBe(
      'customresourcedefinitions,namespaces,storageclasses,volumesnapshotclass.snapshot.storage.k8s.io,volumesnapshotcontents.snapshot.storage.k8s.io,volumesnapshots.snapshot.storage.k8s.io,datauploads.velero.io,persistentvolumes,persistentvolumeclaims,serviceaccounts,secrets,configmaps,limitranges,pods,replicasets.apps,clusterclasses.cluster.x-k8s.io,endpoints,services,-,clusterbootstraps.run.tanzu.vmware.com,clusters.cluster.x-k8s.io,clusterresourcesets.addons.cluster.x-k8s.io',
    );
  });

  it('V-RST-080 separates high from low by a lone dash and refuses a second one', () => {
    expect(parsePriorities('a,b,-,c')).toEqual({ high: ['a', 'b'], low: ['c'] });
    expect(() => parsePriorities('a,-,b,-,c')).toThrow('multiple priority separator "-" found');
  });

  it('V-RST-081 keeps the default of the list that is not given', () => {
    const { high, low } = DEFAULT_PRIORITIES;
    expect(parsePriorities('a,b')).toEqual({ high: ['a', 'b'], low });
    expect(parsePriorities('a,b,-')).toEqual({ high: ['a', 'b'], low });
    expect(parsePriorities('-,c')).toEqual({ high, low: ['c'] });
    expect(parsePriorities('-')).toEqual(DEFAULT_PRIORITIES);
    expect(parsePriorities('')).toEqual(DEFAULT_PRIORITIES);
  });

  it('V-RST-082 puts all other resources in the backup by name between high and low', () => {
    const priorities = { high: ['pods', 'secrets'], low: ['services'] };
    expect(orderResources(priorities, ['services', 'zebras.example.com', 'pods', 'Ants', 'apes'])).toEqual([
      'pods',
      'secrets',
      'Ants',
      'apes',
      'zebras.example.com',
      'services',
    ]);
  });
});
