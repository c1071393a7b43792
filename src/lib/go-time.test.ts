import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { goTime } from './go-time.ts';

/** The zone of a process is fixed at its start, so other zones need other processes. */
function timeIn(zone: string, timestamp: string): string {
  const module = path.resolve(import.meta.dirname, 'go-time.ts');
  const script = `import { goTime } from ${JSON.stringify(module)}; process.stdout.write(goTime(${JSON.stringify(timestamp)}));`;
  return execFileSync(process.execPath, ['--input-type=module', '-e', script], {
    env: { ...process.env, TZ: zone },
    encoding: 'utf8',
  });
}

describe('times as Go prints them', () => {
  it.each([
    ['UTC', '2026-01-02T03:04:05Z', '2026-01-02 03:04:05 +0000 UTC'],
    ['Europe/Berlin', '2026-01-02T03:04:05Z', '2026-01-02 04:04:05 +0100 CET'],
    ['Europe/Berlin', '2026-07-02T03:04:05Z', '2026-07-02 05:04:05 +0200 CEST'],
    ['America/New_York', '2026-07-02T03:04:05Z', '2026-07-01 23:04:05 -0400 EDT'],
    ['Asia/Kolkata', '2026-07-02T03:04:05Z', '2026-07-02 08:34:05 +0530 IST'],
  ])('in %s', (zone, timestamp, text) => {
    expect(timeIn(zone, timestamp)).toBe(text);
  });

  it('leaves what is no time as it is', () => {
    expect(goTime('soon')).toBe('soon');
  });
});
