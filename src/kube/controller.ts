/** From changes to work: sources add keys to a queue, workers reconcile them (the shape of controller-runtime). */

import type { KubeObject } from '../api/object.ts';
import { messageOf } from '../lib/errors.ts';
import type { Logger } from '../lib/log.ts';
import { pause } from '../lib/pause.ts';
import { type Informer, keyOf } from './informer.ts';
import { type QueueOptions, WorkQueue } from './queue.ts';

/** Adds keys to the queue until the signal is aborted. Returns, or resolves, once it needs no more watching over. */
export type Source = (queue: WorkQueue, signal: AbortSignal) => void | Promise<void>;

/** What a reconcile wants: nothing, or to be asked again in `afterMs` milliseconds. */
export type ReconcileResult = { afterMs?: number } | undefined;

export interface ControllerOptions {
  name: string;
  log: Logger;
  sources: readonly Source[];
  /**
   * Brings the object of this key to where it should be. Throwing means: again, with growing delays.
   * The signal is aborted when the controller is to end; what is under way is waited for.
   */
  reconcile: (key: string, signal: AbortSignal) => Promise<ReconcileResult | void>;
  /** Keys worked on at once. Default 1. */
  workers?: number;
  queue?: QueueOptions;
  /** Told of every reconcile: how long it took, in milliseconds, and whether it threw. */
  observe?: (result: { key: string; durationMs: number; error?: unknown }) => void;
}

/**
 * Runs a controller until the signal is aborted and what is under way has ended.
 * @throws what a source throws: a controller without its source would stand still unseen
 */
export async function runController(options: ControllerOptions, signal: AbortSignal): Promise<void> {
  const { name, sources, workers = 1 } = options;
  const log = options.log.with({ controller: name });
  const queue = new WorkQueue(options.queue);
  const stop = new AbortController();
  const both = AbortSignal.any([signal, stop.signal]);
  const onAbort = (): void => queue.close();
  both.addEventListener('abort', onAbort, { once: true });
  if (both.aborted) queue.close();
  const running = Array.from({ length: Math.max(1, workers) }, () => work(options, queue, both, log));
  try {
    await Promise.all(
      sources.map(async (source) => {
        try {
          await source(queue, both);
        } catch (error) {
          if (!both.aborted) throw error;
        }
      }),
    );
    await Promise.all(running);
  } finally {
    stop.abort();
    await Promise.all(running);
  }
}

async function work(
  options: ControllerOptions,
  queue: WorkQueue,
  signal: AbortSignal,
  log: Logger,
): Promise<void> {
  for (let key = await queue.get(); key !== undefined; key = await queue.get()) {
    const started = performance.now();
    let failure: unknown;
    let failed = false;
    try {
      const result = await options.reconcile(key, signal);
      queue.forget(key);
      if (result?.afterMs !== undefined) queue.addAfter(key, result.afterMs);
    } catch (error) {
      failed = true;
      failure = error;
      if (!signal.aborted) {
        log.error('Reconciler error', {
          key,
          error: error instanceof Error ? error : new Error(messageOf(error)),
        });
        queue.addRateLimited(key);
      }
    } finally {
      queue.done(key);
    }
    const durationMs = performance.now() - started;
    options.observe?.(failed ? { key, durationMs, error: failure } : { key, durationMs });
  }
}

export interface InformerSourceOptions<T extends KubeObject> {
  /** Whether a change is work; of an update it is asked with the new object and the old one. Default always. */
  when?: (object: T, old: T | undefined) => boolean;
  /** The keys to work on; default the object's own. */
  keys?: (object: T) => readonly string[];
  /** Whether deletions are work, too. Default false. */
  deletions?: boolean;
}

/** Every object that an informer has, gets and sees changed. The informer is run by whoever made it. */
export function informerSource<T extends KubeObject>(
  informer: Informer<T>,
  options: InformerSourceOptions<T> = {},
): Source {
  const { when = () => true, keys = (object) => [keyOf(object)], deletions = false } = options;
  return (queue, signal) => {
    const consider = (object: T, old: T | undefined): void => {
      if (when(object, old)) for (const key of keys(object)) queue.add(key);
    };
    const unsubscribe = informer.subscribe({
      added: (object) => consider(object, undefined),
      updated: (old, object) => consider(object, old),
      deleted: (object) => {
        if (deletions) consider(object, undefined);
      },
    });
    signal.addEventListener('abort', unsubscribe, { once: true });
  };
}

/**
 * Keys at regular times: at once, and then every `everyMs` milliseconds (pkg/util/kube PeriodicalEnqueueSource).
 * A failure to name the keys is reported and the next time is waited for.
 */
export function periodicSource(
  everyMs: number,
  keys: (signal: AbortSignal) => Iterable<string> | Promise<Iterable<string>>,
  onError: (error: unknown) => void = () => undefined,
): Source {
  return async (queue, signal) => {
    while (!signal.aborted) {
      try {
        for (const key of await keys(signal)) queue.add(key);
      } catch (error) {
        if (!signal.aborted) onError(error);
      }
      await pause(everyMs, signal);
    }
  };
}
