/**
 * Files of a backup or restore: the server is asked for a signed address by a DownloadRequest, and the object store
 * for the file (pkg/cmd/util/downloadrequest/downloadrequest.go).
 */

import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { buffer } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { type Readable, Writable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import type { DownloadRequest, DownloadTargetKind } from '../api/download-request.ts';
import { apiVersionOf, KINDS } from '../api/kinds.ts';
import { Failure, messageOf, wrap } from '../lib/errors.ts';
import { proxyFor } from '../lib/http-proxy.ts';
import { networkFault } from '../lib/network-fault.ts';
import { errnoText } from './config-file.ts';
import type { Session } from './session.ts';
import type { TlsValues } from './tls-flags.ts';

export interface DownloadOptions extends TlsValues {
  /** Milliseconds for the whole download. */
  readonly timeoutMs: number;
}

/** What describe allows for each of its files. */
export const DESCRIBE_TIMEOUT_MS = 30_000;

const FIRST_POLL_MS = 25;
const LAST_POLL_MS = 250;

/** The object store has no such file. */
export class FileNotFound extends Failure {
  constructor(object: string) {
    super({ code: 'DOWNLOAD_NOT_FOUND', message: 'file not found', object });
    this.name = 'FileNotFound';
  }
}

/** A run that failed before its log was uploaded has none; its object says why. */
export function explainMissingLog(error: unknown, failureReason: string | null | undefined): unknown {
  if (!(error instanceof FileNotFound)) return error;
  const { code, message, object } = error;
  const remedy = failureReason
    ? `It failed before its log was in the object store: ${failureReason}`
    : 'The log is not in the object store: its upload failed or it was deleted there. See the log of the server.';
  return new Failure({ code, message, object, remedy, cause: error });
}

/**
 * Writes a file to a stream, unpacked unless it is a backup's contents.
 * @param name the backup or restore
 * @throws Failure `DOWNLOAD_…` saying which step failed and what can be done; {@link FileNotFound}
 */
export async function download(
  session: Session,
  kind: DownloadTargetKind,
  name: string,
  options: DownloadOptions,
  target: Writable,
): Promise<void> {
  const signal = AbortSignal.timeout(options.timeoutMs);
  const what = `${kind} of ${name}`;
  try {
    const url = await signedUrl(session, kind, name, signal);
    const body = await fetchFile(session, url, options, signal, what);
    const steps = kind === 'BackupContents' ? [body] : [body, createGunzip()];
    await pipeline([...steps, target], { signal });
  } catch (error) {
    if (signal.aborted && !(error instanceof Failure)) throw tooLate(what, options.timeoutMs, error);
    const { code } = error as NodeJS.ErrnoException;
    if (code?.startsWith('Z_')) {
      throw new Failure({
        code: 'DOWNLOAD_CORRUPT',
        message: `gzip: invalid data: ${messageOf(error)}`,
        object: what,
        remedy:
          'The file in the object store is damaged or was cut off; compare it with another copy of the bucket.',
        cause: error,
      });
    }
    throw error;
  }
}

/** As {@link download}, the whole file parsed as JSON. */
export async function downloadJson<T>(
  session: Session,
  kind: DownloadTargetKind,
  name: string,
  options: TlsValues,
): Promise<T> {
  const chunks: Uint8Array[] = [];
  const sink = new Writable({
    write(chunk: Uint8Array, _encoding, done) {
      chunks.push(chunk);
      done();
    },
  });
  await download(session, kind, name, { ...options, timeoutMs: DESCRIBE_TIMEOUT_MS }, sink);
  const text = Buffer.concat(chunks).toString('utf8');
  try {
    return JSON.parse(text) as T;
  } catch (error) {
    throw new UnreadableFile(error);
  }
}

/** The file came, but is not the JSON that it should be. */
export class UnreadableFile extends Failure {
  constructor(cause: unknown) {
    super({ code: 'DOWNLOAD_UNREADABLE', message: messageOf(cause), cause });
    this.name = 'UnreadableFile';
  }
}

async function signedUrl(
  session: Session,
  kind: DownloadTargetKind,
  name: string,
  signal: AbortSignal,
): Promise<string> {
  const kube = await session.kube();
  const resource = KINDS.DownloadRequest;
  const request = {
    apiVersion: apiVersionOf(resource),
    kind: resource.kind,
    metadata: { name: `${name}-${randomUUID()}`, namespace: session.namespace },
    spec: { target: { kind, name } },
  };
  try {
    const created = await kube.create<DownloadRequest>(resource, request, session.namespace, { signal });
    for (let pause = FIRST_POLL_MS; ; pause = Math.min(LAST_POLL_MS, pause * 1.3)) {
      await session.terminal.clock.sleep(pause, signal);
      const current = await kube.get<DownloadRequest>(
        resource,
        created.metadata.name as string,
        session.namespace,
        signal,
      );
      if (current.status?.downloadURL) return current.status.downloadURL;
    }
  } catch (error) {
    if (!signal.aborted) throw error;
    throw new Failure({
      code: 'DOWNLOAD_URL_TIMEOUT',
      message:
        'download request download url timeout, check velero server logs for errors. backup storage location may not be available',
      object: `${kind} of ${name}`,
      remedy: `See whether the server runs (velero version -n ${session.namespace}) and its location is Available (velero backup-location get -n ${session.namespace}), or allow more time with --timeout.`,
      cause: error,
    });
  }
}

async function fetchFile(
  session: Session,
  address: string,
  options: TlsValues,
  signal: AbortSignal,
  what: string,
): Promise<Readable> {
  const url = new URL(address);
  // What follows the question mark is as good as a password for the file.
  const shown = `${url.origin}${url.pathname}`;
  const { Agent, ProxyAgent, request } = await import('./http.ts');
  const connect = url.protocol === 'https:' ? await tlsSettings(options) : {};
  const proxy = proxyFor(url, session.terminal.env);
  const dispatcher =
    proxy === undefined ? new Agent({ connect }) : new ProxyAgent({ uri: proxy, requestTls: connect });
  try {
    const response = await request(url, { dispatcher, signal });
    if (response.statusCode !== 200) throw await refusal(response, shown, what);
    response.body.once('close', () => void dispatcher.close());
    return response.body;
  } catch (error) {
    await dispatcher.destroy();
    if (error instanceof Failure || signal.aborted) throw error;
    throw unreachable(error, url, shown, what);
  }
}

async function tlsSettings(options: TlsValues): Promise<{ ca?: string[]; rejectUnauthorized?: boolean }> {
  if (options['insecure-skip-tls-verify']) return { rejectUnauthorized: false };
  const tls = await import('node:tls');
  const ca = [...tls.getCACertificates('system'), ...tls.getCACertificates('default')];
  if (options.cacert !== '') {
    try {
      ca.push(await readFile(options.cacert, 'utf8'));
    } catch (error) {
      const reason = errnoText((error as NodeJS.ErrnoException).code);
      throw wrap(
        new Failure({
          code: 'DOWNLOAD_CACERT',
          message: `open ${options.cacert}: ${reason}`,
          object: options.cacert,
          remedy: 'Give --cacert a readable file with certificates in PEM form.',
          cause: error,
        }),
        "couldn't open cacert",
      );
    }
  }
  return { ca };
}

async function refusal(
  response: { statusCode: number; body: Readable },
  shown: string,
  what: string,
): Promise<Failure> {
  const body = (await buffer(response.body)).toString('utf8');
  if (response.statusCode === 404) return new FileNotFound(what);
  return new Failure({
    code: 'DOWNLOAD_REFUSED',
    message: `request failed: ${body}`,
    object: what,
    remedy: `The object store answered ${response.statusCode} for ${shown}. Signed addresses expire after 10 minutes: try again, and compare the clocks of this machine, the server and the store.`,
  });
}

function unreachable(error: unknown, address: URL, shown: string, what: string): Failure {
  const { text, unknownAuthority } = networkFault(error, address.origin);
  const message = `Get "${shown}": ${text}`;
  return unknownAuthority
    ? new Failure({
        code: 'DOWNLOAD_UNKNOWN_AUTHORITY',
        message,
        object: what,
        remedy:
          "Give the store's certificate authority with --cacert, or once for all: velero client config set cacert=FILE. The --insecure-skip-tls-verify flag makes any certificate do, which lets whoever sits in between read and change everything.",
        cause: error,
      })
    : new Failure({
        code: 'DOWNLOAD_UNREACHABLE',
        message,
        object: what,
        remedy:
          "The object store must be reachable from this machine at that address. Where it has another address outside the cluster, set publicUrl in the location's config.",
        cause: error,
      });
}

function tooLate(what: string, timeoutMs: number, cause: unknown): Failure {
  return new Failure({
    code: 'DOWNLOAD_TIMEOUT',
    message: `context deadline exceeded: ${what} was not complete after ${timeoutMs / 1000} seconds`,
    object: what,
    remedy: 'Allow more time with --timeout, or look at the connection to the object store.',
    cause,
  });
}
