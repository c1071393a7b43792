import { expect, it } from 'vitest';
import { discoveryOf } from '../../test/builders/discovery.ts';
import type { BackupSpec } from '../api/backup.ts';
import { silentLogger } from '../lib/log.ts';
import { IncludesExcludes } from './includes-excludes.ts';
import {
  backupResourceFilter,
  resolveResourceName,
  resourceIncludesExcludes,
  usesOldResourceFilters,
} from './resources.ts';

const discovery = discoveryOf();

function filterOf(spec: BackupSpec) {
  const namespaces = new IncludesExcludes(spec.includedNamespaces, spec.excludedNamespaces);
  return backupResourceFilter(spec, namespaces, discovery, silentLogger);
}

it.each([
  ['po', 'pods'],
  ['Pod', 'pods'],
  ['deploy', 'deployments.apps'],
  ['deployment.apps', 'deployments.apps'],
  ['galaxy', 'galaxies.example.com'],
  ['nothing.like.it', 'nothing.like.it'],
])('V-BKP-031 resolves %s to %s', (typed, resolved) => {
  expect(resolveResourceName(discovery, typed)).toBe(resolved);
});

it('V-BKP-031 never widens a list of unknown names to everything', () => {
  const lists = resourceIncludesExcludes(discovery, ['unknown'], ['*', 'secret']);
  expect(lists.shouldInclude('pods')).toBe(false);
  expect(lists.excludes).toEqual(['secrets']);
});

it.each([
  [{}, true],
  [{ includedResources: ['pods'] }, true],
  [{ includeClusterResources: false }, true],
  [{ includedNamespaceScopedResources: ['pods'] }, false],
  [{ excludedClusterScopedResources: ['*'] }, false],
])('V-BKP-032 chooses the lists for %j', (spec, old) => {
  expect(usesOldResourceFilters(spec)).toBe(old);
});

const only = { includedNamespaces: ['shop'] };

it.each([
  ['cluster types in a full backup', {}, 'nodes', true],
  ['no cluster types for single namespaces', only, 'nodes', false],
  ['no cluster types where a namespace is excluded', { excludedNamespaces: ['x'] }, 'nodes', false],
  ['namespaces always', only, 'namespaces', true],
  ['cluster types when they are wanted', { ...only, includeClusterResources: true }, 'nodes', true],
  ['no cluster types when they are not', { includeClusterResources: false }, 'nodes', false],
  ['namespaced types by name', { includedResources: ['cm'] }, 'configmaps', true],
  ['no other types then', { includedResources: ['cm'] }, 'pods', false],
  ['not what is excluded', { excludedResources: ['deploy'] }, 'deployments.apps', false],
])('V-BKP-033 old lists include %s', (_what, spec, type, included) => {
  expect(filterOf(spec).shouldInclude(type)).toBe(included);
});

it.each([
  ['all by default', { excludedClusterScopedResources: ['nodes'] }, 'pods', true],
  ['none with *', { excludedNamespaceScopedResources: ['*'] }, 'pods', false],
  ['what is named', { includedNamespaceScopedResources: ['pods'] }, 'pods', true],
  ['nothing else', { includedNamespaceScopedResources: ['pods'] }, 'secrets', false],
  ['not what is excluded', { excludedNamespaceScopedResources: ['secrets'] }, 'secrets', false],
  ['names of the other scope are dropped', { includedNamespaceScopedResources: ['nodes'] }, 'pods', true],
])('V-BKP-034 scoped lists, namespaced types: %s', (_what, spec, type, included) => {
  expect(filterOf(spec).shouldInclude(type)).toBe(included);
});

it.each([
  ['none beside namespaced lists', { includedNamespaceScopedResources: ['pods'] }, 'nodes', false],
  ['namespaces all the same', { includedNamespaceScopedResources: ['pods'] }, 'namespaces', true],
  ['all with an everything filter', { includedNamespaceScopedResources: ['*'] }, 'nodes', true],
  ['none for single namespaces', { ...only, includedNamespaceScopedResources: ['*'] }, 'nodes', false],
  ['what is named', { ...only, includedClusterScopedResources: ['nodes'] }, 'nodes', true],
  ['all with *', { ...only, includedClusterScopedResources: ['*'] }, 'galaxies.example.com', true],
  [
    'excludes win',
    { includedClusterScopedResources: ['*'], excludedClusterScopedResources: ['nodes'] },
    'nodes',
    false,
  ],
  ['namespaces can be excluded', { excludedClusterScopedResources: ['*'] }, 'namespaces', false],
])('V-BKP-035 scoped lists, cluster types: %s', (_what, spec, type, included) => {
  expect(filterOf(spec).shouldInclude(type)).toBe(included);
});

it.each([
  ['a cluster type of a backup of one namespace stays', only, 'persistentvolumes', false],
  ['not where it is excluded', { ...only, excludedResources: ['pv'] }, 'persistentvolumes', true],
  [
    'not where no cluster types are wanted',
    { ...only, includeClusterResources: false },
    'persistentvolumes',
    true,
  ],
  ['not where others are listed', { ...only, includedResources: ['pods'] }, 'persistentvolumes', true],
  [
    'but where cluster types are wanted',
    { includedResources: ['pods'], includeClusterResources: true },
    'persistentvolumes',
    false,
  ],
  [
    'scoped lists: only where it is excluded',
    { includedClusterScopedResources: ['nodes'] },
    'persistentvolumes',
    false,
  ],
  ['scoped lists: excluded', { excludedClusterScopedResources: ['pv'] }, 'persistentvolumes', true],
  [
    'scoped lists: a namespaced type that is excluded',
    { excludedNamespaceScopedResources: ['pods'] },
    'pods',
    true,
  ],
])('V-BKP-036 of what actions bring along, %s', (_what, spec, type, excluded) => {
  expect(filterOf(spec).shouldExclude(type)).toBe(excluded);
});
