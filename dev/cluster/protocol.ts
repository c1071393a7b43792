import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import type { ProgramPaths } from './build.ts';

/** A user of the cluster who authenticates by a token. */
export interface User {
  readonly name: string;
  readonly token: string;
  readonly groups: readonly string[];
}

/** Everything that the supervisor needs to know to run a cluster. */
export interface ClusterSpec {
  readonly name: string;
  /** False for an S3 server alone. */
  readonly controlPlane: boolean;
  readonly node: boolean;
  readonly storage: StorageSpec | undefined;
  readonly programs: ProgramPaths;
  readonly users: readonly { name: string; groups: readonly string[] }[];
  /** Further arguments by program, after the cluster's own. */
  readonly arguments: Readonly<Record<string, readonly string[]>>;
}

/** The S3 server of a cluster. */
export interface StorageSpec {
  readonly tls: boolean;
  readonly buckets: readonly string[];
}

/** How to reach the S3 server of a cluster. */
export interface StorageInfo {
  readonly url: string;
  readonly accessKey: string;
  readonly secretKey: string;
  readonly region: string;
  readonly buckets: readonly string[];
  /** The folder with one folder per bucket: each object is a file. */
  readonly dataFolder: string;
  /** Signer of the server's certificate, only with TLS. */
  readonly caFile?: string;
  /** An authority that has not signed it, for tests of that mistake. */
  readonly otherCaFile: string;
}

/** How to reach the node of a cluster. */
export interface NodeInfo {
  readonly name: string;
  readonly address: string;
  /** The first process of the node's namespaces, to be entered with nsenter. */
  readonly pid: number;
  /** Names of images that are there from the start. */
  readonly testImage: string;
}

/** How to reach a running cluster; also what is written into its cluster.json. */
export interface ClusterInfo {
  readonly name: string;
  readonly folder: string;
  readonly supervisorPid: number;
  readonly server: string;
  readonly caFile: string;
  readonly token: string;
  readonly kubeconfig: string;
  readonly tokenFile: string;
  readonly users: Readonly<Record<string, User>>;
  /** The machine's address as pods see it; without a node the loopback address. */
  readonly hostAddress: string;
  readonly s3?: StorageInfo;
  readonly node?: NodeInfo;
  readonly programs: ProgramPaths;
}

/** How a program is told to end: at once, or with the time to tidy up. */
export type EndSignal = 'SIGKILL' | 'SIGTERM';

/** What an owner asks of the supervisor. */
export type Command =
  | { readonly do: 'start'; readonly spec: ClusterSpec }
  | { readonly do: 'info' }
  | { readonly do: 'detach' }
  | { readonly do: 'stop' }
  | { readonly do: 'kill-program'; readonly program: string; readonly signal: EndSignal }
  | { readonly do: 'freeze-program'; readonly program: string; readonly still: boolean }
  | { readonly do: 'start-program'; readonly program: string }
  | { readonly do: 'add-user'; readonly name: string; readonly groups: readonly string[] };

/** A command with the number that its answer will carry. */
export interface Request {
  readonly id: number;
  readonly command: Command;
}

/** What the supervisor says: the answer to a request, or news that nobody asked for. */
export type Message =
  | { readonly id: number; readonly result: unknown }
  | { readonly id: number; readonly error: string }
  | { readonly news: string };

/** Writes one message as a line of JSON. */
export function writeLine(stream: Writable, value: Request | Message): void {
  if (stream.writable) stream.write(`${JSON.stringify(value)}\n`);
}

/** Calls `receive` for each line of JSON that arrives. */
export function readLines(stream: Readable, receive: (value: unknown) => void): void {
  const lines = createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY });
  lines.on('line', (line) => receive(JSON.parse(line)));
}
