/** The flags that say what a backup holds: of `backup create` and of `schedule create` alike. */

import type { BackupSpec } from '../../api/backup.ts';
import { validateNamespaceIncludesExcludes } from '../../filter/validate.ts';
import { aggregateMessage, Failure } from '../../lib/errors.ts';
import { formatDuration } from '../../lib/duration.ts';
import {
  durationFlag,
  type FlagValues,
  intFlag,
  mapFlag,
  optionalBoolFlag,
  stringArrayFlag,
  stringFlag,
  stringSliceFlag,
} from '../../lib/flag-values.ts';
import { getObject } from '../objects.ts';
import { labelSelectorFlag, orLabelSelectorFlag } from '../selector.ts';
import type { Session } from '../session.ts';

const NOT_WITH_NEW =
  'Not together with the include and exclude flags for cluster-scoped and namespace-scoped resources.';
const NOT_WITH_OLD = 'Not together with include-resources, exclude-resources and include-cluster-resources.';

export const backupSpecFlags = {
  ttl: durationFlag('How long before the backup can be garbage collected.'),
  'include-namespaces': stringArrayFlag("Namespaces to include in the backup (use '*' for all namespaces).", {
    default: ['*'],
  }),
  'exclude-namespaces': stringArrayFlag('Namespaces to exclude from the backup.'),
  'include-resources': stringArrayFlag(
    `Resources to include in the backup, as resource.group, e.g. storageclasses.storage.k8s.io ('*' for all). ${NOT_WITH_NEW}`,
  ),
  'exclude-resources': stringArrayFlag(
    `Resources to exclude from the backup, as resource.group, e.g. storageclasses.storage.k8s.io. ${NOT_WITH_NEW}`,
  ),
  'include-cluster-scoped-resources': stringArrayFlag(
    `Cluster-scoped resources to include in the backup, as resource.group ('*' for all). ${NOT_WITH_OLD}`,
  ),
  'exclude-cluster-scoped-resources': stringArrayFlag(
    `Cluster-scoped resources to exclude from the backup, as resource.group ('*' for all). ${NOT_WITH_OLD}`,
  ),
  'include-namespace-scoped-resources': stringArrayFlag(
    `Namespaced resources to include in the backup, as resource.group, e.g. deployments.apps ('*' for all). ${NOT_WITH_OLD}`,
  ),
  'exclude-namespace-scoped-resources': stringArrayFlag(
    `Namespaced resources to exclude from the backup, as resource.group, e.g. deployments.apps ('*' for all). ${NOT_WITH_OLD}`,
  ),
  labels: mapFlag('Labels to apply to the backup.'),
  'storage-location': stringFlag('Location in which to store the backup.'),
  'volume-snapshot-locations': stringSliceFlag(
    'Locations, at most one a provider, where volume snapshots are stored.',
  ),
  selector: labelSelectorFlag('Only back up resources matching this label selector.'),
  'or-selector': orLabelSelectorFlag(
    "Back up resources that match at least one of these label selectors, separated by ' or ', e.g. foo=bar or app=nginx",
  ),
  'ordered-resources': stringFlag(
    "Resources to back up first, in order: kinds with their items, 'pods=ns1/pod1,ns1/pod2;persistentvolumes=pv4,pv8'.",
  ),
  'csi-snapshot-timeout': durationFlag('How long to wait for CSI snapshot creation before timeout.'),
  'item-operation-timeout': durationFlag('How long to wait for async plugin operations before timeout.'),
  'snapshot-volumes': optionalBoolFlag(
    "Take snapshots of PersistentVolumes as part of the backup; not set means 'true'.",
  ),
  'snapshot-move-data': optionalBoolFlag('Whether snapshot data is moved to the storage location'),
  'include-cluster-resources': optionalBoolFlag(
    `Include cluster-scoped resources in the backup. ${NOT_WITH_NEW}`,
  ),
  'default-volumes-to-fs-backup': optionalBoolFlag(
    'Use pod volume file system backup by default for volumes',
  ),
  'resource-policies-configmap': stringFlag('ConfigMap with the resource policies of the backup'),
  'data-mover': stringFlag("Data mover of the backup; the built-in one where not set or 'velero'"),
  'parallel-files-upload': intFlag('Number of files uploaded at the same time; for the kopia uploader only'),
};

export type BackupSpecValues = FlagValues<typeof backupSpecFlags>;

/**
 * Refuses what cannot be meant, and locations that do not exist.
 * @param named whether the user gave a name, or does not have to
 * @throws Failure with the original's texts; KubeError for a location
 */
export async function checkBackupSpec(
  session: Session,
  flags: BackupSpecValues,
  named: boolean,
): Promise<void> {
  if (flags.selector && flags['or-selector']) {
    throw invalid("either a 'selector' or an 'or-selector' can be specified, but not both");
  }
  if (!named) throw invalid('a backup name is required, unless you are creating based on a schedule');
  const faults = validateNamespaceIncludesExcludes(flags['include-namespaces'], flags['exclude-namespaces']);
  if (faults.length > 0) throw invalid(aggregateMessage(faults));
  if (usesOldFilters(flags) && usesNewFilters(flags)) {
    throw invalid(
      'include-resources, exclude-resources and include-cluster-resources are old filter parameters.\n' +
        'include-cluster-scoped-resources, exclude-cluster-scoped-resources, include-namespace-scoped-resources and exclude-namespace-scoped-resources are new filter parameters.\n' +
        'They cannot be used together',
    );
  }
  const location = flags['storage-location'];
  if (location !== '') await getObject(session, 'BackupStorageLocation', location);
  for (const name of flags['volume-snapshot-locations']) {
    await getObject(session, 'VolumeSnapshotLocation', name);
  }
}

/** What the flags say, as a backup's spec. @throws Failure for `--ordered-resources` that cannot be read */
export function backupSpecOf(flags: BackupSpecValues): BackupSpec {
  const ordered = flags['ordered-resources'];
  const policies = flags['resource-policies-configmap'];
  const parallel = flags['parallel-files-upload'];
  return dropUndefined({
    includedNamespaces: [...flags['include-namespaces']],
    excludedNamespaces: [...flags['exclude-namespaces']],
    includedResources: [...flags['include-resources']],
    excludedResources: [...flags['exclude-resources']],
    includedClusterScopedResources: [...flags['include-cluster-scoped-resources']],
    excludedClusterScopedResources: [...flags['exclude-cluster-scoped-resources']],
    includedNamespaceScopedResources: [...flags['include-namespace-scoped-resources']],
    excludedNamespaceScopedResources: [...flags['exclude-namespace-scoped-resources']],
    labelSelector: flags.selector,
    orLabelSelectors: flags['or-selector'] ? [...flags['or-selector']] : undefined,
    snapshotVolumes: flags['snapshot-volumes'],
    ttl: formatDuration(flags.ttl),
    includeClusterResources: flags['include-cluster-resources'],
    storageLocation: flags['storage-location'],
    volumeSnapshotLocations: [...flags['volume-snapshot-locations']],
    defaultVolumesToFsBackup: flags['default-volumes-to-fs-backup'],
    orderedResources: ordered === '' ? undefined : parseOrderedResources(ordered),
    csiSnapshotTimeout: formatDuration(flags['csi-snapshot-timeout']),
    itemOperationTimeout: formatDuration(flags['item-operation-timeout']),
    resourcePolicy: policies === '' ? undefined : { kind: 'configmap', name: policies },
    snapshotMoveData: flags['snapshot-move-data'],
    datamover: flags['data-mover'],
    uploaderConfig: parallel > 0 ? { parallelFilesUpload: parallel } : undefined,
  });
}

/** `pods=ns1/pod1,ns1/pod2;persistentvolumes=pv4,pv8`: items by resource. @throws Failure with the original's text */
export function parseOrderedResources(text: string): Record<string, string> {
  const ordered: Record<string, string> = {};
  for (const entry of text.split(';')) {
    const [kind, items, ...more] = entry.split('=');
    if (kind === undefined || items === undefined || more.length > 0) {
      throw invalid(`invalid OrderedResources '${entry}'`);
    }
    ordered[kind.trim()] = items.trim();
  }
  return ordered;
}

function usesOldFilters(flags: BackupSpecValues): boolean {
  return (
    flags['include-resources'].length > 0 ||
    flags['exclude-resources'].length > 0 ||
    flags['include-cluster-resources'] !== undefined
  );
}

function usesNewFilters(flags: BackupSpecValues): boolean {
  return (
    flags['include-cluster-scoped-resources'].length > 0 ||
    flags['exclude-cluster-scoped-resources'].length > 0 ||
    flags['include-namespace-scoped-resources'].length > 0 ||
    flags['exclude-namespace-scoped-resources'].length > 0
  );
}

/** A wrong command line that the grammar of flags lets pass. */
export function invalid(message: string): Failure {
  return new Failure({ code: 'INVALID_FLAG', message });
}

type Defined<T> = { [K in keyof T]: Exclude<T[K], undefined> };

/** Without the fields that are undefined. */
export function dropUndefined<T extends object>(fields: T): Defined<T> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Defined<T>;
}
