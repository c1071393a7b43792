import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { hasCgroups, processesOf } from './cgroups.ts';
import { attachCluster, type Cluster, startCluster } from './cluster.ts';
import { httpRequest } from './http.ts';
import { clusterFolder } from './paths.ts';
import { eventually, isRunning, startOwner } from './test-support.ts';

const run = promisify(execFile);

async function kubectl(cluster: Cluster, ...args: string[]): Promise<string> {
  return (await run(cluster.bin('kubectl'), ['--kubeconfig', cluster.kubeconfig, ...args])).stdout;
}

/** Creates objects from their JSON. */
async function apply(cluster: Cluster, ...objects: unknown[]): Promise<void> {
  const args = ['--kubeconfig', cluster.kubeconfig, 'apply', '--filename', '-'];
  const child = spawn(cluster.bin('kubectl'), args, { stdio: ['pipe', 'ignore', 'inherit'] });
  child.stdin.end(JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects }));
  const [code] = (await once(child, 'exit')) as [number];
  expect(code).toBe(0);
}

function pod(name: string, spec: Record<string, unknown>, container: Record<string, unknown>): unknown {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name },
    spec: { terminationGracePeriodSeconds: 0, ...spec, containers: [{ name: 'main', ...container }] },
  };
}

async function ready(cluster: Cluster, ...names: string[]): Promise<void> {
  const pods = names.map((name) => `pod/${name}`);
  await kubectl(cluster, 'wait', '--for=condition=Ready', '--timeout=60s', ...pods);
}

describe('a cluster with a node', () => {
  let cluster: Cluster;
  beforeAll(async () => {
    cluster = await startCluster({ node: true });
    const volumes = [
      { name: 'data', emptyDir: {} },
      { name: 'memory', emptyDir: { medium: 'Memory' } },
    ];
    const mounts = [
      { name: 'data', mountPath: '/data' },
      { name: 'memory', mountPath: '/memory' },
    ];
    const command = [
      'sh',
      '-c',
      'echo started; mkdir -p /www; echo page > /www/index.html; httpd -f -p 8000 -h /www',
    ];
    await apply(
      cluster,
      pod('app', { volumes }, { image: cluster.node.testImage, command, volumeMounts: mounts }),
    );
    await ready(cluster, 'app');
  });
  afterAll(async () => {
    await cluster?.stop();
    expect(existsSync(cluster.folder)).toBe(false);
    const addresses = Object.values(networkInterfaces()).flat();
    expect(addresses.map((entry) => entry?.address)).not.toContain(cluster.info.hostAddress);
    expect(hasCgroups(cluster.name)).toBe(false);
  });

  test('commands run in a pod, with input, output and exit code, and its log is read', async () => {
    expect(await kubectl(cluster, 'exec', 'app', '--', 'sh', '-c', 'echo out')).toBe('out\n');
    await expect(kubectl(cluster, 'exec', 'app', '--', 'sh', '-c', 'exit 3')).rejects.toMatchObject({
      code: 3,
    });
    expect(await kubectl(cluster, 'logs', 'app')).toBe('started\n');
    const args = ['--kubeconfig', cluster.kubeconfig, 'exec', '--stdin', 'app', '--', 'md5sum'];
    const exec = spawn(cluster.bin('kubectl'), args, { stdio: ['pipe', 'pipe', 'inherit'] });
    exec.stdin.end('hello');
    const [sum] = (await once(exec.stdout, 'data')) as [Buffer];
    expect(sum.toString()).toContain('5d41402abc4b2a76b9719d911017c592');
  });

  test('the machine reaches a pod, and a port is forwarded to it', async () => {
    const address = await kubectl(cluster, 'get', 'pod', 'app', '--output=jsonpath={.status.podIP}');
    expect((await httpRequest(`http://${address}:8000/index.html`)).body).toBe('page\n');
    const args = ['--kubeconfig', cluster.kubeconfig, 'port-forward', 'pod/app', ':8000'];
    const forward = spawn(cluster.bin('kubectl'), args, { stdio: ['ignore', 'pipe', 'inherit'] });
    try {
      const [line] = (await once(forward.stdout, 'data')) as [Buffer];
      const port = /127\.0\.0\.1:(\d+)/.exec(line.toString())?.[1];
      expect((await httpRequest(`http://127.0.0.1:${port}/index.html`)).body).toBe('page\n');
    } finally {
      forward.kill();
    }
  });

  test("a pod's volumes are at /var/lib/kubelet on the node, mounts included", async () => {
    await kubectl(cluster, 'exec', 'app', '--', 'sh', '-c', 'echo one > /data/f; echo two > /memory/f');
    const uid = await kubectl(cluster, 'get', 'pod', 'app', '--output=jsonpath={.metadata.uid}');
    const volumes = `/var/lib/kubelet/pods/${uid}/volumes/kubernetes.io~empty-dir`;
    expect(await cluster.runOnNode(['cat', `${volumes}/data/f`, `${volumes}/memory/f`])).toBe('one\ntwo\n');
  });

  test('an image made from files runs, and finds the API server and the S3 server from within', async () => {
    await cluster.importImage('localhost/test/kubectl:1', {
      files: {
        'bin/kubectl': { copyOf: cluster.bin('kubectl'), mode: 0o755 },
        'bin/busybox': { copyOf: '/bin/busybox', mode: 0o755 },
        'etc/greeting': { text: 'hello\n' },
      },
      entrypoint: ['/bin/busybox', 'sleep', '3600'],
      user: '1000',
    });
    await apply(cluster, pod('client', {}, { image: 'localhost/test/kubectl:1' }));
    await ready(cluster, 'client');
    const inPod = (...command: string[]): Promise<string> =>
      kubectl(cluster, 'exec', 'client', '--', ...command);
    expect(await inPod('/bin/busybox', 'cat', '/etc/greeting')).toBe('hello\n');
    expect(await inPod('/bin/busybox', 'id', '-u')).toBe('1000\n');
    expect(await inPod('/bin/kubectl', 'auth', 'whoami')).toContain('system:serviceaccount:default:default');
    expect(await inPod('/bin/busybox', 'wget', '-q', '-O', '-', `${cluster.s3.url}/healthz`)).toBe('OK');
  });

  test('a mount that a privileged pod makes on the node is seen by other pods', async () => {
    const volumes = [{ name: 'node', hostPath: { path: '/var/lib/kubelet' } }];
    const volumeMounts = [{ name: 'node', mountPath: '/node', mountPropagation: 'Bidirectional' }];
    await apply(
      cluster,
      pod(
        'mounter',
        { volumes },
        { image: cluster.node.testImage, securityContext: { privileged: true }, volumeMounts },
      ),
    );
    await ready(cluster, 'mounter');
    const script = 'mkdir /node/made && mount -t tmpfs tmpfs /node/made && echo x > /node/made/f';
    await kubectl(cluster, 'exec', 'mounter', '--', 'sh', '-c', script);
    expect(await cluster.runOnNode(['cat', '/var/lib/kubelet/made/f'])).toBe('x\n');
    await cluster.runOnNode(['umount', '/var/lib/kubelet/made']);
  });

  test('kubelet and containerd are ended and started again while pods run on', async () => {
    await cluster.program('kubelet').kill();
    await cluster.program('containerd').kill();
    await cluster.program('containerd').start();
    await cluster.program('kubelet').start();
    await eventually('a command in the pod', 20, async () => {
      return (await kubectl(cluster, 'exec', 'app', '--', 'echo', 'x').catch(() => '')) === 'x\n';
    });
    expect(
      await kubectl(
        cluster,
        'get',
        'pod',
        'app',
        '--output=jsonpath={.status.containerStatuses[0].restartCount}',
      ),
    ).toBe('0');
  });
});

test('two clusters with nodes stand side by side', async () => {
  const clusters = await Promise.all([startCluster({ node: true }), startCluster({ node: true })]);
  try {
    const answers = await Promise.all(
      clusters.map(async (cluster) => {
        await apply(cluster, pod('same', { hostNetwork: true }, { image: cluster.node.testImage }));
        await ready(cluster, 'same');
        return await kubectl(cluster, 'get', 'pod', 'same', '--output=jsonpath={.status.podIP}');
      }),
    );
    expect(answers).toEqual(clusters.map((cluster) => cluster.node.address));
  } finally {
    await Promise.all(clusters.map((cluster) => cluster.stop()));
  }
});

test('a program of the node that does not start is named, with the cause and its log', async () => {
  const options = { name: 'node-fails', node: true, arguments: { kubelet: ['--no-such-flag'] } };
  const failure = await startCluster(options).then(
    () => '',
    (cause: Error) => cause.message,
  );
  expect(failure).toMatch(/^kubelet: it ended with exit code 1\. Its last lines:\n/);
  expect(failure).toContain('unknown flag: --no-such-flag');
  expect(hasCgroups(options.name)).toBe(false);
  expect(readFileSync(/Whole log: (\S+)$/.exec(failure)?.[1] ?? '', 'utf8')).toContain('unknown flag');
  rmSync(clusterFolder(options.name), { recursive: true });
});

test('when its owner is killed, pods, mounts, cables and cgroups go too', async () => {
  const { owner, info } = await startOwner({ node: true });
  try {
    const cluster = await attachCluster(info.name);
    await apply(cluster, pod('app', {}, { image: cluster.node.testImage }));
    await ready(cluster, 'app');
    cluster.disconnect();
    expect(processesOf(info.name)).not.toEqual([]);
  } finally {
    owner.kill('SIGKILL');
  }
  await eventually('the supervisor is gone', 15, () => !isRunning(info.supervisorPid));
  expect(isRunning(info.node?.pid ?? 0)).toBe(false);
  expect(hasCgroups(info.name)).toBe(false);
  expect(existsSync(info.folder)).toBe(false);
});

test('when the supervisor itself is killed, the kernel ends the node with all its containers', async () => {
  const cluster = await startCluster({ node: true });
  await apply(cluster, pod('app', {}, { image: cluster.node.testImage }));
  await ready(cluster, 'app');
  const { pid } = cluster.node;
  process.kill(cluster.info.supervisorPid, 'SIGKILL');
  await eventually('the node is gone', 10, () => !isRunning(pid));
  await eventually('its containers are gone', 10, () => processesOf(cluster.name).length === 0);
  const next = await startCluster({ node: true });
  expect(existsSync(cluster.folder)).toBe(false);
  expect(hasCgroups(cluster.name)).toBe(false);
  await next.stop();
});
