/** Small types of core/v1 and meta/v1 that the custom resources embed. */

import {
  flag,
  list,
  oneOf,
  optional,
  pointer,
  type Static,
  type Structural,
  struct,
  text,
  textMap,
  texts,
  word,
  writtenPointer,
} from '../schema.ts';

export type LabelOperator = 'In' | 'NotIn' | 'Exists' | 'DoesNotExist';

const labelRequirement = struct('One condition on a label.', {
  key: text('Label key.'),
  operator: word<LabelOperator>('In, NotIn, Exists or DoesNotExist.'),
  values: optional(texts('Values for In and NotIn.')),
});

export const labelSelector = struct(
  'Selects objects by their labels.',
  {
    matchLabels: optional(textMap('Labels that must have exactly these values.')),
    matchExpressions: optional(list('Conditions, all of which must hold.', labelRequirement)),
  },
  { 'x-kubernetes-map-type': 'atomic' },
);
export type LabelSelector = Static<typeof labelSelector>;
export type LabelSelectorRequirement = Static<typeof labelRequirement>;

export const typedLocalObjectReference = struct(
  'Names an object in the same namespace.',
  {
    apiGroup: writtenPointer(text('API group; empty for the core group.')),
    kind: text('Kind of the object.'),
    name: text('Name of the object.'),
  },
  { 'x-kubernetes-map-type': 'atomic' },
);
export type TypedLocalObjectReference = Static<typeof typedLocalObjectReference>;

function secretKeySelectorWith(name: Structural) {
  return struct(
    'Names one key of a Secret in the same namespace.',
    {
      name: optional(text('Name of the Secret.', name)),
      key: text('Key within the Secret.'),
      optional: pointer(flag('Whether the Secret or its key may be missing.')),
    },
    { 'x-kubernetes-map-type': 'atomic' },
  );
}

export const secretKeySelector = secretKeySelectorWith({});
/** The same where the API server fills in an empty name. */
export const namedSecretKeySelector = secretKeySelectorWith({ default: '' });
export type SecretKeySelector = Static<typeof secretKeySelector>;

export const objectReference = struct(
  'Names an object anywhere in the cluster.',
  {
    kind: optional(text('Kind of the object.')),
    namespace: optional(text('Namespace of the object.')),
    name: optional(text('Name of the object.')),
    uid: optional(text('UID of the object.')),
    apiVersion: optional(text('API version of the object.')),
    resourceVersion: optional(text('Resource version that is meant.')),
    fieldPath: optional(text('Part of the object that is meant.')),
  },
  { 'x-kubernetes-map-type': 'atomic' },
);
export type ObjectReference = Static<typeof objectReference>;

export const hookErrorModes = ['Continue', 'Fail'] as const;
export const hookErrorMode = oneOf(
  'What a failing hook means: go on, or count the item as failed.',
  hookErrorModes,
);
export type HookErrorMode = Static<typeof hookErrorMode>;

export const localObjectReference = struct(
  'Names an object in the same namespace.',
  { name: optional(text('Name of the object.')) },
  { 'x-kubernetes-map-type': 'atomic' },
);
