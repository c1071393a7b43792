import { execFile } from 'node:child_process';
import { existsSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { attachCluster, type Cluster, startCluster, startS3 } from './cluster.ts';
import { httpRequest } from './http.ts';
import { clusterFolder, libraryFolder } from './paths.ts';
import { eventually, isListening, isRunning, startOwner } from './test-support.ts';

const run = promisify(execFile);

async function kubectl(cluster: Cluster, ...args: string[]): Promise<string> {
  return (await run(cluster.bin('kubectl'), ['--kubeconfig', cluster.kubeconfig, ...args])).stdout;
}

function failureOf(work: Promise<unknown>): Promise<string> {
  return work.then(
    () => '',
    (cause: Error) => cause.message,
  );
}

describe('a cluster without a node', () => {
  let cluster: Cluster;
  beforeAll(async () => {
    cluster = await startCluster({ users: [{ name: 'jane', groups: ['dev'] }] });
  });
  afterAll(async () => {
    await cluster?.stop();
    expect(existsSync(cluster.folder)).toBe(false);
  });

  test('works: objects, namespaces that can be deleted, controllers', async () => {
    await kubectl(cluster, 'create', 'namespace', 'shop');
    await kubectl(cluster, '--namespace', 'shop', 'create', 'deployment', 'web', '--image=none');
    await eventually('a pod of the Deployment', 20, async () => {
      return (await kubectl(cluster, '--namespace', 'shop', 'get', 'pods', '--output=name')).startsWith(
        'pod/web-',
      );
    });
    await kubectl(cluster, 'delete', 'namespace', 'shop');
    expect(await kubectl(cluster, 'get', 'namespaces', '--output=name')).not.toContain('shop');
  });

  test('knows the users it was started with and those added later', async () => {
    const { token } = cluster.user('jane');
    expect(await kubectl(cluster, 'auth', 'whoami', `--token=${token}`)).toMatch(/jane[\s\S]*\bdev\b/);
    const bob = await cluster.addUser('bob', ['ops']);
    const { stdout } = await run(cluster.bin('kubectl'), ['--kubeconfig', bob.kubeconfig, 'auth', 'whoami']);
    expect(stdout).toMatch(/bob[\s\S]*\bops\b/);
    await kubectl(cluster, 'auth', 'whoami', `--token=${token}`);
  });

  test('loses its API server and gets it back with all objects', async () => {
    await kubectl(cluster, 'create', 'configmap', 'kept');
    await cluster.apiserver.kill();
    expect(await isListening(cluster.server)).toBe(false);
    await cluster.apiserver.start();
    expect(await kubectl(cluster, 'get', 'configmap', 'kept', '--output=name')).toBe('configmap/kept\n');
  });

  test('has an API server that can be held still: it takes connections and does not answer', async () => {
    await cluster.apiserver.freeze();
    expect(await isListening(cluster.server)).toBe(true);
    await expect(kubectl(cluster, 'get', 'namespaces', '--request-timeout=1s')).rejects.toThrow(
      /[Tt]imeout|deadline/,
    );
    await cluster.apiserver.thaw();
    expect(await kubectl(cluster, 'get', 'namespaces')).toContain('default');
  });

  test('loses its S3 server and gets it back', async () => {
    await cluster.s3.stop();
    expect(await isListening(cluster.s3.url)).toBe(false);
    await cluster.s3.start();
    expect((await httpRequest(`${cluster.s3.url}/healthz`)).status).toBe(200);
  });

  test('can be reached by another process, and refuses a second cluster of its name', async () => {
    const other = await attachCluster(cluster.name);
    expect(other.info).toEqual(cluster.info);
    other.disconnect();
    expect(await failureOf(startCluster({ name: cluster.name }))).toMatch(
      new RegExp(`^cluster ${cluster.name}: a cluster of this name is running already\\.`),
    );
    await kubectl(cluster, 'get', 'namespaces');
  });

  test('keeps tokens to its owner', () => {
    for (const file of [cluster.kubeconfig, cluster.info.tokenFile, `${cluster.folder}/cluster.json`]) {
      expect(statSync(file).mode & 0o077).toBe(0);
    }
  });
});

test('clusters that start at the same moment stand side by side', async () => {
  const [one, two] = await Promise.all([startCluster(), startCluster()]);
  try {
    expect(one.server).not.toBe(two.server);
    await kubectl(one, 'create', 'namespace', 'only-in-one');
    expect(await kubectl(two, 'get', 'namespaces')).not.toContain('only-in-one');
  } finally {
    await Promise.all([one.stop(), two.stop()]);
  }
});

test('an S3 server with TLS shows a certificate of its own authority, and no other', async () => {
  const s3 = await startS3({ tls: true });
  try {
    const ca = readFileSync(s3.caFile ?? '', 'utf8');
    expect((await httpRequest(`${s3.url}/healthz`, { ca })).status).toBe(200);
    const other = readFileSync(s3.otherCaFile, 'utf8');
    await expect(httpRequest(`${s3.url}/healthz`, { ca: other })).rejects.toThrow(/verify/);
  } finally {
    await s3.close();
  }
});

describe.each([['SIGINT'], ['SIGTERM'], ['SIGKILL']] as const)('when its owner ends by %s', (signal) => {
  test('the cluster ends, with nothing left', async () => {
    const { owner, info } = await startOwner({});
    expect(await isListening(info.server)).toBe(true);
    owner.kill(signal);
    await eventually('the supervisor is gone', 10, () => !isRunning(info.supervisorPid));
    expect(await isListening(info.server)).toBe(false);
    expect(await isListening(info.s3?.url ?? '')).toBe(false);
    expect(existsSync(info.folder)).toBe(false);
  });
});

test('a script that ends without stopping its cluster ends, and the cluster with it', async () => {
  const index = JSON.stringify(join(libraryFolder, 'index.ts'));
  const script = `
    const { startS3 } = await import(${index});
    const s3 = await startS3();
    console.log(s3.url);`;
  const { stdout } = await run(process.execPath, ['--input-type=module', '--eval', script], {
    timeout: 20_000,
  });
  const url = stdout.trim();
  expect(url).toMatch(/^http:/);
  await eventually('the S3 server is gone', 10, async () => !(await isListening(url)));
});

test('a state folder with a path too long for sockets is refused', async () => {
  vi.stubEnv('OADP_DEV_DIR', `/tmp/${'x'.repeat(90)}`);
  expect(await failureOf(startS3({ name: 'long' }))).toMatch(
    /^cluster long: .* Set OADP_DEV_DIR to a shorter folder/,
  );
  vi.unstubAllEnvs();
});

test('when the supervisor itself is killed, the kernel ends the programs and the next start tidies up', async () => {
  const cluster = await startCluster();
  process.kill(cluster.info.supervisorPid, 'SIGKILL');
  await eventually('the API server is gone', 10, async () => !(await isListening(cluster.server)));
  expect(await failureOf(cluster.apiserver.start())).toMatch(/its supervisor has ended/);
  expect(existsSync(cluster.folder)).toBe(true);
  const s3 = await startS3();
  expect(existsSync(cluster.folder)).toBe(false);
  await s3.close();
});

test('a program that does not start is named, with the cause and its log', async () => {
  const failure = await failureOf(
    startCluster({ name: 'fails-to-start', arguments: { 'kube-apiserver': ['--no-such-flag'] } }),
  );
  expect(failure).toMatch(/^kube-apiserver: it ended with exit code 1\. Its last lines:\n/);
  expect(failure).toContain('unknown flag: --no-such-flag');
  const log = /Whole log: (\S+)$/.exec(failure)?.[1] ?? '';
  expect(readFileSync(log, 'utf8')).toContain('unknown flag');
  rmSync(clusterFolder('fails-to-start'), { recursive: true });
});

test('a program that ends by itself later is told to the owner', async () => {
  const lines: string[] = [];
  const cluster = await startCluster({ log: (line) => lines.push(line) });
  try {
    const { stdout } = await run('pgrep', ['--full', '--exact', `.*/kube-scheduler .*${cluster.folder}/.*`]);
    process.kill(Number(stdout.trim()), 'SIGKILL');
    await eventually('the news', 5, () =>
      lines.some((line) => line.startsWith('kube-scheduler: it ended with SIGKILL')),
    );
  } finally {
    await cluster.stop();
  }
});
