import { expect, it } from 'vitest';
import type { Backup } from '../api/backup.ts';
import { IncludesExcludes } from '../filter/includes-excludes.ts';
import { BackupHooks, type HookPhase } from '../hooks/backup-hooks.ts';
import type { KubeClient } from '../kube/contract.ts';
import { LazyItem } from '../kube/items.ts';
import { systemClock } from '../lib/clock.ts';
import { silentLogger } from '../lib/log.ts';
import { ItemBackupper } from './item.ts';
import { itemOf } from './item-head.ts';
import { itemType } from './item-type.ts';
import { SeenItems } from './seen.ts';
import { SkipTracker } from './skip-tracker.ts';
import { VolumeRecords } from './volume-records.ts';

/** Notes which hooks were asked for, and whether they could still run. */
class NotedHooks extends BackupHooks {
  readonly asked: { phase: HookPhase; ended: boolean }[] = [];

  override async run(...[, phase, , signal]: Parameters<BackupHooks['run']>): Promise<void> {
    this.asked.push({ phase, ended: signal.aborted });
  }
}

it('undoes in a pod what its pre hooks did also where the backup is ended in between', async () => {
  const kube = {} as KubeClient;
  const hooks = new NotedHooks({}, kube);
  const ended = new AbortController();
  const failure = new Error('no space left on device');
  const backupper = new ItemBackupper({
    backup: { metadata: { name: 'b' }, spec: {} } as Backup,
    kube,
    namespaces: new IncludesExcludes([], []),
    resources: { shouldInclude: () => true, shouldExclude: () => false },
    actions: [
      {
        action: {
          name: 'example.io/last',
          appliesTo: async () => ({}),
          execute: async () => {
            ended.abort(failure);
            throw failure;
          },
        },
        appliesToType: () => true,
        appliesTo: () => true,
      },
    ],
    hooks,
    features: new Set(),
    seen: new SeenItems(),
    skipped: new SkipTracker(),
    records: new VolumeRecords(),
    operations: [],
    volumeSnapshots: [],
    sink: { store: () => undefined },
    clock: systemClock,
    signal: ended.signal,
    finalizing: false,
  });
  const pods = {
    group: '',
    version: 'v1',
    resource: 'pods',
    singular: 'pod',
    kind: 'Pod',
    namespaced: true,
    shortNames: [],
    verbs: [],
    preferred: true,
  };
  const pod = itemOf(new LazyItem(Buffer.from('{"metadata":{"name":"db","namespace":"shop"}}')));
  await expect(backupper.backUp(pod, itemType(pods, 'v1'), false, silentLogger)).rejects.toThrow(
    'no space left on device',
  );
  expect(hooks.asked).toEqual([
    { phase: 'pre', ended: false },
    { phase: 'post', ended: false },
  ]);
});
