/** Both servers on one cluster with a node, and what each of them says of the same hooks. */

import { type Cluster, startCluster } from '../../../dev/cluster/index.ts';
import { Api, type ApiObject } from '../../support/api.ts';
import { BucketFolder } from '../../support/bucket.ts';
import {
  createLocation,
  ensureNamespace,
  installCrds,
  kubectl,
  phaseOf,
  runToEnd,
  type Side,
  startServer,
  type VeleroServer,
} from '../../support/velero.ts';

export const SIDES: readonly Side[] = ['real', 'ours'];

export interface PodOptions {
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  /** Of both containers, `first` and `second`. */
  command?: string[];
  image?: string;
  /** More fields of the first container. */
  first?: Record<string, unknown>;
  spec?: Record<string, unknown>;
}

/** What a backup or restore came to, in a form that is the same for both servers where they did the same. */
export interface Outcome {
  phase: string;
  hookStatus: unknown;
  errors: unknown;
  warnings: unknown;
  /** The file with the messages that describe shows. */
  results: unknown;
  /** Lines of the log that tell of hooks. */
  log: HookLine[];
}

export type HookLine = Record<string, string>;

const HOOK_FIELDS = [
  'level',
  'msg',
  'hookSource',
  'hookType',
  'hookPhase',
  'hookName',
  'hookContainer',
  'hookCommand',
  'hookOnError',
  'hookTimeout',
  'error',
];

export class HookPair {
  readonly cluster: Cluster;
  readonly api: Api;
  readonly #servers = {} as Record<Side, VeleroServer>;

  private constructor(cluster: Cluster) {
    this.cluster = cluster;
    this.api = new Api(cluster);
  }

  static async start(): Promise<HookPair> {
    const pair = new HookPair(await startCluster({ node: true, velero: true }));
    await installCrds(pair.cluster, pair.api, 'real');
    for (const side of SIDES) {
      await createLocation(pair.cluster, pair.api, `velero-${side}`, { prefix: side });
      pair.#servers[side] = await startServer(pair.cluster, pair.api, {
        side,
        namespace: `velero-${side}`,
      });
    }
    return pair;
  }

  async stop(): Promise<void> {
    for (const server of Object.values(this.#servers)) await server.stop();
    await this.api.close();
    await this.cluster.stop();
  }

  /** A namespace in which pods can be created. */
  async namespace(name: string): Promise<void> {
    await ensureNamespace(this.api, name);
    await this.api.until(
      () => this.api.list(`/api/v1/namespaces/${name}/serviceaccounts`),
      (accounts) => accounts.length > 0,
      `the default account of ${name}`,
    );
  }

  async pod(namespace: string, name: string, options: PodOptions = {}): Promise<void> {
    const container = (containerName: string, more: Record<string, unknown> = {}) => ({
      name: containerName,
      image: options.image ?? this.cluster.node?.testImage,
      imagePullPolicy: 'Never',
      command: options.command ?? ['sleep', '3600'],
      ...more,
    });
    await this.api.create(`/api/v1/namespaces/${namespace}/pods`, {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name, labels: options.labels ?? {}, annotations: options.annotations ?? {} },
      spec: {
        restartPolicy: 'Never',
        terminationGracePeriodSeconds: 0,
        containers: [container('first', options.first), container('second')],
        ...options.spec,
      },
    });
  }

  /** Waits until pods have the phase that is meant for them. */
  async untilPhases(namespace: string, meant: (name: string) => string): Promise<void> {
    await this.api.until(
      () => this.api.list(`/api/v1/namespaces/${namespace}/pods`),
      (pods) => pods.every((pod) => phaseOf(pod) === meant(pod.metadata.name)),
      `pods of ${namespace} to run`,
      120,
    );
  }

  /** A file of a running pod. */
  file(namespace: string, pod: string, container: string, file: string): Promise<string> {
    return kubectl(this.cluster, ['exec', '-n', namespace, pod, '-c', container, '--', 'cat', file]);
  }

  /** Runs a Backup on one side; also gives the names of the pods it stored. */
  async backup(
    side: Side,
    name: string,
    spec: Record<string, unknown>,
  ): Promise<Outcome & { pods: string[] }> {
    const backup = await runToEnd(this.api, 'backups', `velero-${side}`, name, spec);
    const folder = new BucketFolder(this.cluster, side, 'backups', name);
    const pods = [...folder.archive(`${name}.tar.gz`).keys()].filter((file) =>
      /^resources\/pods\/namespaces\/.*\.json$/.test(file),
    );
    return {
      ...outcomeOf(backup, folder, `${name}-results.gz`, `${name}-logs.gz`),
      pods: pods.map((file) => file.split('/').at(-1) as string).sort(),
    };
  }

  /** Runs a Restore on one side. Its hooks outlive its log: their lines are those of the server. */
  async restore(side: Side, name: string, spec: Record<string, unknown>): Promise<Outcome> {
    const before = this.#servers[side].log().length;
    const restore = await runToEnd(this.api, 'restores', `velero-${side}`, name, spec);
    const folder = new BucketFolder(this.cluster, side, 'restores', name);
    return {
      ...outcomeOf(restore, folder, `restore-${name}-results.gz`, `restore-${name}-logs.gz`),
      log: hookLines(this.#servers[side].log().slice(before)),
    };
  }
}

function outcomeOf(object: ApiObject, folder: BucketFolder, results: string, log: string): Outcome {
  const { hookStatus, errors, warnings } = object['status'] as Record<string, unknown>;
  return {
    phase: phaseOf(object),
    hookStatus,
    errors: errors ?? 0,
    warnings: warnings ?? 0,
    results: JSON.parse(withoutIds(folder.text(results))) as unknown,
    log: hookLines(folder.text(log)),
  };
}

function hookLines(log: string): HookLine[] {
  return log
    .split('\n')
    .filter((line) => line.includes(' hookPhase='))
    .map(hookLine);
}

/** The fields that tell of the hook; our advice after an error is left out. */
function hookLine(line: string): HookLine {
  const fields: HookLine = {};
  for (const [, key = '', value = ''] of line.matchAll(/([\w.]+)=("(?:[^"\\]|\\.)*"|\S*)/g)) {
    if (!HOOK_FIELDS.includes(key)) continue;
    const text = withoutIds(value.startsWith('"') ? (JSON.parse(value) as string) : value);
    fields[key] = key === 'error' ? text.replace(/ \([^)]*\)$/, '') : text;
  }
  return fields;
}

/** The container runtime makes up a name for every command. */
function withoutIds(text: string): string {
  return text.replaceAll(/(?<=start exec \\?")[0-9a-f]{64}/g, 'ID');
}
