/** Runs the restore engine against a real API server, from archives made here. */

import type { Cluster } from '../../../dev/cluster/index.ts';
import { restoreActions } from '../../../src/actions/restore/index.ts';
import type { Backup } from '../../../src/api/backup.ts';
import type { KubeObject } from '../../../src/api/object.ts';
import type { Restore, RestoreSpec } from '../../../src/api/restore.ts';
import { connectKube, groupResource, type KubeClient, loadConfig } from '../../../src/kube/index.ts';
import { systemClock } from '../../../src/lib/clock.ts';
import { createLogger, type LogEntry } from '../../../src/lib/log.ts';
import type { RestoreItemAction } from '../../../src/plugin/contract.ts';
import { createHookTracker, type HookTracker } from '../../../src/restore/hook-tracker.ts';
import { DEFAULT_PRIORITIES } from '../../../src/restore/order.ts';
import type { RestoreProgress } from '../../../src/restore/progress.ts';
import type { RestoreOutcome, RestoreRequest } from '../../../src/restore/request.ts';
import { runRestore } from '../../../src/restore/run.ts';
import { type Archive, openArchive } from '../../../src/storage/archive/reader.ts';
import { createArchiveWriter } from '../../../src/storage/archive/writer.ts';

/** A client of the cluster; its discovery is read. */
export function connect(cluster: Pick<Cluster, 'kubeconfig'>): Promise<KubeClient> {
  return connectKube(loadConfig({ env: {}, kubeconfig: cluster.kubeconfig }), {
    userAgent: 'velero-server/test',
  });
}

/** Where an object lies in an archive, where that cannot be told from the cluster's discovery. */
export interface Placed {
  groupResource: string;
  object: KubeObject;
  /** Not the server's preferred version: stored under its version only. */
  unpreferred?: boolean;
}

/** Files of an archive besides objects: path → content. */
export type Files = Readonly<Record<string, string>>;

/** An opened archive that holds these objects. */
export async function archiveOf(
  kube: KubeClient,
  objects: readonly (KubeObject | Placed)[],
  files: Files = {},
): Promise<Archive> {
  const writer = createArchiveWriter();
  const opened = openArchive(writer.stream, { requireResources: false });
  for (const entry of objects) {
    const { groupResource: name, object, unpreferred } = place(kube, entry);
    await writer.addItem(
      {
        groupResource: name,
        namespace: object.metadata.namespace ?? '',
        name: object.metadata.name ?? '',
        version: object.apiVersion.split('/').at(-1) as string,
        preferred: unpreferred !== true,
      },
      Buffer.from(JSON.stringify(object)),
    );
  }
  for (const [path, content] of Object.entries(files)) await writer.add(path, Buffer.from(content));
  const [archive] = await Promise.all([opened, writer.finish()]);
  return archive;
}

function place(kube: KubeClient, entry: KubeObject | Placed): Placed {
  if ('object' in entry) return entry as Placed;
  const object = entry;
  const resource = kube.discovery.forKind(object.apiVersion, object.kind);
  if (!resource)
    throw new Error(`the cluster serves no ${object.apiVersion} ${object.kind}: say its resource`);
  return { groupResource: groupResource(resource), object };
}

export interface RunOptions {
  name?: string;
  actions?: readonly RestoreItemAction[];
  /** Added to the built-in actions, and run after them. */
  moreActions?: readonly RestoreItemAction[];
  backup?: Partial<Backup>;
  request?: Partial<RestoreRequest>;
  settings?: Partial<RestoreRequest['settings']>;
  hooks?: HookTracker;
}

export interface RunResult {
  outcome: RestoreOutcome;
  restore: Restore;
  entries: LogEntry[];
  progress: RestoreProgress[];
  /** Warnings and errors as one list of `<kind> <scope>: <text>` each. */
  warnings: string[];
  errors: string[];
}

export function aRestore(name: string, spec: RestoreSpec = {}): Restore {
  return {
    apiVersion: 'velero.io/v1',
    kind: 'Restore',
    metadata: { name, namespace: 'velero', uid: `uid-of-${name}` },
    spec: { backupName: 'backup-1', ...spec },
  };
}

/** Runs a restore to its end. */
export async function restore(
  kube: KubeClient,
  archive: Archive,
  spec: RestoreSpec = {},
  options: RunOptions = {},
): Promise<RunResult> {
  const entries: LogEntry[] = [];
  const progress: RestoreProgress[] = [];
  const log = createLogger({ level: 'debug', sinks: [{ write: (entry) => entries.push(entry) }] });
  const object = aRestore(options.name ?? 'restore-1', spec);
  const builtIn = restoreActions({
    kube,
    namespace: 'velero',
    image: { registry: 'example.io/velero', tag: 'v1.14.1' },
  });
  const outcome = await runRestore({
    restore: object,
    backup: {
      apiVersion: 'velero.io/v1',
      kind: 'Backup',
      metadata: { name: 'backup-1', namespace: 'velero' },
      spec: { storageLocation: 'default' },
      ...options.backup,
    },
    archive,
    actions: options.actions ?? [...builtIn, ...(options.moreActions ?? [])],
    podVolumeBackups: [],
    volumeSnapshots: [],
    csiVolumeSnapshots: [],
    volumeInfos: [],
    kube,
    settings: {
      namespace: 'velero',
      priorities: DEFAULT_PRIORITIES,
      terminatingResourceTimeoutMs: 30_000,
      resourceTimeoutMs: 30_000,
      features: new Set(),
      ...options.settings,
    },
    hooks: options.hooks ?? createHookTracker(),
    volumeSnapshotter: (provider) => Promise.reject(new Error(`no snapshotter ${provider}`)),
    snapshotLocation: (name) => Promise.reject(new Error(`no location ${name}`)),
    onProgress: async (numbers) => {
      progress.push(numbers);
    },
    log,
    serverLog: log,
    clock: systemClock,
    signal: new AbortController().signal,
    ...options.request,
  });
  return {
    outcome,
    restore: object,
    entries,
    progress,
    warnings: flat(outcome.warnings),
    errors: flat(outcome.errors),
  };
}

function flat(result: RestoreOutcome['errors']): string[] {
  return [
    ...result.velero.map((text) => `velero: ${text}`),
    ...result.cluster.map((text) => `cluster: ${text}`),
    ...Object.entries(result.namespaces).flatMap(([namespace, texts]) =>
      texts.map((text) => `${namespace}: ${text}`),
    ),
  ];
}

/** As an object lies in a backup: with what the server had given it. */
export function saved(object: KubeObject): KubeObject {
  return {
    ...object,
    metadata: {
      uid: '11111111-2222-3333-4444-555555555555',
      resourceVersion: '4711',
      creationTimestamp: '2024-01-02T03:04:05Z',
      ...object.metadata,
    },
  };
}

export function namespace(name: string, more: Partial<KubeObject['metadata']> = {}): KubeObject {
  return saved({ apiVersion: 'v1', kind: 'Namespace', metadata: { name, ...more } });
}

export function configMap(
  namespaceName: string,
  name: string,
  data: Record<string, string> = { key: 'value' },
  more: Partial<KubeObject['metadata']> = {},
): KubeObject {
  return saved({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name, namespace: namespaceName, ...more },
    data,
  });
}
