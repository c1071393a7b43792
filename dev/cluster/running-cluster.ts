import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as parts from './control-plane.ts';
import type { Service, Surroundings } from './control-plane.ts';
import {
  kubeconfigPath,
  makeCertificates,
  makeUsers,
  newSecret,
  writeKubeconfig,
  writeTokenFile,
} from './credentials.ts';
import { ClusterError } from './errors.ts';
import { httpRequest } from './http.ts';
import { removeCgroups } from './cgroups.ts';
import { type Lock, takeLock } from './lock.ts';
import { Node } from './node.ts';
import { clusterFolder, stateFolder } from './paths.ts';
import type { ProgramName } from './programs.ts';
import type { ClusterInfo, ClusterSpec, EndSignal, StorageInfo, User } from './protocol.ts';
import { type Slot, takeSlot } from './slots.ts';

/** A cluster seen from the inside: the programs, in the supervisor's hands. */
export class RunningCluster {
  readonly #spec: ClusterSpec;
  readonly #news: (line: string) => void;
  readonly #folder: string;
  readonly #services = new Map<string, Service>();
  readonly #locks: Lock[] = [];
  #users: Record<string, User> = {};
  #node: Node | undefined;
  #info: ClusterInfo | undefined;
  #stopped: Promise<void> | undefined;

  constructor(spec: ClusterSpec, news: (line: string) => void) {
    this.#spec = spec;
    this.#news = news;
    this.#folder = clusterFolder(spec.name);
  }

  /** Where other processes than the owner can talk to the supervisor. */
  get controlSocket(): string {
    return join(this.#folder, 'control.sock');
  }

  /** How to reach the cluster. */
  get info(): ClusterInfo {
    if (!this.#info) throw new ClusterError(`cluster ${this.#spec.name}: it is still starting; ask again`);
    return this.#info;
  }

  /** Starts everything and returns when the cluster is of use; after a failure nothing is left but the logs. */
  async start(): Promise<ClusterInfo> {
    try {
      return await this.#start();
    } catch (cause) {
      await this.stop();
      throw cause;
    }
  }

  async #start(): Promise<ClusterInfo> {
    await this.#lockName();
    await this.#clearFolder();
    const { slot, lock } = await takeSlot();
    this.#locks.push(lock);
    const around = this.#prepare(slot);
    let storage: StorageInfo | undefined;
    const steps: Promise<void>[] = [];
    if (this.#spec.storage) {
      const made = parts.objectStore(around, this.#spec.storage);
      storage = made.info;
      steps.push(this.#run('versitygw', made.service));
    }
    if (this.#spec.controlPlane) steps.push(this.#startControlPlane(around));
    if (this.#spec.node) steps.push(this.#prepareNode(around));
    await Promise.all(steps);
    await this.#node?.join();
    return this.#publish(this.#describe(around, storage));
  }

  /** Ends everything that was started. The folder goes too, unless the start failed: its logs say why. */
  stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  /** Ends one program and leaves the rest of the cluster running. */
  async killProgram(name: string, signal: EndSignal): Promise<void> {
    await this.#service(name).program.kill(signal);
  }

  /** Holds one program still, or lets it go on. */
  freezeProgram(name: string, still: boolean): void {
    this.#service(name).program.freeze(still);
  }

  /** Starts a program that was ended, and waits until it is of use again. */
  async startProgram(name: string): Promise<void> {
    const service = this.#service(name);
    service.program.start();
    await service.ready();
  }

  /** Adds a user with a token of its own; the API server reads its token file at start only, so it is restarted. */
  async addUser(name: string, groups: readonly string[]): Promise<User> {
    const user = { name, groups, token: newSecret() };
    this.#users[name] = user;
    writeTokenFile(this.info.tokenFile, this.#users);
    this.#publish({ ...this.info, users: this.#users });
    writeKubeconfig(kubeconfigPath(this.#folder, name), this.info.server, this.info.caFile, user);
    await this.killProgram('kube-apiserver', 'SIGKILL');
    await this.startProgram('kube-apiserver');
    return user;
  }

  #service(name: string): Service {
    const found = this.#services.get(name);
    if (found) return found;
    const known = [...this.#services.keys()].join(', ');
    throw new ClusterError(`cluster ${this.#spec.name}: it runs no program ${name}. Name one of: ${known}`);
  }

  async #lockName(): Promise<void> {
    // Whoever removes leftovers holds the lock for a moment.
    const lock = await takeLock(join(stateFolder(), '.locks', `name-${this.#spec.name}`), { wait: 2 });
    if (!lock) {
      throw new ClusterError(
        `cluster ${this.#spec.name}: a cluster of this name is running already. ` +
          `Choose another name or end it: node dev/cluster/cli.ts down --name ${this.#spec.name}`,
      );
    }
    this.#locks.push(lock);
  }

  /** What a crashed run of the same name left behind. */
  async #clearFolder(): Promise<void> {
    await removeCgroups(this.#spec.name);
    if (existsSync(this.#folder)) rmSync(this.#folder, { recursive: true, force: true, maxRetries: 5 });
    mkdirSync(this.#folder, { recursive: true, mode: 0o711 });
  }

  #prepare(slot: Slot): Surroundings {
    const spec = this.#spec;
    const folder = this.#folder;
    const program = (name: ProgramName): string => {
      const path = spec.programs[name];
      if (!path)
        throw new ClusterError(`${name}: it has not been built. Run: node dev/cluster/cli.ts build ${name}`);
      return path;
    };
    const around: Surroundings = {
      name: spec.name,
      folder,
      certificates: join(folder, 'certs'),
      logs: join(folder, 'log'),
      slot,
      node: spec.node,
      users: (this.#users = makeUsers(spec)),
      tokenFile: join(folder, 'tokens.csv'),
      kubeconfig: (user) => kubeconfigPath(folder, user),
      program,
      further: (name) => spec.arguments[name] ?? [],
      // During a start the failure itself says the same.
      unexpectedEnd: (message) => {
        if (this.#info) this.#news(message);
      },
    };
    mkdirSync(around.logs, { mode: 0o700 });
    makeCertificates(program('certs'), around.certificates, slot);
    if (!spec.controlPlane) return around;
    writeTokenFile(around.tokenFile, this.#users);
    for (const user of Object.values(this.#users)) {
      writeKubeconfig(around.kubeconfig(user.name), serverUrl(around), caFile(around), user);
    }
    return around;
  }

  async #startControlPlane(around: Surroundings): Promise<void> {
    // All at once: each of them waits for the one below it, and most of a start is the programs' own preparation.
    const etcd = this.#run('etcd', parts.etcd(around));
    const apiserver = this.#run('kube-apiserver', parts.apiserver(around));
    await Promise.all([etcd, apiserver]);
    await Promise.all([
      this.#run('kube-controller-manager', parts.controllerManager(around)),
      this.#run('kube-scheduler', parts.scheduler(around)),
    ]);
    await this.#defaultServiceAccount(around);
  }

  /** Beside the control plane: what a node needs before it joins takes about as long. */
  async #prepareNode(around: Surroundings): Promise<void> {
    this.#node = new Node(around);
    this.#services.set('containerd', this.#node.containerd);
    this.#services.set('kubelet', this.#node.kubelet);
    await this.#node.prepare();
  }

  /** Without it no pod can be created, so the cluster is not of use before it is there. */
  async #defaultServiceAccount(around: Surroundings): Promise<void> {
    const ca = readFileSync(caFile(around), 'utf8');
    const token = this.#users['admin']?.token ?? '';
    const url = `${serverUrl(around)}/api/v1/namespaces/default/serviceaccounts/default`;
    const { program } = this.#service('kube-controller-manager');
    await program.waitFor('the service account of the namespace default', 60, async () => {
      return (await httpRequest(url, { ca, token })).status === 200;
    });
  }

  async #run(name: string, service: Service): Promise<void> {
    this.#services.set(name, service);
    service.program.start();
    await service.ready();
  }

  #describe(around: Surroundings, s3: StorageInfo | undefined): ClusterInfo {
    return {
      name: this.#spec.name,
      folder: this.#folder,
      supervisorPid: process.pid,
      server: serverUrl(around),
      caFile: caFile(around),
      token: this.#users['admin']?.token ?? '',
      kubeconfig: around.kubeconfig('admin'),
      tokenFile: around.tokenFile,
      users: this.#users,
      hostAddress: around.node ? around.slot.network.hostAddress : '127.0.0.1',
      programs: this.#spec.programs,
      ...(s3 ? { s3 } : {}),
      ...(this.#node ? { node: this.#node.info } : {}),
    };
  }

  #publish(info: ClusterInfo): ClusterInfo {
    this.#info = info;
    writeFileSync(join(this.#folder, 'cluster.json'), `${JSON.stringify(info, null, 2)}\n`, { mode: 0o600 });
    return info;
  }

  async #stop(): Promise<void> {
    // Without the lock on the name the folder is another cluster's.
    if (this.#locks.length === 0) return;
    await this.#node?.stop();
    await Promise.all([...this.#services.values()].map(({ program }) => program.kill()));
    const keep = this.#info ? [] : ['log'];
    removeFolder(this.#folder, keep);
    await Promise.all(this.#locks.map((lock) => lock.release()));
  }
}

function removeFolder(folder: string, keep: readonly string[]): void {
  if (keep.length === 0) return rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  for (const entry of ['certs', 'etcd', 's3', 'node', 'tokens.csv']) {
    rmSync(join(folder, entry), { recursive: true, force: true, maxRetries: 5 });
  }
}

function serverUrl(around: Surroundings): string {
  const host = around.node ? around.slot.network.hostAddress : '127.0.0.1';
  return `https://${host}:${around.slot.ports.apiserver}`;
}

function caFile(around: Surroundings): string {
  return join(around.certificates, 'ca.crt');
}
