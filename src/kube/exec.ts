/**
 * Runs a command in a container over a WebSocket (v5.channel.k8s.io, or v4 where the server knows no better): every
 * message is one byte of channel number and the data (pkg/podexec of the original does the same over SPDY).
 */

import { ping, WebSocket } from 'undici';
import { formatDuration } from '../lib/duration.ts';
import { Failure } from '../lib/errors.ts';
import { startTimer } from '../lib/timer.ts';
import type { ExecOptions, ExecResult } from './contract.ts';
import { errorFromResponse, KubeError, type Status } from './errors.ts';
import type { Transport } from './transport.ts';

const STDIN = 0;
const STDOUT = 1;
const STDERR = 2;
const ERROR = 3;
/** v5 only: closes another channel. */
const CLOSE = 255;

/** Load balancers close connections on which nothing is said, and commands may be silent for long (client-go's period). */
const PING_MS = 5000;

/**
 * Runs the command to its end, or until the timeout, after which it is left running.
 * @throws KubeError where the server or the kubelet refuses (no such pod or container, forbidden, cannot start)
 * @throws Failure KUBE_EXEC_TIMEOUT `timed out after 30s`
 */
export async function execInPod(
  transport: Pick<Transport, 'upgrade' | 'request' | 'basePath'>,
  options: ExecOptions,
  tuning: { pingMs?: number } = {},
): Promise<ExecResult> {
  options.signal?.throwIfAborted();
  const parameters = new URLSearchParams();
  if (options.container !== undefined && options.container !== '') {
    parameters.append('container', options.container);
  }
  for (const word of options.command) parameters.append('command', word);
  parameters.append('stdout', 'true');
  parameters.append('stderr', 'true');
  if (options.stdin !== undefined) parameters.append('stdin', 'true');
  const path = `/api/v1/namespaces/${encodeURIComponent(options.namespace)}/pods/${encodeURIComponent(options.pod)}/exec?${parameters}`;
  const object = `pod ${options.namespace}/${options.pod}`;
  const { origin, dispatcher } = await transport.upgrade();
  const socket = new WebSocket(`${origin.replace(/^http/, 'ws')}${transport.basePath}${path}`, {
    protocols: ['v5.channel.k8s.io', 'v4.channel.k8s.io'],
    dispatcher,
  });
  socket.binaryType = 'arraybuffer';
  const session = new Session(socket, options, tuning.pingMs ?? PING_MS);
  try {
    return await session.run();
  } catch (error) {
    if (!(error instanceof HandshakeError)) throw error;
    // A WebSocket does not tell what the server said instead of switching protocols; a plain request does.
    throw await explain(transport, path, object, error);
  }
}

class HandshakeError extends Error {}

/** What a command wrote to its outputs. */
export type ExecOutput = Pick<ExecResult, 'stdout' | 'stderr'>;

const outputs = new WeakMap<Error, ExecOutput>();

/** What the command had written when its run ended in this error; nothing where it never began. */
export function execOutputOf(error: unknown): ExecOutput {
  return (error instanceof Error ? outputs.get(error) : undefined) ?? { stdout: '', stderr: '' };
}

async function explain(
  transport: Pick<Transport, 'request'>,
  path: string,
  object: string,
  cause: Error,
): Promise<Error> {
  try {
    await transport.request({ method: 'GET', path, repeatable: true, object, patienceMs: 0 });
  } catch (error) {
    // 400 only says that a plain request is no WebSocket: whatever it was is over.
    if (error instanceof KubeError && error.status !== 400) return error;
    if (error instanceof KubeError && !/upgrade/i.test(error.message)) return error;
  }
  return new KubeError({
    message: `unable to upgrade connection to ${object}: ${cause.message}`,
    status: 0,
    reason: 'Unavailable',
    object,
    remedy: 'check that the kubelet of the pod runs and that proxies on the way let WebSockets pass',
    cause,
  });
}

class Session {
  readonly #socket: WebSocket;
  readonly #options: ExecOptions;
  readonly #pingMs: number;
  readonly #stdout: Buffer[] = [];
  readonly #stderr: Buffer[] = [];
  #status: Status | undefined;

  constructor(socket: WebSocket, options: ExecOptions, pingMs: number) {
    this.#socket = socket;
    this.#options = options;
    this.#pingMs = pingMs;
  }

  run(): Promise<ExecResult> {
    const socket = this.#socket;
    const { signal, timeoutMs } = this.#options;
    return new Promise<ExecResult>((resolve, reject) => {
      let opened = false;
      let problem = '';
      let pings: ReturnType<typeof setInterval> | undefined;
      const settle = (finish: () => void): void => {
        stopTimer?.();
        clearInterval(pings);
        signal?.removeEventListener('abort', onAbort);
        finish();
        if (socket.readyState <= WebSocket.OPEN) socket.close();
      };
      const onAbort = (): void => settle(() => reject(signal?.reason as Error));
      const stopTimer =
        timeoutMs === undefined || timeoutMs <= 0
          ? undefined
          : startTimer(timeoutMs, () => {
              settle(() =>
                reject(
                  new Failure({
                    code: 'KUBE_EXEC_TIMEOUT',
                    message: `timed out after ${formatDuration(timeoutMs)}`,
                    object: `pod ${this.#options.namespace}/${this.#options.pod}`,
                    remedy: 'give the command a longer timeout; it goes on running in the container',
                  }),
                ),
              );
            });
      signal?.addEventListener('abort', onAbort, { once: true });
      socket.addEventListener('open', () => {
        opened = true;
        pings = setInterval(() => {
          if (socket.readyState === WebSocket.OPEN) ping(socket);
        }, this.#pingMs);
        this.#sendInput().catch((error: unknown) => settle(() => reject(error)));
      });
      socket.addEventListener('message', (event) => {
        this.#receive(event.data as ArrayBuffer);
        if (this.#status !== undefined && this.#status.status !== undefined) {
          settle(() => this.#finish(resolve, reject));
        }
      });
      socket.addEventListener('error', (event) => {
        problem = event.message !== '' ? event.message : String(event.error ?? '');
      });
      socket.addEventListener('close', (event) => {
        settle(() => {
          if (!opened) reject(new HandshakeError(problem === '' ? 'the server refused' : problem));
          else if (this.#status !== undefined) this.#finish(resolve, reject);
          else reject(this.#broken(event.reason === '' ? problem : event.reason));
        });
      });
    });
  }

  #receive(data: ArrayBuffer): void {
    const bytes = Buffer.from(data);
    const channel = bytes[0];
    const content = bytes.subarray(1);
    if (content.length === 0) return;
    if (channel === STDOUT) this.#stdout.push(content);
    else if (channel === STDERR) this.#stderr.push(content);
    else if (channel === ERROR) {
      try {
        this.#status = JSON.parse(content.toString('utf8')) as Status;
      } catch {
        this.#status = { status: 'Failure', message: content.toString('utf8') };
      }
    }
  }

  async #sendInput(): Promise<void> {
    const { stdin } = this.#options;
    if (stdin === undefined) return;
    for await (const chunk of stdin as AsyncIterable<Buffer | string>) {
      const data = typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
      this.#socket.send(Buffer.concat([Buffer.of(STDIN), data]));
      while (this.#socket.bufferedAmount > 1024 * 1024) {
        await new Promise((resolve) => {
          setTimeout(resolve, 5);
        });
      }
      if (this.#socket.readyState !== WebSocket.OPEN) return;
    }
    if (this.#socket.protocol === 'v5.channel.k8s.io') this.#socket.send(Buffer.of(CLOSE, STDIN));
  }

  #finish(resolve: (result: ExecResult) => void, reject: (error: Error) => void): void {
    const status = this.#status as Status;
    const result: ExecResult = { ...this.#output(), exitCode: 0 };
    if (status.status === 'Success') {
      resolve(result);
      return;
    }
    const code = status.details?.causes?.find(({ reason }) => reason === 'ExitCode')?.message;
    if (status.reason === 'NonZeroExitCode' && code !== undefined && /^\d+$/.test(code)) {
      resolve({ ...result, exitCode: Number(code) });
      return;
    }
    // The API server puts the kubelet's words into its own once more, which it does not over SPDY.
    const message = status.message?.replace(/^(Internal error occurred: )+/, '$1');
    const body = Buffer.from(JSON.stringify({ kind: 'Status', ...status, message }));
    const error = errorFromResponse(
      {
        method: 'POST',
        path: '/exec',
        object: `pod ${this.#options.namespace}/${this.#options.pod}`,
      },
      status.code ?? 500,
      body,
      undefined,
    );
    outputs.set(error, this.#output());
    reject(error);
  }

  #output(): ExecOutput {
    return {
      stdout: Buffer.concat(this.#stdout).toString('utf8'),
      stderr: Buffer.concat(this.#stderr).toString('utf8'),
    };
  }

  #broken(detail: string): KubeError {
    const error = new KubeError({
      message: `the connection to the command in pod ${this.#options.namespace}/${this.#options.pod} was lost${detail === '' ? '' : `: ${detail}`}`,
      status: 0,
      reason: 'Unavailable',
      object: `pod ${this.#options.namespace}/${this.#options.pod}`,
      remedy: 'the command may have run: see what it did before it is run again',
      maybeApplied: true,
    });
    outputs.set(error, this.#output());
    return error;
  }
}
