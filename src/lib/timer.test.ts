import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { systemClock } from './clock.ts';
import { pause } from './pause.ts';
import { startTimer } from './timer.ts';

const DAY_MS = 24 * 60 * 60 * 1000;

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

/** What has been done by day 59, and by day 60. */
async function byDay59And60(begin: (done: () => void) => void): Promise<[boolean, boolean]> {
  let done = false;
  begin(() => {
    done = true;
  });
  await vi.advanceTimersByTimeAsync(59 * DAY_MS);
  const early = done;
  await vi.advanceTimersByTimeAsync(DAY_MS);
  return [early, done];
}

describe('a wait of sixty days', () => {
  it('takes sixty days, whichever way it is asked for', async () => {
    expect(await byDay59And60((done) => startTimer(60 * DAY_MS, done))).toEqual([false, true]);
    expect(await byDay59And60((done) => void systemClock.sleep(60 * DAY_MS).then(done))).toEqual([
      false,
      true,
    ]);
    const { signal } = new AbortController();
    expect(await byDay59And60((done) => void pause(60 * DAY_MS, signal).then(done))).toEqual([false, true]);
  });

  it('can be ended at any time', async () => {
    let fired = false;
    const stop = startTimer(60 * DAY_MS, () => {
      fired = true;
    });
    await vi.advanceTimersByTimeAsync(30 * DAY_MS);
    stop();
    await vi.advanceTimersByTimeAsync(60 * DAY_MS);
    expect(fired).toBe(false);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('never ends where it is endless', async () => {
    expect(await byDay59And60((done) => startTimer(Number.POSITIVE_INFINITY, done))).toEqual([false, false]);
  });
});
