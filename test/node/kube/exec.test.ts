import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type Cluster, startCluster } from '../../../dev/cluster/index.ts';
import type { ApiResource, ExecOptions } from '../../../src/kube/index.ts';
import { clientOf } from '../../support/kube.ts';
import { ConnectProxy } from '../../support/proxies.ts';

let cluster: Cluster;
let kube: Awaited<ReturnType<typeof clientOf>>;

beforeAll(async () => {
  cluster = await startCluster({ node: true, users: [{ name: 'jane' }] });
  kube = await clientOf(cluster);
  const pods = kube.discovery.resolve('pods') as ApiResource;
  const accounts = kube.discovery.resolve('sa') as ApiResource;
  await vi.waitFor(() => kube.get(accounts, 'default', 'default'), { timeout: 30_000, interval: 200 });
  const container = {
    image: cluster.node.testImage,
    imagePullPolicy: 'IfNotPresent',
    command: ['sleep', '3600'],
  };
  await kube.create(
    pods,
    {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'shop' },
      spec: {
        terminationGracePeriodSeconds: 0,
        containers: [
          { ...container, name: 'web', env: [{ name: 'WHO', value: 'web' }] },
          { ...container, name: 'db', env: [{ name: 'WHO', value: 'db' }] },
        ],
      },
    },
    'default',
  );
  await vi.waitFor(
    async () => {
      const pod = await kube.get(pods, 'shop', 'default');
      expect((pod['status'] as { phase: string }).phase).toBe('Running');
    },
    { timeout: 90_000, interval: 250 },
  );
});

afterAll(async () => {
  await kube?.close();
  await cluster?.stop();
});

function run(command: readonly string[], options: Partial<ExecOptions> = {}, client = kube) {
  return client.exec({ namespace: 'default', pod: 'shop', container: 'web', command, ...options });
}

const sh = (script: string, options: Partial<ExecOptions> = {}) => run(['sh', '-c', script], options);

describe('a command in a container', () => {
  it('V-BKP-114 gives its output, its errors and its exit code, apart from each other', async () => {
    expect(await sh('echo out; echo err >&2; exit 7')).toEqual({
      stdout: 'out\n',
      stderr: 'err\n',
      exitCode: 7,
    });
    expect(await run(['true'])).toEqual({ stdout: '', stderr: '', exitCode: 0 });
  });

  it('gets its words as they are, and runs in the container that was named', async () => {
    const words = ['a b', '"q"', '$HOME', 'é', '&x=1', '#', ''];
    expect((await run(['printf', '[%s]', ...words])).stdout).toBe(words.map((word) => `[${word}]`).join(''));
    expect((await sh('echo $WHO', { container: 'db' })).stdout).toBe('db\n');
  });

  it('may give much, also in characters of several bytes', async () => {
    const result = await sh('i=0; while [ $i -lt 40000 ]; do echo "ü€$i"; i=$((i+1)); done');
    const lines = result.stdout.split('\n');
    expect(lines).toHaveLength(40_001);
    expect(lines[39_999]).toBe('ü€39999');
  });

  it('reads its input to the end', async () => {
    const input = 'x'.repeat(300_000);
    const result = await sh('wc -c', { stdin: Readable.from([Buffer.from(input), 'tail']) });
    expect(result.stdout.trim()).toBe('300004');
  });

  it('V-BKP-114 that takes too long is left running, and the message names the time', async () => {
    const started = Date.now();
    await expect(sh('sleep 4; touch /tmp/went-on', { timeoutMs: 1000 })).rejects.toMatchObject({
      code: 'KUBE_EXEC_TIMEOUT',
      message: 'timed out after 1s',
    });
    expect(Date.now() - started).toBeLessThan(3000);
    await sleep(5000);
    expect((await sh('ls /tmp')).stdout).toContain('went-on');
  });

  it('is given up when the caller says so', async () => {
    const stop = new AbortController();
    setTimeout(() => stop.abort(new Error('enough')), 500);
    await expect(sh('sleep 30', { signal: stop.signal })).rejects.toThrow('enough');
  });

  it('that cannot be run is told in the words of the server', async () => {
    await expect(run(['true'], { pod: 'nobody' })).rejects.toMatchObject({
      reason: 'NotFound',
      message: 'pods "nobody" not found',
    });
    await expect(run(['true'], { container: 'cache' })).rejects.toMatchObject({
      message: expect.stringMatching(/container (cache )?(is )?not (found|valid)/) as string,
    });
    await expect(run(['/no/such/program'])).rejects.toMatchObject({
      message: expect.stringMatching(
        /^Internal error occurred: error executing .*no such file or directory/,
      ) as string,
    });
    const jane = await clientOf(cluster, {}, { auth: { token: cluster.user('jane').token } });
    await expect(run(['true'], {}, jane)).rejects.toMatchObject({
      reason: 'Forbidden',
      message: expect.stringContaining('User "jane" cannot') as string,
    });
    await jane.close();
  });

  it('is reached through an HTTP proxy, and as another user with several groups', async () => {
    const proxy = await ConnectProxy.start();
    const client = await clientOf(
      cluster,
      {},
      {
        proxyUrl: `http://127.0.0.1:${proxy.port}`,
        impersonate: { user: 'bob', groups: ['dev', 'system:masters'] },
      },
    );
    expect(await run(['echo', 'through'], {}, client)).toMatchObject({ stdout: 'through\n', exitCode: 0 });
    expect(proxy.asked.length).toBeGreaterThan(0);
    await client.close();
    await proxy.close();
  });

  it('may be one of many at the same time', async () => {
    const results = await Promise.all(Array.from({ length: 12 }, (_, n) => sh(`echo ${n}; exit ${n}`)));
    expect(results.map(({ stdout, exitCode }) => [stdout, exitCode])).toEqual(
      Array.from({ length: 12 }, (_, n) => [`${n}\n`, n]),
    );
  });
});
