import { describe, expect, it } from 'vitest';
import { type ItemVisit, RestoredItems } from './items.ts';

function begin(items: RestoredItems, name: string): ItemVisit {
  const begun = items.begin('v1', 'Pod', 'shop', name);
  if (!('fresh' in begun)) throw new Error(`${name} was begun before`);
  return begun.fresh;
}

describe('restored items', () => {
  it('V-RST-045 lists by apiVersion and kind, sorted, with what became of each', () => {
    const items = new RestoredItems();
    for (const [name, result] of [
      ['b', 'updated'],
      ['a', 'created'],
      ['c', 'failed'],
      ['d', 'skipped'],
    ] as const) {
      items.finish('v1', 'Pod', begin(items, name), result);
    }
    items.note('v1', 'Namespace', '', 'shop', 'created');
    const deployment = items.begin('apps/v1', 'Deployment', 'shop', 'web');
    if ('fresh' in deployment) items.finish('apps/v1', 'Deployment', deployment.fresh, 'created');
    expect(items.resourceList()).toEqual({
      'apps/v1/Deployment': ['shop/web(created)'],
      'v1/Namespace': ['shop(created)'],
      'v1/Pod': ['shop/a(created)', 'shop/b(updated)', 'shop/c(failed)', 'shop/d(skipped)'],
    });
    expect(items.size).toBe(6);
    expect(items.hasChanged('v1', 'Pod')).toBe(true);
    expect(items.hasChanged('v1', 'Service')).toBe(false);
  });

  it('V-RST-101 takes an item once and remembers whether it exists', () => {
    const items = new RestoredItems();
    const visit = begin(items, 'a');
    expect(items.begin('v1', 'Pod', 'shop', 'a')).toEqual({ underWay: visit });
    visit.exists = true;
    items.finish('v1', 'Pod', visit, 'skipped');
    expect(items.begin('v1', 'Pod', 'shop', 'a')).toEqual({ exists: true });
    const other = begin(items, 'b');
    items.finish('v1', 'Pod', other, 'failed');
    expect(items.begin('v1', 'Pod', 'shop', 'b')).toEqual({ exists: false });
    expect(items.size).toBe(2);
  });

  it('knows when waiting for another would never end', async () => {
    const items = new RestoredItems();
    const [a, b, c] = ['a', 'b', 'c'].map((name) => begin(items, name)) as [ItemVisit, ItemVisit, ItemVisit];
    a.waitsFor = b;
    b.waitsFor = c;
    expect(c.wouldDeadlock(a)).toBe(true);
    expect(a.wouldDeadlock(a)).toBe(true);
    expect(a.wouldDeadlock(c)).toBe(false);
    items.finish('v1', 'Pod', c, 'created');
    await c.done;
  });
});
