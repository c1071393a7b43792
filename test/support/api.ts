/**
 * The API server without our own client: what fills a cluster, measures its raw limits and judges results must not
 * share a fault with what is judged.
 */

import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { Pool } from 'undici';
import type { Cluster } from '../../dev/cluster/index.ts';

export interface Json {
  [field: string]: unknown;
}

export interface ApiObject extends Json {
  apiVersion: string;
  kind: string;
  metadata: {
    name: string;
    namespace?: string;
    uid?: string;
    labels?: Record<string, string>;
    annotations?: Record<string, string>;
    deletionTimestamp?: string;
    [field: string]: unknown;
  };
}

type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/** Answer of the API server that is not of the 200s. */
export class ApiError extends Error {
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

export class Api {
  readonly #pool: Pool;
  readonly #token: string;

  constructor(cluster: Pick<Cluster, 'server' | 'caFile' | 'token'>, connections = 32) {
    this.#pool = new Pool(cluster.server, {
      connections,
      connect: { ca: readFileSync(cluster.caFile) },
      bodyTimeout: 120_000,
      headersTimeout: 120_000,
    });
    this.#token = cluster.token;
  }

  /**
   * One request; the body of the answer as text. A kind that nobody asked for yet answers "storage is
   * (re)initializing" for a moment: then it is asked again.
   */
  async text(method: Method, path: string, body?: unknown): Promise<string> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#once(method, path, body);
      } catch (error) {
        const early =
          error instanceof ApiError && error.status === 429 && error.message.includes('(re)initializing');
        if (!early || attempt > 50) throw error;
        await sleep(200);
      }
    }
  }

  async #once(method: Method, path: string, body: unknown): Promise<string> {
    const answer = await this.#pool.request({
      method,
      path,
      headers: {
        authorization: `Bearer ${this.#token}`,
        accept: 'application/json',
        ...(body === undefined
          ? {}
          : { 'content-type': method === 'PATCH' ? 'application/merge-patch+json' : 'application/json' }),
      },
      ...(body === undefined
        ? {}
        : { body: typeof body === 'string' || body instanceof Uint8Array ? body : JSON.stringify(body) }),
    });
    const text = await answer.body.text();
    if (answer.statusCode >= 300)
      throw new ApiError(answer.statusCode, `${method} ${path}: ${text.slice(0, 500)}`);
    return text;
  }

  async get<T = ApiObject>(path: string): Promise<T> {
    return JSON.parse(await this.text('GET', path)) as T;
  }

  async create<T = ApiObject>(path: string, object: unknown): Promise<T> {
    return JSON.parse(await this.text('POST', path, object)) as T;
  }

  async patch<T = ApiObject>(path: string, patch: unknown): Promise<T> {
    return JSON.parse(await this.text('PATCH', path, patch)) as T;
  }

  /** Deletes; that it is not there is fine. */
  async delete(path: string): Promise<void> {
    await this.text('DELETE', path).catch((error: unknown) => {
      if (!(error instanceof ApiError) || error.status !== 404) throw error;
    });
  }

  async list(path: string): Promise<ApiObject[]> {
    const list = await this.get<{ apiVersion: string; kind: string; items: ApiObject[] }>(path);
    const kind = list.kind.replace(/List$/, '');
    return list.items.map((item) => ({ ...item, apiVersion: list.apiVersion, kind }));
  }

  /** Asks until `done` is content with the answer. */
  async until<T>(
    ask: () => Promise<T>,
    done: (answer: T) => boolean,
    what: string,
    seconds = 60,
  ): Promise<T> {
    const deadline = Date.now() + seconds * 1000;
    for (;;) {
      const answer = await ask();
      if (done(answer)) return answer;
      if (Date.now() > deadline)
        throw new Error(`${what}: not within ${seconds} s; last: ${JSON.stringify(answer)}`);
      await sleep(200);
    }
  }

  async close(): Promise<void> {
    await this.#pool.close();
  }
}

/** Runs `work` for every item with so many in flight. */
export async function inParallel<T>(
  items: Iterable<T>,
  inFlight: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const queue = items[Symbol.iterator]();
  await Promise.all(
    Array.from({ length: inFlight }, async () => {
      for (let next = queue.next(); !next.done; next = queue.next()) await work(next.value);
    }),
  );
}

/** Deletes a namespace and waits until it is gone. */
export async function deleteNamespace(api: Api, name: string, seconds = 120): Promise<void> {
  await api.delete(`/api/v1/namespaces/${name}`);
  await api.until(
    () =>
      api.get(`/api/v1/namespaces/${name}`).then(
        () => true,
        () => false,
      ),
    (there) => !there,
    `namespace ${name} to be gone`,
    seconds,
  );
}

/** Waits until a list is empty. */
export async function ensureNone(api: Api, path: string, seconds = 120): Promise<void> {
  await api.until(
    async () => (await api.list(path)).length,
    (count) => count === 0,
    `${path} to be empty`,
    seconds,
  );
}
