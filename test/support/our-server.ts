/** Our server, from its source, in a process of its own. */

import { type ChildProcess, fork } from 'node:child_process';
import path from 'node:path';
import type { Cluster } from '../../dev/cluster/index.ts';
import type { ServerFlagValues } from '../../src/server/flags.ts';

export interface OurServerOptions {
  namespace: string;
  flags?: Partial<ServerFlagValues>;
  features?: readonly string[];
  env?: Record<string, string>;
  kubeconfig?: string;
}

export interface OurServer {
  readonly pid: number;
  /** `http://127.0.0.1:port`. */
  readonly url: string;
  log(): string;
  metrics(): Promise<string>;
  /** Sends the signal and waits for the end; gives the exit code, or the signal's name. */
  stop(signal?: NodeJS.Signals): Promise<number | string>;
}

/** Starts a server and waits until its controllers run. @throws Error with its log where it ends before */
export async function startOurServer(
  cluster: Pick<Cluster, 'kubeconfig'>,
  options: OurServerOptions,
): Promise<OurServer> {
  const child = fork(
    path.join(import.meta.dirname, 'serve.ts'),
    [
      JSON.stringify({
        namespace: options.namespace,
        features: options.features ?? [],
        kubeconfig: options.kubeconfig ?? cluster.kubeconfig,
        flags: { 'metrics-address': '127.0.0.1:0', 'profiler-address': '', ...options.flags },
      }),
    ],
    { stdio: ['ignore', 'pipe', 'pipe', 'ipc'], env: { ...process.env, ...options.env }, execArgv: [] },
  );
  const lines: string[] = [];
  child.stdout?.on('data', (chunk: Buffer) => lines.push(chunk.toString()));
  child.stderr?.on('data', (chunk: Buffer) => lines.push(chunk.toString()));
  const log = () => lines.join('');
  const ended = exitOf(child);
  const onExit = () => void child.kill('SIGKILL');
  process.once('exit', onExit);
  void ended.then(() => process.removeListener('exit', onExit));
  const address = await Promise.race([
    new Promise<string>((resolve) => {
      child.once('message', (message) => resolve((message as { metricsAddress: string }).metricsAddress));
    }),
    ended.then((code) => {
      throw new Error(`the server ended at its start (${code}):\n${log()}`);
    }),
  ]);
  return {
    pid: child.pid as number,
    url: `http://${address}`,
    log,
    metrics: async () => (await fetch(`http://${address}/metrics`)).text(),
    stop: (signal = 'SIGTERM') => {
      child.kill(signal);
      return ended;
    },
  };
}

function exitOf(child: ChildProcess): Promise<number | string> {
  return new Promise((resolve) => {
    child.once('exit', (code, signal) => resolve(code ?? signal ?? 'unknown'));
  });
}
