/** DataProtectionApplication, oadp.openshift.io/v1alpha1 (api/v1alpha1/oadp_types.go of the operator). */

import { embeddedBackupStorageLocationSpec } from './backup-storage-location.ts';
import { conditions } from './core/condition.ts';
import {
  envVar,
  imagePullPolicy,
  lenientResourceRequirements,
  podDnsConfig,
  resourceRequirements,
  toleration,
} from './core/pod.ts';
import { localObjectReference, secretKeySelector } from './core/references.ts';
import type { KubeObject } from './object.ts';
import {
  bytes,
  count,
  duration,
  flag,
  list,
  map,
  nullable,
  oneOf,
  optional,
  pointer,
  requiredPointer,
  type Static,
  struct,
  text,
  textMap,
  texts,
  word,
  writtenPointer,
} from './schema.ts';
import { serverArgs } from './server-args.ts';
import { embeddedVolumeSnapshotLocationSpec } from './volume-snapshot-location.ts';

export const defaultPluginNames = [
  'aws',
  'legacy-aws',
  'gcp',
  'azure',
  'csi',
  'vsm',
  'openshift',
  'kubevirt',
] as const;
export type DefaultPlugin = (typeof defaultPluginNames)[number];

export const logLevels = ['trace', 'debug', 'info', 'warning', 'error', 'fatal', 'panic'] as const;

/** Keys of `spec.unsupportedOverrides` that mean something. */
export const unsupportedOverrideKeys = [
  'veleroImageFqin',
  'awsPluginImageFqin',
  'legacyAWSPluginImageFqin',
  'openshiftPluginImageFqin',
  'azurePluginImageFqin',
  'gcpPluginImageFqin',
  'resticRestoreImageFqin',
  'kubevirtPluginImageFqin',
  'operator-type',
] as const;
export type UnsupportedOverrideKey = (typeof unsupportedOverrideKeys)[number];

/** The original allows null amounts for Velero and restic, but not for the node agent. */
function podConfigWith(resources: typeof resourceRequirements | typeof lenientResourceRequirements) {
  return struct('How the pods run.', {
    labels: optional(textMap('Further labels of the pods.')),
    nodeSelector: optional(textMap('Labels of the nodes on which the pods may run.')),
    tolerations: optional(list('Taints that the pods put up with.', toleration)),
    resourceAllocations: optional(nullable(resources)),
    env: optional(list('Further environment of the containers.', envVar)),
  });
}
const podConfig = podConfigWith(lenientResourceRequirements);
export type PodConfig = Static<typeof podConfig>;

const customPlugin = struct('A plugin that is not built in.', {
  name: text('Name of its init container.'),
  image: text('Image that brings it.'),
});
export type CustomPlugin = Static<typeof customPlugin>;

const veleroConfig = struct('The backup server.', {
  featureFlags: optional(texts('Features to switch on.')),
  defaultPlugins: optional(list('Plugins of the product to use.', oneOf('A plugin.', defaultPluginNames))),
  customPlugins: optional(list('Further plugins.', customPlugin)),
  restoreResourcesVersionPriority: optional(text('API versions to prefer at restore, one resource a line.')),
  noDefaultBackupLocation: optional(flag('Whether to do without any backup location.')),
  podConfig: pointer(podConfig),
  logLevel: optional(oneOf('How much is logged.', logLevels)),
  itemOperationSyncFrequency: optional(text('How often asynchronous operations are looked at.')),
  defaultItemOperationTimeout: optional(text('How long asynchronous operations may take.')),
  defaultVolumesToFSBackup: pointer(
    flag('Whether pod volumes are backed up from the file system by default.'),
  ),
  defaultSnapshotMoveData: pointer(flag('Whether snapshot data is moved by default.')),
  disableInformerCache: pointer(flag('Whether restores ask the cluster instead of a cache.')),
  resourceTimeout: optional(text('How long to wait for other resources.')),
  'client-burst': pointer(count('Requests to the API server that may come at once.')),
  'client-qps': pointer(count('Requests to the API server a second.')),
  args: pointer(serverArgs),
});
export type VeleroConfig = Static<typeof veleroConfig>;

const nodeAgentFields = {
  enable: pointer(flag('Whether the node agent runs.')),
  supplementalGroups: optional(list('Further groups of its processes.', count('A group.', 'int64'))),
  timeout: optional(text('How long a volume may take.')),
};

export const nodeAgentUploaderTypes = ['restic', 'kopia'] as const;
const nodeAgentConfig = struct('The node agent.', {
  ...nodeAgentFields,
  podConfig: pointer(podConfigWith(resourceRequirements)),
  uploaderType: oneOf('Who moves the data of volumes.', nodeAgentUploaderTypes),
});
export type NodeAgentConfig = Static<typeof nodeAgentConfig>;

const resticConfig = struct('The node agent with restic; use nodeAgent.', {
  ...nodeAgentFields,
  podConfig: pointer(podConfig),
});
export type ResticConfig = Static<typeof resticConfig>;

const cloudStorageLocation = struct('A location in the bucket of a CloudStorage.', {
  cloudStorageRef: localObjectReference,
  config: optional(textMap('Settings of the provider.')),
  credential: pointer(secretKeySelector),
  default: optional(flag('Whether backups that name no location go here.')),
  backupSyncPeriod: pointer(
    nullable(duration('How often backups in the store are made known to the cluster.')),
  ),
  prefix: optional(text('Path within the bucket under which everything is kept.')),
  caCert: optional(bytes('Certificates to trust when speaking to the store, PEM in base64.')),
});
export type CloudStorageLocation = Static<typeof cloudStorageLocation>;

const backupLocation = struct('A BackupStorageLocation to be made.', {
  name: optional(text('Its name.')),
  velero: pointer(embeddedBackupStorageLocationSpec),
  bucket: pointer(cloudStorageLocation),
});
export type BackupLocation = Static<typeof backupLocation>;

const snapshotLocation = struct('A VolumeSnapshotLocation to be made.', {
  name: optional(text('Its name.')),
  velero: requiredPointer(embeddedVolumeSnapshotLocationSpec),
});
export type SnapshotLocation = Static<typeof snapshotLocation>;

const volumeOptions = struct('Volumes of the old data mover.', {
  storageClassName: optional(text('Storage class.')),
  accessMode: optional(text('Access mode.')),
  cacheStorageClassName: optional(text('Storage class of the cache.')),
  cacheCapacity: optional(text('Size of the cache.')),
  cacheAccessMode: optional(text('Access mode of the cache.')),
});

/** Left over from old versions: a DataProtectionApplication that uses it is refused. */
const dataMover = struct('The old data mover; no longer supported.', {
  enable: optional(flag('Whether it runs.')),
  credentialName: optional(text('Its Secret.')),
  timeout: optional(text('How long it may take.')),
  maxConcurrentBackupVolumes: optional(text('Volumes backed up at a time.')),
  maxConcurrentRestoreVolumes: optional(text('Volumes restored at a time.')),
  pruneInterval: optional(text('Days between clean-ups.')),
  volumeOptionsForStorageClasses: optional(
    map(
      'Options by storage class.',
      struct('Options of one storage class.', {
        sourceVolumeOptions: pointer(volumeOptions),
        destinationVolumeOptions: pointer(volumeOptions),
      }),
    ),
  ),
  snapshotRetainPolicy: pointer(
    struct('How many snapshots are kept.', {
      hourly: optional(text('An hour.')),
      daily: optional(text('A day.')),
      weekly: optional(text('A week.')),
      monthly: optional(text('A month.')),
      yearly: optional(text('A year.')),
      within: optional(text('Within a length of time.')),
    }),
  ),
  schedule: optional(
    text('When it runs, in cron notation.', { pattern: '^(\\d+|\\*)(/\\d+)?(\\s+(\\d+|\\*)(/\\d+)?){4}$' }),
  ),
});

export const dataProtectionApplicationSpec = struct('What shall be installed and how.', {
  backupLocations: writtenPointer(list('Locations for backups.', backupLocation)),
  snapshotLocations: writtenPointer(list('Locations for snapshots.', snapshotLocation)),
  unsupportedOverrides: optional(textMap('Images and switches for development.')),
  podAnnotations: optional(textMap('Annotations of all pods.')),
  podDnsPolicy: optional(
    word<'ClusterFirst' | 'ClusterFirstWithHostNet' | 'Default' | 'None'>('DNS policy of all pods.'),
  ),
  podDnsConfig: optional(podDnsConfig),
  backupImages: pointer(flag('Whether images are backed up too; unset means yes.')),
  configuration: requiredPointer(
    struct('The parts that run.', {
      velero: pointer(veleroConfig),
      restic: pointer(resticConfig),
      nodeAgent: pointer(nodeAgentConfig),
    }),
  ),
  features: writtenPointer(struct('Trial features.', { dataMover: pointer(dataMover) })),
  imagePullPolicy: pointer(imagePullPolicy),
});
export type DataProtectionApplicationSpec = Static<typeof dataProtectionApplicationSpec>;

export const dataProtectionApplicationStatus = struct('Whether everything is in place.', {
  conditions: optional(conditions),
});
export type DataProtectionApplicationStatus = Static<typeof dataProtectionApplicationStatus>;

export interface DataProtectionApplication extends KubeObject {
  spec: DataProtectionApplicationSpec;
  status?: DataProtectionApplicationStatus;
}

/** What is taken where a DataProtectionApplication says nothing. */
export const dataProtectionApplicationDefaults = {
  backupImages: true,
  noDefaultBackupLocation: false,
  disableInformerCache: false,
  fsBackupTimeout: '4h',
} as const;

/** The one condition of a DataProtectionApplication, and the words it uses. */
export const RECONCILED = {
  type: 'Reconciled',
  reasonComplete: 'Complete',
  reasonError: 'Error',
  messageComplete: 'Reconcile complete',
} as const;
