/**
 * Our server and the real Velero 1.14.1 as child processes on one cluster, each in a namespace of its own, with storage
 * locations in the cluster's S3 server; and their command lines.
 */

import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { createWriteStream, mkdirSync, mkdtempSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Cluster } from '../../dev/cluster/index.ts';
import { type Api, type ApiObject, ApiError } from './api.ts';

const root = path.resolve(import.meta.dirname, '../..');

export type Side = 'ours' | 'real';

/** What a process used up to now, as the kernel counts it. */
export interface Usage {
  /** Seconds of user and system time. */
  cpu: number;
  /** Largest resident set so far, in MiB. */
  peakMiB: number;
}

export interface VeleroServer {
  readonly side: Side;
  readonly namespace: string;
  readonly pid: number;
  readonly logFile: string;
  readonly metricsUrl: string;
  usage(): Usage;
  /** Starts a new peak: later `usage().peakMiB` counts from here. */
  resetPeak(): void;
  log(): string;
  /** Ends it and waits; SIGTERM where no signal is named. */
  stop(signal?: NodeJS.Signals): Promise<void>;
}

/** The command of a side's `velero`. */
export function veleroCommand(cluster: Cluster, side: Side): string[] {
  return side === 'ours'
    ? [process.execPath, path.join(root, 'dist/oadp.mjs'), 'velero']
    : [cluster.bin('velero')];
}

export interface CommandResult {
  code: number;
  stdout: string;
  stderr: string;
}

/** Runs `velero` of one side with the cluster's kubeconfig. */
export function velero(
  cluster: Cluster,
  side: Side,
  args: readonly string[],
  options: {
    timeoutMs?: number;
    input?: string;
    env?: Record<string, string>;
    /** Our side from the sources instead of the bundle: for tests that only need the command line. */
    fromSource?: boolean;
  } = {},
): Promise<CommandResult> {
  const [command, ...first] = (
    side === 'ours' && options.fromSource === true
      ? [process.execPath, path.join(root, 'src/main.ts'), 'velero']
      : veleroCommand(cluster, side)
  ) as [string, ...string[]];
  return new Promise((resolve) => {
    const child = execFile(
      command,
      [...first, ...args],
      {
        timeout: options.timeoutMs ?? 120_000,
        maxBuffer: 64 * 1024 * 1024,
        env: { ...process.env, KUBECONFIG: cluster.kubeconfig, HOME: cluster.folder, ...options.env },
      },
      (error, stdout, stderr) => {
        const code = error ? (typeof error.code === 'number' ? error.code : 1) : 0;
        resolve({ code, stdout, stderr });
      },
    );
    giveInput(child, options.input ?? '');
  });
}

/** A command may end without reading its input; what went wrong then its exit code tells. */
function giveInput({ stdin }: ChildProcess, input: string): void {
  stdin?.on('error', () => undefined);
  stdin?.end(input);
}

/** Installs the CRDs: the project's own, or those that the real `velero` prints. */
export async function installCrds(cluster: Cluster, api: Api, side: Side = 'ours'): Promise<void> {
  const args =
    side === 'ours'
      ? ['apply', '--server-side', '-f', path.join(root, 'deploy/crds')]
      : ['apply', '--server-side', '-f', '-'];
  const input =
    side === 'ours'
      ? ''
      : (await velero(cluster, 'real', ['install', '--crds-only', '--dry-run', '-o', 'yaml'])).stdout;
  await kubectl(cluster, args, input);
  await api.until(
    () => api.list('/apis/apiextensions.k8s.io/v1/customresourcedefinitions'),
    (crds) =>
      crds.length > 0 &&
      crds.every((crd) =>
        (crd['status'] as { conditions?: { type: string; status: string }[] }).conditions?.some(
          (condition) => condition.type === 'Established' && condition.status === 'True',
        ),
      ),
    'CRDs to be established',
  );
}

/** Runs kubectl as administrator; throws with its error text. */
export function kubectl(cluster: Cluster, args: readonly string[], input = ''): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = execFile(
      cluster.bin('kubectl'),
      ['--kubeconfig', cluster.kubeconfig, ...args],
      { maxBuffer: 64 * 1024 * 1024 },
      (error, stdout, stderr) => {
        if (error) reject(new Error(`kubectl ${args.join(' ')}: ${stderr}`));
        else resolve(stdout);
      },
    );
    giveInput(child, input);
  });
}

/** Creates a namespace where it is missing. */
export async function ensureNamespace(
  api: Api,
  name: string,
  labels: Record<string, string> = {},
): Promise<void> {
  await api
    .create('/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } })
    .catch((error: unknown) => {
      if (!(error instanceof ApiError) || error.status !== 409) throw error;
    });
}

export interface LocationOptions {
  name?: string;
  bucket?: string;
  prefix?: string;
  config?: Record<string, string>;
  spec?: Record<string, unknown>;
  credentials?: { accessKey: string; secretKey: string };
  url?: string;
}

/** A BackupStorageLocation at the cluster's S3 server, with a credential secret of its own. */
export async function createLocation(
  cluster: Cluster,
  api: Api,
  namespace: string,
  options: LocationOptions = {},
): Promise<void> {
  const name = options.name ?? 'default';
  const { s3 } = cluster;
  const keys = options.credentials ?? s3;
  await ensureNamespace(api, namespace);
  await api.create(`/api/v1/namespaces/${namespace}/secrets`, {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: `cloud-${name}` },
    stringData: {
      cloud: `[default]\naws_access_key_id=${keys.accessKey}\naws_secret_access_key=${keys.secretKey}\n`,
    },
  });
  await api.create(`/apis/velero.io/v1/namespaces/${namespace}/backupstoragelocations`, {
    apiVersion: 'velero.io/v1',
    kind: 'BackupStorageLocation',
    metadata: { name },
    spec: {
      provider: 'aws',
      default: name === 'default',
      objectStorage: {
        bucket: options.bucket ?? 'velero',
        ...(options.prefix === undefined ? {} : { prefix: options.prefix }),
      },
      config: {
        region: s3.region,
        s3ForcePathStyle: 'true',
        s3Url: options.url ?? s3.url,
        ...options.config,
      },
      credential: { name: `cloud-${name}`, key: 'cloud' },
      ...options.spec,
    },
  });
}

export interface ServerStart {
  side: Side;
  namespace: string;
  flags?: readonly string[];
  env?: Record<string, string>;
}

/** Starts a server and waits until it answers at its metrics address. */
export async function startServer(cluster: Cluster, api: Api, options: ServerStart): Promise<VeleroServer> {
  await ensureNamespace(api, options.namespace);
  if (options.side === 'ours') return spawnServer(cluster, options);
  // The real server's controllers also want port 8080, which no flag moves: two of them wait for each other.
  for (const deadline = Date.now() + 300_000; ; ) {
    await untilFree(8080, Math.max(1, (deadline - Date.now()) / 1000));
    try {
      return await spawnServer(cluster, options);
    } catch (error) {
      // Another one may have taken the port between the look at it and its use.
      if (!String(error).includes('address already in use') || Date.now() > deadline) throw error;
    }
  }
}

async function spawnServer(cluster: Cluster, options: ServerStart): Promise<VeleroServer> {
  const port = await freePort();
  const folder = mkdtempSync(path.join(tmpdir(), `velero-${options.side}-`));
  const logFile = path.join(folder, 'server.log');
  const [command, ...first] = veleroCommand(cluster, options.side) as [string, ...string[]];
  const args = [
    ...first,
    'server',
    '--namespace',
    options.namespace,
    '--metrics-address',
    `127.0.0.1:${port}`,
    '--profiler-address',
    '',
    '--uploader-type',
    'kopia',
    ...(options.side === 'real' ? ['--plugin-dir', pluginFolder(cluster, folder)] : []),
    ...(options.flags ?? []),
  ];
  const child = spawn(command, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...process.env,
      KUBECONFIG: cluster.kubeconfig,
      HOME: folder,
      VELERO_SCRATCH_DIR: folder,
      ...options.env,
    },
  });
  const log = createWriteStream(logFile);
  child.stdout.pipe(log);
  child.stderr.pipe(log);
  const server = new Process(child, options, logFile, `http://127.0.0.1:${port}/metrics`);
  await server.ready();
  return server;
}

function pluginFolder(cluster: Cluster, folder: string): string {
  const plugins = path.join(folder, 'plugins');
  mkdirSync(plugins);
  symlinkSync(cluster.bin('velero-plugin-for-aws'), path.join(plugins, 'velero-plugin-for-aws'));
  return plugins;
}

class Process implements VeleroServer {
  readonly side: Side;
  readonly namespace: string;
  readonly pid: number;
  readonly logFile: string;
  readonly metricsUrl: string;
  readonly #child: ChildProcess;
  readonly #exit: Promise<void>;
  #ended = false;

  constructor(child: ChildProcess, options: ServerStart, logFile: string, metricsUrl: string) {
    this.side = options.side;
    this.namespace = options.namespace;
    this.pid = child.pid as number;
    this.logFile = logFile;
    this.metricsUrl = metricsUrl;
    this.#child = child;
    this.#exit = new Promise((resolve) => {
      child.once('exit', () => {
        this.#ended = true;
        resolve();
      });
    });
    process.once('exit', () => child.kill('SIGKILL'));
  }

  async ready(seconds = 60): Promise<void> {
    const deadline = Date.now() + seconds * 1000;
    for (;;) {
      if (this.#ended)
        throw new Error(`the ${this.side} server ended at its start:\n${this.log().slice(-3000)}`);
      const up = await fetch(this.metricsUrl).then(
        (answer) => answer.ok,
        () => false,
      );
      // The real server opens its metrics address before its controllers run; its log tells when they do, and when
      // it has got the port that they want.
      if (
        up &&
        (this.side === 'ours' ||
          /Starting workers[^]*Serving metrics server|Serving metrics server[^]*Starting workers/.test(
            this.log(),
          ))
      )
        return;
      if (Date.now() > deadline) {
        throw new Error(
          `the ${this.side} server is not ready after ${seconds} s:\n${this.log().slice(-3000)}`,
        );
      }
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  usage(): Usage {
    const status = readFileSync(`/proc/${this.pid}/status`, 'utf8');
    const stat = readFileSync(`/proc/${this.pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return {
      cpu: (Number(fields[11]) + Number(fields[12])) / 100,
      peakMiB: Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024,
    };
  }

  resetPeak(): void {
    try {
      // 5 resets the high water mark of the resident set (proc(5)).
      writePeakReset(this.pid);
    } catch {
      // Without that right the peak counts from the start of the process, which is the larger figure.
    }
  }

  log(): string {
    return readFileSync(this.logFile, 'utf8');
  }

  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    if (this.#ended) return;
    this.#child.kill(signal);
    const killer = setTimeout(() => this.#child.kill('SIGKILL'), 30_000);
    await this.#exit;
    clearTimeout(killer);
  }
}

function writePeakReset(pid: number): void {
  writeFileSync(`/proc/${pid}/clear_refs`, '5');
}

async function untilFree(port: number, seconds: number): Promise<void> {
  const deadline = Date.now() + seconds * 1000;
  while (!(await isFree(port))) {
    if (Date.now() > deadline) {
      throw new Error(`port ${port} is taken (see ss -ltnp), and the real Velero cannot run without it`);
    }
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, () => server.close(() => resolve(true)));
  });
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}

const FINAL = new Set(['Completed', 'PartiallyFailed', 'Failed', 'FailedValidation']);

/** Creates a Backup or Restore and waits for its terminal phase. */
export async function runToEnd(
  api: Api,
  plural: 'backups' | 'restores',
  namespace: string,
  name: string,
  spec: Record<string, unknown>,
  seconds = 120,
): Promise<ApiObject> {
  const base = `/apis/velero.io/v1/namespaces/${namespace}/${plural}`;
  await api.create(base, {
    apiVersion: 'velero.io/v1',
    kind: plural === 'backups' ? 'Backup' : 'Restore',
    metadata: { name },
    spec,
  });
  return waitForEnd(api, plural, namespace, name, seconds);
}

/** Waits until a Backup or Restore has a terminal phase. */
export function waitForEnd(
  api: Api,
  plural: 'backups' | 'restores',
  namespace: string,
  name: string,
  seconds = 120,
): Promise<ApiObject> {
  return api.until(
    () => api.get(`/apis/velero.io/v1/namespaces/${namespace}/${plural}/${name}`),
    (object) => FINAL.has(phaseOf(object)),
    `${plural} ${name} to end`,
    seconds,
  );
}

export function phaseOf(object: ApiObject): string {
  return (object['status'] as { phase?: string } | undefined)?.phase ?? '';
}
