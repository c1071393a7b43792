/**
 * The one error class of the project. Every failure that a user may see says which object it concerns, why it
 * happened and what to do about it; the catalogue of codes lives beside the part that throws them.
 */

export interface FailureInit {
  /** Stable, upper-case, never reused: what `explain` and the documentation look up. */
  code: string;
  /** The full sentence that the user sees; keeps the original's wording where scripts or people match on it. */
  message: string;
  /** The object concerned, e.g. `backup velero/nightly` or `s3://bucket/prefix`. */
  object?: string | undefined;
  /** What the user can do; shown after the message where there is room for it. */
  remedy?: string | undefined;
  cause?: unknown;
}

/** An expected failure: bad input, a refusing server, a damaged file. Never a bug of ours. */
export class Failure extends Error {
  readonly code: string;
  readonly object: string | undefined;
  readonly remedy: string | undefined;

  constructor(init: FailureInit) {
    super(init.message, init.cause === undefined ? undefined : { cause: init.cause });
    this.name = 'Failure';
    this.code = init.code;
    this.object = init.object;
    this.remedy = init.remedy;
  }
}

/** The message of anything thrown, without a stack. */
export function messageOf(error: unknown): string {
  if (error instanceof AggregateError && error.message === '') {
    return aggregateMessage(error.errors.map(messageOf));
  }
  if (error instanceof Error) return error.message;
  return typeof error === 'string' ? error : JSON.stringify(error);
}

/**
 * `outer: inner`, as Go's errors.Wrap prints it; the inner error stays reachable as `cause`.
 * A {@link Failure} keeps its code, object and remedy.
 */
export function wrap(error: unknown, outer: string): Error {
  const message = `${outer}: ${messageOf(error)}`;
  if (error instanceof Failure) {
    return new Failure({
      code: error.code,
      message,
      object: error.object,
      remedy: error.remedy,
      cause: error,
    });
  }
  return new Error(message, { cause: error });
}

/** How Kubernetes' aggregate prints several errors: one bare, several in brackets, duplicates once. */
export function aggregateMessage(messages: readonly string[]): string {
  const unique = [...new Set(messages)];
  return unique.length === 1 ? (unique[0] as string) : `[${unique.join(', ')}]`;
}
