/** Timers of any length. Node lets a timer that is longer than 24.8 days fire after one millisecond. */

const LONGEST_TIMER_MS = 2 ** 31 - 1;

/**
 * Calls `callback` once, after `ms` milliseconds.
 * @returns ends the waiting
 */
export function startTimer(ms: number, callback: () => void): () => void {
  let timer: ReturnType<typeof setTimeout>;
  const arm = (left: number): void => {
    timer = setTimeout(
      () => {
        if (left > LONGEST_TIMER_MS) arm(left - LONGEST_TIMER_MS);
        else callback();
      },
      Math.min(left, LONGEST_TIMER_MS),
    );
  };
  arm(ms);
  return () => clearTimeout(timer);
}
