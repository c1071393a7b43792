import { startTimer } from './timer.ts';

/** Waits `ms` milliseconds or until the signal is aborted, without throwing; true where the time has passed. */
export function pause(ms: number, signal: AbortSignal): Promise<boolean> {
  return new Promise((resolve) => {
    const end = (passed: boolean): void => {
      stop();
      signal.removeEventListener('abort', onAbort);
      resolve(passed);
    };
    const onAbort = (): void => end(false);
    const stop = startTimer(ms, () => end(true));
    if (signal.aborted) end(false);
    else signal.addEventListener('abort', onAbort, { once: true });
  });
}
