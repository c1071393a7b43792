/** The namespaces that items are restored into (getNamespace and kube.EnsureNamespaceExistsAndIsReady of the original). */

import type { KubeObject } from '../api/object.ts';
import type { KubeClient } from '../kube/contract.ts';
import { isAlreadyExists, isNotFound } from '../kube/errors.ts';
import type { Clock } from '../lib/clock.ts';
import { wrap } from '../lib/errors.ts';
import type { Logger } from '../lib/log.ts';
import { pollUntil } from '../lib/poll.ts';
import type { Archive } from '../storage/archive/reader.ts';
import { readItem } from './read.ts';
import { NAMESPACES } from '../kube/built-in.ts';

/** The field manager that the original's server has, and so what it makes carries. */
export const FIELD_MANAGER = 'velero-server';

export interface NamespacesDeps {
  kube: KubeClient;
  archive: Archive;
  clock: Clock;
  /** How long to wait for a namespace that is being deleted. */
  terminatingTimeoutMs: number;
  log: Logger;
  signal: AbortSignal;
  /** A namespace was made. */
  onCreated(name: string): void;
  /** A namespace cannot be had; called once for each. */
  onFailure(name: string, error: Error): void;
}

/** Makes each namespace ready once; everybody who needs it waits for the same attempt. */
export class Namespaces {
  readonly #deps: NamespacesDeps;
  /** Target namespace → undefined where ready, or why not; a promise while that is being found out. */
  readonly #states = new Map<string, Promise<Error | undefined> | Error | undefined>();

  constructor(deps: NamespacesDeps) {
    this.#deps = deps;
  }

  /** Whether `ensure` will answer at once. */
  isSettled(target: string): boolean {
    return this.#states.has(target) && !(this.#states.get(target) instanceof Promise);
  }

  /**
   * Makes sure that namespace `target` is there and not being deleted. Where it has to be made, it gets labels,
   * annotations and spec of `original` as backed up.
   * @returns undefined, or why it cannot be had
   */
  async ensure(original: string, target: string): Promise<Error | undefined> {
    if (this.#states.has(target)) return await this.#states.get(target);
    const attempt = this.#makeReady(original, target).then(
      () => undefined,
      (error: Error) => {
        if (!this.#deps.signal.aborted) this.#deps.onFailure(target, error);
        return error;
      },
    );
    this.#states.set(target, attempt);
    const state = await attempt;
    this.#states.set(target, state);
    return state;
  }

  async #makeReady(original: string, target: string): Promise<void> {
    const { kube, clock, signal, terminatingTimeoutMs, log } = this.#deps;
    const namespace = await this.#fromBackup(original, target);
    let why = '';
    await pollUntil<true>(
      async () => {
        let refused: unknown;
        try {
          await kube.createRaw(NAMESPACES, namespace, undefined, { fieldManager: FIELD_MANAGER, signal });
          this.#deps.onCreated(target);
          return true;
        } catch (error) {
          refused = error;
        }
        // Whatever the refusal: a namespace that is there will do, also where we may not make any.
        let live: KubeObject;
        try {
          live = await kube.get(NAMESPACES, target, undefined, signal);
        } catch (error) {
          if (isNotFound(error)) {
            if (isAlreadyExists(refused)) return undefined;
            throw wrap(refused, `error creating namespace ${target}`);
          }
          throw wrap(error, `error getting namespace ${target}`);
        }
        if (!isTerminating(live)) return true;
        why = terminationOf(live);
        log.debug(`namespace ${target} is being deleted, waiting`, { namespace: target });
        return undefined;
      },
      {
        clock,
        signal,
        timeoutMs: terminatingTimeoutMs,
        intervalMs: Math.min(1000, Math.max(1, terminatingTimeoutMs / 10)),
        pending: () => why,
      },
    ).catch((error: unknown) => {
      signal.throwIfAborted();
      if (error instanceof Error && /^error (creating|getting) namespace /.test(error.message)) throw error;
      throw wrap(error, `error getting namespace ${target}`);
    });
  }

  async #fromBackup(original: string, target: string): Promise<KubeObject> {
    const { archive, log } = this.#deps;
    const bare: KubeObject = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: target } };
    const item = archive.find('namespaces', '', original);
    if (!item) return bare;
    try {
      const saved = await readItem(archive, item);
      const { labels, annotations } = saved.metadata;
      return {
        apiVersion: saved.apiVersion,
        kind: saved.kind,
        metadata: {
          name: target,
          ...(labels ? { labels } : {}),
          ...(annotations ? { annotations } : {}),
        },
        ...(saved['spec'] === undefined ? {} : { spec: saved['spec'] }),
      };
    } catch (error) {
      log.warn('Error unmarshaling namespace from backup, creating new one.', { namespace: original, error });
      return bare;
    }
  }
}

/** Whether a namespace is being deleted. */
export function isTerminating(namespace: KubeObject): boolean {
  const status = namespace['status'] as { phase?: string } | undefined;
  return namespace.metadata.deletionTimestamp !== undefined || status?.phase === 'Terminating';
}

/** What the namespace controller says it is waiting for. */
function terminationOf(namespace: KubeObject): string {
  const status = namespace['status'] as
    | { conditions?: { type: string; status: string; message?: string }[] }
    | undefined;
  const reasons = (status?.conditions ?? [])
    .filter((condition) => condition.status === 'True' && condition.message)
    .map((condition) => condition.message);
  return ['the namespace is still being deleted', ...reasons].join('; ');
}
