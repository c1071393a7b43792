/** The restores that both sides make, each of its own backups: one row, one specification. */

import type { Side } from '../../support/velero.ts';
import { isYamlFault } from './backup-cases.ts';
import type { Case, SpecOf } from './pair.ts';

let number = 0;

export interface RestoreCase extends Case {
  /** What is there before, by YAML. */
  readonly before?: (side: Side) => string;
}

/** A restore of the namespace `mini` into one that is called after the case. */
function row(
  title: string,
  spec: SpecOf,
  more: Partial<RestoreCase> & { from?: string | null; into?: Record<string, string> | null } = {},
): RestoreCase {
  number += 1;
  const name = more.name ?? `r${String(number).padStart(2, '0')}`;
  const { from = 'mini', into, ...rest } = more;
  return {
    phase: 'Completed',
    ...rest,
    name,
    title,
    spec: (side) => ({
      ...(from === null ? {} : { backupName: from }),
      ...(into === null || from === null
        ? {}
        : {
            namespaceMapping: Object.fromEntries(
              Object.entries(into ?? { [from]: name.slice(0, 20) }).map(([old, other]) => [
                old,
                `${other}-${side}`,
              ]),
            ),
          }),
      ...(typeof spec === 'function' ? spec(side) : spec),
    }),
  };
}

const invalid = (title: string, spec: SpecOf, more: Parameters<typeof row>[2] = {}): RestoreCase =>
  row(title, spec, { phase: 'FailedValidation', into: null, ...more });

const web = { matchLabels: { app: 'web' } };
const namespace = (name: string) => `
apiVersion: v1
kind: Namespace
metadata: {name: ${name}}
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: default, namespace: ${name}}
`;

/** The `mini` of another time: some objects as they are in the backup, some changed, some in the way. */
const changed = (name: string) => `${namespace(name)}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: settings, namespace: ${name}, labels: {app: other, mine: "1"}, annotations: {c: d}}
data: {mode: slow, own: "x"}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: frozen, namespace: ${name}}
immutable: true
data: {k: other}
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: builder, namespace: ${name}, labels: {mine: "1"}}
imagePullSecrets: [{name: other}]
secrets: [{name: builder-token}]
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: ${name}, labels: {app: other}}
spec: {selector: {app: other}, ports: [{port: 81}]}
---
apiVersion: v1
kind: Service
metadata: {name: node, namespace: ${name}}
spec: {type: ClusterIP, selector: {app: web}, ports: [{name: http, port: 80}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: ${name}, labels: {app: web}}
spec:
  replicas: 5
  selector: {matchLabels: {app: other}}
  template: {metadata: {labels: {app: other}}, spec: {containers: [{name: main, image: "other:1"}]}}
---
apiVersion: batch/v1
kind: Job
metadata: {name: once, namespace: ${name}}
spec: {template: {spec: {restartPolicy: Never, containers: [{name: main, image: "other:1"}]}}}
---
apiVersion: lab.example.com/v1
kind: Widget
metadata: {name: one, namespace: ${name}}
spec: {size: 2, colour: red}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: editor, namespace: ${name}}
rules: [{apiGroups: [""], resources: [secrets], verbs: [get]}]
`;

export const MAPPINGS: readonly RestoreCase[] = [
  row('V-RST-094 V-RST-095 V-RST-116 V-RST-005 V-RST-025 one namespace under another name', {}),
  row('two namespaces under other names', {}, { from: 'lab', into: { lab: 'two-a', mini: 'two-b' } }),
  row(
    'V-RST-088 one of two namespaces',
    { includedNamespaces: ['mini'] },
    { from: 'older', into: { mini: 'one-of-two' } },
  ),
  row(
    'two namespaces that change places',
    (side) => ({
      namespaceMapping: { [`swap-a-${side}`]: `swap-b-${side}`, [`swap-b-${side}`]: `swap-a-${side}` },
    }),
    { from: 'swap', into: null },
  ),
  row('two namespaces into one', {}, { from: 'older', into: { mini: 'both', empty: 'both' } }),
  row('the whole application', {}, { from: 'shop' }),
  row(
    'the whole application with the cluster’s objects',
    { includeClusterResources: true },
    { from: 'shop' },
  ),
];

export const FILTERS: readonly RestoreCase[] = [
  row('V-RST-086 some resources, by every kind of name', {
    includedResources: ['cm', 'Secret', 'deployments.apps', 'wid'],
  }),
  row('resources excluded', { excludedResources: ['pods', 'jobs.batch', 'persistentvolumeclaims'] }),
  row('V-RST-086 a resource that is not there', { includedResources: ['unicorns'] }),
  row('all resources but a star', { includedResources: ['*'], excludedResources: ['services'] }),
  row('a namespace that is not in the backup', { includedNamespaces: ['nowhere'] }),
  row('namespaces excluded', { excludedNamespaces: ['mini'] }),
  row('namespaces by a wildcard', { includedNamespaces: ['m*'] }),
  row('V-RST-091 labels that match', { labelSelector: web }, { phase: 'PartiallyFailed' }),
  row('expressions that match', {
    labelSelector: {
      matchExpressions: [
        { key: 'app', operator: 'NotIn', values: ['db'] },
        { key: 'tier', operator: 'DoesNotExist' },
      ],
    },
  }),
  row('V-RST-091 either of two selectors', {
    orLabelSelectors: [{ matchLabels: { app: 'db' } }, { matchLabels: { tier: 'front' } }],
  }),
  row('labels that nothing has', { labelSelector: { matchLabels: { app: 'none' } } }),
  row('pods without what they need', { includedResources: ['pods'] }, { phase: 'PartiallyFailed' }),
  row('V-RST-089 cluster resources not wanted', { includeClusterResources: false }, { from: 'shop' }),
  row(
    'V-RST-100 V-RST-103 V-RST-111 V-RST-150 the special cases of lab',
    { excludedResources: ['persistentvolumes'] },
    { from: 'lab' },
  ),
];

export const EXISTING: readonly RestoreCase[] = [
  row('onto changed objects', {}, { before: (side) => changed(`x-none-${side}`), into: { mini: 'x-none' } }),
  row(
    'V-RST-126 V-RST-130 onto changed objects, policy none',
    { existingResourcePolicy: 'none' },
    { before: (side) => changed(`x-named-${side}`), into: { mini: 'x-named' } },
  ),
  row(
    'V-RST-127 V-RST-129 V-RST-130 onto changed objects, policy update',
    { existingResourcePolicy: 'update' },
    {
      before: (side) => changed(`x-update-${side}`),
      into: { mini: 'x-update' },
      // The times at which one manager wrote an object make none of it different for ours: an account that is the same
      // gets the labels of the restore, as every unchanged object does.
      except: (line) => /serviceaccounts\/default: metadata\.labels: none/.test(line),
    },
  ),
  row(
    'V-RST-124 onto an object that is the same but was made at another time',
    { includedResources: ['secrets'] },
    {
      into: { mini: 'x-same' },
      before: (side) => `${namespace(`x-same-${side}`)}
---
apiVersion: v1
kind: Secret
metadata: {name: password, namespace: x-same-${side}, labels: {app: db}}
data: {password: c2VjcmV0}
`,
      // The real one compares when who wrote which field, too, and warns that the object differs.
      except: (line) =>
        /status\.warnings: 1 \| none|password\((failed|skipped)\)|"password" already exists/.test(line),
    },
  ),
  row('policy update into nothing', { existingResourcePolicy: 'update' }),
  row('V-RST-132 V-RST-133 status of everything', { restoreStatus: { includedResources: ['*'] } }),
  row('V-RST-132 status of some', {
    restoreStatus: {
      includedResources: ['widgets.lab.example.com', 'services'],
      excludedResources: ['services'],
    },
  }),
  row('status of some by short names', { restoreStatus: { includedResources: ['wid', 'svc', 'pod'] } }),
  row('node ports kept, which are taken', { preserveNodePorts: true }, { phase: 'PartiallyFailed' }),
  row('node ports given anew', { preserveNodePorts: false }),
  row(
    'into a namespace with a quota',
    {},
    {
      into: { mini: 'x-quota' },
      phase: 'PartiallyFailed',
      before: (side) => `${namespace(`x-quota-${side}`)}
---
apiVersion: v1
kind: ResourceQuota
metadata: {name: few, namespace: x-quota-${side}}
spec: {hard: {count/configmaps: "0"}}
`,
    },
  ),
  row(
    'V-RST-123 past a policy that refuses some',
    {},
    { into: { mini: 'x-refused' }, phase: 'PartiallyFailed' },
  ),
  row(
    'into a namespace that is going',
    {},
    {
      into: { mini: 'x-going' },
      phase: 'PartiallyFailed',
      before: (side) => namespace(`x-going-${side}`),
      // The real one gives up once for each type, with what its client said; ours names every item that is not restored.
      except: (line) => /status\.progress|status\.errors|resource-list|: errors\./.test(line),
    },
  ),
];

const NOW = '["/bin/true"]';
export const HOOKS: readonly RestoreCase[] = [
  row('init containers of the specification', {
    hooks: {
      resources: [
        {
          name: 'wait',
          includedNamespaces: ['mini'],
          labelSelector: web,
          postHooks: [
            {
              init: {
                timeout: '10m',
                initContainers: [{ name: 'wait', image: 'example/wait:1', command: ['sh', '-c', 'true'] }],
              },
            },
          ],
        },
      ],
    },
  }),
  row('init containers for other namespaces', {
    hooks: {
      resources: [
        {
          name: 'none',
          includedNamespaces: ['elsewhere'],
          postHooks: [
            { init: { initContainers: [{ name: 'wait', image: 'example/wait:1', command: ['true'] }] } },
          ],
        },
      ],
    },
  }),
  row('init containers for excluded pods', {
    hooks: {
      resources: [
        {
          name: 'none',
          excludedResources: ['pods'],
          postHooks: [
            { init: { initContainers: [{ name: 'wait', image: 'example/wait:1', command: ['true'] }] } },
          ],
        },
      ],
    },
  }),
  invalid('V-RST-012 an init container without a name', {
    hooks: {
      resources: [{ name: 'bad', postHooks: [{ init: { initContainers: [{ image: 'example/wait:1' }] } }] }],
    },
  }),
  invalid('an init container without an image', {
    hooks: {
      resources: [
        {
          name: 'bad',
          postHooks: [
            { init: { initContainers: [{ name: 'wait' }, { name: 'x', image: 'y', command: [NOW] }] } },
          ],
        },
      ],
    },
  }),
];

export const MODIFIERS: readonly RestoreCase[] = [
  ...['json', 'json-tests', 'json-fails', 'merge', 'merge-bad', 'strategic', 'conditions', 'wildcards'].map(
    (name) =>
      row(
        `resource modifiers: ${name}`,
        { resourceModifier: { kind: 'ConfigMap', name: `mod-${name}` } },
        {
          phase: ['json-tests', 'json-fails', 'merge-bad', 'strategic'].includes(name)
            ? 'PartiallyFailed'
            : 'Completed',
          // Each YAML parser has its own words; the real one names a line of its own source.
          except: (line) =>
            /error in converting YAML to JSON|is registered for version "[^"]+" in scheme/.test(line),
        },
      ),
  ),
  row('V-RST-021 resource modifiers of an unknown kind are not looked at', {
    resourceModifier: { kind: 'Secret', name: 'none' },
    includedResources: ['configmaps'],
  }),
  row(
    'resource modifiers with a regular expression that is none',
    { resourceModifier: { kind: 'configmap', name: 'rules-regexp' } },
    {
      phase: 'PartiallyFailed',
      // Each compiler has its own words.
      except: (line) => /error in matching regex/.test(line),
    },
  ),
  ...['version', 'operation', 'mixed', 'unknown', 'no-yaml', 'no-path'].map((name) =>
    invalid(
      `V-RST-023 resource modifiers that are wrong: ${name}`,
      { resourceModifier: { kind: 'configmap', name: `rules-${name}` } },
      { except: isYamlFault },
    ),
  ),
  invalid('V-RST-022 resource modifiers that are not there', {
    resourceModifier: { kind: 'configmap', name: 'none' },
  }),
];

/** What the store said, which the real one hears through its plugin. */
function ofTheStore(line: string): boolean {
  return /status\.failureReason: "error downloading backup: .*NoSuchKey.* \| "error downloading backup: .*NoSuchKey/.test(
    line,
  );
}

export const SOURCED: readonly RestoreCase[] = [
  row(
    'V-RST-017 the newest backup of a schedule',
    (side) => ({ scheduleName: 'nightly', namespaceMapping: { mini: `sched-${side}` } }),
    { from: null },
  ),
  invalid('V-RST-016 a schedule without backups', { scheduleName: 'never' }, { from: null }),
  invalid('V-RST-016 a schedule whose backups failed', { scheduleName: 'failing' }, { from: null }),
  invalid('V-RST-018 a backup that is not there', { backupName: 'nowhere' }, { from: null }),
  invalid('V-RST-010 neither backup nor schedule', {}, { from: null }),
  invalid(
    'V-RST-010 both backup and schedule',
    { backupName: 'mini', scheduleName: 'nightly' },
    { from: null },
  ),
  invalid('V-RST-014 an unknown policy for existing objects', { existingResourcePolicy: 'replace' }),
  invalid('V-RST-006 V-RST-007 resources that are never restored', {
    includedResources: ['nodes', 'events', 'backups.velero.io'],
  }),
  invalid('resources both included and excluded', {
    includedResources: ['pods'],
    excludedResources: ['pods'],
  }),
  invalid('V-RST-008 all resources excluded', { excludedResources: ['*'] }),
  invalid('namespaces both included and excluded', {
    includedNamespaces: ['*', 'a'],
    excludedNamespaces: ['a', '*'],
  }),
  invalid('V-RST-009 both kinds of selectors', { labelSelector: web, orLabelSelectors: [web] }),
  invalid(
    'V-RST-011 V-RST-024 much at once',
    {
      backupName: 'nowhere',
      includedResources: ['nodes', '*'],
      excludedResources: ['*'],
      includedNamespaces: ['a'],
      excludedNamespaces: ['a'],
      labelSelector: web,
      orLabelSelectors: [web],
      existingResourcePolicy: 'no',
    },
    { from: null },
  ),
  row(
    'a backup whose tarball is gone',
    {},
    { from: 'broken', into: { mini: 'from-broken' }, phase: 'Failed', except: ofTheStore },
  ),
  row(
    'V-RST-019 V-RST-027 a backup that failed',
    {},
    { from: 'in-the-bucket', into: { mini: 'from-failed' }, phase: 'Failed', except: ofTheStore },
  ),
  row(
    'V-RST-090 V-RST-116 a name of more than 63 characters',
    { includedResources: ['configmaps'] },
    { name: `r-${'very-long-'.repeat(7)}end`, into: { mini: 'long-name' } },
  ),
  row('times of its own', {
    itemOperationTimeout: '90s',
    includedResources: ['configmaps'],
    uploaderConfig: { writeSparseFiles: true },
  }),
];

export const TWINS: readonly RestoreCase[] = [
  row('objects of the cluster, volumes too', {}, { from: 't1', into: null }),
  row('volumes not wanted', { restorePVs: false }, { from: 't2', into: null }),
  row('objects of the cluster not wanted', { includeClusterResources: false }, { from: 't3', into: null }),
  row('objects of the cluster that are all still there', { restorePVs: true }, { from: 't4', into: null }),
  row(
    'volumes into another namespace',
    (side) => ({ namespaceMapping: { [`t5-${side}`]: `t5-new-${side}` } }),
    { from: 't5', into: null },
  ),
  row(
    'volumes into another namespace while they are still there',
    (side) => ({ namespaceMapping: { [`t4-${side}`]: `t4-new-${side}` } }),
    { from: 't4', into: null },
  ),
];

const rules = (text: string) => `version: v1\nresourceModifierRules:\n${text}`;
/** Config maps with resource modifiers, for both sides. */
export const RULES: Readonly<Record<string, string>> = {
  'mod-json':
    rules(`- conditions: {groupResource: deployments.apps, resourceNameRegex: "^we.$", namespaces: [mini]}
  patches:
  - {operation: replace, path: /spec/replicas, value: "0"}
  - {operation: add, path: /metadata/labels/added, value: '"true"'}
  - {operation: copy, from: /metadata/labels/app, path: /metadata/labels/copied}
  - {operation: remove, path: /spec/template/metadata/labels/none}
`).replace('  - {operation: remove, path: /spec/template/metadata/labels/none}\n', ''),
  'mod-json-tests': rules(`- conditions: {groupResource: services}
  patches:
  - {operation: test, path: /spec/type, value: NodePort}
  - {operation: replace, path: /spec/ports/0/port, value: "8080"}
- conditions: {groupResource: configmaps}
  patches:
  - {operation: add, path: /data/size, value: "20"}
  - {operation: add, path: /data/new, value: '"quoted"'}
`),
  'mod-json-fails': rules(`- conditions: {groupResource: configmaps}
  patches:
  - {operation: remove, path: /data/not-there}
- conditions: {groupResource: deployments.apps}
  patches:
  - {operation: replace, path: /spec/not/there, value: "1"}
`),
  'mod-merge': rules(`- conditions: {groupResource: configmaps, labelSelector: {matchLabels: {app: web}}}
  mergePatches:
  - patchData: '{"data":{"mode":null,"more":"yes"},"metadata":{"labels":{"tier":null}}}'
- conditions: {groupResource: deployments.apps}
  mergePatches:
  - patchData: |
      spec:
        replicas: 3
`),
  'mod-merge-bad': rules(`- conditions: {groupResource: configmaps}
  mergePatches:
  - patchData: '{"data":'
`),
  'mod-strategic': rules(`- conditions: {groupResource: deployments.apps}
  strategicPatches:
  - patchData: '{"spec":{"template":{"spec":{"containers":[{"name":"main","image":"new.example.com/app:2"},{"name":"side","image":"side:1"}]}}}}'
- conditions: {groupResource: services}
  strategicPatches:
  - patchData: '{"spec":{"ports":[{"port":80,"name":"renamed"},{"$patch":"delete","port":443}]}}'
- conditions: {groupResource: widgets.lab.example.com}
  strategicPatches:
  - patchData: '{"spec":{"size":5}}'
`),
  'mod-conditions': rules(`- conditions:
    groupResource: configmaps
    matches: [{path: /data/mode, value: fast}, {path: /metadata/labels/app, value: web}]
  patches: [{operation: replace, path: /data/mode, value: faster}]
- conditions:
    groupResource: configmaps
    matches: [{path: /data/none, value: x}]
  patches: [{operation: replace, path: /data/mode, value: wrong}]
- conditions: {groupResource: configmaps, namespaces: [other]}
  patches: [{operation: replace, path: /data/mode, value: wrong}]
- conditions: {groupResource: secrets, labelSelector: {matchExpressions: [{key: app, operator: In, values: [db]}]}}
  mergePatches: [{patchData: '{"data":{"password":"bmV3"}}'}]
`),
  'mod-wildcards': rules(`- conditions: {groupResource: "*"}
  mergePatches: [{patchData: '{"metadata":{"annotations":{"seen":"yes"}}}'}]
- conditions: {groupResource: "*.apps"}
  mergePatches: [{patchData: '{"metadata":{"annotations":{"apps":"yes"}}}'}]
`),
  'rules-version':
    'version: v9\nresourceModifierRules:\n- conditions: {groupResource: pods}\n  patches: [{operation: remove, path: /x}]\n',
  'rules-regexp': rules(
    '- conditions: {groupResource: pods, resourceNameRegex: "["}\n  patches: [{operation: remove, path: /x}]\n',
  ),
  'rules-operation': rules(
    '- conditions: {groupResource: pods}\n  patches: [{operation: explode, path: /x}]\n',
  ),
  'rules-mixed': rules(
    `- conditions: {groupResource: pods}\n  patches: [{operation: remove, path: /x}]\n  mergePatches: [{patchData: '{}'}]\n`,
  ),
  'rules-unknown': rules(
    '- conditions: {groupResource: pods, colour: red}\n  patches: [{operation: remove, path: /x}]\n',
  ),
  'rules-no-yaml': 'version: [v1\n',
  'rules-no-path': rules('- conditions: {groupResource: pods}\n  patches: [{operation: remove}]\n'),
};
