/** Tells an observer of every operation of a store: what the metrics page and the benchmarks read. */

import type { ObjectStore } from '../object-store.ts';

type StoreOperation = 'put' | 'exists' | 'get' | 'list' | 'listCommonPrefixes' | 'delete' | 'signedUrl';

export interface StoreObservation {
  operation: StoreOperation;
  /** The store's name, e.g. `s3://bucket`. */
  store: string;
  /** Milliseconds until the operation was done; for a download until it was open. */
  ms: number;
  /** The code of the failure, or of another error `ERROR`; absent where it succeeded. */
  error?: string;
}

/** Must not throw. */
export type StoreObserver = (observation: StoreObservation) => void;

export function withMetrics(store: ObjectStore, observe: StoreObserver): ObjectStore {
  const report = (operation: StoreOperation, start: number, error?: unknown) => {
    const ms = performance.now() - start;
    if (error === undefined) observe({ operation, store: store.name, ms });
    else observe({ operation, store: store.name, ms, error: (error as { code?: string }).code ?? 'ERROR' });
  };
  const timed = async <T>(operation: StoreOperation, run: () => Promise<T>): Promise<T> => {
    const start = performance.now();
    try {
      const result = await run();
      report(operation, start);
      return result;
    } catch (error) {
      report(operation, start, error);
      throw error;
    }
  };
  return {
    name: store.name,
    put: (key, body, options) => timed('put', () => store.put(key, body, options)),
    exists: (key, signal) => timed('exists', () => store.exists(key, signal)),
    get: (key, signal) => timed('get', () => store.get(key, signal)),
    async *list(prefix, signal) {
      const start = performance.now();
      try {
        yield* store.list(prefix, signal);
        report('list', start);
      } catch (error) {
        report('list', start, error);
        throw error;
      }
    },
    listCommonPrefixes: (prefix, delimiter, signal) =>
      timed('listCommonPrefixes', () => store.listCommonPrefixes(prefix, delimiter, signal)),
    delete: (key, signal) => timed('delete', () => store.delete(key, signal)),
    signedUrl: (key, ttlMs) => timed('signedUrl', () => store.signedUrl(key, ttlMs)),
    close: () => store.close(),
  };
}
