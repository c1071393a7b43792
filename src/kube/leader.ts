/**
 * One of several candidates works at a time: it holds a Lease and renews it (client-go tools/leaderelection). Clocks of
 * different machines are not compared: a candidate counts from when it saw the Lease change.
 */

import type { KubeObject } from '../api/object.ts';
import { Failure, messageOf } from '../lib/errors.ts';
import type { Logger } from '../lib/log.ts';
import { pause } from '../lib/pause.ts';
import type { ApiResource, KubeClient, WriteOptions } from './contract.ts';
import { isAlreadyExists, isConflict, isNotFound } from './errors.ts';

export const LEASES: ApiResource = {
  group: 'coordination.k8s.io',
  version: 'v1',
  resource: 'leases',
  kind: 'Lease',
  singular: 'lease',
  shortNames: [],
  namespaced: true,
  verbs: ['create', 'get', 'list', 'update', 'watch', 'delete', 'patch'],
  preferred: true,
};

export interface LeaderOptions {
  /** False: the work begins at once and no Lease is touched. Default true. */
  enabled?: boolean;
  client: KubeClient;
  namespace: string;
  /** The Lease's name. */
  name: string;
  /** Unlike that of every other candidate, e.g. host name and a random part. */
  identity: string;
  /** Others may take over when the Lease was not renewed for so long. Default 137,000 milliseconds. */
  leaseDurationMs?: number;
  /** The leader gives up when it could not renew for so long. Default 107,000 milliseconds. */
  renewDeadlineMs?: number;
  /** Between tries. Default 26,000 milliseconds. */
  retryPeriodMs?: number;
  /** Give the Lease up at the end, so that the next candidate need not wait. Default true. */
  release?: boolean;
  log: Logger;
}

interface Lease extends KubeObject {
  spec?: {
    holderIdentity?: string;
    leaseDurationSeconds?: number;
    acquireTime?: string;
    renewTime?: string;
    leaseTransitions?: number;
  };
}

/**
 * Waits to become leader, runs `work`, and ends when it ends, the signal is aborted or leadership is lost.
 * @param work is given a signal that is aborted when leadership is lost or the caller's signal is
 * @throws Failure LEADER_LOST where another took over or the Lease could not be renewed in time
 */
export async function runAsLeader(
  options: LeaderOptions,
  work: (signal: AbortSignal) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  if (options.enabled === false) {
    await work(signal);
    return;
  }
  const candidate = new Candidate(options);
  if (!(await candidate.acquire(signal))) return;
  const term = new AbortController();
  const onAbort = (): void => term.abort(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  if (signal.aborted) onAbort();
  try {
    const holding = candidate
      .hold(term.signal)
      // Whatever went wrong: without renewal there is no leadership, and the work must know.
      .catch((error: unknown) => candidate.lost(messageOf(error), error))
      .then((lost) => {
        if (lost !== undefined) term.abort(lost);
        return lost;
      });
    try {
      await work(term.signal);
    } catch (error) {
      // Work that is ended because leadership was lost may throw anything: the loss is the news.
      if (!(term.signal.reason instanceof Failure)) throw error;
    } finally {
      term.abort();
    }
    const lost = await holding;
    if (lost !== undefined) throw lost;
  } finally {
    signal.removeEventListener('abort', onAbort);
    if (options.release !== false) await candidate.release();
  }
}

class Candidate {
  readonly #options: LeaderOptions;
  readonly #leaseDurationMs: number;
  readonly #renewDeadlineMs: number;
  readonly #retryPeriodMs: number;
  /** The Lease as last seen, and when (performance.now) it was first seen so. */
  #seen: Lease | undefined;
  #seenAt = 0;
  #reported: string | undefined;

  constructor(options: LeaderOptions) {
    this.#options = options;
    this.#leaseDurationMs = options.leaseDurationMs ?? 137_000;
    this.#renewDeadlineMs = options.renewDeadlineMs ?? 107_000;
    this.#retryPeriodMs = options.retryPeriodMs ?? 26_000;
    if (
      this.#leaseDurationMs <= this.#renewDeadlineMs ||
      this.#renewDeadlineMs <= 1.2 * this.#retryPeriodMs
    ) {
      throw new Failure({
        code: 'LEADER_TIMES',
        message:
          'leaseDuration must be greater than renewDeadline, and renewDeadline greater than 1.2 times retryPeriod',
      });
    }
  }

  /** True once leader; false where the signal was aborted before. */
  async acquire(signal: AbortSignal): Promise<boolean> {
    const { log, namespace, name } = this.#options;
    log.info(`attempting to acquire leader lease ${namespace}/${name}...`);
    while (!signal.aborted) {
      if (await this.#tryOnce(signal)) {
        log.info(`successfully acquired lease ${namespace}/${name}`);
        return true;
      }
      await pause(this.#retryPeriodMs * (1 + Math.random() * 1.2), signal);
    }
    return false;
  }

  /** Renews until the signal is aborted (undefined) or the Lease is lost. */
  async hold(signal: AbortSignal): Promise<Failure | undefined> {
    const { namespace, name } = this.#options;
    let renewedAt = performance.now();
    while (!signal.aborted) {
      const left = renewedAt + this.#renewDeadlineMs - performance.now();
      await pause(Math.min(this.#retryPeriodMs, Math.max(0, left)), signal);
      if (signal.aborted) return undefined;
      const startedAt = performance.now();
      const remaining = renewedAt + this.#renewDeadlineMs - startedAt;
      if (
        remaining > 0 &&
        (await this.#tryOnce(AbortSignal.any([signal, AbortSignal.timeout(Math.ceil(remaining))])))
      ) {
        renewedAt = startedAt;
        continue;
      }
      if (signal.aborted) return undefined;
      const holder = this.#seen?.spec?.holderIdentity ?? '';
      const taken = holder !== '' && holder !== this.#options.identity;
      if (taken || performance.now() >= renewedAt + this.#renewDeadlineMs) {
        return this.lost(
          taken
            ? `lease ${namespace}/${name} is held by ${holder}`
            : `failed to renew lease ${namespace}/${name}: timed out waiting for the condition`,
        );
      }
    }
    return undefined;
  }

  lost(why: string, cause?: unknown): Failure {
    const { namespace, name } = this.#options;
    return new Failure({
      code: 'LEADER_LOST',
      message: `leader election lost: ${why}`,
      object: `lease ${namespace}/${name}`,
      remedy:
        'the process ends so that it starts anew as a candidate; check that the API server can be reached',
      cause,
    });
  }

  /** Lets the next candidate take over at once; failing to is no harm. */
  async release(): Promise<void> {
    const seen = this.#seen;
    if (seen?.spec?.holderIdentity !== this.#options.identity) return;
    const now = microTime();
    try {
      const spec = {
        ...seen.spec,
        holderIdentity: '',
        leaseDurationSeconds: 1,
        renewTime: now,
        acquireTime: now,
      };
      await this.#write({ ...seen, spec }, AbortSignal.timeout(RELEASE_TIMEOUT_MS));
    } catch (error) {
      this.#options.log.warn(`Failed to release lock: ${messageOf(error)}`);
    }
  }

  async #tryOnce(signal: AbortSignal): Promise<boolean> {
    try {
      return await this.#acquireOrRenew(signal);
    } catch (error) {
      if (signal.aborted) return false;
      const { log, namespace, name } = this.#options;
      if (isConflict(error) || isAlreadyExists(error)) {
        // Another was faster, or changed the Lease: what was seen is no longer so.
        await this.#look(signal).catch(() => undefined);
        return false;
      }
      log.error(`error retrieving resource lock ${namespace}/${name}: ${messageOf(error)}`);
      return false;
    }
  }

  async #acquireOrRenew(signal: AbortSignal): Promise<boolean> {
    const { identity, namespace, name, log } = this.#options;
    const now = microTime();
    const seconds = Math.ceil(this.#leaseDurationMs / 1000);
    const seen = this.#seen;
    if (seen?.spec?.holderIdentity === identity && this.#valid()) {
      try {
        this.#note(await this.#write({ ...seen, spec: { ...seen.spec, renewTime: now } }, signal));
        return true;
      } catch (error) {
        if (!isConflict(error) && !isNotFound(error)) throw error;
      }
    }
    const lease = await this.#look(signal);
    if (lease === undefined) {
      const created: Lease = {
        apiVersion: 'coordination.k8s.io/v1',
        kind: 'Lease',
        metadata: { name, namespace },
        spec: {
          holderIdentity: identity,
          leaseDurationSeconds: seconds,
          acquireTime: now,
          renewTime: now,
          leaseTransitions: 0,
        },
      };
      this.#note(await this.#options.client.create<Lease>(LEASES, created, namespace, { ...URGENT, signal }));
      return true;
    }
    const holder = lease.spec?.holderIdentity ?? '';
    if (holder !== identity && holder !== '' && this.#valid()) {
      if (this.#reported !== holder) log.info(`lock is held by ${holder} and has not yet expired`);
      this.#reported = holder;
      return false;
    }
    const mine = holder === identity;
    this.#note(
      await this.#write(
        {
          ...lease,
          spec: {
            ...lease.spec,
            holderIdentity: identity,
            leaseDurationSeconds: seconds,
            acquireTime: mine ? (lease.spec?.acquireTime ?? now) : now,
            renewTime: now,
            leaseTransitions: (lease.spec?.leaseTransitions ?? 0) + (mine ? 0 : 1),
          },
        },
        signal,
      ),
    );
    return true;
  }

  /** Whether the Lease, as seen, still binds: counted on our own clock from when we saw it change. */
  #valid(): boolean {
    const seconds = this.#seen?.spec?.leaseDurationSeconds;
    const duration = seconds === undefined ? this.#leaseDurationMs : seconds * 1000;
    return performance.now() < this.#seenAt + duration;
  }

  async #look(signal: AbortSignal): Promise<Lease | undefined> {
    const { client, namespace, name } = this.#options;
    try {
      const lease = await client.get<Lease>(LEASES, name, namespace, signal);
      this.#note(lease);
      return lease;
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }

  #note(lease: Lease): void {
    if (this.#seen?.metadata.resourceVersion !== lease.metadata.resourceVersion)
      this.#seenAt = performance.now();
    this.#seen = lease;
  }

  #write(lease: Lease, signal: AbortSignal): Promise<Lease> {
    return this.#options.client.update<Lease>(LEASES, lease, { ...URGENT, signal });
  }
}

/** A process that ends must not be held up by a server that does not answer. */
const RELEASE_TIMEOUT_MS = 5000;

const URGENT: WriteOptions = { urgent: true };

/** metav1.MicroTime. */
function microTime(): string {
  return new Date().toISOString().replace('Z', '000Z');
}
