import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ProgramName } from './programs.ts';
import { httpRequest } from './http.ts';
import { Program } from './process.ts';
import type { StorageInfo, StorageSpec, User } from './protocol.ts';
import { newSecret } from './credentials.ts';
import type { Slot } from './slots.ts';

/** What the programs of a cluster have in common. */
export interface Surroundings {
  /** The cluster's name. */
  readonly name: string;
  readonly folder: string;
  readonly certificates: string;
  readonly logs: string;
  readonly slot: Slot;
  /** Whether pods must be able to reach the programs. */
  readonly node: boolean;
  readonly users: Readonly<Record<string, User>>;
  readonly tokenFile: string;
  readonly kubeconfig: (user: string) => string;
  readonly program: (name: ProgramName) => string;
  /** Further arguments that the owner of the cluster gave for a program. */
  readonly further: (name: ProgramName) => readonly string[];
  readonly unexpectedEnd: (message: string) => void;
}

/** A program with the question that tells whether it is of use already. */
export interface Service {
  readonly program: Program;
  ready(): Promise<void>;
}

const startSeconds = 60;

function service(
  around: Surroundings,
  name: ProgramName,
  options: { args: readonly string[]; env?: Record<string, string>; what: string },
  probe: () => Promise<boolean>,
): Service {
  const program = new Program({
    name,
    command: () => [around.program(name), ...options.args, ...around.further(name)],
    logFile: join(around.logs, `${name}.log`),
    onUnexpectedEnd: around.unexpectedEnd,
    ...(options.env ? { env: options.env } : {}),
  });
  return { program, ready: () => program.waitFor(options.what, startSeconds, probe) };
}

/** The data store of the API server. It may lose data at a power cut (`--unsafe-no-fsync`): nothing here outlives the run. */
export function etcd(around: Surroundings): Service {
  const client = `http://127.0.0.1:${around.slot.ports.etcd}`;
  const peer = `http://127.0.0.1:${around.slot.ports.etcdPeer}`;
  const args = [
    '--name=dev',
    `--data-dir=${join(around.folder, 'etcd')}`,
    `--listen-client-urls=${client}`,
    `--advertise-client-urls=${client}`,
    `--listen-peer-urls=${peer}`,
    `--initial-advertise-peer-urls=${peer}`,
    `--initial-cluster=dev=${peer}`,
    '--unsafe-no-fsync',
    '--log-level=warn',
    // Large restores and backups of hundreds of thousands of objects pass the default of 2 GiB.
    `--quota-backend-bytes=${8 * 1024 ** 3}`,
    '--auto-compaction-mode=periodic',
    '--auto-compaction-retention=5m',
  ];
  return service(around, 'etcd', { args, what: 'a healthy state' }, async () => {
    return (await httpRequest(`${client}/health`)).status === 200;
  });
}

/** The API server with its defaults for priority and fairness, so that measurements on it mean something. */
export function apiserver(around: Surroundings): Service {
  const { ports, network } = around.slot;
  const file = (name: string): string => join(around.certificates, name);
  const args = [
    `--etcd-servers=http://127.0.0.1:${ports.etcd}`,
    `--bind-address=${around.node ? '0.0.0.0' : '127.0.0.1'}`,
    // Only published (as the endpoint of the service `kubernetes`); it may not be the loopback address.
    `--advertise-address=${network.hostAddress}`,
    `--secure-port=${ports.apiserver}`,
    `--service-cluster-ip-range=${network.serviceSubnet}`,
    `--tls-cert-file=${file('apiserver.crt')}`,
    `--tls-private-key-file=${file('apiserver.key')}`,
    `--client-ca-file=${file('ca.crt')}`,
    `--token-auth-file=${around.tokenFile}`,
    '--authorization-mode=Node,RBAC',
    '--enable-admission-plugins=NodeRestriction',
    '--allow-privileged=true',
    '--service-account-issuer=https://kubernetes.default.svc.cluster.local',
    `--service-account-key-file=${file('service-account.key')}`,
    `--service-account-signing-key-file=${file('service-account.key')}`,
    `--kubelet-client-certificate=${file('kubelet-client.crt')}`,
    `--kubelet-client-key=${file('kubelet-client.key')}`,
    '--kubelet-preferred-address-types=InternalIP',
    `--requestheader-client-ca-file=${file('front-proxy-ca.crt')}`,
    '--requestheader-allowed-names=front-proxy-client',
    '--requestheader-username-headers=X-Remote-User',
    '--requestheader-group-headers=X-Remote-Group',
    '--requestheader-extra-headers-prefix=X-Remote-Extra-',
    `--proxy-client-cert-file=${file('front-proxy-client.crt')}`,
    `--proxy-client-key-file=${file('front-proxy-client.key')}`,
    // There is no kube-proxy: webhooks and aggregated APIs are reached at their pods' addresses.
    '--enable-aggregator-routing=true',
  ];
  const ca = readFileSync(file('ca.crt'), 'utf8');
  const token = around.users['admin']?.token ?? '';
  return service(around, 'kube-apiserver', { args, what: 'readiness (/readyz)' }, async () => {
    const answer = await httpRequest(`https://127.0.0.1:${ports.apiserver}/readyz`, { ca, token });
    if (answer.status !== 200) throw new Error(firstFailure(answer.body));
    return true;
  });
}

/** The check that /readyz reports as failed, out of its list of some fifty. */
function firstFailure(body: string): string {
  return body.split('\n').find((line) => line.startsWith('[-]')) ?? body.slice(0, 200);
}

/** The controller manager: service accounts, namespace deletion, garbage collection, workloads. */
export function controllerManager(around: Surroundings): Service {
  const user = 'system:kube-controller-manager';
  const file = (name: string): string => join(around.certificates, name);
  const port = around.slot.ports.controllerManager;
  const args = [
    `--kubeconfig=${around.kubeconfig(user)}`,
    `--authentication-kubeconfig=${around.kubeconfig(user)}`,
    `--authorization-kubeconfig=${around.kubeconfig(user)}`,
    '--bind-address=127.0.0.1',
    `--secure-port=${port}`,
    '--leader-elect=false',
    '--use-service-account-credentials=true',
    `--root-ca-file=${file('ca.crt')}`,
    `--service-account-private-key-file=${file('service-account.key')}`,
    `--cluster-signing-cert-file=${file('ca.crt')}`,
    `--cluster-signing-key-file=${file('ca.key')}`,
    // With the defaults of 20 and 30 thousands of Deployments starve it and no pod appears for minutes.
    '--kube-api-qps=500',
    '--kube-api-burst=1000',
  ];
  return service(around, 'kube-controller-manager', { args, what: 'health' }, () => isHealthy(port));
}

/** The scheduler. */
export function scheduler(around: Surroundings): Service {
  const user = 'system:kube-scheduler';
  const port = around.slot.ports.scheduler;
  const args = [
    `--kubeconfig=${around.kubeconfig(user)}`,
    `--authentication-kubeconfig=${around.kubeconfig(user)}`,
    `--authorization-kubeconfig=${around.kubeconfig(user)}`,
    '--bind-address=127.0.0.1',
    `--secure-port=${port}`,
    '--leader-elect=false',
    '--kube-api-qps=500',
    '--kube-api-burst=1000',
  ];
  return service(around, 'kube-scheduler', { args, what: 'health' }, () => isHealthy(port));
}

async function isHealthy(port: number): Promise<boolean> {
  return (await httpRequest(`https://127.0.0.1:${port}/healthz`, { anyCertificate: true })).status === 200;
}

/** The S3 server over a folder, with plain files for objects. */
export function objectStore(
  around: Surroundings,
  spec: StorageSpec,
): { service: Service; info: StorageInfo } {
  const port = around.slot.ports.storage;
  const host = around.node ? around.slot.network.hostAddress : '127.0.0.1';
  const file = (name: string): string => join(around.certificates, name);
  const dataFolder = join(around.folder, 's3', 'data');
  const metadata = join(around.folder, 's3', 'metadata');
  mkdirSync(metadata, { recursive: true });
  for (const bucket of spec.buckets) mkdirSync(join(dataFolder, bucket), { recursive: true });
  const info: StorageInfo = {
    url: `${spec.tls ? 'https' : 'http'}://${host}:${port}`,
    accessKey: 'oadp-dev',
    secretKey: newSecret(),
    region: 'us-east-1',
    buckets: spec.buckets,
    dataFolder,
    otherCaFile: file('other-ca.crt'),
    ...(spec.tls ? { caFile: file('s3-ca.crt') } : {}),
  };
  const args = [
    `--port=${around.node ? '0.0.0.0' : '127.0.0.1'}:${port}`,
    '--region=us-east-1',
    '--quiet',
    '--keep-alive',
    '--health=/healthz',
    ...(spec.tls ? [`--cert=${file('s3.crt')}`, `--key=${file('s3.key')}`] : []),
    'posix',
    `--sidecar=${metadata}`,
    dataFolder,
  ];
  const env = { ROOT_ACCESS_KEY_ID: info.accessKey, ROOT_SECRET_ACCESS_KEY: info.secretKey };
  const url = `${spec.tls ? 'https' : 'http'}://127.0.0.1:${port}/healthz`;
  const made = service(around, 'versitygw', { args, env, what: 'health' }, async () => {
    return (await httpRequest(url, { anyCertificate: true })).status === 200;
  });
  return { service: made, info };
}
