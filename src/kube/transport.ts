/**
 * One request to the API server, from the limiter to the bytes of the answer, with what it takes to survive a server
 * that is away, throttles or breaks connections. Reads are tried again until patience ends; a write is tried again
 * where it certainly was not carried out, or where doing it twice is the same as doing it once.
 */

import type { Dispatcher } from 'undici';
import { systemClock } from '../lib/clock.ts';
import { Failure } from '../lib/errors.ts';
import { type Answer, Collector } from './collector.ts';
import type { ClusterConfig } from './config.ts';
import { Connections } from './connection.ts';
import { type Credentials, CredentialSource } from './credentials.ts';
import { errorFromResponse, KubeError, parseRetryAfter } from './errors.ts';
import { AdaptiveLimiter, type Lane, type Outcome, type RateLimit, TokenBucket } from './limiter.ts';
import { networkError, neverSent } from './network-error.ts';
import { OutageGate } from './outage-gate.ts';

export interface TransportOptions {
  userAgent?: string | undefined;
  /** Default `adaptive`. */
  limit?: RateLimit | undefined;
  /** Requests in flight at the start, reads and writes each. Default 24. */
  connections?: number | undefined;
  /** Most requests in flight. Default 128. */
  maxConnections?: number | undefined;
  /** How long a request waits for a server that is away, in milliseconds from the first failure. Default 60,000. */
  patienceMs?: number | undefined;
  /** Longest silence of a request under way, in milliseconds. Default 70,000: ten seconds more than the server's own. */
  requestTimeoutMs?: number | undefined;
  /** Default 10,000 milliseconds. */
  connectTimeoutMs?: number | undefined;
}

export interface Request {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** With the query; the server's own base path is put in front. */
  path: string;
  body?: Uint8Array | string | undefined;
  contentType?: string | undefined;
  /** Default `application/json`. */
  accept?: string | undefined;
  signal?: AbortSignal | undefined;
  /** Undefined goes past the limiter: leases, probes, watches. */
  lane?: Lane | undefined;
  /** Doing it twice is the same as doing it once, so a lost answer is reason to ask again. */
  repeatable: boolean;
  /** Overrides the client's patience, in milliseconds. */
  patienceMs?: number | undefined;
  /** As a person names it, e.g. `configmaps shop/settings`. */
  object?: string | undefined;
}

export interface TransportStats {
  /** Requests sent, tries counted each. */
  requests: number;
  /** Milliseconds spent waiting for the user's rate limit or because the server said 429. */
  throttledMs: number;
  /** Tries after the first. */
  retries: number;
}

const DEFAULT_PATIENCE_MS = 60_000;
const FIRST_BACKOFF_MS = 50;
const LAST_BACKOFF_MS = 5000;
/** 5xx of a server that is otherwise well: this often, then it is the request's own error. */
const SERVER_ERROR_RETRIES = 3;

export class Transport {
  readonly server: string;
  readonly stats: TransportStats = { requests: 0, throttledMs: 0, retries: 0 };
  readonly lanes: Readonly<Record<Lane, AdaptiveLimiter>> | undefined;
  readonly basePath: string;
  readonly #bucket: TokenBucket | undefined;
  readonly #connections: Connections;
  readonly #credentials: CredentialSource;
  readonly #patienceMs: number;
  readonly #userAgent: string;
  readonly #gate: OutageGate;
  readonly #closing = new AbortController();

  constructor(config: ClusterConfig, options: TransportOptions = {}) {
    const url = new URL(config.server);
    this.server = config.server;
    this.basePath = url.pathname === '/' ? '' : url.pathname.replace(/\/+$/, '');
    this.#patienceMs = options.patienceMs ?? DEFAULT_PATIENCE_MS;
    this.#userAgent = options.userAgent ?? 'oadp';
    const max = options.maxConnections ?? 128;
    const limit = options.limit ?? 'adaptive';
    if (typeof limit === 'object') this.#bucket = new TokenBucket(limit.qps, limit.burst);
    if (limit === 'adaptive') {
      const bounds = { initial: options.connections ?? 24, max };
      this.lanes = { read: new AdaptiveLimiter(bounds), write: new AdaptiveLimiter(bounds) };
    }
    this.#connections = new Connections(config, {
      // Both lanes at their height, and the requests past the limiter.
      connections: 2 * max + 16,
      connectTimeoutMs: options.connectTimeoutMs ?? 10_000,
      requestTimeoutMs: options.requestTimeoutMs ?? 70_000,
    });
    this.#credentials = new CredentialSource(config);
    this.#gate = new OutageGate(() => this.#probe());
  }

  /** Aborted when the client is closed. */
  get closing(): AbortSignal {
    return this.#closing.signal;
  }

  /** Ends everything: requests under way fail. */
  async close(): Promise<void> {
    this.#closing.abort(new Failure({ code: 'KUBE_CLIENT_CLOSED', message: 'the client was closed' }));
    this.#gate.close();
    await this.#connections.close();
  }

  /**
   * Sends a request until it is answered below 400.
   * @throws KubeError what the server refused, or `status` 0 where patience ended
   * @throws the signal's reason where it is aborted
   */
  async request(request: Request): Promise<Answer> {
    const { signal, lane } = request;
    const limiter = lane === undefined ? undefined : this.lanes?.[lane];
    const patienceMs = request.patienceMs ?? this.#patienceMs;
    let deadline = Number.POSITIVE_INFINITY;
    let tries = 0;
    let serverErrors = 0;
    let unauthorized = false;
    let lost = false;
    for (;;) {
      signal?.throwIfAborted();
      if (this.#gate.closed && request.patienceMs !== 0) {
        try {
          await this.#gate.wait(Math.min(deadline, Date.now() + patienceMs), signal);
        } catch (error) {
          throw error instanceof KubeError ? mark(error, lost, request) : error;
        }
      }
      if (this.#bucket !== undefined && lane !== undefined) {
        const waited = await this.#bucket.take(signal);
        this.stats.throttledMs += waited;
      }
      if (limiter !== undefined && !limiter.tryAcquire()) await limiter.acquire(signal);
      let credentials: Credentials;
      try {
        credentials = this.#credentials.current ?? (await this.#credentials.refresh());
      } catch (error) {
        giveBack(limiter, 0, 'failed');
        throw error;
      }
      const sentAt = performance.now();
      let answer: Answer;
      try {
        answer = await this.#send(request, credentials, this.#connections.requests(credentials));
      } catch (error) {
        giveBack(limiter, performance.now() - sentAt, 'failed');
        signal?.throwIfAborted();
        if (this.#closing.signal.aborted) throw this.#closing.signal.reason;
        const failure = networkError(error, request, this.server);
        if (!neverSent(error)) lost = true;
        if (!failure.retryable || (lost && !request.repeatable)) throw mark(failure.error, lost, request);
        const now = Date.now();
        if (deadline === Number.POSITIVE_INFINITY) deadline = now + patienceMs;
        if (now >= deadline) throw mark(failure.error, lost, request);
        this.#gate.suspect(failure.error);
        await this.#backOff(tries, deadline, signal);
        tries++;
        this.stats.retries++;
        continue;
      }
      const { status } = answer;
      if (status < 400) {
        giveBack(limiter, performance.now() - sentAt, 'ok');
        answer.repeated = lost;
        return answer;
      }
      giveBack(
        limiter,
        performance.now() - sentAt,
        status === 429 ? 'throttled' : status < 500 ? 'ok' : 'failed',
      );
      const retryAfter = header(answer, 'retry-after');
      const error = errorFromResponse(request, status, answer.body, retryAfter);
      if (status === 401 && !unauthorized && this.#credentials.refused(credentials)) {
        unauthorized = true;
        continue;
      }
      if (status !== 429 && status < 500) throw mark(error, lost, request);

      const waitMs = parseRetryAfter(retryAfter, Date.now());
      const refusedUnread = status === 429 || (waitMs !== undefined && status !== 504);
      // A gateway's 502 to 504 says nothing of what the server behind it did, nor does etcd's silence.
      if (!refusedUnread && (status >= 502 || /timed out|leader changed/.test(error.message))) lost = true;
      if (!refusedUnread && status < 502 && (!request.repeatable || request.method === 'POST')) {
        throw mark(error, lost, request);
      }
      if (lost && !request.repeatable) throw mark(error, lost, request);
      const now = Date.now();
      if (deadline === Number.POSITIVE_INFINITY) deadline = now + patienceMs;
      if (refusedUnread) {
        const pause = Math.max(waitMs ?? 1000, FIRST_BACKOFF_MS);
        if (now + pause > deadline) throw mark(error, lost, request);
        if (status === 429) limiter?.throttle(pause);
        const jittered = pause * (1 + Math.random() * 0.25);
        await systemClock.sleep(jittered, signal);
        this.stats.throttledMs += jittered;
      } else {
        serverErrors++;
        if (status >= 502) this.#gate.suspect(error);
        if (now >= deadline) throw mark(error, lost, request);
        await this.#backOff(serverErrors + 1, deadline, signal);
        // The probe has had its time: where it found the server well, the fault lies with what was asked for.
        if (this.#gate.closed) serverErrors = 0;
        else if (serverErrors > SERVER_ERROR_RETRIES) throw mark(error, lost, request);
      }
      tries++;
      this.stats.retries++;
    }
  }

  /**
   * Opens an answer that goes on: a watch. One try; the caller resumes.
   * @throws KubeError
   */
  async stream(
    request: Omit<Request, 'repeatable' | 'lane'>,
  ): Promise<Dispatcher.ResponseData & { readonly dispatcher: Dispatcher }> {
    if (this.#gate.closed) await this.#gate.wait(Number.POSITIVE_INFINITY, request.signal);
    if (this.#bucket !== undefined) this.stats.throttledMs += await this.#bucket.take(request.signal);
    const credentials = this.#credentials.current ?? (await this.#credentials.refresh());
    const dispatcher = this.#connections.streams(credentials);
    this.stats.requests++;
    let response: Dispatcher.ResponseData;
    try {
      response = await dispatcher.request({
        origin: this.#connections.origin,
        path: this.basePath + request.path,
        method: request.method,
        headers: this.#headers(request, credentials),
        ...(request.signal === undefined ? {} : { signal: request.signal }),
      });
    } catch (error) {
      request.signal?.throwIfAborted();
      const failure = networkError(error, request, this.server);
      if (failure.retryable) this.#gate.suspect(failure.error);
      throw failure.error;
    }
    if (response.statusCode >= 400) {
      const body = Buffer.from(await response.body.arrayBuffer());
      if (response.statusCode === 401) this.#credentials.refused(credentials);
      const after = response.headers['retry-after'];
      throw errorFromResponse(
        request,
        response.statusCode,
        body,
        typeof after === 'string' ? after : undefined,
      );
    }
    return Object.assign(response, { dispatcher });
  }

  /** What a WebSocket needs: where to, and connections that say who we are. */
  async upgrade(): Promise<{ origin: string; dispatcher: Dispatcher }> {
    if (this.#gate.closed) await this.#gate.wait(Date.now() + this.#patienceMs);
    const credentials = this.#credentials.current ?? (await this.#credentials.refresh());
    this.stats.requests++;
    const ours = { 'user-agent': this.#userAgent, ...credentials.headers };
    // A WebSocket's own headers would join several values in one line, which is another group to impersonate.
    const dispatcher = this.#connections.streams(credentials).compose((dispatch) => (options, handler) => {
      const headers = { ...(options.headers as Record<string, string> | undefined), ...ours };
      return dispatch({ ...options, headers }, handler);
    });
    return { origin: this.#connections.origin, dispatcher };
  }

  #headers(
    request: Pick<Request, 'accept' | 'contentType' | 'body'>,
    credentials: Credentials,
  ): Record<string, string | string[]> {
    const headers: Record<string, string | string[]> = {
      accept: request.accept ?? 'application/json',
      'user-agent': this.#userAgent,
      ...credentials.headers,
    };
    if (request.body !== undefined) headers['content-type'] = request.contentType ?? 'application/json';
    return headers;
  }

  #send(
    request: Pick<Request, 'method' | 'path' | 'body' | 'accept' | 'contentType' | 'signal'>,
    credentials: Credentials,
    dispatcher: Dispatcher,
  ): Promise<Answer> {
    this.stats.requests++;
    return new Promise((resolve, reject) => {
      const options: Dispatcher.DispatchOptions = {
        origin: this.#connections.origin,
        path: this.basePath + request.path,
        method: request.method,
        headers: this.#headers(request, credentials),
      };
      if (request.body !== undefined) options.body = request.body;
      dispatcher.dispatch(options, new Collector(resolve, reject, request.signal));
    });
  }

  /** Whether the server is well: any answer but 5xx says so (`/readyz` may be closed to us). */
  async #probe(): Promise<boolean> {
    const signal = AbortSignal.any([AbortSignal.timeout(5000), this.#closing.signal]);
    try {
      const credentials = this.#credentials.current ?? (await this.#credentials.refresh());
      const dispatcher = this.#connections.requests(credentials);
      const answer = await this.#send({ method: 'GET', path: '/readyz', signal }, credentials, dispatcher);
      return answer.status < 500;
    } catch {
      return false;
    }
  }

  async #backOff(tries: number, deadline: number, signal: AbortSignal | undefined): Promise<void> {
    const ceiling = Math.min(LAST_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** tries);
    const wait = ceiling * (0.5 + Math.random() / 2);
    await systemClock.sleep(Math.min(wait, Math.max(0, deadline - Date.now())), signal);
  }
}

/**
 * Gives a place in the lane back one turn of the event loop later: only then does undici take the connection for free,
 * and the next request would else open another one. Half the connections mean half the handshakes.
 */
function giveBack(limiter: AdaptiveLimiter | undefined, latencyMs: number, outcome: Outcome): void {
  if (limiter !== undefined) setImmediate(() => limiter.release(latencyMs, outcome));
}

function header(answer: Answer, name: string): string | undefined {
  const value = answer.headers[name];
  return Array.isArray(value) ? value[0] : value;
}

function mark(error: KubeError, lost: boolean, request: Request): KubeError {
  return lost && request.method !== 'GET' ? error.asMaybeApplied() : error;
}
