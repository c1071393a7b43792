import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import type { Log } from './build.ts';
import { ClusterError } from './errors.ts';
import { libraryFolder, stateFolder } from './paths.ts';
import { type Command, type Message, readLines, writeLine } from './protocol.ts';
import { lastLines } from './tail.ts';

interface Pending {
  resolve(value: unknown): void;
  reject(cause: Error): void;
}

interface Ways {
  readonly lost: () => ClusterError;
  readonly log: Log;
}

/** The owner's end of the line to a supervisor. It keeps its process alive only while an answer is awaited. */
export class SupervisorLine {
  readonly #input: Socket;
  readonly #output: Socket;
  readonly #pending = new Map<number, Pending>();
  readonly #gone: Promise<void>;
  #lastId = 0;
  #waiting = 0;
  #lost: ClusterError | undefined;

  private constructor(input: Socket, output: Socket, ways: Ways) {
    this.#input = input;
    this.#output = output;
    // A broken line shows at the input, too, where it is dealt with.
    output.on('error', () => {});
    readLines(input, (message) => this.#receive(message as Message, ways.log));
    this.#gone = new Promise((resolve) =>
      input.once('close', () => {
        this.#lost = ways.lost();
        for (const waiting of this.#pending.values()) waiting.reject(this.#lost);
        this.#pending.clear();
        resolve();
      }),
    );
    this.#keepAlive(false);
  }

  /** Starts a supervisor process for a new cluster. */
  static spawn(name: string, log: Log): SupervisorLine {
    if (!process.features.typescript) {
      throw new ClusterError(
        `cluster ${name}: Node.js ${process.version} does not run TypeScript files. Run this with the project's Node.js 24`,
      );
    }
    const logFile = join(stateFolder(), '.logs', `${name}.supervisor.log`);
    mkdirSync(join(stateFolder(), '.logs'), { recursive: true });
    const errors = openSync(logFile, 'w', 0o600);
    // In a session of its own: Ctrl-C ends the owner only, and the supervisor then cleans up in peace.
    const child = spawn(process.execPath, [join(libraryFolder, 'supervisor.ts')], {
      stdio: ['pipe', 'pipe', errors],
      detached: true,
      cwd: '/',
      env: { ...process.env, NODE_OPTIONS: '' },
    });
    closeSync(errors);
    child.unref();
    const lost = (): ClusterError =>
      new ClusterError(
        `cluster ${name}: its supervisor has ended. Its last lines:\n${lastLines(logFile, 8)}\nWhole log: ${logFile}`,
      );
    // The pipes of a child are sockets; their type says only what every stream can do.
    return new SupervisorLine(child.stdout as Socket, child.stdin as Socket, { lost, log });
  }

  /** Connects to the supervisor of a cluster that is already there, by the path of its socket. */
  static async connect(name: string, path: string): Promise<SupervisorLine> {
    const socket = connect(path);
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve);
      socket.once('error', (cause) =>
        reject(
          new ClusterError(
            `cluster ${name}: it does not run (${cause.message}). Start it: node dev/cluster/cli.ts up --name ${name}`,
          ),
        ),
      );
    });
    const lost = (): ClusterError => new ClusterError(`cluster ${name}: its supervisor has ended`);
    return new SupervisorLine(socket, socket, { lost, log: () => {} });
  }

  /** Sends a command and waits for the answer. */
  async ask(command: Command): Promise<unknown> {
    if (this.#lost) throw this.#lost;
    const id = ++this.#lastId;
    return await this.#whileAlive(
      new Promise((resolve, reject) => {
        this.#pending.set(id, { resolve, reject });
        writeLine(this.#output, { id, command });
      }),
    );
  }

  /** Ends the cluster and waits until the supervisor is gone too. */
  async stop(): Promise<void> {
    if (this.#lost) return;
    try {
      await this.ask({ do: 'stop' });
    } catch (cause) {
      // Stopped twice at the same time, or dead already: gone is what was asked for.
      if (cause !== this.#lost) throw cause;
    }
    await this.#whileAlive(this.#gone);
  }

  /** Lets go of the supervisor. */
  close(): void {
    this.#output.destroy();
    this.#input.destroy();
  }

  async #whileAlive<T>(work: Promise<T>): Promise<T> {
    if (++this.#waiting === 1) this.#keepAlive(true);
    try {
      return await work;
    } finally {
      if (--this.#waiting === 0) this.#keepAlive(false);
    }
  }

  #keepAlive(alive: boolean): void {
    for (const socket of [this.#input, this.#output]) {
      if (alive) socket.ref();
      else socket.unref();
    }
  }

  #receive(message: Message, log: Log): void {
    if ('news' in message) return log(message.news);
    const waiting = this.#pending.get(message.id);
    this.#pending.delete(message.id);
    if ('error' in message) waiting?.reject(new ClusterError(message.error));
    else waiting?.resolve(message.result);
  }
}
