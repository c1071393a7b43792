/** How long something may go on failing before it is given up, counted from its first failure. */

import type { Clock } from '../lib/clock.ts';

export interface Patience {
  /** Notes a failure. @returns true where the first one was longer ago than the limit */
  isExhausted(name: string): boolean;
  /** Forgets the failures. */
  clear(name: string): void;
}

export function createPatience(clock: Clock, limitMs: number): Patience {
  const since = new Map<string, number>();
  return {
    isExhausted(name) {
      const first = since.get(name) ?? clock.now();
      since.set(name, first);
      return clock.now() - first > limitMs;
    },
    clear: (name) => void since.delete(name),
  };
}
