import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { connect, createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Service, Surroundings } from './control-plane.ts';
import { nodeName } from './credentials.ts';
import { ClusterError, messageOf } from './errors.ts';
import { httpRequest } from './http.ts';
import { type ImageContent, importImage, insideNode, runFile } from './image.ts';
import { cgroupOf, makeCgroups, removeCgroups } from './cgroups.ts';
import { busybox, networkPlugins } from './packages.ts';
import { Program } from './process.ts';
import type { NodeInfo } from './protocol.ts';

const pauseImage = 'localhost/oadp-dev/pause:1';

/** An image for pods of tests: a shell and the usual small commands (busybox). */
export const testImage = 'localhost/oadp-dev/busybox:1';

/**
 * The folders in which a node's programs keep their state, by the path that the programs know. Inside the node they
 * are the cluster's own folders, so pods and the node agent find /var/lib/kubelet where they expect it.
 */
const nodeFolders: Readonly<Record<string, string>> = {
  kubelet: '/var/lib/kubelet',
  containerd: '/var/lib/containerd',
  'cni-state': '/var/lib/cni',
  'cni-config': '/etc/cni',
  'log-pods': '/var/log/pods',
  'log-containers': '/var/log/containers',
};

/**
 * A node: containerd and kubelet in process, mount and network namespaces of their own. The namespaces are what makes
 * several nodes fit on one machine, and what ends everything at once: when their first process dies, the kernel kills
 * every container and undoes every mount, cable and bridge, whatever state the programs were in.
 */
export class Node {
  /** The node's programs that can be ended and started one by one. */
  readonly containerd: Service;
  readonly kubelet: Service;
  readonly #around: Surroundings;
  readonly #folder: string;
  readonly #init: Program;
  #pid = 0;
  #forwarder: Server | undefined;

  constructor(around: Surroundings) {
    this.#around = around;
    this.#folder = join(around.folder, 'node');
    const namespaces = ['--pid', '--mount', '--net', '--uts', '--ipc'];
    this.#init = new Program({
      name: 'node',
      command: () => [
        'unshare',
        '--fork',
        '--kill-child=KILL',
        '--mount-proc',
        ...namespaces,
        'sh',
        '-ec',
        this.#initScript(),
      ],
      logFile: join(around.logs, 'node.log'),
      onUnexpectedEnd: around.unexpectedEnd,
    });
    this.containerd = this.#makeContainerd();
    this.kubelet = this.#makeKubelet();
  }

  /** How to reach the node. */
  get info(): NodeInfo {
    return { name: nodeName, address: this.#around.slot.network.nodeAddress, pid: this.#pid, testImage };
  }

  /** Makes the namespaces, the network and the images: all that needs no API server. */
  async prepare(): Promise<void> {
    this.#writeFiles();
    this.#init.start();
    await this.#init.waitFor('its namespaces', 20, () => Promise.resolve(existsSync(this.#readyFile())));
    this.#pid = firstProcess(this.#init.pid);
    this.#connect();
    await this.#forwardServiceAddress();
    this.containerd.program.start();
    await this.containerd.ready();
    await this.#importImages();
  }

  /** Starts the kubelet and waits until the API server knows the node as ready. */
  async join(): Promise<void> {
    this.kubelet.program.start();
    await this.kubelet.ready();
  }

  /** Ends everything that ran on the node. */
  async stop(): Promise<void> {
    this.#forwarder?.close();
    await this.#init.kill();
    await Promise.all([this.kubelet.program.kill(), this.containerd.program.kill()]);
    await processGone(this.#pid);
    removeLink(this.#around.slot.network.link);
    await removeCgroups(this.#around.name);
  }

  #readyFile(): string {
    return join(this.#folder, 'ready');
  }

  #initScript(): string {
    const binds = Object.entries(nodeFolders).map(
      ([name, path]) => `mount --bind ${join(this.#folder, name)} ${path}`,
    );
    return [
      `hostname ${nodeName}`,
      ...binds,
      // Sockets of containerd and its shims, network namespaces of pods: at fixed paths, one set per node.
      'mount -t tmpfs -o mode=755 tmpfs /run',
      // Mounts that the kubelet or a driver makes later must be seen in pods (and the other way round).
      'mount --make-rshared /',
      'ip link set lo up',
      'echo 1 > /proc/sys/net/ipv4/ip_forward',
      `touch ${this.#readyFile()}`,
      `exec ${this.#around.program('pause')}`,
    ].join('\n');
  }

  #writeFiles(): void {
    makeCgroups(this.#around.name);
    for (const [name, path] of Object.entries(nodeFolders)) {
      mkdirSync(join(this.#folder, name), { recursive: true });
      mkdirSync(path, { recursive: true });
    }
    mkdirSync(join(this.#folder, 'cni-config', 'net.d'));
    const files: Record<string, string> = {
      'cni-config/net.d/10-oadp-dev.conflist': JSON.stringify(this.#networkConfig()),
      'containerd.toml': containerdConfig,
      'kubelet.json': JSON.stringify(this.#kubeletConfig()),
    };
    for (const [name, text] of Object.entries(files)) writeFileSync(join(this.#folder, name), text);
  }

  #networkConfig(): unknown {
    const ranges = [[{ subnet: this.#around.slot.network.podSubnet }]];
    return {
      cniVersion: '0.4.0',
      name: 'oadp-dev',
      plugins: [
        {
          type: 'bridge',
          bridge: 'cni0',
          isGateway: true,
          hairpinMode: true,
          ipam: { type: 'host-local', ranges, routes: [{ dst: '0.0.0.0/0' }] },
        },
      ],
    };
  }

  #kubeletConfig(): unknown {
    return {
      kind: 'KubeletConfiguration',
      apiVersion: 'kubelet.config.k8s.io/v1beta1',
      authentication: {
        anonymous: { enabled: false },
        webhook: { enabled: true },
        x509: { clientCAFile: join(this.#around.certificates, 'ca.crt') },
      },
      authorization: { mode: 'Webhook' },
      containerRuntimeEndpoint: 'unix:///run/containerd/containerd.sock',
      healthzBindAddress: '0.0.0.0',
      cgroupDriver: 'cgroupfs',
      cgroupRoot: cgroupOf(this.#around.name),
      cgroupsPerQOS: true,
      enforceNodeAllocatable: [],
      failCgroupV1: false,
      failSwapOn: false,
      // A full disk is the developer's to see; evicted pods would only hide it.
      evictionHard: { 'nodefs.available': '0%', 'nodefs.inodesFree': '0%', 'imagefs.available': '0%' },
      imageGCHighThresholdPercent: 100,
      imageGCLowThresholdPercent: 99,
      maxPods: 250,
      kubeAPIQPS: 100,
      kubeAPIBurst: 200,
      volumePluginDir: '/var/lib/kubelet/volume-plugins',
    };
  }

  /** A cable from the machine to the node, and the way to the pods behind it. */
  #connect(): void {
    const { link, hostAddress, nodeAddress, podSubnet, serviceAddress } = this.#around.slot.network;
    removeLink(link);
    ip(`link add ${link} type veth peer name eth0 netns ${this.#pid}`);
    ip(`address add ${hostAddress}/24 dev ${link}`);
    ip(`address add ${serviceAddress}/32 dev ${link}`);
    ip(`link set ${link} up`);
    const setUp = [
      `ip address add ${nodeAddress}/24 dev eth0`,
      'ip link set eth0 up',
      `ip route add default via ${hostAddress}`,
    ];
    const [program = '', ...args] = insideNode(this.#pid, ['sh', '-ec', setUp.join('\n')]);
    execFileSync(program, args, { stdio: 'pipe' });
    ip(`route add ${podSubnet} via ${nodeAddress}`);
  }

  /**
   * Pods find the API server at the service's address and port 443. Without a kube-proxy that is this forwarder, on the
   * machine's end of the cable.
   */
  async #forwardServiceAddress(): Promise<void> {
    const { slot } = this.#around;
    const server = createServer((client) => {
      const upstream = connect(slot.ports.apiserver, '127.0.0.1');
      client.pipe(upstream).pipe(client);
      client.on('error', () => upstream.destroy());
      upstream.on('error', () => client.destroy());
      client.on('close', () => upstream.destroy());
      upstream.on('close', () => client.destroy());
    });
    this.#forwarder = server;
    await new Promise<void>((resolve, reject) => {
      server.once('error', (cause) =>
        reject(
          new ClusterError(
            `node: port 443 of ${slot.network.serviceAddress} cannot be listened on (${messageOf(cause)}). ` +
              'It needs the rights of root',
          ),
        ),
      );
      server.listen({ host: slot.network.serviceAddress, port: 443 }, resolve);
    });
  }

  #makeContainerd(): Service {
    const config = join(this.#folder, 'containerd.toml');
    const program = this.#program('containerd', ['containerd', '--config', config]);
    const probe = async (): Promise<boolean> => {
      await runFile(insideNode(this.#pid, ['ctr', '--connect-timeout', '2s', 'version']));
      return true;
    };
    return { program, ready: () => program.waitFor('an answer on its socket', 30, probe) };
  }

  #makeKubelet(): Service {
    const { kubeconfig, slot, program: path, further } = this.#around;
    const program = this.#program('kubelet', () => [
      path('kubelet'),
      `--config=${join(this.#folder, 'kubelet.json')}`,
      `--kubeconfig=${kubeconfig(`system:node:${nodeName}`)}`,
      `--hostname-override=${nodeName}`,
      `--node-ip=${slot.network.nodeAddress}`,
      ...further('kubelet'),
    ]);
    // Both questions: after a restart the API server calls the node ready before the kubelet is.
    const health = `http://${slot.network.nodeAddress}:10248/healthz`;
    const probe = async (): Promise<boolean> =>
      (await httpRequest(health)).status === 200 && (await this.#isReady());
    return { program, ready: () => program.waitFor('the node being ready', 60, probe) };
  }

  #program(name: string, command: readonly string[] | (() => readonly string[])): Program {
    return new Program({
      name,
      // The helper enters the node's process namespace with a child; the second setpriv ties that child to the helper.
      command: () => [
        ...insideNode(this.#pid, ['setpriv', '--pdeathsig', 'KILL', '--']),
        ...(typeof command === 'function' ? command() : command),
      ],
      logFile: join(this.#around.logs, `${name}.log`),
      onUnexpectedEnd: this.#around.unexpectedEnd,
    });
  }

  async #isReady(): Promise<boolean> {
    const url = `https://127.0.0.1:${this.#around.slot.ports.apiserver}/api/v1/nodes/${nodeName}`;
    const ca = readFileSync(join(this.#around.certificates, 'ca.crt'), 'utf8');
    const answer = await httpRequest(url, { ca, token: this.#around.users['admin']?.token ?? '' });
    if (answer.status !== 200) throw new Error(`the API server has no node ${nodeName} yet`);
    const node = JSON.parse(answer.body) as NodeObject;
    const condition = node.status?.conditions?.find(({ type }) => type === 'Ready');
    if (condition?.status !== 'True')
      throw new Error(condition?.message ?? 'the kubelet has reported nothing yet');
    return !node.spec?.taints?.some(({ key }) => key === 'node.kubernetes.io/not-ready');
  }

  async #importImages(): Promise<void> {
    const pause: ImageContent = {
      files: { pause: { copyOf: this.#around.program('pause'), mode: 0o755 } },
      entrypoint: ['/pause'],
    };
    await Promise.all([
      importImage(this.#pid, pauseImage, pause),
      importImage(this.#pid, testImage, await busyboxImage()),
    ]);
  }
}

interface NodeObject {
  readonly spec?: { readonly taints?: readonly { readonly key: string }[] };
  readonly status?: {
    readonly conditions?: readonly {
      readonly type: string;
      readonly status: string;
      readonly message?: string;
    }[];
  };
}

const containerdConfig = `version = 2
disabled_plugins = [
  "io.containerd.snapshotter.v1.aufs", "io.containerd.snapshotter.v1.btrfs",
  "io.containerd.snapshotter.v1.devmapper", "io.containerd.snapshotter.v1.zfs",
]
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "${pauseImage}"
  # Where the machine is a container or a guest without CAP_SYS_RESOURCE, every sandbox fails without it.
  restrict_oom_score_adj = true
[plugins."io.containerd.grpc.v1.cri".cni]
  bin_dir = "${networkPlugins}"
  conf_dir = "/etc/cni/net.d"
[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
  runtime_type = "io.containerd.runc.v2"
`;

/** Busybox with a link for each of its commands, an account file and the folders that programs expect. */
async function busyboxImage(): Promise<ImageContent> {
  const commands = (await runFile([busybox, '--list']))
    .split('\n')
    .filter((name) => name && name !== 'busybox');
  const links = commands.map((name) => [`bin/${name}`, { linkTo: 'busybox' }] as const);
  return {
    files: {
      'bin/busybox': { copyOf: busybox, mode: 0o755 },
      ...Object.fromEntries(links),
      'etc/passwd': { text: 'root:x:0:0:root:/root:/bin/sh\nuser:x:1000:1000:user:/home/user:/bin/sh\n' },
      'etc/group': { text: 'root:x:0:\nuser:x:1000:\n' },
      'root/.keep': { text: '' },
      'tmp/.keep': { text: '' },
    },
    command: ['/bin/sh', '-c', 'trap exit TERM; while :; do sleep 3600 & wait $!; done'],
  };
}

function ip(command: string): void {
  execFileSync('ip', command.split(' '), { stdio: 'pipe' });
}

function removeLink(link: string): void {
  if (existsSync(`/sys/class/net/${link}`)) ip(`link delete ${link}`);
}

/** The process that unshare made its namespaces for, as the machine numbers it. */
function firstProcess(unsharePid: number | undefined): number {
  const children = readFileSync(`/proc/${unsharePid}/task/${unsharePid}/children`, 'utf8').trim();
  const pid = Number(children.split(' ')[0]);
  if (pid > 0) return pid;
  throw new ClusterError(
    `node: the first process of its namespaces is not among the children of ${unsharePid}`,
  );
}

const goneAfterTries = 200;

async function processGone(pid: number): Promise<void> {
  if (pid === 0) return;
  for (let tries = 0; tries < goneAfterTries; tries++) {
    if (!existsSync(`/proc/${pid}`)) return;
    // A zombie has given back its namespaces; who collects it is not ours to say.
    if (/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))) return;
    await sleep(10);
  }
}
