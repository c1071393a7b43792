import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createLogger, type LogEntry } from '../lib/log.ts';
import { periodicSource, runController, type Source } from './controller.ts';

describe('controller', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  const entries: LogEntry[] = [];
  const log = createLogger({ sinks: [{ write: (entry) => entries.push(entry) }] });
  const once =
    (...keys: string[]): Source =>
    (queue) => {
      for (const key of keys) queue.add(key);
    };

  it('works on keys, again after a failure with growing delays, and again when asked to', async () => {
    entries.length = 0;
    const stop = new AbortController();
    const times: number[] = [];
    const start = Date.now();
    const running = runController(
      {
        name: 'test',
        log,
        sources: [once('a')],
        reconcile: (_key) => {
          times.push(Date.now() - start);
          if (times.length < 4) return Promise.reject(new Error('not yet'));
          return Promise.resolve(times.length === 4 ? { afterMs: 1000 } : undefined);
        },
      },
      stop.signal,
    );
    await vi.advanceTimersByTimeAsync(5000);
    stop.abort();
    await running;
    expect(times).toEqual([0, 5, 15, 35, 1035]);
    expect(
      entries.filter(({ level }) => level === 'error').map(({ message, fields }) => [message, fields['key']]),
    ).toEqual(Array.from({ length: 3 }, () => ['Reconciler error', 'a']));
  });

  it('works on as many keys at once as it has workers, and waits for them at its end', async () => {
    const stop = new AbortController();
    let atOnce = 0;
    let most = 0;
    let ended = 0;
    const running = runController(
      {
        name: 'test',
        log,
        sources: [once('a', 'b', 'c', 'd', 'e')],
        workers: 3,
        reconcile: async () => {
          most = Math.max(most, ++atOnce);
          await new Promise((resolve) => {
            setTimeout(resolve, 100);
          });
          atOnce--;
          ended++;
        },
      },
      stop.signal,
    );
    await vi.advanceTimersByTimeAsync(150);
    stop.abort();
    await vi.advanceTimersByTimeAsync(100);
    await running;
    expect(most).toBe(3);
    expect(ended).toBe(5);
  });

  it('adds keys at regular times, also after a time at which it could not name them', async () => {
    const stop = new AbortController();
    const worked: string[] = [];
    const troubles: unknown[] = [];
    let round = 0;
    const running = runController(
      {
        name: 'test',
        log,
        sources: [
          periodicSource(
            1000,
            () => {
              if (++round === 2) throw new Error('away');
              return [`k${round}`];
            },
            (error) => troubles.push(error),
          ),
        ],
        reconcile: (key) => {
          worked.push(key);
          return Promise.resolve();
        },
      },
      stop.signal,
    );
    await vi.advanceTimersByTimeAsync(2500);
    stop.abort();
    await running;
    expect(worked).toEqual(['k1', 'k3']);
    expect(troubles).toHaveLength(1);
  });

  it('ends with the fault of a source that dies', async () => {
    const running = runController(
      {
        name: 'test',
        log,
        sources: [() => Promise.reject(new Error('the source is gone'))],
        reconcile: () => Promise.resolve(),
      },
      new AbortController().signal,
    );
    await expect(running).rejects.toThrow('the source is gone');
  });
});
