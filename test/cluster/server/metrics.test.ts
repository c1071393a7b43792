import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type OurServer, startOurServer } from '../../support/our-server.ts';
import { runToEnd, startServer, type VeleroServer } from '../../support/velero.ts';
import { locationWithBucket, makeItems, type Stage, stage, strike, Velero } from './support.ts';

let s: Stage;
let ours: OurServer;
let real: VeleroServer;

beforeAll(async () => {
  s = await stage({ velero: true });
  await makeItems(s.api, 'shop', 5);
  await locationWithBucket(s, 'velero-ours', 'ours');
  await locationWithBucket(s, 'velero-real', 'real');
  [ours, real] = await Promise.all([
    startOurServer(s.cluster, { namespace: 'velero-ours' }),
    startServer(s.cluster, s.api, { side: 'real', namespace: 'velero-real' }),
  ]);
  await new Velero(s.api, 'velero-ours').run('backups', 'one', { includedNamespaces: ['shop'] });
  await runToEnd(s.api, 'backups', 'velero-real', 'one', { includedNamespaces: ['shop'] });
});

afterAll(async () => {
  await ours?.stop();
  await real?.stop();
  if (s) await strike(s);
});

interface Metric {
  type: string;
  help: string;
  /** Names of the labels of its series. */
  labels: string[];
}

function read(text: string): Map<string, Metric> {
  const metrics = new Map<string, Metric>();
  for (const [, name, help] of text.matchAll(/^# HELP (velero_\S+) (.*)$/gm)) {
    const type = new RegExp(`^# TYPE ${name} (\\S+)$`, 'm').exec(text)?.[1] as string;
    const series = new RegExp(`^${name}(?:_bucket|_count|_sum)?(?:\\{([^}]*)\\})? `, 'm').exec(text);
    const labels = [...(series?.[1] ?? '').matchAll(/([a-zA-Z_]+)="/g)].map((match) => match[1] as string);
    metrics.set(name as string, {
      type,
      help: help as string,
      labels: labels.filter((label) => label !== 'le').sort(),
    });
  }
  return metrics;
}

describe('metrics beside those of the real Velero', () => {
  it('V-MET-001 V-MET-002 V-MET-003 V-MET-004 V-MET-005 V-MET-006 have the same names, kinds, texts and labels', async () => {
    const [own, original] = await Promise.all([ours.metrics(), fetch(real.metricsUrl).then((a) => a.text())]);
    const mine = read(own);
    const theirs = read(original);
    expect(theirs.size).toBeGreaterThan(20);
    // Both are set a minute after the start at the latest, and not by a backup.
    const timed = ['velero_backup_last_successful_timestamp'];
    for (const [name, metric] of theirs) {
      if (timed.includes(name)) expect(mine.get(name)?.type, name).toBe(metric.type);
      else expect(mine.get(name), name).toEqual(metric);
    }
    expect([...mine.keys()].filter((name) => !theirs.has(name) && !timed.includes(name))).toEqual([]);
    const values = (text: string, name: string, ...labels: string[]) =>
      text
        .split('\n')
        .find((line) => line.startsWith(`${name}{`) && labels.every((label) => line.includes(label)))
        ?.split(' ')
        .pop();
    for (const text of [own, original]) {
      expect(values(text, 'velero_backup_attempt_total', 'schedule=""')).toBe('1');
      expect(values(text, 'velero_backup_success_total', 'schedule=""')).toBe('1');
      expect(values(text, 'velero_backup_last_status', 'schedule=""')).toBe('1');
      expect(values(text, 'velero_backup_duration_seconds_bucket', 'le="14400"')).toBe('1');
    }
  });
});
