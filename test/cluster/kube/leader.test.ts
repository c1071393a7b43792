import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type Cluster, startCluster } from '../../../dev/cluster/index.ts';
import { createKubeClient, type LeaderOptions, runAsLeader } from '../../../src/kube/index.ts';
import { LEASES } from '../../../src/kube/leader.ts';
import { silentLogger } from '../../../src/lib/log.ts';
import { clientOf, configOf } from '../../support/kube.ts';
import { FlakyProxy } from '../../support/proxies.ts';

let cluster: Cluster;
let kube: Awaited<ReturnType<typeof clientOf>>;

beforeAll(async () => {
  cluster = await startCluster();
  kube = await clientOf(cluster);
});

afterAll(async () => {
  await kube?.close();
  await cluster?.stop();
});

const QUICK = { leaseDurationMs: 3000, renewDeadlineMs: 2000, retryPeriodMs: 300 };

/** A candidate that works until it is told to end or loses its office. */
function candidate(name: string, identity: string, options: Partial<LeaderOptions> = {}) {
  const stop = new AbortController();
  const state = { leading: false, terms: 0 };
  const ended = runAsLeader(
    { client: kube, namespace: 'default', name, identity, log: silentLogger, ...QUICK, ...options },
    async (signal) => {
      state.leading = true;
      state.terms++;
      await new Promise<void>((resolve) => {
        signal.addEventListener('abort', () => resolve(), { once: true });
      });
      state.leading = false;
    },
    stop.signal,
  );
  return { state, stop: () => stop.abort(), ended };
}

describe('leader election', () => {
  it('O-OPS-005 lets one of two candidates work; the other follows at once when the Lease is given up', async () => {
    const one = candidate('oadp.openshift.io', 'one');
    await vi.waitFor(() => expect(one.state.leading).toBe(true), 5000);
    const two = candidate('oadp.openshift.io', 'two');
    await sleep(5000);
    expect([one.state.leading, two.state.leading]).toEqual([true, false]);
    const lease = await kube.get(LEASES, 'oadp.openshift.io', 'default');
    expect(lease['spec']).toMatchObject({
      holderIdentity: 'one',
      leaseDurationSeconds: 3,
      leaseTransitions: 0,
    });
    one.stop();
    await one.ended;
    await vi.waitFor(() => expect(two.state.leading).toBe(true), 3000);
    expect((await kube.get(LEASES, 'oadp.openshift.io', 'default'))['spec']).toMatchObject({
      holderIdentity: 'two',
      leaseTransitions: 1,
    });
    two.stop();
    await two.ended;
  });

  it('lets another take over when the leader is cut off, and the leader has stopped by then', async () => {
    const proxy = await FlakyProxy.start(cluster.server);
    const cutOff = createKubeClient({ ...configOf(cluster), server: proxy.url }, { requestTimeoutMs: 1000 });
    const one = candidate('cut-off', 'one', { client: cutOff });
    await vi.waitFor(() => expect(one.state.leading).toBe(true), 5000);
    const two = candidate('cut-off', 'two');
    await sleep(500);
    proxy.weather = 'stall';
    let together = false;
    const watching = setInterval(() => {
      if (one.state.leading && two.state.leading) together = true;
    }, 5);
    await expect(one.ended).rejects.toMatchObject({ code: 'LEADER_LOST' });
    await vi.waitFor(() => expect(two.state.leading).toBe(true), 10_000);
    clearInterval(watching);
    expect(together).toBe(false);
    two.stop();
    await two.ended;
    await cutOff.close();
    await proxy.close();
  });

  it('keeps its leader while the API server is restarted', async () => {
    const one = candidate('restart', 'one', { leaseDurationMs: 20_000, renewDeadlineMs: 15_000 });
    await vi.waitFor(() => expect(one.state.leading).toBe(true), 5000);
    await cluster.apiserver.kill();
    await sleep(1500);
    await cluster.apiserver.start();
    await sleep(2000);
    expect(one.state).toEqual({ leading: true, terms: 1 });
    one.stop();
    await one.ended;
  });

  it('works at once and touches no Lease where it is off', async () => {
    const one = candidate('off', 'one', { enabled: false });
    expect(one.state.leading).toBe(true);
    one.stop();
    await one.ended;
    await expect(kube.get(LEASES, 'off', 'default')).rejects.toMatchObject({ reason: 'NotFound' });
  });

  it('refuses times with which two could lead', async () => {
    const wrong = candidate('times', 'one', { leaseDurationMs: 1000, renewDeadlineMs: 2000 });
    await expect(wrong.ended).rejects.toMatchObject({ code: 'LEADER_TIMES' });
  });
});
