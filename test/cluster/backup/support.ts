/** Runs the backup engine against a real API server and looks at what it wrote. */

import { pipeline } from 'node:stream/promises';
import type { Readable } from 'node:stream';
import { Writable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { extract } from 'tar-stream';
import type { Cluster } from '../../../dev/cluster/index.ts';
import { backupActions } from '../../../src/actions/backup/index.ts';
import type { Backup, BackupSpec } from '../../../src/api/backup.ts';
import type { VolumeSnapshotLocation } from '../../../src/api/volume-snapshot-location.ts';
import type { BackupOutcome, BackupProgress } from '../../../src/backup/request.ts';
import { runBackup } from '../../../src/backup/run.ts';
import { type ClientOptions, connectKube, type KubeClient, loadConfig } from '../../../src/kube/index.ts';
import { systemClock } from '../../../src/lib/clock.ts';
import { createLogger, type LogEntry } from '../../../src/lib/log.ts';
import type { BackupItemAction, VolumeSnapshotter } from '../../../src/plugin/contract.ts';
import { VolumeBackup } from '../../../src/volumes/backup-port.ts';
import type { ResourcePolicies } from '../../../src/volumes/resource-policies.ts';

/** A client of the cluster; its discovery is read. */
export function connect(
  cluster: Pick<Cluster, 'kubeconfig'>,
  options: ClientOptions = {},
): Promise<KubeClient> {
  const config = loadConfig({ env: {}, kubeconfig: cluster.kubeconfig });
  return connectKube(config, { userAgent: 'test', ...options });
}

export interface RunOptions {
  name?: string;
  /** Actions besides the built-in ones, run after them; or instead of them with `onlyActions`. */
  actions?: readonly BackupItemAction[];
  onlyActions?: boolean;
  features?: readonly string[];
  policies?: ResourcePolicies;
  snapshotLocations?: readonly VolumeSnapshotLocation[];
  volumeSnapshotter?: (provider: string) => Promise<VolumeSnapshotter>;
  labels?: Record<string, string>;
  pageSize?: number;
  signal?: AbortSignal;
  store?: (archive: Readable) => Promise<void>;
}

export interface RunResult {
  outcome: BackupOutcome;
  /** Path in the archive → parsed JSON (text for `metadata/version`). */
  files: Map<string, unknown>;
  /** Paths in the order of the archive. */
  paths: string[];
  entries: LogEntry[];
  errors: LogEntry[];
  warnings: LogEntry[];
  progress: BackupProgress[];
}

export function aBackup(name: string, spec: BackupSpec, labels: Record<string, string> = {}): Backup {
  return {
    apiVersion: 'velero.io/v1',
    kind: 'Backup',
    metadata: { name, namespace: 'velero', uid: `uid-of-${name}`, labels },
    spec,
  };
}

export async function backUp(
  kube: KubeClient,
  spec: BackupSpec,
  options: RunOptions = {},
): Promise<RunResult> {
  const entries: LogEntry[] = [];
  const progress: BackupProgress[] = [];
  const chunks: Buffer[] = [];
  const toMemory = (archive: Readable) =>
    pipeline(
      archive,
      new Writable({
        write(chunk: Buffer, _encoding, done) {
          chunks.push(chunk);
          done();
        },
      }),
    );
  const features = new Set(options.features ?? []);
  const outcome = await runBackup({
    backup: aBackup(options.name ?? 'test', spec, options.labels),
    kube,
    actions: [...(options.onlyActions ? [] : backupActions({ kube })), ...(options.actions ?? [])],
    volumes: new VolumeBackup({
      kube,
      policies: options.policies,
      features,
      snapshotLocations: options.snapshotLocations ?? [],
      volumeSnapshotter:
        options.volumeSnapshotter ??
        ((provider) =>
          Promise.reject(new Error(`unable to locate VolumeSnapshotter plugin named ${provider}`))),
    }),
    settings: { features, pageSize: options.pageSize },
    store: options.store ?? toMemory,
    onProgress: (value) => {
      progress.push(value);
      return Promise.resolve();
    },
    log: createLogger({ level: 'info', sinks: [{ write: (entry) => entries.push(entry) }] }),
    clock: systemClock,
    signal: options.signal ?? new AbortController().signal,
  });
  const files = await readArchive(Buffer.concat(chunks));
  return {
    outcome,
    files,
    paths: [...files.keys()],
    entries,
    errors: entries.filter(({ level }) => level === 'error'),
    warnings: entries.filter(({ level }) => level === 'warning'),
    progress,
  };
}

/** Reads a tar.gz with tar-stream, which shares nothing with the writer. */
export async function readArchive(bytes: Buffer): Promise<Map<string, unknown>> {
  const files = new Map<string, unknown>();
  const tar = extract();
  tar.on('entry', (header, stream, next) => {
    const parts: Buffer[] = [];
    stream.on('data', (part) => parts.push(part as Buffer));
    stream.on('end', () => {
      const text = Buffer.concat(parts).toString();
      files.set(header.name, header.name.endsWith('.json') ? JSON.parse(text) : text);
      next();
    });
  });
  const gunzip = createGunzip();
  gunzip.end(bytes);
  await pipeline(gunzip, tar);
  return files;
}

/** Names in the resource list of these kinds. */
export function listed(result: RunResult, kind: string): string[] {
  return result.outcome.resourceList[kind] ?? [];
}

/** The message with its error, as a person would read it. */
export function textOf(entry: LogEntry): string {
  const { error } = entry.fields;
  return error === undefined
    ? entry.message
    : `${entry.message}: ${error instanceof Error ? error.message : String(error)}`;
}
