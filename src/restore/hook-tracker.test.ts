import { describe, expect, it } from 'vitest';
import { createHookTracker, type TrackedHook } from './hook-tracker.ts';

const hook = (more: Partial<TrackedHook> = {}): TrackedHook => ({
  namespace: 'shop',
  pod: 'web',
  source: 'spec',
  hook: 'migrate',
  container: 'main',
  ...more,
});

describe('hook tracker', () => {
  it('V-RHK-028 counts hooks of one entry in one container once and keeps the first result only', () => {
    const tracker = createHookTracker();
    tracker.add('r1', hook());
    tracker.add('r1', hook());
    tracker.add('r1', hook({ container: 'side' }));
    tracker.add('r1', hook({ source: 'annotation' }));
    expect(tracker.stat('r1')).toEqual({ attempted: 3, failed: 0 });
    tracker.record('r1', hook(), undefined);
    tracker.record('r1', hook(), 'too late to fail');
    expect(tracker.stat('r1')).toEqual({ attempted: 3, failed: 0 });
    tracker.record('r1', hook({ container: 'side' }), 'failed');
    expect(tracker.errors('r1')).toEqual([{ namespace: 'shop', message: 'failed' }]);
    expect(tracker.isComplete('r1')).toBe(false);
    tracker.record('r1', hook({ source: 'annotation' }), undefined);
    expect(tracker.isComplete('r1')).toBe(true);
  });

  it('V-RHK-029 takes a restore that it does not know for complete, and forgets one that is deleted', () => {
    const tracker = createHookTracker();
    expect(tracker.isComplete('unknown')).toBe(true);
    tracker.add('r1', hook());
    tracker.add('r2', hook());
    tracker.delete('r1');
    expect(tracker.isComplete('r1')).toBe(true);
    expect(tracker.stat('r1')).toEqual({ attempted: 0, failed: 0 });
    expect(tracker.isComplete('r2')).toBe(false);
  });

  it('takes no result of a hook that was never added', () => {
    const tracker = createHookTracker();
    tracker.record('r1', hook(), 'nobody asked');
    expect(tracker.errors('r1')).toEqual([]);
  });
});
