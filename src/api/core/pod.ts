/** Types of core/v1 that say how a pod shall run, as far as the DataProtectionApplication embeds them. */

import {
  count,
  flag,
  intOrString,
  list,
  map,
  nullable,
  oneOf,
  optional,
  pointer,
  type Static,
  struct,
  text,
  texts,
  word,
} from '../schema.ts';
import { secretKeySelector } from './references.ts';

/** What Kubernetes accepts as a quantity, e.g. `500m` or `2Gi`. */
const QUANTITY =
  '^(\\+|-)?(([0-9]+(\\.[0-9]*)?)|(\\.[0-9]+))(([KMGTPE]i)|[numkMGTPE]|([eE](\\+|-)?(([0-9]+(\\.[0-9]*)?)|(\\.[0-9]+))))?$';

export const quantity = intOrString('An amount, e.g. 500m or 2Gi.', { pattern: QUANTITY });

const configMapKeySelector = struct(
  'Names one key of a ConfigMap in the same namespace.',
  {
    name: optional(text('Name of the ConfigMap.')),
    key: text('Key within the ConfigMap.'),
    optional: pointer(flag('Whether the ConfigMap or its key may be missing.')),
  },
  { 'x-kubernetes-map-type': 'atomic' },
);

const objectFieldSelector = struct(
  'Names a field of the pod.',
  {
    apiVersion: optional(text('API version in which the field is meant.')),
    fieldPath: text('Path of the field.'),
  },
  { 'x-kubernetes-map-type': 'atomic' },
);

const resourceFieldSelector = struct(
  'Names a limit or request of a container.',
  {
    containerName: optional(text('Name of the container.')),
    resource: text('Which resource, e.g. limits.cpu.'),
    divisor: optional(intOrString('Unit in which the value is given.', { pattern: QUANTITY })),
  },
  { 'x-kubernetes-map-type': 'atomic' },
);

export const envVar = struct('A variable in the environment of a container.', {
  name: text('Name of the variable.'),
  value: optional(text('Its value.')),
  valueFrom: pointer(
    struct('Where the value is taken from.', {
      fieldRef: pointer(objectFieldSelector),
      resourceFieldRef: pointer(resourceFieldSelector),
      configMapKeyRef: pointer(configMapKeySelector),
      secretKeyRef: pointer(secretKeySelector),
    }),
  ),
});
export type EnvVar = Static<typeof envVar>;

export const toleration = struct('A taint that pods put up with.', {
  key: optional(text('Key of the taint; any where empty.')),
  operator: optional(word<'Exists' | 'Equal'>('Exists or Equal.')),
  value: optional(text('Value of the taint.')),
  effect: optional(
    word<'NoSchedule' | 'PreferNoSchedule' | 'NoExecute'>('Effect of the taint; any where empty.'),
  ),
  tolerationSeconds: pointer(count('How long a NoExecute taint is put up with.', 'int64')),
});
export type Toleration = Static<typeof toleration>;

const resourceClaims = list(
  'Claims on devices.',
  struct('One claim.', { name: text('Name of the claim.') }),
  {
    'x-kubernetes-list-type': 'map',
    'x-kubernetes-list-map-keys': ['name'],
  },
);

export const resourceRequirements = struct('What a container gets and needs.', {
  limits: optional(map('The most it may use.', quantity)),
  requests: optional(map('What is set aside for it.', quantity)),
  claims: optional(resourceClaims),
});
export type ResourceRequirements = Static<typeof resourceRequirements>;

/** As {@link resourceRequirements}, with null allowed for both maps and for each amount. */
export const lenientResourceRequirements = struct('What a container gets and needs.', {
  limits: optional(nullable(map('The most it may use.', nullable(quantity)))),
  requests: optional(nullable(map('What is set aside for it.', nullable(quantity)))),
  claims: optional(resourceClaims),
});

export const podDnsConfig = struct('Name resolution of the pods.', {
  nameservers: optional(texts('Addresses of name servers.')),
  searches: optional(texts('Domains to search.')),
  options: optional(
    list(
      'Options of the resolver.',
      struct('One option.', { name: optional(text('Its name.')), value: pointer(text('Its value.')) }),
    ),
  ),
});
export type PodDNSConfig = Static<typeof podDnsConfig>;

export const imagePullPolicies = ['Always', 'IfNotPresent', 'Never'] as const;
export const imagePullPolicy = oneOf('When images are fetched.', imagePullPolicies);
