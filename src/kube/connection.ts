/** The connections to one API server: undici pools over HTTP/1.1, made anew when the client certificate changes. */

import { type Dispatcher, Pool, ProxyAgent } from 'undici';
import type { ClusterConfig } from './config.ts';
import type { Credentials } from './credentials.ts';

export interface ConnectionOptions {
  /** Connections for requests that end; watches and exec have their own. */
  connections: number;
  connectTimeoutMs: number;
  /** Longest silence, in milliseconds, of a request that is to end. */
  requestTimeoutMs: number;
}

/** How long an idle connection is kept: shorter than what load balancers mostly allow. */
const KEEP_ALIVE_MS = 10_000;

/** Gives the dispatcher for the credentials at hand. */
export class Connections {
  readonly origin: string;
  readonly #config: ClusterConfig;
  readonly #options: ConnectionOptions;
  #certificate: string | undefined;
  #requests: Dispatcher | undefined;
  #streams: Dispatcher | undefined;
  readonly #retired: Promise<unknown>[] = [];

  constructor(config: ClusterConfig, options: ConnectionOptions) {
    this.origin = new URL(config.server).origin;
    this.#config = config;
    this.#options = options;
  }

  /** For requests that end. */
  requests(credentials: Credentials): Dispatcher {
    this.#renew(credentials);
    this.#requests ??= this.#open(credentials, this.#options.connections, this.#options.requestTimeoutMs);
    return this.#requests;
  }

  /** For watches and exec, which hold their connection: no bound on their number or their silence. */
  streams(credentials: Credentials): Dispatcher {
    this.#renew(credentials);
    this.#streams ??= this.#open(credentials, null, 0);
    return this.#streams;
  }

  async close(): Promise<void> {
    const open = [this.#requests, this.#streams].flatMap((dispatcher) => dispatcher?.destroy() ?? []);
    this.#requests = undefined;
    this.#streams = undefined;
    await Promise.allSettled([...open, ...this.#retired]);
  }

  #renew(credentials: Credentials): void {
    if (this.#certificate === credentials.certificate) return;
    this.#certificate = credentials.certificate;
    // Requests under way end on the old connections; new ones carry the new certificate.
    for (const old of [this.#requests, this.#streams]) {
      if (old) this.#retired.push(old.close().catch(() => undefined));
    }
    this.#requests = undefined;
    this.#streams = undefined;
  }

  #open(credentials: Credentials, connections: number | null, silenceMs: number): Dispatcher {
    const config = this.#config;
    const tls: Record<string, unknown> = { keepAliveInitialDelay: 15_000 };
    if (config.ca !== undefined) tls['ca'] = config.ca;
    if (config.insecureSkipTlsVerify === true) tls['rejectUnauthorized'] = false;
    if (config.tlsServerName !== undefined) tls['servername'] = config.tlsServerName;
    if (credentials.certificate !== undefined) tls['cert'] = credentials.certificate;
    if (credentials.key !== undefined) tls['key'] = credentials.key;
    const common = {
      connections,
      pipelining: 1,
      allowH2: false,
      headersTimeout: silenceMs === 0 ? this.#options.requestTimeoutMs : silenceMs,
      bodyTimeout: silenceMs,
      keepAliveTimeout: KEEP_ALIVE_MS,
      keepAliveMaxTimeout: KEEP_ALIVE_MS,
      connectTimeout: this.#options.connectTimeoutMs,
    };
    if (config.proxyUrl !== undefined && config.proxyUrl !== '') {
      return new ProxyAgent({ ...common, uri: config.proxyUrl, requestTls: tls });
    }
    return new Pool(this.origin, { ...common, connect: { ...tls, timeout: this.#options.connectTimeoutMs } });
  }
}
