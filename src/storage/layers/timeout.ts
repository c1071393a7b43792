/** Gives every operation of a store an end: none hangs, whatever the provider does. */

import { Readable } from 'node:stream';
import { formatDuration } from '../../lib/duration.ts';
import type { ObjectBody, ObjectStore } from '../object-store.ts';
import { storeFailure } from '../store-errors.ts';

export interface TimeoutOptions {
  /** Milliseconds for one operation without a body, for opening a download, and for each page of a listing (default 60 s). */
  operationMs?: number;
  /** Milliseconds for which a body may make no progress while it is sent (default 2 minutes). */
  idleMs?: number;
  /**
   * Bytes a second that a body must reach on top of `idleMs` (default 64 KiB): a provider takes some dozen MiB ahead of
   * what it has sent, and sends them in silence.
   */
  minBytesPerSecond?: number;
}

/** @throws from each operation, Failure `STORE_TIMEOUT` where its time has passed */
export function withTimeouts(store: ObjectStore, options: TimeoutOptions = {}): ObjectStore {
  const operationMs = options.operationMs ?? 60_000;
  const idleMs = options.idleMs ?? 120_000;
  const rate = options.minBytesPerSecond ?? 64 * 1024;
  const within = <T>(
    what: string,
    ms: number,
    signal: AbortSignal | undefined,
    run: (signal: AbortSignal, timer: Timer) => Promise<T>,
  ) => limited(`${what}: ${store.name}`, store.name, ms, signal, run);
  return {
    name: store.name,
    put: (key, body, put) => {
      const what = `error putting object ${key}`;
      if (body instanceof Uint8Array) {
        const ms = idleMs + (body.length / rate) * 1000;
        return within(what, ms, put?.signal, (signal) => store.put(key, body, { ...put, signal }));
      }
      return within(what, idleMs, put?.signal, (signal, timer) =>
        store.put(key, watched(body, timer, rate), { ...put, signal }),
      );
    },
    exists: (key, signal) =>
      within(`error checking object ${key}`, operationMs, signal, (inner) => store.exists(key, inner)),
    get: (key, signal) => openLimited(store, key, operationMs, signal),
    list: (prefix, signal) => listLimited(store, prefix, operationMs, signal),
    listCommonPrefixes: (prefix, delimiter, signal) =>
      within(`error listing ${JSON.stringify(prefix)}`, operationMs, signal, (inner) =>
        store.listCommonPrefixes(prefix, delimiter, inner),
      ),
    delete: (key, signal) =>
      within(`error deleting object ${key}`, operationMs, signal, (inner) => store.delete(key, inner)),
    signedUrl: (key, ttlMs) =>
      within(`error signing a URL for ${key}`, operationMs, undefined, () => store.signedUrl(key, ttlMs)),
    close: () => store.close(),
  };
}

/** More than any provider takes of a body before it has sent what it took before. */
const MOST_AHEAD_BYTES = 64 * 1024 * 1024;

interface Timer {
  /** The operation has made progress: its time begins anew, with `moreMs` on top for what it still has to send. */
  restart(moreMs: number): void;
}

/** Races the operation with its time: a provider that does not heed its signal is left behind. */
async function limited<T>(
  what: string,
  object: string,
  ms: number,
  signal: AbortSignal | undefined,
  run: (signal: AbortSignal, timer: Timer) => Promise<T>,
): Promise<T> {
  signal?.throwIfAborted();
  const controller = new AbortController();
  const { promise, reject } = Promise.withResolvers<never>();
  const expire = () => {
    const error = storeFailure(
      'STORE_TIMEOUT',
      object,
      `${what}: no answer within ${formatDuration(Math.round(ms))}`,
      'check the network between this pod and the store, and its load',
    );
    controller.abort(error);
    reject(error);
  };
  const cancel = () => {
    controller.abort(signal?.reason);
    reject(signal?.reason as Error);
  };
  let timeout = setTimeout(expire, ms);
  signal?.addEventListener('abort', cancel, { once: true });
  const timer = {
    restart: (moreMs: number) => {
      clearTimeout(timeout);
      if (!controller.signal.aborted) timeout = setTimeout(expire, ms + moreMs);
    },
  };
  try {
    return await Promise.race([run(controller.signal, timer), promise]);
  } finally {
    clearTimeout(timeout);
    signal?.removeEventListener('abort', cancel);
  }
}

/** The body that restarts the timer with each piece that is taken from it; what it took ahead has to be sent at `rate`. */
function watched(body: Exclude<ObjectBody, Uint8Array>, timer: Timer, rate: number): ObjectBody {
  const watch = (stream: Readable): Readable =>
    Readable.from(
      (async function* () {
        let taken = 0;
        const restart = () => timer.restart((Math.min(taken, MOST_AHEAD_BYTES) / rate) * 1000);
        for await (const chunk of stream as AsyncIterable<Buffer>) {
          taken += chunk.length;
          restart();
          yield chunk;
          restart();
        }
      })(),
      { objectMode: false, highWaterMark: stream.readableHighWaterMark },
    );
  return typeof body === 'function' ? () => watch(body()) : watch(body);
}

/** Only the opening is limited here: the signal stays with the stream, whose stalls are the provider's to notice. */
async function openLimited(
  store: ObjectStore,
  key: string,
  ms: number,
  signal: AbortSignal | undefined,
): Promise<Readable> {
  const controller = new AbortController();
  const both = signal === undefined ? controller.signal : AbortSignal.any([signal, controller.signal]);
  try {
    return await limited(`error getting object ${key}: ${store.name}`, store.name, ms, signal, () =>
      store.get(key, both),
    );
  } catch (error) {
    controller.abort(error);
    throw error;
  }
}

async function* listLimited(
  store: ObjectStore,
  prefix: string,
  ms: number,
  signal: AbortSignal | undefined,
): ReturnType<ObjectStore['list']> {
  const controller = new AbortController();
  const both = signal === undefined ? controller.signal : AbortSignal.any([signal, controller.signal]);
  const iterator = store.list(prefix, both)[Symbol.asyncIterator]();
  try {
    for (;;) {
      const next = await limited(
        `error listing ${JSON.stringify(prefix)}: ${store.name}`,
        store.name,
        ms,
        signal,
        () => iterator.next(),
      );
      if (next.done) return;
      yield next.value;
    }
  } finally {
    controller.abort();
    void iterator.return?.();
  }
}
