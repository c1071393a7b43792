/** An endless, ordered stream of a resource's changes over connections that are not endless. */

import type { KubeObject } from '../api/object.ts';
import { Failure } from '../lib/errors.ts';
import { pause } from '../lib/pause.ts';
import type { ApiResource, WatchEvent, WatchOptions } from './contract.ts';
import { errorFromStatus, isGone, KubeError, type Status } from './errors.ts';
import { listPages } from './list.ts';
import { networkError } from './network-error.ts';
import { objectName, query, resourcePath, selectors } from './paths.ts';
import type { Transport } from './transport.ts';

const FIRST_BACKOFF_MS = 800;
const LAST_BACKOFF_MS = 30_000;
/** Bookmarks come about once a minute: twice that and a little in silence, and the peer counts as dead. */
const DEAD_PEER_MS = 150_000;
/** A watch that lasted this long was a good one: the next is tried at once. */
const GOOD_WATCH_MS = 5000;

const METADATA = 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json';

/** The parts of the transport that a watch is made of. */
type WatchTransport = Pick<Transport, 'request' | 'stream' | 'closing' | 'stats' | 'server'>;

export interface WatchTuning {
  /** Default 150,000. */
  deadPeerMs?: number;
  /** Asked of the server, in seconds; default random between 300 and 600, so that watches do not all end at once. */
  timeoutSeconds?: number;
}

/**
 * Lists, says SYNC, and then gives every change in order, until the signal is aborted. A broken watch is resumed at
 * the last version seen; an expired version (410) begins anew with RELIST. Refusals that last (403, 404) are tried
 * again for ever, too: rights, types and credentials may come.
 */
export async function* watchResource(
  transport: WatchTransport,
  resource: ApiResource,
  options: WatchOptions,
  tuning: WatchTuning = {},
): AsyncGenerator<WatchEvent> {
  const signal = AbortSignal.any([options.signal, transport.closing]);
  const backOff = new BackOff(signal);
  let relist = false;
  try {
    for (;;) {
      let version: string;
      if (relist) yield { type: 'RELIST' };
      try {
        version = '';
        for await (const page of listPages(transport, resource, { ...options, signal })) {
          for (const item of page.items) yield { type: 'ADDED', object: item.object };
          // Where the list went on at a newer version, what changed meanwhile on its first pages is yet to be told.
          if (version === '') version = page.resourceVersion;
        }
        yield { type: 'SYNC' };
      } catch (error) {
        if (signal.aborted) return;
        // Also where we could not say who we are: credentials may be on their way.
        if (!(error instanceof Failure)) throw error;
        relist = true;
        options.onError?.(error);
        await backOff.wait(error instanceof KubeError ? error.retryAfterMs : undefined);
        continue;
      }
      backOff.reset();
      relist = true;
      yield* follow(transport, resource, options, tuning, version, signal, backOff);
      if (signal.aborted) return;
    }
  } catch (error) {
    if (signal.aborted) return;
    throw error;
  }
}

/** Watches from a version until that version has expired; returns, and then the list must be read anew. */
async function* follow(
  transport: WatchTransport,
  resource: ApiResource,
  options: WatchOptions,
  tuning: WatchTuning,
  from: string,
  signal: AbortSignal,
  backOff: BackOff,
): AsyncGenerator<WatchEvent> {
  let version = from;
  while (!signal.aborted) {
    const started = Date.now();
    let heard = false;
    let failure: unknown;
    try {
      for await (const event of watchOnce(transport, resource, options, tuning, version, signal)) {
        heard = true;
        if (event.type === 'ERROR') {
          throw errorFromStatus(context(resource, options), event.object as Status);
        }
        const object = event.object as KubeObject;
        version = object.metadata.resourceVersion ?? version;
        if (event.type === 'BOOKMARK') continue;
        if (event.type === 'ADDED' || event.type === 'MODIFIED' || event.type === 'DELETED') {
          yield { type: event.type, object };
        }
      }
    } catch (error) {
      if (signal.aborted) return;
      failure = error;
    }
    if (isGone(failure)) return;
    if (failure !== undefined) options.onError?.(failure);
    // An "internal error" or unknown ERROR event leaves the version in doubt only where nothing was heard from it.
    if (heard || (failure === undefined && Date.now() - started >= GOOD_WATCH_MS)) backOff.reset();
    transport.stats.retries++;
    if (failure === undefined && heard) continue;
    await backOff.wait(failure instanceof KubeError ? failure.retryAfterMs : undefined);
  }
}

function context(resource: ApiResource, options: WatchOptions) {
  return {
    method: 'GET',
    path: resourcePath(resource, options.namespace),
    object: objectName(resource, options.namespace),
  } as const;
}

interface RawEvent {
  type: string;
  object: unknown;
}

async function* watchOnce(
  transport: WatchTransport,
  resource: ApiResource,
  options: WatchOptions,
  tuning: WatchTuning,
  version: string,
  signal: AbortSignal,
): AsyncGenerator<RawEvent> {
  const timeoutSeconds = tuning.timeoutSeconds ?? 300 + Math.floor(Math.random() * 300);
  const stop = new AbortController();
  const onAbort = () => stop.abort(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  if (signal.aborted) onAbort();
  const deadPeerMs = tuning.deadPeerMs ?? DEAD_PEER_MS;
  const silence = setTimeout(() => stop.abort(new Error('the watch fell silent')), deadPeerMs);
  const path =
    resourcePath(resource, options.namespace) +
    query({
      watch: 'true',
      allowWatchBookmarks: 'true',
      resourceVersion: version,
      timeoutSeconds,
      ...selectors(options),
    });
  try {
    const response = await transport.stream({
      ...context(resource, options),
      path,
      accept: options.metadataOnly === true ? METADATA : undefined,
      signal: stop.signal,
    });
    const lines = new LineSplitter();
    try {
      for await (const chunk of response.body as AsyncIterable<Buffer>) {
        silence.refresh();
        for (const line of lines.push(chunk)) yield JSON.parse(line) as RawEvent;
        // A reader that takes its time between events must not make the peer look dead.
        silence.refresh();
      }
    } catch (error) {
      if (error instanceof KubeError || error instanceof SyntaxError || signal.aborted) throw error;
      throw networkError(error, context(resource, options), transport.server).error;
    }
  } finally {
    clearTimeout(silence);
    signal.removeEventListener('abort', onAbort);
    stop.abort();
  }
}

/** Cuts a stream of bytes at newlines; a line may span many chunks. */
export class LineSplitter {
  #rest: Buffer[] = [];

  push(chunk: Buffer): string[] {
    const lines: string[] = [];
    let from = 0;
    for (;;) {
      const newline = chunk.indexOf(0x0a, from);
      if (newline < 0) break;
      const piece = chunk.subarray(from, newline);
      const line = this.#rest.length === 0 ? piece : Buffer.concat([...this.#rest, piece]);
      this.#rest = [];
      from = newline + 1;
      if (line.length > 0) lines.push(line.toString('utf8'));
    }
    if (from < chunk.length) this.#rest.push(chunk.subarray(from));
    return lines;
  }
}

class BackOff {
  readonly #signal: AbortSignal;
  #next = FIRST_BACKOFF_MS;

  constructor(signal: AbortSignal) {
    this.#signal = signal;
  }

  reset(): void {
    this.#next = FIRST_BACKOFF_MS;
  }

  async wait(atLeastMs = 0): Promise<void> {
    const ms = Math.max(atLeastMs, this.#next * (0.5 + Math.random()));
    this.#next = Math.min(LAST_BACKOFF_MS, this.#next * 2);
    await pause(ms, this.#signal);
  }
}
