import { expect, it } from 'vitest';
import { aResource, discoveryOf, someResources } from '../../test/builders/discovery.ts';
import type { ResourceFilter } from '../filter/resources.ts';
import { silentLogger } from '../lib/log.ts';
import { planTypes } from './plan.ts';

const everything: ResourceFilter = { shouldInclude: () => true, shouldExclude: () => false };

function plan(resources = someResources, allVersions = false, filter = everything): string[] {
  return planTypes(discoveryOf(resources), filter, allVersions, silentLogger).map(
    (type) => `${type.groupResource} ${type.resource.version}${type.preferred ? '' : ' (not preferred)'}`,
  );
}

it('V-BKP-040 V-BKP-041 V-BKP-042 orders pods, claims and volumes first and takes each type once', () => {
  expect(plan()).toEqual([
    'pods v1',
    'persistentvolumeclaims v1',
    'persistentvolumes v1',
    'configmaps v1',
    'events v1',
    'namespaces v1',
    'nodes v1',
    'secrets v1',
    'deployments.apps v1',
    'networkpolicies.networking.k8s.io v1',
    'horizontalpodautoscalers.autoscaling v2',
    'galaxies.example.com v1',
  ]);
});

it('V-BKP-040 V-STO-033 takes every version where all are wanted', () => {
  const types = plan(someResources, true);
  expect(types).toContain('horizontalpodautoscalers.autoscaling v2');
  expect(types).toContain('horizontalpodautoscalers.autoscaling v1 (not preferred)');
});

it('V-BKP-040 V-BKP-042 moves extensions to the end, so that its types are found elsewhere first', () => {
  const types = plan([
    aResource('pods', 'Pod'),
    aResource('deployments.extensions', 'Deployment', { version: 'v1beta1' }),
    aResource('ingresses.extensions', 'Ingress', { version: 'v1beta1' }),
    aResource('deployments.apps', 'Deployment'),
  ]);
  expect(types).toEqual(['pods v1', 'deployments.apps v1', 'ingresses.extensions v1beta1']);
});

it('V-BKP-042 takes the other group where the first is filtered out', () => {
  const noCoreEvents = { ...everything, shouldInclude: (type: string) => type !== 'events' };
  expect(plan(someResources, false, noCoreEvents)).toContain('events.events.k8s.io v1');
});
