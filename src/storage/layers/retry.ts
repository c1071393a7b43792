/** Tries again what failed for a passing reason: a busy, slow or unreachable store. */

import type { Readable } from 'node:stream';
import { type Clock, systemClock } from '../../lib/clock.ts';
import { formatDuration } from '../../lib/duration.ts';
import { Failure } from '../../lib/errors.ts';
import type { Logger } from '../../lib/log.ts';
import type { ObjectInfo, ObjectStore } from '../object-store.ts';
import { isPassing } from '../store-errors.ts';

export interface RetryPolicy {
  /** Milliseconds from the first try after which no further one begins (default 2 minutes). */
  deadlineMs?: number;
  /** Longest pause before the second try (default 500 ms); it doubles with each further one, and chance shortens it. */
  baseMs?: number;
  /** Longest pause at all (default 15 s). */
  maxMs?: number;
  clock?: Clock;
  /** Between 0 and 1; chance by default. */
  random?: () => number;
  log?: Logger;
}

/**
 * Runs `attempt` until it succeeds, fails for good or the deadline passes.
 * @throws the last failure; where tries were repeated, its message says how often and how long
 */
export async function retry<T>(
  what: string,
  policy: RetryPolicy,
  signal: AbortSignal | undefined,
  attempt: () => Promise<T>,
): Promise<T> {
  const clock = policy.clock ?? systemClock;
  const random = policy.random ?? Math.random;
  const start = clock.now();
  const deadline = start + (policy.deadlineMs ?? 120_000);
  for (let tries = 1; ; tries++) {
    try {
      return await attempt();
    } catch (error) {
      if (!isPassing(error) || signal?.aborted) throw error;
      const longest = Math.min(policy.maxMs ?? 15_000, (policy.baseMs ?? 500) * 2 ** (tries - 1));
      const pause = longest * (0.5 + random() / 2);
      if (clock.now() + pause >= deadline) throw givenUp(error as Failure, tries, clock.now() - start);
      policy.log?.debug('Trying again after a failure of the object store', {
        operation: what,
        error,
        tries,
      });
      await clock.sleep(pause, signal);
    }
  }
}

function givenUp(error: Failure, tries: number, elapsedMs: number): Failure {
  if (tries === 1) return error;
  const elapsed = formatDuration(Math.round(elapsedMs / 100) * 100);
  return new Failure({
    code: error.code,
    message: `${error.message} (given up after ${tries} tries in ${elapsed})`,
    object: error.object,
    remedy: error.remedy,
    cause: error,
  });
}

/**
 * The store with every operation tried again. A body that is a stream can be sent once only; pass bytes or a function
 * to have it repeated. A download that breaks in the middle is the provider's to resume.
 */
export function withRetry(store: ObjectStore, policy: RetryPolicy = {}): ObjectStore {
  const again = <T>(what: string, signal: AbortSignal | undefined, attempt: () => Promise<T>) =>
    retry(`${what} of ${store.name}`, policy, signal, attempt);
  return {
    name: store.name,
    put: (key, body, options) => {
      if (typeof body !== 'function' && !(body instanceof Uint8Array)) return store.put(key, body, options);
      return again(`put ${key}`, options?.signal, () => store.put(key, body, options));
    },
    exists: (key, signal) => again(`exists ${key}`, signal, () => store.exists(key, signal)),
    get: (key, signal): Promise<Readable> => again(`get ${key}`, signal, () => store.get(key, signal)),
    list: (prefix, signal) => listAgain(store, prefix, policy, signal),
    listCommonPrefixes: (prefix, delimiter, signal) =>
      again(`list ${prefix}`, signal, () => store.listCommonPrefixes(prefix, delimiter, signal)),
    delete: (key, signal) => again(`delete ${key}`, signal, () => store.delete(key, signal)),
    signedUrl: (key, ttlMs) => again(`sign ${key}`, undefined, () => store.signedUrl(key, ttlMs)),
    close: () => store.close(),
  };
}

/** A broken listing starts from its beginning and leaves out what was already given; keys come in order. */
async function* listAgain(
  store: ObjectStore,
  prefix: string,
  policy: RetryPolicy,
  signal: AbortSignal | undefined,
): ReturnType<ObjectStore['list']> {
  let last: string | undefined;
  let iterator = store.list(prefix, signal)[Symbol.asyncIterator]();
  let broken = false;
  try {
    for (;;) {
      const next = await retry(`list ${prefix} of ${store.name}`, policy, signal, async () => {
        if (broken) iterator = store.list(prefix, signal)[Symbol.asyncIterator]();
        broken = true;
        const given = last;
        const known = (found: IteratorResult<ObjectInfo, unknown>) =>
          !found.done && given !== undefined && found.value.key <= given;
        let result = await iterator.next();
        while (known(result)) result = await iterator.next();
        broken = false;
        return result;
      });
      if (next.done) return;
      last = next.value.key;
      yield next.value;
    }
  } finally {
    await iterator.return?.();
  }
}
