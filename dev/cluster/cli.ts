/** The development cluster's command line: `node dev/cluster/cli.ts up | down | list | build | kubectl`. */
import { spawnSync } from 'node:child_process';
import { parseArgs } from 'node:util';
import { buildPrograms, type Log } from './build.ts';
import { attachCluster, type Cluster, startCluster } from './cluster.ts';
import { ClusterError, messageOf } from './errors.ts';
import { clusterNames, removeLeftovers } from './leftovers.ts';
import {
  controlPlane,
  isProgramName,
  nodePrograms,
  type ProgramName,
  programs,
  veleroPrograms,
} from './programs.ts';

const usage = `Usage: node dev/cluster/cli.ts <command> [flags]

Commands:
  up       start a cluster in the background; it lives until "down"
  down     end a cluster and remove what crashed runs left behind
  list     show the clusters of this machine
  build    build programs into the cache: all of a cluster, or those named
  kubectl  run kubectl against a cluster: kubectl [--name N] -- get pods

Flags:
  --name N        the cluster's name (default: dev)
  --node          with a node: kubelet, containerd, running pods
  --with velero   with the real Velero 1.14.1 and its AWS plugin
  --with kopia    with kopia
  --s3-tls        the S3 server speaks TLS
  --all           down: every cluster; build: every program
  --json          print what was found as JSON
`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    name: { type: 'string', default: 'dev' },
    node: { type: 'boolean', default: false },
    with: { type: 'string', multiple: true, default: [] },
    's3-tls': { type: 'boolean', default: false },
    all: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h', default: false },
  },
});

// Progress goes to standard error, so that --json leaves nothing but JSON on standard output.
const log: Log = (line) => process.stderr.write(`${line}\n`);

function print(text: string, json: unknown): void {
  process.stdout.write(values.json ? `${JSON.stringify(json, null, 2)}\n` : text);
}

function extraPrograms(): ProgramName[] {
  return values.with.flatMap((name) => {
    if (name === 'velero') return [...veleroPrograms];
    return [programName(name)];
  });
}

function programName(name: string): ProgramName {
  if (isProgramName(name)) return name;
  throw new ClusterError(
    `program ${name}: it is not known. Name some of: ${Object.keys(programs).join(', ')}`,
  );
}

async function up(): Promise<void> {
  const started = Date.now();
  const cluster = await startCluster({
    name: values.name,
    node: values.node,
    programs: extraPrograms(),
    s3: { tls: values['s3-tls'] },
    log,
  });
  await cluster.detach();
  print(`${summary(cluster)}\nStarted in ${((Date.now() - started) / 1000).toFixed(1)} s.\n`, cluster.info);
}

function summary({ info }: Cluster): string {
  const lines = [
    `Cluster ${info.name} is running.`,
    `  API server  ${info.server}`,
    `  kubeconfig  export KUBECONFIG=${info.kubeconfig}`,
    `  kubectl     ${info.programs.kubectl}`,
    `  logs        ${info.folder}/log`,
  ];
  if (info.s3)
    lines.push(
      `  S3          ${info.s3.url} (bucket ${info.s3.buckets.join(', ')}; keys in ${info.folder}/cluster.json)`,
    );
  if (info.node)
    lines.push(
      `  node        ${info.node.name} at ${info.node.address}; image to try: ${info.node.testImage}`,
    );
  lines.push(`  end it      node dev/cluster/cli.ts down --name ${info.name}`);
  return lines.join('\n');
}

async function down(): Promise<void> {
  const names = values.all ? clusterNames() : [values.name];
  const stopped: string[] = [];
  for (const name of names) {
    const cluster = await attachCluster(name).catch(() => undefined);
    await cluster?.stop();
    if (cluster) stopped.push(name);
  }
  const removed = await removeLeftovers({ failedStarts: true });
  const lines = [
    ...stopped.map((name) => `Cluster ${name} ended.\n`),
    ...removed.map((what) => `Removed ${what}, left behind by a crashed run.\n`),
  ];
  print(lines.join('') || 'Nothing to end.\n', { stopped, removed });
}

async function list(): Promise<void> {
  const found = [];
  for (const name of clusterNames()) {
    const cluster = await attachCluster(name).catch(() => undefined);
    found.push({
      name,
      running: cluster !== undefined,
      server: cluster?.server,
      node: cluster?.info.node?.name,
    });
    cluster?.disconnect();
  }
  const lines = found.map((one) =>
    one.running ? `${one.name}\t${one.server}\t${one.node ?? 'no node'}\n` : `${one.name}\tnot running\n`,
  );
  print(lines.join('') || 'No clusters.\n', found);
}

async function build(names: readonly string[]): Promise<void> {
  const wanted = values.all
    ? (Object.keys(programs) as ProgramName[])
    : names.length > 0
      ? names.map(programName)
      : [...controlPlane, ...(values.node ? nodePrograms : []), ...extraPrograms()];
  const paths = await buildPrograms(wanted, log);
  print(
    Object.entries(paths)
      .map(([name, path]) => `${name}\t${path}\n`)
      .join(''),
    paths,
  );
}

async function kubectl(args: readonly string[]): Promise<void> {
  const cluster = await attachCluster(values.name);
  const env = { ...process.env, KUBECONFIG: cluster.kubeconfig };
  process.exitCode = spawnSync(cluster.bin('kubectl'), args, { stdio: 'inherit', env }).status ?? 1;
  process.exit();
}

async function main(): Promise<void> {
  const [command, ...rest] = positionals;
  if (values.help || command === undefined) {
    process.stdout.write(usage);
    return;
  }
  switch (command) {
    case 'up':
      return await up();
    case 'down':
      return await down();
    case 'list':
      return await list();
    case 'build':
      return await build(rest);
    case 'kubectl':
      return await kubectl(rest);
    default:
      throw new ClusterError(`command ${command}: it is not known.\n\n${usage}`);
  }
}

try {
  await main();
} catch (cause) {
  process.stderr.write(`${messageOf(cause)}\n`);
  process.exitCode = 1;
}
