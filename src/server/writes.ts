/**
 * Writes of custom resources. No kind has a status subresource, so status goes through the main resource, as a merge
 * patch of what changed: what others write meanwhile stays. A run that has ended must get its phase written however
 * long the API server is away, or the object would stay InProgress for ever.
 */

import type { KubeObject } from '../api/object.ts';
import type { ApiResource, KubeClient } from '../kube/contract.ts';
import { isInvalid, isNotFound, isUnavailable, KubeError } from '../kube/errors.ts';
import { type Clock, rfc3339 } from '../lib/clock.ts';
import { Failure, messageOf } from '../lib/errors.ts';
import { jsonEqual } from '../lib/json.ts';
import type { Logger } from '../lib/log.ts';
import { applyMergePatch, createMergePatch } from '../lib/merge-patch.ts';

export interface WriteDeps {
  kube: KubeClient;
  log: Logger;
  clock: Clock;
  signal: AbortSignal;
}

/** How long a final write is tried again, in milliseconds. */
const FINAL_WRITE_DEADLINE_MS = 60 * 60_000;
const FIRST_PAUSE_MS = 250;
const LAST_PAUSE_MS = 5000;

/**
 * Writes the difference between two states of an object, once.
 * @param options.unchanged refuse (409) where somebody changed the object since `before` was read: a claim. Where the
 * answer got lost, the object is looked at: a claim that was carried out without our knowing would never be worked on
 * @returns the object as the server has it now; `before` where nothing differs
 * @throws KubeError
 */
export async function writeChanges<T extends KubeObject>(
  kube: KubeClient,
  resource: ApiResource,
  before: T,
  after: T,
  options: { unchanged?: boolean; signal?: AbortSignal } = {},
): Promise<T> {
  const { signal } = options;
  const patch = createMergePatch(before, after);
  if (patch === undefined) return before;
  const { name, namespace, uid, resourceVersion } = before.metadata;
  const write = (body: unknown) =>
    kube.patch<T>(resource, name as string, namespace, 'merge', body, { signal });
  // An object of the same name that was made meanwhile is another one: the server then finds the uid invalid.
  const metadata = { ...(patch['metadata'] as Record<string, unknown> | undefined), uid };
  if (!options.unchanged) return write({ ...patch, metadata });
  try {
    return await write({ ...patch, metadata: { ...metadata, resourceVersion } });
  } catch (error) {
    if (!(error instanceof KubeError) || !error.maybeApplied) throw error;
    const live = await readInDoubt<T>(kube, resource, before, signal);
    const ours =
      live !== undefined &&
      live.metadata.uid === before.metadata.uid &&
      live.metadata.resourceVersion !== resourceVersion &&
      jsonEqual(applyMergePatch(live, patch), live);
    if (ours) return live;
    throw error;
  }
}

/**
 * The object as it is now, however long the API server is away.
 * @returns undefined where it no longer exists
 * @throws KubeError after an hour, or where the server refuses
 */
async function readInDoubt<T extends KubeObject>(
  kube: KubeClient,
  resource: ApiResource,
  { metadata: { name, namespace } }: KubeObject,
  signal: AbortSignal | undefined,
): Promise<T | undefined> {
  const deadline = Date.now() + FINAL_WRITE_DEADLINE_MS;
  for (;;) {
    try {
      return await kube.get<T>(resource, name as string, namespace, signal);
    } catch (error) {
      if (isNotFound(error)) return undefined;
      if (!isUnavailable(error) || Date.now() >= deadline) throw error;
    }
  }
}

/**
 * Writes the difference between two states of an object and tries again until it is written, the object is gone, the
 * signal is aborted or an hour has passed.
 * @returns the object as the server has it now; undefined where it no longer exists, or is another of the same name
 * @throws KubeError where the server finds the object invalid, Failure `STATUS_NOT_WRITTEN` after the hour
 */
export async function writeFinally<T extends KubeObject>(
  deps: WriteDeps,
  resource: ApiResource,
  before: T,
  after: T,
): Promise<T | undefined> {
  const { kube, log, clock, signal } = deps;
  const deadline = clock.now() + FINAL_WRITE_DEADLINE_MS;
  const object = `${after.kind.toLowerCase()} ${after.metadata.namespace}/${after.metadata.name}`;
  let pause = FIRST_PAUSE_MS;
  let lastWarning = 0;
  for (;;) {
    try {
      return await writeChanges(kube, resource, before, after, { signal });
    } catch (error) {
      if (isNotFound(error) || isAnotherObject(error)) return undefined;
      if (signal.aborted || isInvalid(error) || !(error instanceof KubeError)) throw error;
      if (clock.now() >= deadline) {
        throw new Failure({
          code: 'STATUS_NOT_WRITTEN',
          message: `the status of ${object} could not be written for an hour: ${messageOf(error)}`,
          object,
          remedy: 'check that the API server is up and that the server may patch this kind',
          cause: error,
        });
      }
      if (clock.now() - lastWarning >= 60_000) {
        lastWarning = clock.now();
        log.warn(`Cannot write the status of ${object} now, trying again`, { error });
      }
    }
    await clock.sleep(pause, signal);
    pause = Math.min(pause * 2, LAST_PAUSE_MS);
  }
}

function isAnotherObject(error: unknown): boolean {
  return isInvalid(error) && error.details?.causes?.some(({ field }) => field === 'metadata.uid') === true;
}

/**
 * Writes how a run ended, as {@link writeFinally}. A status that the server finds invalid (its CRDs are those of
 * another version) must not leave the run InProgress for ever: it becomes Failed with that reason.
 */
export async function writeEnd<T extends KubeObject & { status?: object }>(
  deps: WriteDeps,
  resource: ApiResource,
  before: T,
  after: T,
): Promise<T | undefined> {
  try {
    return await writeFinally(deps, resource, before, after);
  } catch (error) {
    if (!isInvalid(error)) throw error;
    deps.log.error('The server does not accept the status of this run, marking it as Failed', {
      error,
      [after.kind.toLowerCase()]: after.metadata.name,
    });
    return writeFinally(deps, resource, before, {
      ...before,
      status: {
        ...before.status,
        phase: 'Failed',
        failureReason: `the status of this run is not accepted by the API server: ${messageOf(error)} (apply the custom resource definitions of this version)`,
        completionTimestamp: rfc3339(deps.clock.now()),
      },
    });
  }
}
