/** The backups, restores and deletions that are running, so that a server that is told to stop can end them in order. */

import type { Clock } from '../lib/clock.ts';
import { Failure } from '../lib/errors.ts';

export interface Jobs {
  /** True once the server is to stop: nothing new may begin. */
  readonly stopping: boolean;
  /** Aborted when running work has to end; the reason is a Failure `SERVER_STOPPING`. */
  readonly signal: AbortSignal;
  /** Names of what is running now. */
  running(): readonly string[];
  /** Runs work that the end of the server waits for. */
  run<T>(name: string, work: () => Promise<T>): Promise<T>;
  /**
   * Lets nothing new begin, gives running work `graceMs` to end by itself, then aborts it and waits `abortMs` more.
   * @returns names of what still had not ended
   */
  stop(graceMs: number, abortMs: number): Promise<readonly string[]>;
}

export function createJobs(clock: Clock): Jobs {
  const running = new Map<symbol, { name: string; ended: Promise<unknown> }>();
  const abort = new AbortController();
  let stopping = false;
  const allEnded = async () => {
    while (running.size > 0) await Promise.allSettled([...running.values()].map(({ ended }) => ended));
  };
  const within = async (ms: number): Promise<void> => {
    const timer = new AbortController();
    await Promise.race([allEnded(), clock.sleep(ms, timer.signal).catch(() => undefined)]);
    timer.abort();
  };
  return {
    get stopping() {
      return stopping;
    },
    signal: abort.signal,
    running: () => [...running.values()].map(({ name }) => name),
    async run(name, work) {
      const id = Symbol(name);
      const ended = work();
      running.set(id, { name, ended });
      try {
        return await ended;
      } finally {
        running.delete(id);
      }
    },
    async stop(graceMs, abortMs) {
      stopping = true;
      await within(graceMs);
      abort.abort(
        new Failure({
          code: 'SERVER_STOPPING',
          message: 'the server is being stopped',
          remedy: 'run it again once the server is back',
        }),
      );
      await within(abortMs);
      return this.running();
    },
  };
}

/** True for the error that ends work because the server stops. */
export function isStopping(error: unknown): boolean {
  for (let at = error; at instanceof Error; at = at.cause) {
    if (at instanceof Failure && at.code === 'SERVER_STOPPING') return true;
  }
  return false;
}
