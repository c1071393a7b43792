/** The backups that both sides make of `world.ts`: one row, one specification. */

import { type Case, type SpecOf } from './pair.ts';
import { LONG } from './world.ts';

/** The servers' own namespaces change all the time. */
const APART = ['velero-real', 'velero-ours'];
const LAB = ['lab'];

let number = 0;
function row(title: string, spec: SpecOf, more: Partial<Case> = {}): Case {
  number += 1;
  return { name: `b${String(number).padStart(2, '0')}`, title, spec, phase: 'Completed', ...more };
}
const invalid = (title: string, spec: SpecOf, more: Partial<Case> = {}): Case =>
  row(title, spec, { phase: 'FailedValidation', ...more });

export const FILTERS: readonly Case[] = [
  row(
    'V-BKP-040 V-BKP-041 V-BKP-042 everything',
    { excludedNamespaces: APART },
    { phase: 'PartiallyFailed' },
  ),
  row(
    'everything, as a star',
    { includedNamespaces: ['*'], includedResources: ['*'], excludedNamespaces: APART },
    { phase: 'PartiallyFailed' },
  ),
  row('one namespace', { includedNamespaces: LAB }),
  row('V-BKP-033 one namespace, cluster resources wanted', {
    includedNamespaces: LAB,
    includeClusterResources: true,
  }),
  row('V-BKP-033 one namespace, cluster resources not wanted', {
    includedNamespaces: LAB,
    includeClusterResources: false,
  }),
  row(
    'everything, cluster resources not wanted',
    { excludedNamespaces: APART, includeClusterResources: false },
    { phase: 'PartiallyFailed' },
  ),
  row('V-BKP-031 resources by their plural names', {
    includedNamespaces: LAB,
    includedResources: ['configmaps', 'widgets.lab.example.com'],
  }),
  row('a resource by its singular name', { includedNamespaces: LAB, includedResources: ['configmap'] }),
  row('V-BKP-031 a resource by its kind', {
    includedNamespaces: LAB,
    includedResources: ['ConfigMap', 'Widget'],
  }),
  row('V-BKP-031 resources by their short names', {
    includedNamespaces: LAB,
    includedResources: ['cm', 'wid', 'po'],
  }),
  row('resources with their groups', {
    includedNamespaces: LAB,
    includedResources: ['deployments.apps', 'ingresses.networking.k8s.io'],
  }),
  row(
    'a resource with group and version',
    {
      includedNamespaces: LAB,
      includedResources: ['deployments.v1.apps'],
    },
    {
      // The real one knows no versions in names and finds nothing; ours finds what is meant.
      except: (line) => /status\.progress|deployments\.apps|apps\/v1\/Deployment/.test(line),
    },
  ),
  row('V-BKP-031 a resource that is not there', {
    includedNamespaces: LAB,
    includedResources: ['unicorns', 'configmaps'],
  }),
  row('only resources that are not there', {
    includedNamespaces: LAB,
    includedResources: ['unicorns.example.com'],
  }),
  row('V-BKP-030 resources excluded', {
    includedNamespaces: LAB,
    excludedResources: ['pods', 'secrets', 'persistentvolumes', 'events'],
  }),
  row('excluded what else would come along: PVs', {
    includedNamespaces: LAB,
    includedResources: ['pods', 'persistentvolumeclaims'],
    excludedResources: ['persistentvolumes'],
  }),
  row('V-BKP-036 V-BKP-067 only pods, and what they need', {
    includedNamespaces: LAB,
    includedResources: ['pods'],
  }),
  row('V-BKP-030 resources by wildcards', {
    includedNamespaces: LAB,
    includedResources: ['*.apps', 'config?aps', '{jobs,cronjobs}.batch'],
    excludedResources: ['[d-e]*'],
  }),
  row('V-BKP-030 namespaces excluded by wildcards', {
    excludedNamespaces: [...APART, 'kube-*', 'l*b', 'trouble'],
  }),
  row('only cluster-scoped resources, by name', { includedResources: ['persistentvolumes', 'racks'] }),
  row('only cluster-scoped resources, not wanted', {
    includedResources: ['persistentvolumes'],
    includeClusterResources: false,
  }),
  row('namespaces as a resource', { includedNamespaces: LAB, includedResources: ['namespaces'] }),
  row('custom resources bring their definition', {
    includedNamespaces: ['lab', 'shop'],
    includedResources: ['widgets.lab.example.com', 'crontabs', 'ghosts'],
  }),
  row('custom resources bring their definition, excluded', {
    includedNamespaces: LAB,
    includedResources: ['widgets.lab.example.com'],
    excludedResources: ['customresourcedefinitions'],
  }),
  row('custom resources without cluster resources', {
    includedNamespaces: LAB,
    includedResources: ['widgets.lab.example.com'],
    includeClusterResources: false,
  }),
  row('an empty namespace', { includedNamespaces: ['empty'] }),
  row('a namespace that is going', { includedNamespaces: ['stuck'] }),
  row('a namespace with the longest name', { includedNamespaces: [LONG] }),
  row(
    'V-BKP-044 a namespace that is not there',
    { includedNamespaces: ['nowhere'] },
    { phase: 'PartiallyFailed' },
  ),
  row(
    'a namespace that is not there beside one that is',
    { includedNamespaces: ['nowhere', 'mini'] },
    { phase: 'PartiallyFailed' },
  ),
  row(
    'cluster-scoped list alone',
    {
      excludedNamespaces: APART,
      includedClusterScopedResources: ['racks.lab.example.com', 'storageclasses'],
    },
    { phase: 'PartiallyFailed' },
  ),
  row(
    'V-BKP-035 cluster-scoped list alone, all',
    { excludedNamespaces: APART, includedClusterScopedResources: ['*'] },
    { phase: 'PartiallyFailed' },
  ),
  row('V-BKP-032 V-BKP-034 V-BKP-035 cluster-scoped and namespace-scoped lists', {
    includedNamespaces: LAB,
    includedClusterScopedResources: ['racks'],
    includedNamespaceScopedResources: ['widgets', 'configmaps'],
  }),
  row('namespace-scoped list alone', {
    includedNamespaces: LAB,
    includedNamespaceScopedResources: ['po', 'pvc'],
  }),
  row('cluster-scoped resources excluded', {
    includedNamespaces: LAB,
    excludedClusterScopedResources: ['persistentvolumes', 'customresourcedefinitions'],
  }),
  row('all cluster-scoped resources excluded', {
    includedNamespaces: LAB,
    excludedClusterScopedResources: ['*'],
  }),
  row('V-BKP-034 namespace-scoped resources excluded', {
    includedNamespaces: LAB,
    excludedNamespaceScopedResources: ['pods', 'events'],
  }),
  row(
    'all namespace-scoped resources excluded',
    { excludedNamespaceScopedResources: ['*'], includedClusterScopedResources: ['racks'] },
    { phase: 'Completed' },
  ),
  row('V-BKP-034 a cluster-scoped resource in the list of the others', {
    includedNamespaces: LAB,
    includedNamespaceScopedResources: ['racks', 'configmaps'],
  }),
  row('a namespaced resource in the list of the others', {
    includedNamespaces: LAB,
    includedClusterScopedResources: ['configmaps', 'racks'],
  }),
];

/** With a namespace that its label excludes, which counts as one that the specification excludes. */
export const HIDDEN: readonly Case[] = [
  row(
    'V-BKP-014 everything, with a hidden namespace',
    { excludedNamespaces: APART },
    { phase: 'PartiallyFailed' },
  ),
  row('only cluster-scoped resources, with a hidden namespace', {
    includedResources: ['persistentvolumes', 'racks'],
  }),
  row(
    'namespaces excluded',
    { excludedNamespaces: [...APART, 'lab', 'kube-system', 'hidden'] },
    {
      phase: 'PartiallyFailed',
      // The real one lists it twice.
      except: (line) => /spec\.excludedNamespaces\[5\]: "hidden" \| none/.test(line),
    },
  ),
  invalid('V-BKP-014 a namespace that its label excludes', { includedNamespaces: ['hidden', 'half-hidden'] }),
];

const web = { matchLabels: { app: 'web' } };

export const SELECTORS: readonly Case[] = [
  row('V-BKP-047 labels that match', { includedNamespaces: LAB, labelSelector: web }),
  row('labels that match, in every namespace', { excludedNamespaces: APART, labelSelector: web }),
  row('labels that match, cluster resources wanted', {
    includedNamespaces: LAB,
    labelSelector: web,
    includeClusterResources: true,
  }),
  row('two labels', { includedNamespaces: LAB, labelSelector: { matchLabels: { app: 'db', tier: 'back' } } }),
  row('In and Exists', {
    includedNamespaces: LAB,
    labelSelector: {
      matchExpressions: [
        { key: 'app', operator: 'In', values: ['web', 'db'] },
        { key: 'tier', operator: 'Exists' },
      ],
    },
  }),
  row('NotIn and DoesNotExist', {
    includedNamespaces: LAB,
    labelSelector: {
      matchExpressions: [
        { key: 'app', operator: 'NotIn', values: ['web'] },
        { key: 'tier', operator: 'DoesNotExist' },
      ],
    },
  }),
  row('a label of the namespace alone', {
    includedNamespaces: LAB,
    labelSelector: { matchLabels: { team: 'blue' } },
  }),
  row('labels that nothing has', {
    includedNamespaces: LAB,
    labelSelector: { matchLabels: { app: 'none' } },
  }),
  row('either of two selectors', {
    includedNamespaces: LAB,
    orLabelSelectors: [web, { matchLabels: { app: 'db' } }],
  }),
  row('V-BKP-046 either of two selectors that overlap', {
    includedNamespaces: LAB,
    orLabelSelectors: [web, { matchLabels: { tier: 'front' } }],
  }),
  row(
    'pods with hooks and volumes in trouble',
    { includedNamespaces: ['trouble'] },
    { phase: 'PartiallyFailed' },
  ),
  row('V-BKP-048 ordered resources', {
    includedNamespaces: ['lab', 'mini'],
    orderedResources: {
      pods: 'lab/pending,lab/disks,mini/hooked',
      persistentvolumes: 'lab-nfs,lab-csi',
      'widgets.lab.example.com': 'lab/one',
    },
  }),
  row('ordered resources that are not there', {
    includedNamespaces: LAB,
    orderedResources: { pods: 'lab/none,mini/hooked', unicorns: 'a/b' },
  }),
];

/**
 * With a volume policy the real one asks it for each claim before its CSI action, which it has even where CSI is not
 * enabled. So a claim without a volume fails, its pod's other claims with it, and is missing in the backup although a
 * policy only chooses the way in which data is saved; and volumes to skip are noted once more. Ours keeps the claims.
 */
function withoutCsi(line: string): boolean {
  return (
    /status\.(errors|warnings): \d+ \| \d+$/.test(line) ||
    /only the real says: .*(PVC has no volume backing this claim|persistentvolumes "lab-lost" not found)$/.test(
      line,
    ) ||
    /only ours says: .*name: \/missing message: \/Additional item was not found/.test(line) ||
    /persistentvolumeclaims\/.*namespaces\/lab\/(lost|unbound)\.json: only in ours/.test(line) ||
    /skippedReason: "any: skipped due to resource policy ;/.test(line)
  );
}

export const VOLUMES: readonly Case[] = [
  row('volumes not wanted', { includedNamespaces: LAB, snapshotVolumes: false }),
  row('volumes wanted', { includedNamespaces: LAB, snapshotVolumes: true }),
  row(
    'all volumes by file, without a node agent',
    { includedNamespaces: LAB, defaultVolumesToFsBackup: true },
    { phase: 'PartiallyFailed' },
  ),
  row('V-BKP-004 all volumes by file, in the old word', {
    includedNamespaces: ['shop'],
    defaultVolumesToRestic: true,
  }),
  row('snapshots moved, without anything to move', {
    includedNamespaces: ['mini'],
    snapshotMoveData: true,
    datamover: 'velero',
  }),
  row(
    'V-POL-001 a policy that skips by class',
    { includedNamespaces: LAB, resourcePolicy: { kind: 'ConfigMap', name: 'skip-class' } },
    { phase: 'PartiallyFailed', except: withoutCsi },
  ),
  row(
    'V-POL-005 V-POL-006 V-POL-007 a policy that skips by size, driver and server',
    { includedNamespaces: LAB, resourcePolicy: { kind: 'configmap', name: 'skip-many' } },
    { phase: 'PartiallyFailed', except: withoutCsi },
  ),
  row(
    'a policy that takes by file',
    { includedNamespaces: LAB, resourcePolicy: { kind: 'configmap', name: 'by-file' } },
    { phase: 'PartiallyFailed', except: withoutCsi },
  ),
];

export const OTHERS: readonly Case[] = [
  row(
    'hooks of the specification on pods that do not run',
    {
      includedNamespaces: ['mini', 'trouble'],
      includedResources: ['pods'],
      hooks: {
        resources: [
          {
            name: 'h',
            includedNamespaces: ['*'],
            pre: [{ exec: { command: ['/bin/true'], onError: 'Fail' } }],
            post: [{ exec: { command: ['/bin/true'] } }],
          },
        ],
      },
    },
    { phase: 'PartiallyFailed' },
  ),
  row('hooks for labels that no pod has', {
    includedNamespaces: LAB,
    hooks: {
      resources: [
        {
          name: 'h',
          labelSelector: { matchLabels: { nobody: 'x' } },
          pre: [{ exec: { command: ['/bin/true'] } }],
        },
      ],
    },
  }),
  row('V-BKP-003 time to live and times of its own', {
    includedNamespaces: ['empty'],
    ttl: '1h1m1.5s',
    csiSnapshotTimeout: '5m',
    itemOperationTimeout: '90s',
  }),
  row(
    'labels and annotations of its own',
    { includedNamespaces: ['empty'], metadata: { labels: { carried: 'along' } } },
    {
      metadata: {
        labels: { own: 'label', 'velero.io/schedule-name': 'daily' },
        annotations: { own: 'note' },
      },
    },
  ),
  row(
    'a name of more than 63 characters',
    { includedNamespaces: ['mini'], includedResources: ['configmaps'] },
    { name: `b-${'very-long-'.repeat(7)}end` },
  ),
  row('roles that service accounts bring along', {
    includedNamespaces: LAB,
    includedResources: ['serviceaccounts'],
  }),
  row('roles of every service account', {
    includedNamespaces: ['shop'],
    includedResources: ['serviceaccounts'],
    includeClusterResources: true,
  }),
  row('concurrent uploads of one file', {
    includedNamespaces: ['empty'],
    uploaderConfig: { parallelFilesUpload: 3 },
  }),
  row(
    'V-BKP-023 a name that the bucket has already',
    { includedNamespaces: ['mini'] },
    { name: 'in-the-bucket', phase: 'Failed' },
  ),
];

/** What is wrong with a text that is no YAML each parser says in words of its own. */
export function isYamlFault(line: string): boolean {
  return /: yaml: line \d+: did not find expected|error yaml: line \d+|resource policies  yaml: line \d+|JSON:? yaml: line \d+/.test(
    line,
  );
}

export const INVALID: readonly Case[] = [
  invalid('V-BKP-007 an unknown location', { storageLocation: 'nowhere' }),
  invalid('V-BKP-008 a location that is only read', { storageLocation: 'read-only' }),
  invalid('V-BKP-010 an unknown location for snapshots', { volumeSnapshotLocations: ['nowhere'] }),
  invalid('V-BKP-016 resources both included and excluded', {
    includedResources: ['pods', 'secrets'],
    excludedResources: ['pods'],
  }),
  invalid('all resources excluded', { excludedResources: ['*'] }),
  invalid('a star among other resources', { includedResources: ['*', 'pods'] }),
  invalid('namespaces both included and excluded', {
    includedNamespaces: ['a', 'b'],
    excludedNamespaces: ['a', 'b'],
  }),
  invalid('V-BKP-018 names that no namespace has', {
    includedNamespaces: ['UPPER', 'a/b', ''],
    excludedNamespaces: ['-x'],
  }),
  invalid('all namespaces excluded', { excludedNamespaces: ['*'] }),
  invalid('V-BKP-015 old and new lists together', {
    includedResources: ['pods'],
    includedClusterScopedResources: ['racks'],
  }),
  invalid('old switch and new list together', {
    includeClusterResources: true,
    excludedNamespaceScopedResources: ['pods'],
  }),
  invalid('cluster-scoped resources both included and excluded', {
    includedClusterScopedResources: ['racks'],
    excludedClusterScopedResources: ['racks'],
  }),
  invalid('V-BKP-017 stars in both scoped lists', {
    includedClusterScopedResources: ['*', 'racks'],
    includedNamespaceScopedResources: ['*'],
    excludedNamespaceScopedResources: ['*', 'pods'],
  }),
  invalid('V-BKP-019 both kinds of selectors', { labelSelector: web, orLabelSelectors: [web] }),
  invalid('V-BKP-020 V-POL-010 a policy that is not there', {
    resourcePolicy: { kind: 'configmap', name: 'none' },
  }),
  invalid('V-POL-009 a policy of an unknown version', {
    resourcePolicy: { kind: 'configmap', name: 'bad-version' },
  }),
  invalid('a policy with an unknown action', { resourcePolicy: { kind: 'configmap', name: 'bad-action' } }),
  invalid(
    'a policy with an unknown field',
    { resourcePolicy: { kind: 'configmap', name: 'bad-field' } },
    {
      // Ours counts lines from the start of the document, the real one from that of the conditions.
      except: (line) => /line 1: field colour.*line 3: field colour/.test(line),
    },
  ),
  invalid(
    'a policy with a wrong size',
    { resourcePolicy: { kind: 'configmap', name: 'bad-size' } },
    {
      // The real one prints its own structures.
      except: (line) => /illegal values for capacity \{\{.*illegal values for capacity 10Gi,5Gi/.test(line),
    },
  ),
  invalid('V-POL-002 a policy of two keys', { resourcePolicy: { kind: 'configmap', name: 'two-keys' } }),
  invalid(
    'a policy that is no YAML',
    { resourcePolicy: { kind: 'configmap', name: 'no-yaml' } },
    { except: isYamlFault },
  ),
  invalid('V-BKP-020 V-BKP-021 much at once', {
    storageLocation: 'nowhere',
    volumeSnapshotLocations: ['nowhere', 'neither'],
    includedResources: ['pods'],
    excludedResources: ['pods', '*'],
    excludedClusterScopedResources: ['x'],
    includedNamespaces: ['A', 'b'],
    excludedNamespaces: ['b'],
    labelSelector: web,
    orLabelSelectors: [web],
    resourcePolicy: { kind: 'configmap', name: 'none' },
  }),
];

const policy = (name: string, ...texts: string[]) => ({
  name,
  data: Object.fromEntries(texts.map((text, index) => [`key-${index}`, text])),
});

/** Config maps with volume policies, for both sides. */
export const POLICIES = [
  policy(
    'skip-class',
    'version: v1\nvolumePolicies:\n- conditions: {storageClass: [lab]}\n  action: {type: skip}\n',
  ),
  policy(
    'skip-many',
    `version: v1
volumePolicies:
- conditions: {capacity: "2Gi,"}
  action: {type: fs-backup}
- conditions: {csi: {driver: csi.example.com}}
  action: {type: skip}
- conditions: {nfs: {server: nfs.example.com}}
  action: {type: skip}
- conditions: {volumeTypes: [emptyDir, hostPath, configmap]}
  action: {type: skip}
- conditions: {capacity: "0,1Gi"}
  action: {type: snapshot}
`,
  ),
  policy('by-file', 'version: v1\nvolumePolicies:\n- conditions: {nfs: {}}\n  action: {type: fs-backup}\n'),
  policy('bad-version', 'version: v2\nvolumePolicies: []\n'),
  policy('bad-action', 'version: v1\nvolumePolicies:\n- conditions: {nfs: {}}\n  action: {type: explode}\n'),
  policy('bad-field', 'version: v1\nvolumePolicies:\n- conditions: {colour: red}\n  action: {type: skip}\n'),
  policy(
    'bad-size',
    'version: v1\nvolumePolicies:\n- conditions: {capacity: "10Gi,5Gi"}\n  action: {type: skip}\n',
  ),
  policy('two-keys', 'version: v1\n', 'version: v1\n'),
  policy('no-yaml', 'version: [v1\n'),
];
