import { describe, expect, it } from 'vitest';
import type { ApiResource } from './contract.ts';
import { DiscoveryIndex, type Group } from './discovery.ts';

const ALL_VERBS = ['create', 'delete', 'get', 'list', 'patch', 'update', 'watch'];

function type(
  group: string,
  version: string,
  resource: string,
  kind: string,
  rest: Partial<ApiResource> = {},
): ApiResource {
  return {
    group,
    version,
    resource,
    kind,
    singular: kind.toLowerCase(),
    shortNames: [],
    namespaced: true,
    verbs: ALL_VERBS,
    preferred: false,
    ...rest,
  };
}

const GROUPS: Group[] = [
  {
    name: '',
    preferred: 'v1',
    versions: [
      {
        version: 'v1',
        resources: [
          type('', 'v1', 'pods', 'Pod', { shortNames: ['po'] }),
          type('', 'v1', 'events', 'Event', { shortNames: ['ev'] }),
          type('', 'v1', 'componentstatuses', 'ComponentStatus', {
            shortNames: ['cs'],
            verbs: ['get', 'list'],
          }),
        ],
      },
    ],
  },
  {
    name: 'extensions',
    preferred: 'v1beta1',
    versions: [{ version: 'v1beta1', resources: [type('extensions', 'v1beta1', 'ingresses', 'Ingress')] }],
  },
  {
    name: 'apps',
    preferred: 'v1',
    versions: [
      {
        version: 'v1beta1',
        resources: [
          type('apps', 'v1beta1', 'deployments', 'Deployment', { shortNames: ['deploy'] }),
          type('apps', 'v1beta1', 'oldthings', 'OldThing'),
        ],
      },
      {
        version: 'v1',
        resources: [
          type('apps', 'v1', 'deployments', 'Deployment', { shortNames: ['deploy'], preferred: true }),
        ],
      },
    ],
  },
  {
    name: 'metrics.k8s.io',
    preferred: 'v1beta1',
    versions: [
      {
        version: 'v1beta1',
        resources: [type('metrics.k8s.io', 'v1beta1', 'pods', 'PodMetrics', { verbs: ['get', 'list'] })],
      },
    ],
  },
  {
    name: 'cert-manager.io',
    preferred: 'v1',
    versions: [
      {
        version: 'v1',
        resources: [type('cert-manager.io', 'v1', 'certificates', 'Certificate', { shortNames: ['cs'] })],
      },
      { version: 'v1alpha1', resources: undefined },
    ],
  },
];

const index = new DiscoveryIndex(GROUPS, new Map());

function found(name: string): string | undefined {
  const resource = index.resolve(name);
  return resource && `${resource.resource}.${resource.version}.${resource.group}`;
}

describe('discovery', () => {
  it('V-BKP-031 V-RST-086 finds a type by plural, singular, short name, kind and group, in any case', () => {
    expect(
      [
        'deployments',
        'deployment',
        'deploy',
        'Deployment',
        'DEPLOYMENTS',
        'deployments.apps',
        'deploy.apps',
        'deployment.APPS',
      ].map(found),
    ).toEqual(Array.from({ length: 8 }, () => 'deployments.v1.apps'));
    expect(found('deployments.v1beta1.apps')).toBe('deployments.v1beta1.apps');
    expect(found('certificates.cert-manager.io')).toBe('certificates.v1.cert-manager.io');
    expect(found('certificates.cert-manager')).toBe('certificates.v1.cert-manager.io');
    expect(found('pods.v1')).toBe('pods.v1.');
  });

  it('V-BKP-031 finds nothing for what the cluster does not serve', () => {
    for (const name of ['', 'gadgets', 'pods.apps', 'deployments.v9.apps', '*', 'deployments.']) {
      expect(found(name), name).toBe(name === 'deployments.' ? 'deployments.v1.apps' : undefined);
    }
  });

  it('of several types of one name takes the core group, then the first group of the server', () => {
    expect(found('pods')).toBe('pods.v1.');
    expect(found('podmetrics')).toBe('pods.v1beta1.metrics.k8s.io');
    expect(found('pods.metrics.k8s.io')).toBe('pods.v1beta1.metrics.k8s.io');
  });

  it('does not let the short name of a type that cannot be backed up hide another', () => {
    expect(found('cs')).toBe('certificates.v1.cert-manager.io');
    expect(found('componentstatus')).toBe('componentstatuses.v1.');
  });

  it('V-BKP-040 gives preferred versions, keeps what only another version serves, and puts extensions last', () => {
    expect(index.preferred.map((entry) => `${entry.resource}.${entry.version}.${entry.group}`)).toEqual([
      'pods.v1.',
      'events.v1.',
      'componentstatuses.v1.',
      'oldthings.v1beta1.apps',
      'deployments.v1.apps',
      'pods.v1beta1.metrics.k8s.io',
      'certificates.v1.cert-manager.io',
      'ingresses.v1beta1.extensions',
    ]);
    expect(
      index.all.filter(({ resource }) => resource === 'deployments').map(({ version }) => version),
    ).toEqual(['v1beta1', 'v1']);
  });

  it('lists the versions of a group, the preferred one first, without those that could not be read', () => {
    expect(index.versions.get('apps')).toEqual(['v1', 'v1beta1']);
    expect(index.versions.get('cert-manager.io')).toEqual(['v1']);
  });
});
