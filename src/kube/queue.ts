/**
 * The work queue of a controller (client-go util/workqueue): a key waits once however often it is added, is worked on
 * by one worker at a time, and comes back after a failure with growing delays.
 */

import { type Clock, systemClock } from '../lib/clock.ts';
import { startTimer } from '../lib/timer.ts';
import { TokenBucket } from './limiter.ts';

export interface QueueOptions {
  /** First delay after a failure; doubled with each further one. Default 5 milliseconds. */
  baseDelayMs?: number;
  /** Default 1,000,000 milliseconds. */
  maxDelayMs?: number;
  /** All failures together: this many a second may come back. Default 10. */
  qps?: number;
  /** Default 100. */
  burst?: number;
  clock?: Clock;
}

export class WorkQueue {
  readonly #baseDelayMs: number;
  readonly #maxDelayMs: number;
  readonly #bucket: TokenBucket;
  readonly #clock: Clock;
  /** Waiting, in order. A Set keeps the order of insertion and takes the first out cheaply. */
  readonly #waiting = new Set<string>();
  readonly #processing = new Set<string>();
  /** Added while being worked on: waits again as soon as that is done. */
  readonly #again = new Set<string>();
  readonly #delayed = new Map<string, { at: number; stop: () => void }>();
  readonly #failures = new Map<string, number>();
  readonly #getters: ((key: string | undefined) => void)[] = [];
  #closed = false;

  constructor(options: QueueOptions = {}) {
    this.#baseDelayMs = options.baseDelayMs ?? 5;
    this.#maxDelayMs = options.maxDelayMs ?? 1_000_000;
    this.#clock = options.clock ?? systemClock;
    this.#bucket = new TokenBucket(options.qps ?? 10, options.burst ?? 100, this.#clock);
  }

  /** Keys that wait to be worked on, without those delayed. */
  get length(): number {
    return this.#waiting.size;
  }

  /** Keys whose time has not come. */
  get delayed(): number {
    return this.#delayed.size;
  }

  get processing(): number {
    return this.#processing.size;
  }

  /** The key is to be worked on. */
  add(key: string): void {
    if (this.#closed || this.#waiting.has(key)) return;
    if (this.#processing.has(key)) {
      this.#again.add(key);
      return;
    }
    const getter = this.#getters.shift();
    if (getter === undefined) {
      this.#waiting.add(key);
    } else {
      this.#processing.add(key);
      getter(key);
    }
  }

  /** The key is to be worked on in `ms` milliseconds; of several delays of a key the earliest counts. */
  addAfter(key: string, ms: number): void {
    if (this.#closed) return;
    if (ms <= 0) {
      this.#undelay(key);
      this.add(key);
      return;
    }
    const at = this.#clock.now() + ms;
    const present = this.#delayed.get(key);
    if (present !== undefined) {
      if (present.at <= at) return;
      present.stop();
    }
    this.#arm(key, at);
  }

  /** The key failed: it comes back after its own delay, or later where much else failed, too. */
  addRateLimited(key: string): void {
    if (this.#closed) return;
    const failures = this.#failures.get(key) ?? 0;
    this.#failures.set(key, failures + 1);
    const own = Math.min(this.#maxDelayMs, this.#baseDelayMs * 2 ** Math.min(failures, 60));
    this.addAfter(key, Math.max(own, this.#bucket.reserve()));
  }

  /** How often in a row the key failed. */
  failures(key: string): number {
    return this.#failures.get(key) ?? 0;
  }

  /** The key succeeded: its next failure is the first again. */
  forget(key: string): void {
    this.#failures.delete(key);
  }

  /** The next key; `done` must be called with it. Undefined once the queue is closed. */
  get(): Promise<string | undefined> {
    if (this.#closed) return Promise.resolve(undefined);
    for (const key of this.#waiting) {
      this.#waiting.delete(key);
      this.#processing.add(key);
      return Promise.resolve(key);
    }
    return new Promise((resolve) => {
      this.#getters.push(resolve);
    });
  }

  done(key: string): void {
    this.#processing.delete(key);
    if (this.#again.delete(key)) this.add(key);
  }

  /** No more keys are given out; what waits is dropped. */
  close(): void {
    this.#closed = true;
    for (const { stop } of this.#delayed.values()) stop();
    this.#delayed.clear();
    this.#waiting.clear();
    this.#again.clear();
    for (const getter of this.#getters.splice(0)) getter(undefined);
  }

  #undelay(key: string): void {
    const present = this.#delayed.get(key);
    if (present === undefined) return;
    present.stop();
    this.#delayed.delete(key);
  }

  #arm(key: string, at: number): void {
    const stop = startTimer(Math.max(0, at - this.#clock.now()), () => {
      // Timers and the clock do not count quite the same.
      if (this.#clock.now() < at) {
        this.#arm(key, at);
        return;
      }
      this.#delayed.delete(key);
      this.add(key);
    });
    this.#delayed.set(key, { at, stop });
  }
}
