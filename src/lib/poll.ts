/** Asking again and again until something holds or time is up. */

import type { Clock } from './clock.ts';
import { formatDuration } from './duration.ts';
import { Failure } from './errors.ts';

export interface PollOptions {
  clock: Clock;
  /** Milliseconds between the end of one try and the next. */
  intervalMs: number;
  /** Milliseconds after which it is given up. */
  timeoutMs: number;
  signal?: AbortSignal;
  /** The longest pause, where pauses are to grow by half each time; `intervalMs` where absent. */
  maxIntervalMs?: number;
  /** What is still wanting, for the message; asked when time is up. */
  pending?: () => string;
}

/**
 * Calls `attempt` at once and then at intervals until it gives a value.
 * @throws Failure `TIMED_OUT` when time is up; what `attempt` throws; the signal's reason
 */
export async function pollUntil<T>(attempt: () => Promise<T | undefined>, options: PollOptions): Promise<T> {
  const { clock, timeoutMs, signal, pending } = options;
  const deadline = clock.now() + timeoutMs;
  let pause = options.intervalMs;
  for (;;) {
    signal?.throwIfAborted();
    const value = await attempt();
    if (value !== undefined) return value;
    const left = deadline - clock.now();
    if (left <= 0) {
      const detail = pending?.() ?? '';
      throw new Failure({
        code: 'TIMED_OUT',
        message: `timed out after ${formatDuration(timeoutMs)}${detail === '' ? '' : `: ${detail}`}`,
      });
    }
    await clock.sleep(Math.min(pause, left), signal);
    pause = Math.min(options.maxIntervalMs ?? options.intervalMs, pause * 1.5);
  }
}
