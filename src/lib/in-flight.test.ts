import { describe, expect, it } from 'vitest';
import { InFlight } from './in-flight.ts';

describe('InFlight', () => {
  it('lets in as many as fit, in order, by number and by weight', async () => {
    const bound = new InFlight(2, 100);
    const entered: string[] = [];
    const enter = async (name: string, weight: number) => {
      await bound.enter(weight);
      entered.push(name);
    };
    const all = [enter('a', 60), enter('b', 60), enter('c', 10), enter('d', 10)];
    await all[0];
    expect(entered).toEqual(['a']);
    bound.leave(60);
    await Promise.all([all[1], all[2]]);
    expect(entered).toEqual(['a', 'b', 'c']);
    bound.leave(60);
    await all[3];
    expect(entered).toEqual(['a', 'b', 'c', 'd']);
    expect(bound.count).toBe(2);
  });

  it('lets in alone what is heavier than the bound', async () => {
    const bound = new InFlight(8, 10);
    expect(bound.enter(1000)).toBeUndefined();
    const second = bound.enter(1);
    expect(second).toBeInstanceOf(Promise);
    bound.leave(1000);
    await second;
    expect(bound.count).toBe(1);
  });
});
