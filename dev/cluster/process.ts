import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { ClusterError, messageOf } from './errors.ts';
import type { EndSignal } from './protocol.ts';
import { lastLines } from './tail.ts';

/** What to run and where its output goes. */
export interface ProgramOptions {
  readonly name: string;
  /** Asked for at each start, since a node's process id is known only then. */
  readonly command: () => readonly string[];
  readonly logFile: string;
  /** Added to the environment; secrets go here, never into the command, which every user of the machine can read. */
  readonly env?: Readonly<Record<string, string>>;
  /** Called when the program ends although nobody asked for it. */
  readonly onUnexpectedEnd?: (message: string) => void;
}

const probeEvery = 30;

/**
 * A program of the cluster as a child process. The kernel kills it when this process dies, whatever the reason
 * (PR_SET_PDEATHSIG), so that nothing of a crashed cluster keeps running.
 */
export class Program {
  readonly name: string;
  readonly #options: ProgramOptions;
  #child: ChildProcess | undefined;
  #ended: Promise<void> = Promise.resolve();
  #end: string | undefined;
  #stopping = false;

  constructor(options: ProgramOptions) {
    this.name = options.name;
    this.#options = options;
  }

  /** Starts the program; it may be started again after it has ended. */
  start(): void {
    if (this.running) return;
    const { command, logFile, env } = this.#options;
    const output = openSync(logFile, 'a', 0o600);
    this.#end = undefined;
    this.#stopping = false;
    const child = spawn('setpriv', ['--pdeathsig', 'KILL', '--', ...command()], {
      stdio: ['ignore', output, output],
      env: { ...process.env, ...env },
    });
    closeSync(output);
    this.#child = child;
    this.#ended = new Promise((resolve) => {
      const settle = (end: string): void => {
        if (this.#end !== undefined) return;
        this.#end = end;
        if (!this.#stopping) this.#options.onUnexpectedEnd?.(this.#failure(end));
        resolve();
      };
      child.once('error', (error) => settle(`it could not be started: ${messageOf(error)}`));
      child.once('exit', (code, signal) => settle(`it ended with ${signal ?? `exit code ${code}`}`));
    });
  }

  /** Whether the program has been started and has not ended. */
  get running(): boolean {
    return this.#child !== undefined && this.#end === undefined;
  }

  /** The process id of the running program. */
  get pid(): number | undefined {
    return this.running ? this.#child?.pid : undefined;
  }

  /** Holds the program still, or lets it go on: it keeps its connections and answers nothing. */
  freeze(still: boolean): void {
    this.#child?.kill(still ? 'SIGSTOP' : 'SIGCONT');
  }

  /** Ends the program and waits until it is gone. */
  async kill(signal: EndSignal = 'SIGKILL'): Promise<void> {
    this.#stopping = true;
    if (this.running) this.#child?.kill(signal);
    await this.#ended;
  }

  /** Waits until `probe` answers true. Fails at once when the program ends, and after `seconds` in any case. */
  async waitFor(what: string, seconds: number, probe: () => Promise<boolean>): Promise<void> {
    const deadline = Date.now() + seconds * 1000;
    let lastCause = '';
    for (;;) {
      try {
        if (await probe()) return;
      } catch (cause) {
        lastCause = messageOf(cause);
      }
      if (this.#end !== undefined) throw new ClusterError(this.#failure(this.#end));
      if (Date.now() > deadline) {
        const reason = lastCause ? ` (${lastCause})` : '';
        throw new ClusterError(this.#failure(`${what} was not reached within ${seconds} s${reason}`));
      }
      await sleep(probeEvery);
    }
  }

  #failure(cause: string): string {
    const { logFile } = this.#options;
    return `${this.name}: ${cause}. Its last lines:\n${lastLines(logFile, 8)}\nWhole log: ${logFile}`;
  }
}
