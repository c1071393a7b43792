/** Made by scripts/merge-keys.ts from a cluster's OpenAPI document; not to be edited by hand. */

/** How a strategic merge patch treats one field. */
export interface FieldStrategy {
  /** `merge`, `replace`, `retainKeys`. */
  strategy?: readonly string[];
  /** The key by which elements of a list are told apart. */
  key?: string;
  /** The type of the field, or of the list's elements, where it has special fields itself. */
  type?: string;
}

/** `<apiVersion>/<kind>` → type. */
export const KIND_TYPES: Readonly<Record<string, string>> = {
  'apps/v1/ControllerRevision': 'ControllerRevision',
  'apps/v1/DaemonSet': 'DaemonSet',
  'apps/v1/Deployment': 'Deployment',
  'apps/v1/ReplicaSet': 'ReplicaSet',
  'apps/v1/StatefulSet': 'StatefulSet',
  'batch/v1/CronJob': 'CronJob',
  'batch/v1/Job': 'Job',
  'v1/Binding': 'Binding',
  'v1/ComponentStatus': 'ComponentStatus',
  'v1/ConfigMap': 'ConfigMap',
  'v1/Endpoints': 'Endpoints',
  'v1/Event': 'Event',
  'v1/LimitRange': 'LimitRange',
  'v1/Namespace': 'Namespace',
  'v1/Node': 'Node',
  'v1/PersistentVolume': 'PersistentVolume',
  'v1/PersistentVolumeClaim': 'PersistentVolumeClaim',
  'v1/Pod': 'Pod',
  'v1/PodTemplate': 'PodTemplate',
  'v1/ReplicationController': 'ReplicationController',
  'v1/ResourceQuota': 'ResourceQuota',
  'v1/Secret': 'Secret',
  'v1/Service': 'Service',
  'v1/ServiceAccount': 'ServiceAccount',
  'v1/Status': 'Status',
};

/** Type → its fields that are not treated as a plain merge patch would. */
export const TYPE_FIELDS: Readonly<Record<string, Readonly<Record<string, FieldStrategy>>>> = {
  Binding: { metadata: { type: 'ObjectMeta' } },
  ComponentStatus: { conditions: { strategy: ['merge'], key: 'type' }, metadata: { type: 'ObjectMeta' } },
  ConfigMap: { metadata: { type: 'ObjectMeta' } },
  Container: {
    env: { strategy: ['merge'], key: 'name' },
    ports: { strategy: ['merge'], key: 'containerPort' },
    volumeDevices: { strategy: ['merge'], key: 'devicePath' },
    volumeMounts: { strategy: ['merge'], key: 'mountPath' },
  },
  ContainerStatus: {
    allocatedResourcesStatus: { strategy: ['merge'], key: 'name' },
    volumeMounts: { strategy: ['merge'], key: 'mountPath' },
  },
  ControllerRevision: { metadata: { type: 'ObjectMeta' } },
  CronJob: { metadata: { type: 'ObjectMeta' }, spec: { type: 'CronJobSpec' } },
  CronJobSpec: { jobTemplate: { type: 'JobTemplateSpec' } },
  DaemonSet: {
    metadata: { type: 'ObjectMeta' },
    spec: { type: 'DaemonSetSpec' },
    status: { type: 'DaemonSetStatus' },
  },
  DaemonSetSpec: { template: { type: 'PodTemplateSpec' } },
  DaemonSetStatus: { conditions: { strategy: ['merge'], key: 'type' } },
  Deployment: {
    metadata: { type: 'ObjectMeta' },
    spec: { type: 'DeploymentSpec' },
    status: { type: 'DeploymentStatus' },
  },
  DeploymentSpec: { strategy: { strategy: ['retainKeys'] }, template: { type: 'PodTemplateSpec' } },
  DeploymentStatus: { conditions: { strategy: ['merge'], key: 'type' } },
  Endpoints: { metadata: { type: 'ObjectMeta' } },
  EphemeralContainer: {
    env: { strategy: ['merge'], key: 'name' },
    ports: { strategy: ['merge'], key: 'containerPort' },
    volumeDevices: { strategy: ['merge'], key: 'devicePath' },
    volumeMounts: { strategy: ['merge'], key: 'mountPath' },
  },
  EphemeralVolumeSource: { volumeClaimTemplate: { type: 'PersistentVolumeClaimTemplate' } },
  Event: { metadata: { type: 'ObjectMeta' } },
  Job: { metadata: { type: 'ObjectMeta' }, spec: { type: 'JobSpec' }, status: { type: 'JobStatus' } },
  JobSpec: { template: { type: 'PodTemplateSpec' } },
  JobStatus: { conditions: { strategy: ['merge'], key: 'type' } },
  JobTemplateSpec: { metadata: { type: 'ObjectMeta' }, spec: { type: 'JobSpec' } },
  LimitRange: { metadata: { type: 'ObjectMeta' } },
  Namespace: { metadata: { type: 'ObjectMeta' }, status: { type: 'NamespaceStatus' } },
  NamespaceStatus: { conditions: { strategy: ['merge'], key: 'type' } },
  Node: { metadata: { type: 'ObjectMeta' }, spec: { type: 'NodeSpec' }, status: { type: 'NodeStatus' } },
  NodeSpec: { podCIDRs: { strategy: ['merge'] } },
  NodeStatus: {
    addresses: { strategy: ['merge'], key: 'type' },
    conditions: { strategy: ['merge'], key: 'type' },
  },
  ObjectMeta: { finalizers: { strategy: ['merge'] }, ownerReferences: { strategy: ['merge'], key: 'uid' } },
  PersistentVolume: { metadata: { type: 'ObjectMeta' } },
  PersistentVolumeClaim: {
    metadata: { type: 'ObjectMeta' },
    status: { type: 'PersistentVolumeClaimStatus' },
  },
  PersistentVolumeClaimStatus: { conditions: { strategy: ['merge'], key: 'type' } },
  PersistentVolumeClaimTemplate: { metadata: { type: 'ObjectMeta' } },
  Pod: { metadata: { type: 'ObjectMeta' }, spec: { type: 'PodSpec' }, status: { type: 'PodStatus' } },
  PodSpec: {
    containers: { strategy: ['merge'], key: 'name', type: 'Container' },
    ephemeralContainers: { strategy: ['merge'], key: 'name', type: 'EphemeralContainer' },
    hostAliases: { strategy: ['merge'], key: 'ip' },
    imagePullSecrets: { strategy: ['merge'], key: 'name' },
    initContainers: { strategy: ['merge'], key: 'name', type: 'Container' },
    resourceClaims: { strategy: ['merge', 'retainKeys'], key: 'name' },
    schedulingGates: { strategy: ['merge'], key: 'name' },
    topologySpreadConstraints: { strategy: ['merge'], key: 'topologyKey' },
    volumes: { strategy: ['merge', 'retainKeys'], key: 'name', type: 'Volume' },
  },
  PodStatus: {
    conditions: { strategy: ['merge'], key: 'type' },
    containerStatuses: { type: 'ContainerStatus' },
    ephemeralContainerStatuses: { type: 'ContainerStatus' },
    hostIPs: { strategy: ['merge'], key: 'ip' },
    initContainerStatuses: { type: 'ContainerStatus' },
    podIPs: { strategy: ['merge'], key: 'ip' },
    resourceClaimStatuses: { strategy: ['merge', 'retainKeys'], key: 'name' },
  },
  PodTemplate: { metadata: { type: 'ObjectMeta' }, template: { type: 'PodTemplateSpec' } },
  PodTemplateSpec: { metadata: { type: 'ObjectMeta' }, spec: { type: 'PodSpec' } },
  ReplicaSet: {
    metadata: { type: 'ObjectMeta' },
    spec: { type: 'ReplicaSetSpec' },
    status: { type: 'ReplicaSetStatus' },
  },
  ReplicaSetSpec: { template: { type: 'PodTemplateSpec' } },
  ReplicaSetStatus: { conditions: { strategy: ['merge'], key: 'type' } },
  ReplicationController: {
    metadata: { type: 'ObjectMeta' },
    spec: { type: 'ReplicationControllerSpec' },
    status: { type: 'ReplicationControllerStatus' },
  },
  ReplicationControllerSpec: { template: { type: 'PodTemplateSpec' } },
  ReplicationControllerStatus: { conditions: { strategy: ['merge'], key: 'type' } },
  ResourceQuota: { metadata: { type: 'ObjectMeta' } },
  Secret: { metadata: { type: 'ObjectMeta' } },
  Service: {
    metadata: { type: 'ObjectMeta' },
    spec: { type: 'ServiceSpec' },
    status: { type: 'ServiceStatus' },
  },
  ServiceAccount: { metadata: { type: 'ObjectMeta' }, secrets: { strategy: ['merge'], key: 'name' } },
  ServiceSpec: { ports: { strategy: ['merge'], key: 'port' } },
  ServiceStatus: { conditions: { strategy: ['merge'], key: 'type' } },
  StatefulSet: {
    metadata: { type: 'ObjectMeta' },
    spec: { type: 'StatefulSetSpec' },
    status: { type: 'StatefulSetStatus' },
  },
  StatefulSetSpec: {
    template: { type: 'PodTemplateSpec' },
    volumeClaimTemplates: { type: 'PersistentVolumeClaim' },
  },
  StatefulSetStatus: { conditions: { strategy: ['merge'], key: 'type' } },
  Status: {},
  Volume: { ephemeral: { type: 'EphemeralVolumeSource' } },
};
