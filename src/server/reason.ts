/** The sentence in `status.failureReason`. */

import { aggregateMessage, Failure, messageOf } from '../lib/errors.ts';

/** What went wrong, and what to do about it where that is known. */
export function reasonOf(error: unknown): string {
  if (error instanceof AggregateError && error.message === '') {
    return aggregateMessage(error.errors.map(reasonOf));
  }
  const message = messageOf(error);
  return error instanceof Failure && error.remedy !== undefined && error.remedy !== ''
    ? `${message} (${error.remedy})`
    : message;
}
