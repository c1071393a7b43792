import { spawn } from 'node:child_process';
import { createWriteStream, mkdtempSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';
import { demoApplication } from './application.ts';
import type { DemoCluster, Kubectl } from './kubectl.ts';

/** Names that nobody's own Velero or application has: the demo deletes both at its end. */
export const NAMESPACE = 'demo-shop';
export const SERVER_NAMESPACE = 'demo-velero';

export interface DemoServer extends AsyncDisposable {
  /** The objects that a backup lists, as `Kind/name`, read from the bucket. */
  backedUp(backup: string): Promise<Set<string>>;
}

/** @throws where the cluster has something under the names that the demo would delete */
export async function refuseWhatIsThere(kubectl: Kubectl): Promise<void> {
  for (const [kind, name] of [
    ['namespace', NAMESPACE],
    ['namespace', SERVER_NAMESPACE],
    ['crd', 'discounts.demo.example.com'],
  ] as const) {
    const found = await kubectl.run(['get', kind, name, '--ignore-not-found', '-o', 'name']);
    if (found.trim() === '') continue;
    throw new Error(
      `the cluster has ${found.trim()} already, which the demo would delete. Delete it yourself if it is left over from a demo`,
    );
  }
}

/** Custom resource definitions of a Velero that is there already are left as they are. */
async function installCrds(kubectl: Kubectl): Promise<void> {
  const there = await kubectl.run(['get', 'crd', 'backups.velero.io', '--ignore-not-found', '-o', 'name']);
  if (there.trim() !== '') return;
  await kubectl.run(['apply', '--server-side', '-f', 'deploy/crds']);
  await kubectl.run(['wait', '--for=condition=Established', 'crd/backups.velero.io', '--timeout=30s']);
  await kubectl.run(['wait', '--for=condition=Established', 'crd/restores.velero.io', '--timeout=30s']);
}

/** Custom resources, storage location and credential; then our server as a process of this machine. */
export async function installVelero(cluster: DemoCluster, kubectl: Kubectl): Promise<DemoServer> {
  await installCrds(kubectl);
  const { s3 } = cluster;
  const metadata = (name: string) => ({ name, namespace: SERVER_NAMESPACE });
  await kubectl.apply([
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: SERVER_NAMESPACE } },
    {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: metadata('cloud-credentials'),
      stringData: {
        cloud: `[default]\naws_access_key_id=${s3.accessKey}\naws_secret_access_key=${s3.secretKey}\n`,
      },
    },
    {
      apiVersion: 'velero.io/v1',
      kind: 'BackupStorageLocation',
      metadata: metadata('default'),
      spec: {
        provider: 'aws',
        default: true,
        objectStorage: { bucket: s3.buckets[0] },
        config: { region: s3.region, s3ForcePathStyle: 'true', s3Url: s3.url },
        credential: { name: 'cloud-credentials', key: 'cloud' },
      },
    },
  ]);
  const server = await startServer(cluster);
  await kubectl.run([
    '-n',
    SERVER_NAMESPACE,
    'wait',
    '--for=jsonpath={.status.phase}=Available',
    'backupstoragelocation/default',
    '--timeout=60s',
  ]);
  return server;
}

async function startServer(cluster: DemoCluster): Promise<DemoServer> {
  const logFile = path.join(mkdtempSync(path.join(tmpdir(), 'oadp-demo-')), 'server.log');
  const port = await freePort();
  const child = spawn(
    process.execPath,
    [
      'dist/oadp.mjs',
      'velero',
      'server',
      '--namespace',
      SERVER_NAMESPACE,
      '--metrics-address',
      `127.0.0.1:${port}`,
      '--profiler-address',
      '',
      '--uploader-type',
      'kopia',
    ],
    { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, KUBECONFIG: cluster.kubeconfig } },
  );
  const log = createWriteStream(logFile);
  child.stdout.pipe(log);
  child.stderr.pipe(log);
  process.once('exit', () => child.kill('SIGKILL'));
  const ended = new Promise<void>((resolve) => {
    child.once('exit', () => resolve());
  });
  console.log(`         the server's log: ${logFile}`);
  const deadline = Date.now() + 30_000;
  for (;;) {
    if (child.exitCode !== null) {
      throw new Error(
        `the server ended at its start (log ${logFile}):\n${readFileSync(logFile, 'utf8').slice(-1000)}`,
      );
    }
    const up = await fetch(`http://127.0.0.1:${port}/metrics`).then(
      (answer) => answer.ok,
      () => false,
    );
    if (up) break;
    if (Date.now() > deadline) throw new Error(`the server does not answer after 30 s (log ${logFile})`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return {
    backedUp: async (backup) => {
      const file = path.join(
        cluster.s3.dataFolder,
        cluster.s3.buckets[0] as string,
        'backups',
        backup,
        `${backup}-resource-list.json.gz`,
      );
      const list = JSON.parse(gunzipSync(readFileSync(file)).toString('utf8')) as Record<string, string[]>;
      return new Set(
        Object.entries(list).flatMap(([kind, names]) =>
          names.map((name) => `${kind.split('/').at(-1)}/${name.split('/').at(-1)}`),
        ),
      );
    },
    [Symbol.asyncDispose]: async () => {
      child.kill('SIGTERM');
      const killer = setTimeout(() => child.kill('SIGKILL'), 10_000);
      await ended;
      clearTimeout(killer);
    },
  };
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as { port: number };
      probe.close(() => resolve(port));
    });
  });
}

/** Deploys the application. The custom resource follows when its definition is established. */
export async function applyApplication(cluster: DemoCluster, kubectl: Kubectl): Promise<void> {
  const objects = demoApplication(NAMESPACE, cluster.image);
  await kubectl.apply(objects.slice(0, 1));
  await kubectl.run([
    'wait',
    '--for=condition=Established',
    'crd/discounts.demo.example.com',
    '--timeout=30s',
  ]);
  await kubectl.apply(objects.slice(1));
}

/** Takes away what the demo put into somebody else's cluster. The custom resource definitions of Velero stay. */
export async function removeEverything(kubectl: Kubectl): Promise<void> {
  for (const args of [
    ['delete', 'namespace', NAMESPACE, SERVER_NAMESPACE],
    ['delete', 'crd', 'discounts.demo.example.com'],
  ]) {
    await kubectl.run([...args, '--ignore-not-found', '--wait=false']).catch((error: unknown) => {
      console.error(`clean-up: ${error instanceof Error ? error.message : String(error)}`);
    });
  }
}
