import { describe, expect, it } from 'vitest';
import { timestampedName } from './schedule.ts';

describe('timestampedName', () => {
  it('V-CRD-033 joins the name of the schedule and the time to the second', () => {
    expect(timestampedName('nightly', new Date('2026-01-02T03:04:05.999Z'))).toBe('nightly-20260102030405');
  });

  it('V-CRD-033 takes the local time where it is asked to', () => {
    const at = new Date(2026, 10, 24, 23, 59, 58);
    expect(timestampedName('a', at, 'local')).toBe('a-20261124235958');
  });
});
