import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Cluster, startCluster } from '../../../dev/cluster/index.ts';
import type { KubeObject } from '../../../src/api/object.ts';
import type { RestoreSpec } from '../../../src/api/restore.ts';
import { type ApiResource, isNotFound, type KubeClient } from '../../../src/kube/index.ts';
import { systemClock } from '../../../src/lib/clock.ts';
import { silentLogger } from '../../../src/lib/log.ts';
import { finalizeRestore } from '../../../src/restore/finalize.ts';
import { createHookTracker, type HookTracker } from '../../../src/restore/hook-tracker.ts';
import { archiveOf, aRestore, connect, restore, saved } from './support.ts';

let cluster: Cluster;
let kube: KubeClient;
let pods: ApiResource;
let counter = 0;

beforeAll(async () => {
  cluster = await startCluster();
  kube = await connect(cluster);
  pods = kube.discovery.resolve('pods') as ApiResource;
});

afterAll(async () => {
  await kube?.close();
  await cluster?.stop();
});

function pod(namespace: string, name: string, annotations: Record<string, string> = {}): KubeObject {
  return saved({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace, annotations },
    spec: {
      containers: [
        { name: 'main', image: 'example/none' },
        { name: 'side', image: 'example/none' },
      ],
    },
  });
}

interface HookRun {
  namespace: string;
  tracker: HookTracker;
  name: string;
  spec: RestoreSpec;
}

/** Restores pods with these hooks; there is no kubelet, so nothing becomes of them but what a test says. */
async function start(
  names: string[],
  hooks: object[],
  annotations?: Record<string, string>,
  more: RestoreSpec = {},
): Promise<HookRun> {
  const namespace = `hooks-${++counter}`;
  const name = `restore-${counter}`;
  const tracker = createHookTracker();
  const spec: RestoreSpec = {
    itemOperationTimeout: '1h',
    ...more,
    hooks: {
      resources: [{ name: 'h', postHooks: hooks.map((exec) => ({ exec: exec as { command: string[] } })) }],
    },
  };
  const archive = await archiveOf(
    kube,
    names.map((each) => pod(namespace, each, annotations)),
  );
  const { errors } = await restore(kube, archive, spec, { name, hooks: tracker });
  expect(errors).toEqual([]);
  return { namespace, tracker, name, spec };
}

async function setStatus(namespace: string, name: string, status: object): Promise<void> {
  const live = await kube.get(pods, name, namespace);
  await kube.update(pods, { ...live, status }, { subresource: 'status' });
}

const running = (container: string, ready = true) => ({
  phase: 'Running',
  containerStatuses: [
    {
      name: container,
      ready,
      restartCount: 0,
      image: 'x',
      imageID: 'x',
      state: { running: { startedAt: '2024-01-01T00:00:00Z' } },
    },
  ],
});

/** Finishes the restore, and gives the texts of its errors. */
async function finish({ tracker, name, spec }: HookRun) {
  const { errors, hookStatus } = await finalizeRestore({
    restore: aRestore(name, spec),
    resourceList: {},
    volumeInfos: [],
    kube,
    hooks: tracker,
    resourceTimeoutMs: 1000,
    log: silentLogger,
    clock: systemClock,
    signal: AbortSignal.timeout(60_000),
  });
  return { errors: errors.namespaces, hookStatus };
}

async function settled(ms = 600): Promise<void> {
  await new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}

describe('post-restore hooks', () => {
  it('V-RHK-017 V-RHK-019 V-RHK-023 V-RHK-030 V-RHK-031 run once the container is up, in the background, and fail the restore', async () => {
    const run = await start(['web'], [{ command: ['true'], container: 'main', onError: 'Continue' }]);
    await settled();
    expect(run.tracker.isComplete(run.name)).toBe(false);
    await setStatus(run.namespace, 'web', running('main', false));
    const ended = await finish(run);
    expect(ended).toEqual({
      hookStatus: { hooksAttempted: 1, hooksFailed: 1 },
      errors: {
        [run.namespace]: [
          expect.stringMatching(/^hook h in container main failed to execute, err: /) as string,
        ],
      },
    });
    // Where the results cannot be written the restore is finished once more: nothing may be lost by then.
    expect(await finish(run)).toEqual(ended);
  });

  it('V-RHK-017 run also in a pod that another restore has labelled as its own meanwhile', async () => {
    const run = await start(['web'], [{ command: ['true'], waitTimeout: '1m' }]);
    await kube.patch(pods, 'web', run.namespace, 'merge', {
      metadata: { labels: { 'velero.io/restore-name': 'another' } },
    });
    await settled();
    expect(run.tracker.isComplete(run.name)).toBe(false);
    await setStatus(run.namespace, 'web', running('main', false));
    const { errors } = await finish(run);
    expect(errors[run.namespace]).toEqual([
      expect.stringMatching(/^hook h in container main failed to execute, err: /) as string,
    ]);
  });

  it('V-RHK-019 wait until the container is ready where a hook says so', async () => {
    const run = await start(['web'], [{ command: ['true'], waitForReady: true }]);
    await setStatus(run.namespace, 'web', running('main', false));
    await settled();
    expect(run.tracker.isComplete(run.name)).toBe(false);
    await setStatus(run.namespace, 'web', running('main', true));
    expect((await finish(run)).hookStatus).toEqual({ hooksAttempted: 1, hooksFailed: 1 });
  });

  it('V-RHK-023 abandon the rest of the pod only with onError Fail', async () => {
    const prefix = 'post.hook.restore.velero.io';
    const failing = await start(
      ['web'],
      [
        { command: ['true'], container: 'main', onError: 'Fail' },
        { command: ['true'], container: 'side' },
      ],
    );
    await setStatus(failing.namespace, 'web', running('main'));
    expect((await finish(failing)).errors[failing.namespace]).toEqual([
      expect.stringMatching(/^hook h in container main failed to execute/) as string,
      `hook h in container side in pod ${failing.namespace}/web not executed: context canceled: an earlier hook of the pod failed`,
    ]);
    const unset = await start(['web'], [], { [`${prefix}/command`]: 'x', [`${prefix}/container`]: 'side' });
    await setStatus(unset.namespace, 'web', running('side'));
    expect((await finish(unset)).errors[unset.namespace]).toEqual([
      expect.stringMatching(/^hook <from-annotation> in container side failed to execute/) as string,
    ]);
  });

  it('V-RHK-018 end with an error where the pod has no such container', async () => {
    const run = await start(['web'], [{ command: ['true'], container: 'none' }]);
    const { errors, hookStatus } = await finish(run);
    expect(hookStatus).toEqual({ hooksAttempted: 1, hooksFailed: 1 });
    expect(errors[run.namespace]).toEqual([
      `hook h in container none in pod ${run.namespace}/web not executed: the pod has no container of that name, only main, side`,
    ]);
  });

  it('V-RHK-021 V-RHK-026 are given up after the longest wait of the pod', async () => {
    const run = await start(
      ['web'],
      [
        { command: ['true'], container: 'main', waitTimeout: '200ms' },
        { command: ['true'], container: 'side', waitTimeout: '700ms' },
      ],
    );
    await settled(400);
    expect(run.tracker.isComplete(run.name)).toBe(false);
    const { errors } = await finish(run);
    expect(errors[run.namespace]?.toSorted()).toEqual(
      ['main', 'side'].map(
        (container) =>
          `hook h in container ${container} in pod ${run.namespace}/web not executed: context deadline exceeded: the container was not up after 700ms`,
      ),
    );
  });

  it('V-RHK-021 without a wait timeout are given up with the operation timeout of the restore', async () => {
    const run = await start(
      ['web'],
      [
        { command: ['true'], waitTimeout: '100ms' },
        { command: ['true'], container: 'side' },
      ],
      {},
      { itemOperationTimeout: '500ms' },
    );
    expect((await finish(run)).errors[run.namespace]).toEqual([
      expect.stringContaining(
        'not executed: context deadline exceeded: the container was not up after 500ms',
      ) as string,
      expect.stringContaining(
        'not executed: context deadline exceeded: the container was not up after 500ms',
      ) as string,
    ]);
  });

  it('V-RHK-022 are expired where their own wait has passed, and then run all the same', async () => {
    const run = await start(
      ['web'],
      [
        { command: ['true'], container: 'main', waitTimeout: '100ms' },
        { command: ['true'], container: 'side', waitTimeout: '1m' },
      ],
    );
    await settled(300);
    await setStatus(run.namespace, 'web', running('main'));
    await settled();
    expect(run.tracker.errors(run.name)).toEqual([
      { namespace: run.namespace, message: 'hook h in container main expired before executing' },
    ]);
    await kube.delete(pods, 'web', run.namespace, { gracePeriodSeconds: 0 });
    await finish(run);
  });

  it('V-RHK-025 V-RHK-026 end with the pod', async () => {
    const deleted = await start(['web'], [{ command: ['true'] }]);
    await settled();
    await kube.delete(pods, 'web', deleted.namespace, { gracePeriodSeconds: 0 });
    // Somebody makes another pod of that name at once.
    const { spec } = pod(deleted.namespace, 'web');
    const another = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'web' }, spec };
    await kube.create(pods, another, deleted.namespace);
    await setStatus(deleted.namespace, 'web', running('main'));
    expect((await finish(deleted)).errors[deleted.namespace]).toEqual([
      `hook h in container main in pod ${deleted.namespace}/web not executed: context canceled: pod ${deleted.namespace}/web deleted before all hooks were executed`,
    ]);
    const ended = await start(['web'], [{ command: ['true'] }]);
    await setStatus(ended.namespace, 'web', { phase: 'Failed' });
    expect((await finish(ended)).errors[ended.namespace]).toEqual([
      `hook h in container main in pod ${ended.namespace}/web not executed: context canceled: pod entered phase Failed before some post-restore exec hooks ran`,
    ]);
  });

  it('V-RHK-027 in other pods are given up after a failure in one', async () => {
    const run = await start(['one', 'two'], [{ command: ['true'] }]);
    await setStatus(run.namespace, 'one', running('main'));
    const { errors, hookStatus } = await finish(run);
    expect(hookStatus).toEqual({ hooksAttempted: 2, hooksFailed: 2 });
    expect(errors[run.namespace]).toContain(
      `hook h in container main in pod ${run.namespace}/two not executed: context canceled: a post-restore hook failed in another pod`,
    );
  });

  it('V-RHK-017 are not run in a pod that was there before', async () => {
    const run = await start(['web'], [{ command: ['true'], container: 'none' }]);
    await finish(run);
    const tracker = createHookTracker();
    const archive = await archiveOf(kube, [pod(run.namespace, 'web')]);
    await restore(kube, archive, run.spec, { name: 'again', hooks: tracker });
    expect(tracker.stat('again')).toEqual({ attempted: 0, failed: 0 });
    try {
      await kube.delete(pods, 'web', run.namespace, { gracePeriodSeconds: 0 });
    } catch (error) {
      expect(isNotFound(error)).toBe(true);
    }
  });
});
