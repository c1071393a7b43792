/** A command line that goes on while the test looks at it, in a pipe or on a terminal (util-linux' `script` makes it). */

import { type ChildProcess, spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Cluster } from '../../../dev/cluster/index.ts';
import { type Side, veleroCommand } from '../../support/velero.ts';

export interface RunningOptions {
  /** On a terminal of its own instead of pipes; standard error then comes with standard output. */
  terminal?: boolean;
  env?: Record<string, string>;
}

export class Running {
  readonly #child: ChildProcess;
  readonly #end: Promise<number>;
  stdout = '';
  stderr = '';

  constructor(cluster: Cluster, side: Side, args: readonly string[], options: RunningOptions = {}) {
    const words = [...veleroCommand(cluster, side), ...args];
    const [command, ...rest] = options.terminal
      ? ['script', '--quiet', '--return', '--command', words.map(quoted).join(' '), '/dev/null']
      : words;
    this.#child = spawn(command as string, rest, {
      env: { ...process.env, KUBECONFIG: cluster.kubeconfig, HOME: cluster.folder, ...options.env },
    });
    this.#child.stdout?.on('data', (chunk: Buffer) => (this.stdout += chunk.toString()));
    this.#child.stderr?.on('data', (chunk: Buffer) => (this.stderr += chunk.toString()));
    this.#end = new Promise((resolve, reject) => {
      this.#child.once('error', reject);
      // What a shell shows of an end by signal.
      this.#child.once('close', (code, signal) => resolve(code ?? (signal === 'SIGINT' ? 130 : 128)));
    });
  }

  /** Types into the terminal. */
  type(keys: string): void {
    this.#child.stdin?.write(keys);
  }

  interrupt(): void {
    this.#child.kill('SIGINT');
  }

  /** Waits for a text on standard output. */
  async shows(text: string | RegExp, seconds = 30): Promise<void> {
    const deadline = Date.now() + seconds * 1000;
    const there = () => (typeof text === 'string' ? this.stdout.includes(text) : text.test(this.stdout));
    while (!there()) {
      if (Date.now() > deadline) {
        throw new Error(`${String(text)} is not shown after ${seconds} s: ${this.stdout}${this.stderr}`);
      }
      await sleep(20);
    }
  }

  /** The exit code, as a shell gives it. */
  ended(): Promise<number> {
    return this.#end;
  }

  /** Ends what is left of it. */
  close(): void {
    this.#child.kill('SIGKILL');
  }
}

function quoted(word: string): string {
  return `'${word.replaceAll("'", String.raw`'\''`)}'`;
}
