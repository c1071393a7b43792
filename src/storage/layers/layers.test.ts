import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import type { Clock } from '../../lib/clock.ts';
import { Failure } from '../../lib/errors.ts';
import type { ObjectInfo, ObjectStore } from '../object-store.ts';
import { storeFailure } from '../store-errors.ts';
import { type StoreObservation, withMetrics } from './metrics.ts';
import { type RetryPolicy, withRetry } from './retry.ts';
import { withTimeouts } from './timeout.ts';

/** Time that passes only when somebody sleeps. */
function fakeClock(): Clock & { slept: number[] } {
  let now = 0;
  const slept: number[] = [];
  return {
    slept,
    now: () => now,
    sleep: async (ms) => {
      slept.push(ms);
      now += ms;
    },
  };
}

const busy = () => storeFailure('STORE_BUSY', 's3://b', 'SlowDown (HTTP 503)', 'try again later');

/** A store in which every operation does what `behave` says. */
function storeThat(
  behave: (operation: string, key: string, signal?: AbortSignal) => Promise<unknown>,
): ObjectStore {
  return {
    name: 's3://b',
    put: async (key, body, options) => {
      const stream = typeof body === 'function' ? body() : body;
      if (!(stream instanceof Uint8Array)) for await (const chunk of stream) void chunk;
      await behave('put', key, options?.signal);
    },
    exists: (key, signal) => behave('exists', key, signal) as Promise<boolean>,
    get: (key, signal) => behave('get', key, signal) as Promise<Readable>,
    async *list(prefix, signal) {
      yield* (await behave('list', prefix, signal)) as AsyncIterable<ObjectInfo>;
    },
    listCommonPrefixes: (prefix, _delimiter, signal) =>
      behave('prefixes', prefix, signal) as Promise<string[]>,
    delete: (key, signal) => behave('delete', key, signal) as Promise<void>,
    signedUrl: (key) => behave('sign', key) as Promise<string>,
    close: async () => undefined,
  };
}

describe('retry', () => {
  const policy = (clock: Clock): RetryPolicy => ({ clock, random: () => 1, deadlineMs: 60_000 });

  it('repeats what failed for a passing reason, with growing pauses', async () => {
    const clock = fakeClock();
    let calls = 0;
    const store = withRetry(
      storeThat(async () => {
        if (++calls < 5) throw busy();
        return true;
      }),
      policy(clock),
    );
    expect(await store.exists('k')).toBe(true);
    expect(clock.slept).toEqual([500, 1000, 2000, 4000]);
  });

  it('gives up at the deadline and says how often it tried', async () => {
    const clock = fakeClock();
    const store = withRetry(
      storeThat(() => Promise.reject(busy())),
      policy(clock),
    );
    const failure = await store.delete('k').catch((error: unknown) => error as Failure);
    expect(failure).toMatchObject({ code: 'STORE_BUSY', object: 's3://b', remedy: 'try again later' });
    expect(failure?.message).toBe('SlowDown (HTTP 503) (given up after 8 tries in 45.5s)');
    expect(Math.max(...clock.slept)).toBe(15_000);
  });

  it('does not repeat a refusal, nor after it was called off', async () => {
    let calls = 0;
    const denied = withRetry(
      storeThat(async () => {
        calls++;
        throw storeFailure('STORE_ACCESS_DENIED', 's3://b', 'no');
      }),
      policy(fakeClock()),
    );
    await expect(denied.exists('k')).rejects.toThrow('no');
    const controller = new AbortController();
    const aborted = withRetry(
      storeThat(async () => {
        calls++;
        controller.abort();
        throw busy();
      }),
      policy(fakeClock()),
    );
    await expect(aborted.exists('k', controller.signal)).rejects.toThrow('SlowDown');
    expect(calls).toBe(2);
  });

  it('sends bytes and a function again from the beginning, and a stream once', async () => {
    let calls = 0;
    const flaky = () =>
      withRetry(
        storeThat(async () => {
          if (++calls % 2 === 1) throw busy();
        }),
        policy(fakeClock()),
      );
    await flaky().put('k', Buffer.from('x'));
    let opened = 0;
    await flaky().put('k', () => {
      opened++;
      return Readable.from([Buffer.from('x')]);
    });
    expect(opened).toBe(2);
    await expect(flaky().put('k', Readable.from([Buffer.from('x')]))).rejects.toThrow('SlowDown');
  });

  it('takes up a listing that broke without giving a key twice or leaving one out', async () => {
    const keys = Array.from({ length: 10 }, (_, i) => ({ key: `k${i}`, size: 1 }));
    let attempt = 0;
    const store = withRetry(
      storeThat(async () => {
        attempt++;
        const until = attempt * 3;
        return (async function* () {
          for (const [i, info] of keys.entries()) {
            if (i === until) throw busy();
            yield info;
          }
        })();
      }),
      policy(fakeClock()),
    );
    const listed: string[] = [];
    for await (const { key } of store.list('k')) listed.push(key);
    expect(listed).toEqual(keys.map(({ key }) => key));
    expect(attempt).toBe(4);
  });
});

describe('timeouts', () => {
  const limits = { operationMs: 40, idleMs: 40, minBytesPerSecond: 1024 * 1024 };
  const hang = (_operation: string, _key: string, signal?: AbortSignal) =>
    new Promise((_resolve, reject) => {
      signal?.addEventListener('abort', () => reject(signal.reason as Error));
    });

  it('end every operation of a store that never answers, naming it', async () => {
    const store = withTimeouts(storeThat(hang), limits);
    const attempts: [Promise<unknown>, RegExp][] = [
      [store.exists('k'), /^error checking object k: s3:\/\/b: no answer within 40ms$/],
      [store.get('k'), /^error getting object k/],
      [store.delete('k'), /^error deleting object k/],
      [store.put('k', Buffer.from('x')), /^error putting object k/],
      [store.listCommonPrefixes('p/', '/'), /^error listing "p\/"/],
      [store.list('p/')[Symbol.asyncIterator]().next(), /^error listing "p\/"/],
      [store.signedUrl('k', 1), /^error signing a URL for k/],
    ];
    await Promise.all(
      attempts.map(async ([attempt, message]) => {
        const failure = await attempt.catch((error: unknown) => error as Failure);
        expect(failure).toMatchObject({ code: 'STORE_TIMEOUT', object: 's3://b' });
        expect((failure as Failure).message).toMatch(message);
      }),
    );
  });

  it('end an operation whose provider heeds no signal', async () => {
    const store = withTimeouts(
      storeThat(() => new Promise(() => undefined)),
      limits,
    );
    await expect(store.exists('k')).rejects.toMatchObject({ code: 'STORE_TIMEOUT' });
  });

  it('give a store that takes a body ahead of what it sends the time to send it', async () => {
    const slow = storeThat(() => new Promise((resolve) => setTimeout(resolve, 150)));
    const bytes = Buffer.alloc(2000);
    const enough = withTimeouts(slow, { idleMs: 40, minBytesPerSecond: 10_000 });
    await enough.put('k', () => Readable.from([bytes]));
    const tooFast = withTimeouts(slow, { idleMs: 40, minBytesPerSecond: 1_000_000 });
    await expect(tooFast.put('k', () => Readable.from([bytes]))).rejects.toMatchObject({
      code: 'STORE_TIMEOUT',
    });
  });

  it('let a slow body go on as long as it moves', async () => {
    const slow = async function* () {
      for (let i = 0; i < 8; i++) {
        await new Promise((resolve) => setTimeout(resolve, 15));
        yield Buffer.from('x');
      }
    };
    const store = withTimeouts(
      storeThat(async () => undefined),
      limits,
    );
    await store.put('k', Readable.from(slow()));
    await store.put('k', () => Readable.from(slow()));
    const stalled = async function* () {
      yield Buffer.from('x');
      await new Promise((resolve) => setTimeout(resolve, 200));
    };
    await expect(store.put('k', Readable.from(stalled()))).rejects.toMatchObject({ code: 'STORE_TIMEOUT' });
  });

  it('pass the reason on when the caller calls it off', async () => {
    const controller = new AbortController();
    const store = withTimeouts(storeThat(hang), { operationMs: 10_000 });
    const attempt = store.exists('k', controller.signal);
    controller.abort(new Error('called off'));
    await expect(attempt).rejects.toThrow('called off');
    await expect(store.exists('k', controller.signal)).rejects.toThrow('called off');
  });

  it('leave an open download alone', async () => {
    const store = withTimeouts(
      storeThat(async () =>
        Readable.from(
          (async function* () {
            yield Buffer.from('a');
            await new Promise((resolve) => setTimeout(resolve, 120));
            yield Buffer.from('b');
          })(),
        ),
      ),
      limits,
    );
    expect(Buffer.concat(await (await store.get('k')).toArray()).toString()).toBe('ab');
  });
});

describe('metrics', () => {
  it('tell of each operation, its time and its failure', async () => {
    const seen: StoreObservation[] = [];
    let fail = false;
    const store = withMetrics(
      storeThat(async (operation) => {
        if (fail) throw busy();
        return operation === 'list' ? (async function* () {})() : true;
      }),
      (observation) => seen.push(observation),
    );
    await store.put('k', Buffer.from('x'));
    await store.exists('k');
    for await (const info of store.list('k')) void info;
    fail = true;
    await expect(store.delete('k')).rejects.toThrow();
    await expect(store.list('k')[Symbol.asyncIterator]().next()).rejects.toThrow();
    expect(seen.map(({ operation, error }) => `${operation} ${error ?? 'ok'}`)).toEqual([
      'put ok',
      'exists ok',
      'list ok',
      'delete STORE_BUSY',
      'list STORE_BUSY',
    ]);
    for (const { ms, store: name } of seen) {
      expect(ms).toBeGreaterThanOrEqual(0);
      expect(name).toBe('s3://b');
    }
  });
});
