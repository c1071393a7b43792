import * as fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { WorkQueue } from './queue.ts';

describe('work queue', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it('gives a key once however often it is added, in the order of adding', async () => {
    const queue = new WorkQueue();
    for (const key of ['a', 'b', 'a', 'c', 'b']) queue.add(key);
    expect(queue.length).toBe(3);
    expect([await queue.get(), await queue.get(), await queue.get()]).toEqual(['a', 'b', 'c']);
  });

  it('does not give a key to a second worker while the first has it, and gives it again afterwards', async () => {
    const queue = new WorkQueue();
    queue.add('a');
    await queue.get();
    queue.add('a');
    queue.add('a');
    const second = queue.get();
    let given: string | undefined;
    void second.then((key) => (given = key));
    await vi.advanceTimersByTimeAsync(10);
    expect(given).toBeUndefined();
    queue.done('a');
    await expect(second).resolves.toBe('a');
    queue.done('a');
    expect(queue.length).toBe(0);
  });

  it('delays failures from 5 ms doubling to 1000 s, and begins anew after a success', async () => {
    const queue = new WorkQueue({ qps: 1e9, burst: 1e9 });
    for (const [failure, delay] of [5, 10, 20, 40, 80].entries()) {
      queue.addRateLimited('a');
      expect(queue.failures('a')).toBe(failure + 1);
      await vi.advanceTimersByTimeAsync(delay - 1);
      expect(queue.length).toBe(0);
      await vi.advanceTimersByTimeAsync(1);
      expect(await queue.get()).toBe('a');
      queue.done('a');
    }
    for (let failure = 0; failure < 40; failure++) {
      queue.addRateLimited('a');
      await vi.advanceTimersByTimeAsync(1_000_000);
      expect(queue.length).toBe(1);
      await queue.get();
      queue.done('a');
    }
    queue.forget('a');
    queue.addRateLimited('a');
    await vi.advanceTimersByTimeAsync(5);
    expect(queue.length).toBe(1);
  });

  it('lets no more failures come back in a second than the bucket has', async () => {
    const queue = new WorkQueue({ qps: 10, burst: 100 });
    for (let key = 0; key < 120; key++) queue.addRateLimited(`k${key}`);
    await vi.advanceTimersByTimeAsync(5);
    expect(queue.length).toBe(100);
    await vi.advanceTimersByTimeAsync(1000);
    expect(queue.length).toBe(110);
    await vi.advanceTimersByTimeAsync(1000);
    expect(queue.length).toBe(120);
  });

  it('of several delays of a key takes the earliest, also beyond what a timer can count', async () => {
    const queue = new WorkQueue();
    queue.addAfter('a', 1000);
    queue.addAfter('a', 100);
    queue.addAfter('a', 500);
    expect(queue.delayed).toBe(1);
    await vi.advanceTimersByTimeAsync(100);
    expect(queue.length).toBe(1);
    const month = 31 * 24 * 3600 * 1000;
    queue.addAfter('late', month);
    await vi.advanceTimersByTimeAsync(month - 1);
    expect(queue.delayed).toBe(1);
    await vi.advanceTimersByTimeAsync(1);
    expect(queue.length).toBe(2);
  });

  it('lets go of every worker when it is closed and takes nothing more', async () => {
    const queue = new WorkQueue();
    const waiting = [queue.get(), queue.get()];
    queue.addAfter('a', 10);
    queue.close();
    queue.add('b');
    await expect(Promise.all(waiting)).resolves.toEqual([undefined, undefined]);
    await expect(queue.get()).resolves.toBeUndefined();
    expect(vi.getTimerCount()).toBe(0);
  });

  it('never works on a key twice at once and never forgets one, whatever the order of events', async () => {
    const step = fc.oneof(
      fc.record({ do: fc.constant('add' as const), key: fc.constantFrom('a', 'b', 'c') }),
      fc.record({ do: fc.constant('take' as const), key: fc.constant('') }),
      fc.record({ do: fc.constant('done' as const), key: fc.constantFrom('a', 'b', 'c') }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
        const queue = new WorkQueue();
        const working = new Set<string>();
        const owed = new Set<string>();
        for (const { do: action, key } of steps) {
          if (action === 'add') {
            queue.add(key);
            owed.add(key);
          } else if (action === 'take' && queue.length > 0) {
            const taken = (await queue.get()) as string;
            expect(working.has(taken)).toBe(false);
            expect(owed.delete(taken)).toBe(true);
            working.add(taken);
          } else if (action === 'done' && working.delete(key)) {
            queue.done(key);
          }
        }
        for (const key of working) queue.done(key);
        const left: string[] = [];
        while (queue.length > 0) left.push((await queue.get()) as string);
        expect(left.toSorted()).toEqual([...owed].toSorted());
      }),
    );
  });
});
