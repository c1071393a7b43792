import { expect, it } from 'vitest';
import { forEachLimited } from './pool.ts';

it('works through all items with no more than the limit at once', async () => {
  const done: number[] = [];
  let now = 0;
  let most = 0;
  await forEachLimited([1, 2, 3, 4, 5, 6, 7], 3, async (item) => {
    most = Math.max(most, ++now);
    await new Promise((resolve) => setTimeout(resolve, 2));
    now--;
    done.push(item);
  });
  expect(done.toSorted((a, b) => a - b)).toEqual([1, 2, 3, 4, 5, 6, 7]);
  expect(most).toBe(3);
});

it('begins nothing more after a failure and passes it on', async () => {
  const begun: number[] = [];
  await expect(
    forEachLimited([1, 2, 3, 4], 1, async (item) => {
      begun.push(item);
      if (item === 2) throw new Error('two');
    }),
  ).rejects.toThrow('two');
  expect(begun).toEqual([1, 2]);
});
