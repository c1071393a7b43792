/** A condition of meta/v1. */

import { count, list, oneOf, optional, type Static, struct, text, time } from '../schema.ts';

export const conditionStatuses = ['True', 'False', 'Unknown'] as const;

export const condition = struct('One fact about the state of an object.', {
  type: text('Name of the fact.', {
    maxLength: 316,
    pattern:
      '^([a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*/)?(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])$',
  }),
  status: oneOf('Whether it holds.', conditionStatuses),
  observedGeneration: optional(count('Generation of the spec that is spoken of.', 'int64', { minimum: 0 })),
  lastTransitionTime: time('When the status last changed.'),
  reason: text('Why, as one word for programs.', {
    maxLength: 1024,
    minLength: 1,
    pattern: '^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$',
  }),
  message: text('Why, for people.', { maxLength: 32768 }),
});
export type Condition = Static<typeof condition>;

export const conditions = list('What is known of the state.', condition);
