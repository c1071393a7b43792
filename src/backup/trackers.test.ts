import { expect, it } from 'vitest';
import type { KubeObject } from '../api/object.ts';
import { ClaimTracker } from './claim-tracker.ts';
import { SeenItems } from './seen.ts';
import { SkipTracker, skippedReason } from './skip-tracker.ts';

it('V-BKP-087 V-STO-048 joins the reasons of a skipped PV by way, sorted', () => {
  const tracker = new SkipTracker();
  tracker.track('pv-2', 'volumeSnapshot', 'no applicable volumesnapshotter found');
  tracker.track('pv-1', 'podvolume', 'p');
  tracker.track('pv-1', 'any', 'old');
  tracker.track('pv-1', 'any', 'a');
  tracker.track('', 'any', 'nobody');
  const summary = tracker.summary();
  expect(summary.map(({ name }) => name)).toEqual(['pv-1', 'pv-2']);
  expect(summary.map(skippedReason)).toEqual([
    'any: a;podvolume: p;',
    'volumeSnapshot: no applicable volumesnapshotter found;',
  ]);
});

it('V-BKP-087 never lists a PV that was saved in any way, before or after', () => {
  const tracker = new SkipTracker();
  tracker.track('pv', 'podvolume', 'not this way');
  tracker.untrack('pv');
  tracker.track('pv', 'csiSnapshot', 'nor this');
  expect(tracker.summary()).toEqual([]);
});

const volume = { name: 'data', persistentVolumeClaim: { claimName: 'shared' } };
const pod = (name: string): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: 'shop' },
  spec: { volumes: [volume] },
});

it('V-BKP-093 knows a claim that was taken from another pod', () => {
  const claims = new ClaimTracker();
  claims.track(pod('one'), volume);
  expect(claims.takenClaim(pod('two'), volume)).toBeUndefined();
  claims.take(pod('one'), volume);
  expect(claims.takenClaim(pod('two'), volume)).toBe('shared');
  expect(claims.optedOutBy('shop', 'shared')).toBeUndefined();
});

it('V-BKP-093 a claim that no pod tracked cannot be taken', () => {
  const claims = new ClaimTracker();
  claims.optOut(pod('one'), volume);
  claims.take(pod('one'), volume);
  expect(claims.takenClaim(pod('two'), volume)).toBeUndefined();
  expect(claims.optedOutBy('shop', 'shared')).toBe('one');
});

it('V-BKP-061 V-STO-010 tells items apart by kind, namespace and name and lists them sorted', () => {
  const seen = new SeenItems();
  expect(seen.add('v1/Pod', 'b', 'x')).toBe(true);
  expect(seen.add('v1/Pod', 'a', 'x')).toBe(true);
  expect(seen.add('v1/Pod', 'a', 'x')).toBe(false);
  expect(seen.add('apps/v1/Deployment', 'a', 'x')).toBe(true);
  expect(seen.add('v1/Node', '', 'n')).toBe(true);
  expect(seen.has('v1/Node', '', 'n')).toBe(true);
  expect(seen.count).toBe(4);
  expect(Object.entries(seen.resourceList())).toEqual([
    ['apps/v1/Deployment', ['a/x']],
    ['v1/Node', ['n']],
    ['v1/Pod', ['a/x', 'b/x']],
  ]);
});
