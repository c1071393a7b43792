import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { KubeError } from './errors.ts';
import { OutageGate } from './outage-gate.ts';

const refused = new KubeError({ message: 'connection refused', status: 0, reason: 'Unavailable' });

describe('outage gate', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it('holds requests back until one probe finds the server well', async () => {
    let probes = 0;
    let well = false;
    const gate = new OutageGate(() => {
      probes++;
      return Promise.resolve(well);
    });
    expect(gate.closed).toBe(false);
    gate.suspect(refused);
    gate.suspect(refused);
    let entered = 0;
    for (let i = 0; i < 100; i++) void gate.wait(Date.now() + 60_000).then(() => entered++);
    await vi.advanceTimersByTimeAsync(20_000);
    expect(entered).toBe(0);
    expect(probes).toBeLessThan(25);
    well = true;
    await vi.advanceTimersByTimeAsync(3000);
    expect(entered).toBe(100);
    expect(gate.closed).toBe(false);
  });

  it('lets each request give up at its own time, with the reason for which the gate is closed', async () => {
    const gate = new OutageGate(() => Promise.resolve(false));
    gate.suspect(refused);
    const impatient = gate.wait(Date.now() + 5000).catch((error: unknown) => error);
    const leaving = new AbortController();
    const left = gate.wait(Date.now() + 60_000, leaving.signal).catch((error: unknown) => error);
    await vi.advanceTimersByTimeAsync(5000);
    await expect(impatient).resolves.toBe(refused);
    leaving.abort(new Error('left'));
    await expect(left).resolves.toEqual(new Error('left'));
  });

  it('stops to probe where nobody waits, so that the next request finds out for itself', async () => {
    const gate = new OutageGate(() => Promise.resolve(false));
    gate.suspect(refused);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(gate.closed).toBe(false);
    expect(vi.getTimerCount()).toBe(0);
  });
});
