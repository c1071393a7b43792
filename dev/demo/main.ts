/**
 * The main job, shown on a real cluster: an application is backed up, its namespace deleted, and everything restored.
 *
 * Usage: node dev/demo/main.ts [--kubeconfig FILE] [--image IMAGE]
 *   without --kubeconfig  a cluster of its own with a node is started and removed again
 *   with it               that cluster is used; only the object store and our server run on this machine
 *   --image               an image with a shell and httpd for the application's pods (on an own cluster: busybox)
 *
 * Exit status 1 where an object is not equal after the restore.
 */

import { spawn } from 'node:child_process';
import { parseArgs } from 'node:util';
import { buildPrograms, startCluster, startS3 } from '../cluster/index.ts';
import { demoPage } from './application.ts';
import { type DemoCluster, Kubectl } from './kubectl.ts';
import { compareObjects, printTable } from './table.ts';
import {
  applyApplication,
  installVelero,
  NAMESPACE,
  refuseWhatIsThere,
  removeEverything,
  SERVER_NAMESPACE,
} from './steps.ts';

const started = Date.now();
function say(text: string): void {
  console.log(`\n[${((Date.now() - started) / 1000).toFixed(1).padStart(5)} s] ${text}`);
}

const { values } = parseArgs({ options: { kubeconfig: { type: 'string' }, image: { type: 'string' } } });

/** A cluster of the demo's own, or the user's with an S3 server beside it. */
async function openCluster(): Promise<DemoCluster> {
  const log = (line: string) => console.log(`         ${line}`);
  if (values.kubeconfig !== undefined) {
    say(`Using the cluster of ${values.kubeconfig}; starting an S3 server here`);
    const { kubectl } = await buildPrograms(['kubectl'], log);
    const s3 = await startS3({ log });
    return {
      kubeconfig: values.kubeconfig,
      kubectl: kubectl as string,
      image: values.image ?? 'busybox',
      s3,
      close: () => s3.close(),
    };
  }
  say(
    'Starting a cluster: etcd, kube-apiserver, controller-manager, scheduler, containerd, kubelet, S3 server',
  );
  const cluster = await startCluster({ node: true, log });
  return {
    kubeconfig: cluster.kubeconfig,
    kubectl: cluster.bin('kubectl'),
    image: values.image ?? cluster.node.testImage,
    s3: cluster.s3,
    close: () => cluster.stop(),
  };
}

/** Runs our `velero` and shows what it prints. */
function velero(cluster: DemoCluster, args: readonly string[]): Promise<void> {
  console.log(`         $ velero ${args.join(' ')}`);
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ['dist/oadp.mjs', 'velero', '-n', SERVER_NAMESPACE, ...args], {
      stdio: ['ignore', 'inherit', 'inherit'],
      env: { ...process.env, KUBECONFIG: cluster.kubeconfig },
    });
    child.once('error', reject);
    child.once('exit', (code) =>
      code === 0 ? resolve() : reject(new Error(`velero ${args.join(' ')} ended with exit status ${code}`)),
    );
  });
}

async function demo(cluster: DemoCluster): Promise<boolean> {
  const kubectl = new Kubectl(cluster);
  say('Installing the custom resources and a storage location, starting our Velero server');
  await using server = await installVelero(cluster, kubectl);
  await velero(cluster, ['backup-location', 'get']);

  say(`Deploying an application into namespace ${NAMESPACE} and waiting until its pods are Running`);
  await applyApplication(cluster, kubectl);
  await kubectl.waitReady(NAMESPACE, 'web');
  console.log(await kubectl.run(['-n', NAMESPACE, 'get', 'deployments,pods,services']));
  const before = await kubectl.everything(NAMESPACE);

  say('Backing it up');
  await velero(cluster, ['backup', 'create', 'shop', '--include-namespaces', NAMESPACE, '--wait']);
  await velero(cluster, ['backup', 'describe', 'shop']);

  say('Losing it: deleting the namespace and the custom resource definition');
  await kubectl.run(['delete', 'namespace', NAMESPACE, '--wait=true']);
  await kubectl.run(['delete', 'crd', 'discounts.demo.example.com', '--wait=true']);
  const lost = await kubectl.everything(NAMESPACE);

  say('Restoring it');
  await velero(cluster, ['restore', 'create', 'shop', '--from-backup', 'shop', '--wait']);
  await kubectl.waitReady(NAMESPACE, 'web');
  console.log(await kubectl.run(['-n', NAMESPACE, 'get', 'deployments,pods,services']));
  const after = await kubectl.everything(NAMESPACE);

  const page = await kubectl.page(NAMESPACE);
  const answers = page === demoPage;
  say(
    `The restored web server answers ${JSON.stringify(page)}${answers ? '' : `, not ${JSON.stringify(demoPage)}`}`,
  );

  const rows = compareObjects(before, lost, after, await server.backedUp('shop'));
  printTable(rows);
  const bad = rows.filter((row) => !row.equal);
  console.log(`\n${rows.length} objects, ${rows.length - bad.length} equal, ${bad.length} not equal`);
  return bad.length === 0 && answers;
}

const cluster = await openCluster();
let equal = false;
let ours = false;
async function cleanUp(): Promise<void> {
  if (values.kubeconfig !== undefined && ours) await removeEverything(new Kubectl(cluster));
  await cluster.close();
}
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    console.error(`\n${signal}: cleaning up`);
    void cleanUp().finally(() => process.exit(130));
  });
}
try {
  await refuseWhatIsThere(new Kubectl(cluster));
  ours = true;
  equal = await demo(cluster);
} catch (error) {
  console.error(`\nThe demo failed: ${error instanceof Error ? error.message : String(error)}`);
} finally {
  await cleanUp();
}
say(equal ? 'Everything came back.' : 'Not everything came back: see above.');
process.exit(equal ? 0 : 1);
