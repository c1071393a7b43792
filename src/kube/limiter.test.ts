import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { AdaptiveLimiter, TokenBucket } from './limiter.ts';

describe('rate limits', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it('V-SRV-008 lets a burst through and then so many a second, in order', async () => {
    const bucket = new TokenBucket(100, 50);
    const done: number[] = [];
    for (let i = 0; i < 250; i++) void bucket.take().then(() => done.push(i));
    await vi.advanceTimersByTimeAsync(0);
    expect(done).toHaveLength(50);
    await vi.advanceTimersByTimeAsync(1000);
    expect(done.length).toBeGreaterThanOrEqual(149);
    expect(done.length).toBeLessThanOrEqual(151);
    await vi.advanceTimersByTimeAsync(1000);
    expect(done).toHaveLength(250);
    expect(done).toEqual(done.toSorted((a, b) => a - b));
  });

  it('gives back the token of somebody who no longer waits', async () => {
    const bucket = new TokenBucket(1, 1);
    await bucket.take();
    const impatient = new AbortController();
    const waiting = bucket.take(impatient.signal);
    impatient.abort(new Error('enough'));
    await expect(waiting).rejects.toThrow('enough');
    expect(bucket.reserve()).toBeLessThanOrEqual(1000);
  });

  /** A server that does `capacity` things at once, each in `serviceMs`; more only queue up. Gives answers per second. */
  async function drive(
    limiter: AdaptiveLimiter,
    server: { capacity: number; serviceMs: number },
    seconds: number,
  ): Promise<number> {
    let answered = 0;
    let inServer = 0;
    const running = { yes: true };
    const end = Date.now() + seconds * 1000;
    const client = async (): Promise<void> => {
      while (running.yes) {
        await limiter.acquire();
        const start = Date.now();
        inServer++;
        const rounds = Math.max(1, inServer / server.capacity);
        await new Promise((resolve) => {
          setTimeout(resolve, server.serviceMs * rounds);
        });
        inServer--;
        answered++;
        limiter.release(Date.now() - start, 'ok');
      }
    };
    for (let i = 0; i < 300; i++) void client();
    while (Date.now() < end) await vi.advanceTimersByTimeAsync(100);
    running.yes = false;
    await vi.advanceTimersByTimeAsync(10_000);
    return answered / seconds;
  }

  it('grows while that brings more answers, and stays near where it no longer does', async () => {
    const far = new AdaptiveLimiter({ initial: 16, max: 256 });
    const rate = await drive(far, { capacity: 100, serviceMs: 50 }, 60);
    expect(far.limit).toBeGreaterThanOrEqual(64);
    expect(far.limit).toBeLessThanOrEqual(160);
    expect(rate).toBeGreaterThan(0.7 * (100 / 0.05));

    const near = new AdaptiveLimiter({ initial: 16, max: 256 });
    await drive(near, { capacity: 8, serviceMs: 10 }, 60);
    expect(near.limit).toBeLessThanOrEqual(20);
  });

  it('shrinks when the same requests take longer and fewer at once would do, not below the start', async () => {
    const limiter = new AdaptiveLimiter({ initial: 16, max: 64 });
    await drive(limiter, { capacity: 64, serviceMs: 10 }, 20);
    expect(limiter.limit).toBeGreaterThan(32);
    const rate = await drive(limiter, { capacity: 4, serviceMs: 10 }, 60);
    expect(limiter.limit).toBeLessThanOrEqual(24);
    expect(limiter.limit).toBeGreaterThanOrEqual(16);
    expect(rate).toBeGreaterThan(0.95 * 400);
  });

  it('does not shrink where the server is slower but more at once still brings more', async () => {
    const limiter = new AdaptiveLimiter({ initial: 16, max: 128 });
    await drive(limiter, { capacity: 100, serviceMs: 10 }, 10);
    await drive(limiter, { capacity: 100, serviceMs: 60 }, 30);
    expect(limiter.limit).toBeGreaterThanOrEqual(64);
  });

  it('halves at most once a second on 429 and sends nothing while the server asks for rest', async () => {
    const limiter = new AdaptiveLimiter({ initial: 16 });
    for (let i = 0; i < 16; i++) expect(limiter.tryAcquire()).toBe(true);
    for (let i = 0; i < 16; i++) {
      limiter.throttle(2000);
      limiter.release(5, 'throttled');
    }
    expect(limiter.limit).toBe(8);
    let entered = false;
    void limiter.acquire().then(() => (entered = true));
    await vi.advanceTimersByTimeAsync(1999);
    expect(entered).toBe(false);
    expect(limiter.tryAcquire()).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    expect(entered).toBe(true);
    await vi.advanceTimersByTimeAsync(1000);
    limiter.throttle(0);
    expect(limiter.limit).toBe(4);
    for (let i = 0; i < 10; i++) {
      await vi.advanceTimersByTimeAsync(1001);
      limiter.throttle(0);
    }
    expect(limiter.limit).toBe(1);
  });

  it('serves who waits in order and passes over who has left', async () => {
    const limiter = new AdaptiveLimiter({ initial: 1, max: 1 });
    await limiter.acquire();
    const leaving = new AbortController();
    const order: string[] = [];
    const first = limiter.acquire().then(() => order.push('first'));
    const second = limiter.acquire(leaving.signal);
    const third = limiter.acquire().then(() => order.push('third'));
    leaving.abort(new Error('left'));
    await expect(second).rejects.toThrow('left');
    limiter.release(1, 'ok');
    await first;
    limiter.release(1, 'ok');
    await third;
    expect(order).toEqual(['first', 'third']);
    expect(limiter.inFlight).toBe(1);
    expect(limiter.waiting).toBe(0);
  });
});
