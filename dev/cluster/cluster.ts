import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { buildPrograms, type Log } from './build.ts';
import { ClusterError } from './errors.ts';
import { type ImageContent, importImage, insideNode, runFile } from './image.ts';
import { removeLeftovers } from './leftovers.ts';
import { installPackages } from './packages.ts';
import { clusterFolder } from './paths.ts';
import { controlPlane, nodePrograms, type ProgramName, storageServer, veleroPrograms } from './programs.ts';
import type { ClusterInfo, ClusterSpec, EndSignal, NodeInfo, StorageInfo, User } from './protocol.ts';
import { SupervisorLine } from './supervisor-line.ts';

/** What a cluster is to consist of. */
export interface ClusterOptions {
  /** Lower-case letters, digits and dashes; a name of its own is made up where none is given. */
  readonly name?: string;
  /** With a node: kubelet, containerd, running pods. */
  readonly node?: boolean;
  /** With the programs of the real Velero 1.14.1 at hand (`cluster.bin('velero')`). */
  readonly velero?: boolean;
  /** Further programs to have at hand, for instance `kopia`. */
  readonly programs?: readonly ProgramName[];
  /** The S3 server: with TLS or not, and the buckets that are there from the start (`velero` by default). */
  readonly s3?: { readonly tls?: boolean; readonly buckets?: readonly string[] };
  /** Users besides the administrator, each with a token. */
  readonly users?: readonly { readonly name: string; readonly groups?: readonly string[] }[];
  /** Further arguments by program. */
  readonly arguments?: Readonly<Record<string, readonly string[]>>;
  /** Receives a line for each step that takes time, and for each program that ends by itself. */
  readonly log?: Log;
}

/** A program of a cluster that can be ended and started while the rest runs on. */
export interface ClusterProgram {
  /** Ends it, with SIGKILL where nothing else is said, and waits until it is gone. */
  kill(signal?: EndSignal): Promise<void>;
  /** Starts it again and waits until it is of use. */
  start(): Promise<void>;
  /** Holds it still: connections stay, nothing is answered. Not for the programs of a node. */
  freeze(): Promise<void>;
  /** Lets it go on after a freeze. */
  thaw(): Promise<void>;
}

/** The S3 server of a cluster: where it is, and how to take it away for a while. */
export interface Storage extends StorageInfo {
  stop(): Promise<void>;
  start(): Promise<void>;
}

/** An S3 server without a cluster. */
export interface StorageServer extends StorageInfo {
  stop(): Promise<void>;
  start(): Promise<void>;
  /** Ends the server for good and removes its data. */
  close(): Promise<void>;
}

/** A running development cluster. */
export class Cluster {
  readonly apiserver: ClusterProgram;
  readonly #supervisor: SupervisorLine;
  #info: ClusterInfo;

  constructor(info: ClusterInfo, supervisor: SupervisorLine) {
    this.#info = info;
    this.#supervisor = supervisor;
    this.apiserver = this.program('kube-apiserver');
  }

  /** All that is known about the cluster; also to be found in its folder, in cluster.json. */
  get info(): ClusterInfo {
    return this.#info;
  }

  get name(): string {
    return this.info.name;
  }

  /** The folder with the cluster's state; its logs are in `log`. */
  get folder(): string {
    return this.info.folder;
  }

  /** The API server's URL. */
  get server(): string {
    return this.info.server;
  }

  /** The certificate of the API server's signer. */
  get caFile(): string {
    return this.info.caFile;
  }

  /** The administrator's token. */
  get token(): string {
    return this.info.token;
  }

  /** The administrator's kubeconfig, a path. */
  get kubeconfig(): string {
    return this.info.kubeconfig;
  }

  /** The S3 server. */
  get s3(): Storage {
    const { s3 } = this.info;
    if (!s3) throw new ClusterError(`cluster ${this.name}: it has no S3 server`);
    return storageOf(s3, this.#supervisor);
  }

  /** One of the cluster's programs, by its name, to be ended and started again. */
  program(name: string): ClusterProgram {
    return {
      kill: async (signal = 'SIGKILL') => {
        await this.#supervisor.ask({ do: 'kill-program', program: name, signal });
      },
      start: async () => {
        await this.#supervisor.ask({ do: 'start-program', program: name });
      },
      freeze: async () => {
        await this.#supervisor.ask({ do: 'freeze-program', program: name, still: true });
      },
      thaw: async () => {
        await this.#supervisor.ask({ do: 'freeze-program', program: name, still: false });
      },
    };
  }

  /** The path of a built program, `kubectl` for instance. */
  bin(name: ProgramName): string {
    const path = this.info.programs[name];
    if (path) return path;
    throw new ClusterError(
      `cluster ${this.name}: it was started without ${name}. Name it in startCluster's option "programs"` +
        (veleroPrograms.includes(name) ? ', or set "velero: true"' : ''),
    );
  }

  /** The node; fails where the cluster was started without one. */
  get node(): NodeInfo {
    const { node } = this.info;
    if (node) return node;
    throw new ClusterError(
      `cluster ${this.name}: it was started without a node. Set startCluster's option "node: true"`,
    );
  }

  /** Makes an image from files of this machine and gives it to the node, for pods that do not pull (`IfNotPresent`). */
  async importImage(reference: string, content: ImageContent): Promise<void> {
    await importImage(this.node.pid, reference, content);
  }

  /** The command line that runs `command` on the node: there /var/lib/kubelet and its mounts are the node's. */
  onNode(command: readonly string[]): string[] {
    return insideNode(this.node.pid, command);
  }

  /** Runs a command on the node and returns what it printed. */
  async runOnNode(command: readonly string[]): Promise<string> {
    return await runFile(this.onNode(command));
  }

  /** A user by name, with its token. */
  user(name: string): User & { readonly kubeconfig: string } {
    const user = this.info.users[name];
    if (!user) throw new ClusterError(`cluster ${this.name}: it has no user ${name}`);
    return { ...user, kubeconfig: userKubeconfig(this.folder, name) };
  }

  /** Adds a user with a token of its own. The API server is restarted for it, which takes seconds. */
  async addUser(
    name: string,
    groups: readonly string[] = [],
  ): Promise<User & { readonly kubeconfig: string }> {
    const user = (await this.#supervisor.ask({ do: 'add-user', name, groups })) as User;
    this.#info = { ...this.#info, users: { ...this.#info.users, [name]: user } };
    return { ...user, kubeconfig: userKubeconfig(this.folder, name) };
  }

  /** Lets the cluster live on when this process ends. */
  async detach(): Promise<void> {
    await this.#supervisor.ask({ do: 'detach' });
    this.#supervisor.close();
  }

  /** Lets go of the cluster without a word: one that this process started then ends, any other lives on. */
  disconnect(): void {
    this.#supervisor.close();
  }

  /** Ends the cluster and removes its state. */
  async stop(): Promise<void> {
    await this.#supervisor.stop();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}

function userKubeconfig(folder: string, name: string): string {
  return join(folder, `${name.replaceAll(/[^\w.-]/g, '_')}.kubeconfig`);
}

function storageOf(info: StorageInfo, supervisor: SupervisorLine): Storage {
  return {
    ...info,
    stop: async () => {
      await supervisor.ask({ do: 'kill-program', program: 'versitygw', signal: 'SIGKILL' });
    },
    start: async () => {
      await supervisor.ask({ do: 'start-program', program: 'versitygw' });
    },
  };
}

/** Builds what is missing, starts a cluster and returns when it is of use. It ends with this process at the latest. */
export async function startCluster(options: ClusterOptions = {}): Promise<Cluster> {
  const names = [
    ...controlPlane,
    ...(options.node ? nodePrograms : []),
    ...(options.velero ? veleroPrograms : []),
    ...(options.programs ?? []),
  ];
  const { info, supervisor } = await start(options, names, true);
  return new Cluster(info, supervisor);
}

/** Starts an S3 server without a cluster around it. */
export async function startS3(
  options: { name?: string; tls?: boolean; buckets?: readonly string[]; log?: Log } = {},
): Promise<StorageServer> {
  const { tls, buckets } = options;
  const s3 = { ...(tls === undefined ? {} : { tls }), ...(buckets ? { buckets } : {}) };
  const { info, supervisor } = await start({ ...options, s3 }, storageServer, false);
  if (!info.s3) throw new ClusterError(`S3 server ${info.name}: the supervisor did not say where it is`);
  return { ...storageOf(info.s3, supervisor), close: () => supervisor.stop() };
}

/** Connects to a cluster that another process started; stopping it stops it for everyone. */
export async function attachCluster(name: string): Promise<Cluster> {
  const supervisor = await SupervisorLine.connect(name, join(clusterFolder(name), 'control.sock'));
  return new Cluster((await supervisor.ask({ do: 'info' })) as ClusterInfo, supervisor);
}

async function start(
  options: ClusterOptions,
  names: readonly ProgramName[],
  withControlPlane: boolean,
): Promise<{ info: ClusterInfo; supervisor: SupervisorLine }> {
  const log = options.log ?? (() => {});
  const name = checkName(options.name ?? `t-${randomBytes(4).toString('hex')}`);
  if (options.node) await prepareForNode(name, log);
  await removeLeftovers({ failedStarts: false });
  const programs = await buildPrograms(names, log);
  const spec: ClusterSpec = {
    name,
    controlPlane: withControlPlane,
    node: options.node ?? false,
    storage: { tls: options.s3?.tls ?? false, buckets: options.s3?.buckets ?? ['velero'] },
    programs,
    users: (options.users ?? []).map((user) => ({ name: user.name, groups: user.groups ?? [] })),
    arguments: options.arguments ?? {},
  };
  const supervisor = SupervisorLine.spawn(name, log);
  const info = (await supervisor.ask({ do: 'start', spec })) as ClusterInfo;
  return { info, supervisor };
}

async function prepareForNode(name: string, log: Log): Promise<void> {
  if (process.getuid?.() !== 0) {
    throw new ClusterError(
      `cluster ${name}: a node needs the rights of root. Run this as root, or go without a node`,
    );
  }
  await installPackages(log);
}

const longestName = 30;

// The kernel's limit for the path of a Unix socket.
const longestSocketPath = 107;

function checkName(name: string): string {
  const socket = join(clusterFolder(name), 'control.sock');
  if (Buffer.byteLength(socket) > longestSocketPath) {
    throw new ClusterError(
      `cluster ${name}: the path of its socket is longer than ${longestSocketPath} bytes: ${socket}. ` +
        'Set OADP_DEV_DIR to a shorter folder',
    );
  }
  if (/^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/.test(name) && name.length <= longestName) return name;
  throw new ClusterError(
    `cluster name ${JSON.stringify(name)}: it may hold lower-case letters, digits and inner dashes, ` +
      `${longestName} at most. Choose such a name`,
  );
}
