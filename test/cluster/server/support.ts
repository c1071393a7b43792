/** What the tests of the server share: one cluster a file, and an API that speaks of Velero's kinds. */

import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { type Cluster, type ClusterOptions, startCluster } from '../../../dev/cluster/index.ts';
import { Api, type ApiObject, inParallel } from '../../support/api.ts';
import { createLocation, ensureNamespace, installCrds, type LocationOptions } from '../../support/velero.ts';

export interface Stage {
  cluster: Cluster;
  api: Api;
}

/** A cluster with our CRDs. */
export async function stage(options: ClusterOptions = {}): Promise<Stage> {
  const cluster = await startCluster(options);
  const api = new Api(cluster);
  await installCrds(cluster, api);
  return { cluster, api };
}

export async function strike({ cluster, api }: Stage): Promise<void> {
  await api.close();
  await cluster.stop();
}

/** A bucket of its own and a location in it, so that tests do not see each other's backups. */
export async function locationWithBucket(
  { cluster, api }: Stage,
  namespace: string,
  bucket: string,
  options: LocationOptions = {},
): Promise<void> {
  await makeBucket(cluster, bucket);
  await createLocation(cluster, api, namespace, { bucket, ...options });
}

/** The S3 server keeps a bucket as a directory. */
export async function makeBucket(cluster: Cluster, bucket: string): Promise<void> {
  await mkdir(path.join(cluster.s3.dataFolder, bucket), { recursive: true });
}

export interface VeleroObject extends ApiObject {
  spec: Record<string, unknown>;
  status?: {
    phase?: string;
    validationErrors?: string[];
    failureReason?: string;
    errors?: number & string[];
    warnings?: number;
    message?: string;
    startTimestamp?: string;
    completionTimestamp?: string;
    expiration?: string;
    progress?: { totalItems?: number; itemsBackedUp?: number; itemsRestored?: number };
    [field: string]: unknown;
  };
}

const KINDS: Record<string, string> = {
  backups: 'Backup',
  restores: 'Restore',
  downloadrequests: 'DownloadRequest',
  deletebackuprequests: 'DeleteBackupRequest',
  serverstatusrequests: 'ServerStatusRequest',
  schedules: 'Schedule',
};

/** Velero's objects in one namespace. */
export class Velero {
  readonly #api: Api;
  readonly #namespace: string;

  constructor(api: Api, namespace: string) {
    this.#api = api;
    this.#namespace = namespace;
  }

  path(plural: string, name = ''): string {
    const base = `/apis/velero.io/v1/namespaces/${this.#namespace}/${plural}`;
    return name === '' ? base : `${base}/${name}`;
  }

  create(
    plural: string,
    name: string,
    spec: Record<string, unknown> = {},
    more: { labels?: Record<string, string>; [field: string]: unknown } = {},
  ): Promise<VeleroObject> {
    return this.#api.create<VeleroObject>(this.path(plural), {
      apiVersion: 'velero.io/v1',
      kind: KINDS[plural],
      metadata: { name, ...more },
      spec,
    });
  }

  get(plural: string, name: string): Promise<VeleroObject> {
    return this.#api.get<VeleroObject>(this.path(plural, name));
  }

  list(plural: string): Promise<VeleroObject[]> {
    return this.#api.list(this.path(plural)) as Promise<VeleroObject[]>;
  }

  /** Undefined where there is none. */
  find(plural: string, name: string): Promise<VeleroObject | undefined> {
    return this.get(plural, name).catch((error: { status?: number }) => {
      if (error.status === 404) return undefined;
      throw error;
    });
  }

  patch(plural: string, name: string, patch: unknown): Promise<VeleroObject> {
    return this.#api.patch<VeleroObject>(this.path(plural, name), patch);
  }

  delete(plural: string, name: string): Promise<void> {
    return this.#api.delete(this.path(plural, name));
  }

  until(
    plural: string,
    name: string,
    done: (object: VeleroObject) => boolean,
    seconds = 60,
  ): Promise<VeleroObject> {
    return this.#api.until(
      () => this.get(plural, name),
      done,
      `${plural} ${name} in ${this.#namespace}`,
      seconds,
    );
  }

  untilGone(plural: string, name: string, seconds = 60): Promise<unknown> {
    return this.#api.until(
      () => this.find(plural, name),
      (object) => object === undefined,
      `${plural} ${name} to be gone`,
      seconds,
    );
  }

  /** Waits for a terminal phase. */
  ended(plural: 'backups' | 'restores', name: string, seconds = 90): Promise<VeleroObject> {
    return this.until(plural, name, ({ status }) => TERMINAL.has(status?.phase ?? ''), seconds);
  }

  async run(
    plural: 'backups' | 'restores',
    name: string,
    spec: Record<string, unknown>,
    seconds = 90,
  ): Promise<VeleroObject> {
    await this.create(plural, name, spec);
    return this.ended(plural, name, seconds);
  }
}

const TERMINAL = new Set(['Completed', 'PartiallyFailed', 'Failed', 'FailedValidation']);

/** A namespace with so many ConfigMaps `item-<n>`. */
export async function makeItems(api: Api, namespace: string, count: number): Promise<void> {
  await ensureNamespace(api, namespace);
  await inParallel(
    Array.from({ length: count }, (_, index) => index),
    16,
    async (index) => {
      await api.create(`/api/v1/namespaces/${namespace}/configmaps`, {
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { name: `item-${index}` },
        data: { index: `${index}` },
      });
    },
  );
}
