/**
 * How fast the client may go. Two ways: a token bucket, as client-go has it, where the user sets `client-qps` and
 * `client-burst`; otherwise an adaptive number of requests in flight that grows while that makes the server answer
 * more, and shrinks when it says 429 or answers ever later.
 */

import { onAbort } from '../lib/abort.ts';
import { type Clock, systemClock } from '../lib/clock.ts';

/** client-go's token bucket: `qps` tokens a second, at most `burst` saved up. */
export class TokenBucket {
  readonly qps: number;
  readonly burst: number;
  readonly #clock: Clock;
  /** Tokens at `#at`; below zero where waiters have taken them in advance, which keeps them in order. */
  #tokens: number;
  #at: number;

  constructor(qps: number, burst: number, clock: Clock = systemClock) {
    this.qps = qps;
    this.burst = Math.max(1, burst);
    this.#clock = clock;
    this.#tokens = this.burst;
    this.#at = clock.now();
  }

  /** Takes a token; gives the milliseconds to wait before it may be used (0 mostly). */
  reserve(): number {
    const now = this.#clock.now();
    this.#tokens = Math.min(this.burst, this.#tokens + ((now - this.#at) / 1000) * this.qps);
    this.#at = now;
    this.#tokens -= 1;
    return this.#tokens >= 0 ? 0 : (-this.#tokens / this.qps) * 1000;
  }

  /**
   * Waits for a token.
   * @returns the milliseconds waited; throws the signal's reason where it is aborted
   */
  async take(signal?: AbortSignal): Promise<number> {
    const wait = this.reserve();
    if (wait > 0) {
      try {
        await this.#clock.sleep(wait, signal);
      } catch (error) {
        this.#tokens += 1;
        throw error;
      }
    }
    return wait;
  }
}

export interface AdaptiveLimits {
  /** In flight at the start. Default 24. */
  initial?: number;
  /** Only 429 brings the limit below this. Default 16, or `initial` where that is smaller. */
  floor?: number;
  /** Default 1. */
  min?: number;
  /** Default 128. */
  max?: number;
  /** Shortest time, in milliseconds, over which a limit is judged. Default 400. */
  windowMs?: number;
}

/** What came of a request: `throttled` is a 429. `failed` tells nothing about speed. */
export type Outcome = 'ok' | 'throttled' | 'failed';

/** Fewest answers by which a limit is judged. */
const MIN_SAMPLES = 50;
/** A larger limit is kept where it brings at least this much more work done. */
const GAIN = 1.08;
/** A smaller limit is kept where it costs no more than this. */
const LOSS = 0.97;
/** Answers that take this many times longer than they did are reason to try a smaller limit at once. */
const SLOW = 2.5;
const FIRST_PAUSE_MS = 2000;
const LAST_PAUSE_MS = 30_000;

/**
 * A number of requests in flight that follows the server. While somebody waits, the limit is now and then tried a step
 * higher, and kept there if more answers a second came; or a step lower, and kept there if no fewer came: a server at
 * its limit merely answers later. Rising latency brings the step lower forward. What other programs do on the server
 * changes its speed, too, so a step is judged only against what went just before it. 429 halves the limit, at most
 * once a second, and holds the lane for the time that the server asks for.
 */
export class AdaptiveLimiter {
  readonly #clock: Clock;
  readonly #min: number;
  readonly #max: number;
  readonly #floor: number;
  readonly #windowMs: number;
  #limit: number;
  #inFlight = 0;
  readonly #waiting: Waiter[] = [];
  #head = 0;

  #windowStart: number;
  #samples = 0;
  #latencySum = 0;
  #saturated = false;

  #baseLatency: number | undefined;
  #trial: { from: number; rate: number } | undefined;
  #rate: number | undefined;
  #lowerNext = false;
  #quietUntil = 0;
  #pauseMs = FIRST_PAUSE_MS;
  #halvedAt = Number.NEGATIVE_INFINITY;
  #blockedUntil = 0;
  #wakeUp: ReturnType<typeof setTimeout> | undefined;

  constructor(limits: AdaptiveLimits = {}, clock: Clock = systemClock) {
    this.#clock = clock;
    this.#min = Math.max(1, limits.min ?? 1);
    this.#max = Math.max(this.#min, limits.max ?? 128);
    this.#limit = Math.min(this.#max, Math.max(this.#min, limits.initial ?? 24));
    this.#floor = Math.min(this.#limit, limits.floor ?? 16);
    this.#windowMs = limits.windowMs ?? 400;
    this.#windowStart = clock.now();
  }

  /** How many requests may be in flight now. */
  get limit(): number {
    return this.#limit;
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  /** How many wait for their turn. */
  get waiting(): number {
    return this.#waiting.length - this.#head;
  }

  /** Takes a place if there is one; else false, and `acquire` waits for one. */
  tryAcquire(): boolean {
    if (this.#inFlight >= this.#limit || this.#blockedUntil > 0) {
      this.#saturated = true;
      return false;
    }
    this.#inFlight++;
    return true;
  }

  /** Waits for a place, first come first served. Throws the signal's reason where it is aborted. */
  acquire(signal?: AbortSignal): Promise<void> {
    if (signal?.aborted === true) return Promise.reject(signal.reason as Error);
    if (this.tryAcquire()) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const waiter: Waiter = { resolve, gone: false };
      if (signal) {
        waiter.cleanUp = onAbort(signal, () => {
          waiter.gone = true;
          reject(signal.reason as Error);
        });
      }
      this.#waiting.push(waiter);
    });
  }

  /** Gives the place back. `latencyMs` is the time from sending to the last byte of the answer. */
  release(latencyMs: number, outcome: Outcome): void {
    this.#inFlight--;
    if (outcome === 'ok') {
      this.#samples++;
      this.#latencySum += latencyMs;
      if (this.#samples >= MIN_SAMPLES) this.#judge();
    }
    this.#hand();
  }

  /** The server asked for `retryAfterMs` of rest (429): half the limit, nothing sent meanwhile. */
  throttle(retryAfterMs: number): void {
    const now = this.#clock.now();
    if (now - this.#halvedAt >= 1000) {
      this.#halvedAt = now;
      this.#setLimit(Math.floor(this.#limit / 2));
      this.#trial = undefined;
      this.#rest(now);
    }
    this.#blockedUntil = Math.max(this.#blockedUntil, now + retryAfterMs);
    this.#armWakeUp();
  }

  #armWakeUp(): void {
    if (this.#wakeUp !== undefined || this.#blockedUntil === 0) return;
    const wait = Math.max(0, this.#blockedUntil - this.#clock.now());
    this.#wakeUp = setTimeout(() => {
      this.#wakeUp = undefined;
      if (this.#clock.now() >= this.#blockedUntil) this.#blockedUntil = 0;
      else this.#armWakeUp();
      this.#hand();
    }, wait);
    this.#wakeUp.unref();
  }

  #hand(): void {
    while (this.#inFlight < this.#limit && this.#blockedUntil === 0 && this.#head < this.#waiting.length) {
      const waiter = this.#waiting[this.#head++] as Waiter;
      if (this.#head > 1024 && this.#head * 2 > this.#waiting.length) {
        this.#waiting.splice(0, this.#head);
        this.#head = 0;
      }
      waiter.cleanUp?.();
      if (waiter.gone) continue;
      this.#inFlight++;
      waiter.resolve();
    }
    if (this.#head === this.#waiting.length && this.#head > 0) {
      this.#waiting.length = 0;
      this.#head = 0;
    }
  }

  #judge(): void {
    const now = this.#clock.now();
    const elapsed = now - this.#windowStart;
    if (elapsed < this.#windowMs) return;
    const rate = (this.#samples / elapsed) * 1000;
    const latency = this.#latencySum / this.#samples;
    const saturated = this.#saturated;
    this.#windowStart = now;
    this.#samples = 0;
    this.#latencySum = 0;
    this.#saturated = this.waiting > 0;
    // A window in which nobody waited, or that includes idle time, tells nothing about the limit.
    if (!saturated || elapsed > 20 * this.#windowMs) {
      if (this.#trial !== undefined) this.#setLimit(this.#trial.from);
      this.#trial = undefined;
      this.#rate = undefined;
      return;
    }
    const trial = this.#trial;
    if (trial !== undefined) {
      this.#trial = undefined;
      const higher = this.#limit > trial.from;
      // The window that judged the step is the first of whatever limit stays.
      this.#baseLatency = latency;
      if (rate >= trial.rate * (higher ? GAIN : LOSS)) {
        this.#rate = rate;
        this.#pauseMs = FIRST_PAUSE_MS;
        this.#step(higher, rate);
      } else {
        this.#setLimit(trial.from);
        this.#rate = undefined;
        this.#rest(now);
      }
      return;
    }
    const slow = this.#baseLatency !== undefined && latency > this.#baseLatency * SLOW;
    this.#baseLatency =
      this.#baseLatency === undefined || slow
        ? latency
        : Math.min(latency, this.#baseLatency + (latency - this.#baseLatency) / 8);
    this.#rate = this.#rate === undefined ? rate : (this.#rate + rate) / 2;
    if (slow) this.#step(false, rate);
    else if (now >= this.#quietUntil) {
      this.#step(!this.#lowerNext, this.#rate);
      this.#lowerNext = !this.#lowerNext;
    }
  }

  /** Tries a limit a quarter higher or a fifth lower; the next window tells. */
  #step(higher: boolean, rate: number): void {
    const from = this.#limit;
    const to = higher
      ? from + Math.max(1, Math.ceil(from / 4))
      : Math.min(from, Math.max(this.#floor, Math.floor(from * 0.8)));
    this.#setLimit(to);
    if (this.#limit !== from) this.#trial = { from, rate };
  }

  #rest(now: number): void {
    this.#quietUntil = now + this.#pauseMs;
    this.#pauseMs = Math.min(LAST_PAUSE_MS, this.#pauseMs * 2);
  }

  #setLimit(limit: number): void {
    this.#limit = Math.min(this.#max, Math.max(this.#min, limit));
  }
}

interface Waiter {
  resolve: () => void;
  cleanUp?: () => void;
  gone: boolean;
}

/** `qps`/`burst` as the user set them, `adaptive` where unset, or no limit at all. */
export type RateLimit = 'adaptive' | 'unlimited' | { qps: number; burst: number };

export type Lane = 'read' | 'write';
