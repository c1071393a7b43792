/**
 * All that a command may use of the outside: where it prints, what it reads, the time, the client's configuration
 * file and the cluster. Tests hand in their own; `main.ts` hands in the process's.
 */

import { Writable } from 'node:stream';
import type { Clock } from '../lib/clock.ts';
import type { KubeClient } from '../kube/contract.ts';
import type { ClientConfig } from './config-file.ts';
import type { Colours } from './print/colour.ts';

/** The process as the command line sees it. */
export interface Terminal {
  /** Standard output; resolves when it was taken, so that a slow reader slows the writer. */
  write(text: string | Uint8Array): Promise<void>;
  error(text: string): void;
  /** One line of standard input without its end; undefined at the end of input. */
  readLine(): Promise<string | undefined>;
  /** Whether standard output is a terminal that a person looks at. */
  readonly interactive: boolean;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly clock: Clock;
  /**
   * For servers: aborted at SIGINT and SIGTERM from now on. Other commands just end there, as their users expect.
   */
  stopSignal(): AbortSignal;
}

/** Where the cluster is and which namespace is meant, from flags, configuration and environment. */
export interface Target {
  readonly kubeconfig: string | undefined;
  readonly context: string | undefined;
  readonly namespace: string;
  readonly features: readonly string[];
}

export interface Session extends Target {
  readonly terminal: Terminal;
  readonly config: ClientConfig;
  readonly colours: Colours;
  /** Prints a line to standard output. */
  print(line: string): Promise<void>;
  /**
   * The cluster's client, made at its first use and closed when the command ends.
   * @throws Failure `NO_CLUSTER` where no configuration leads to a cluster
   */
  kube(): Promise<KubeClient>;
}

/** Standard output as a stream to pipe files into. */
export function stdoutOf({ terminal }: Pick<Session, 'terminal'>): Writable {
  return new Writable({
    write(chunk: Uint8Array, _encoding, done) {
      terminal.write(chunk).then(() => done(), done);
    },
  });
}
