import { execFile, execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Cluster, startCluster } from '../../../dev/cluster/index.ts';
import type { Backup } from '../../../src/api/backup.ts';
import { connectCluster } from '../../../src/cli/cluster.ts';
import { buildRoot } from '../../../src/cli/index.ts';
import { runProgram } from '../../../src/cli/program.ts';
import type { Terminal } from '../../../src/cli/session.ts';
import { systemClock } from '../../../src/lib/clock.ts';
import { Api } from '../../support/api.ts';
import { type OurServer, startOurServer } from '../../support/our-server.ts';
import { createLocation, ensureNamespace, installCrds, velero } from '../../support/velero.ts';

/** The command line at work: against our server, a real API server and an object store that speaks TLS. */

const NAMESPACE = 'velero';
let cluster: Cluster;
let api: Api;
let server: OurServer;

beforeAll(async () => {
  cluster = await startCluster({ s3: { tls: true } });
  api = new Api(cluster);
  await installCrds(cluster, api, 'ours');
  const caCert = readFileSync(cluster.s3.caFile as string).toString('base64');
  await createLocation(cluster, api, NAMESPACE, {
    spec: { objectStorage: { bucket: 'velero', caCert } },
  });
  await ensureNamespace(api, 'shop');
  for (let index = 0; index < 20; index++) {
    await api.create('/api/v1/namespaces/shop/configmaps', {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: `c${index}` },
      data: { a: 'b' },
    });
  }
  server = await startOurServer(cluster, { namespace: NAMESPACE });
}, 300_000);

afterAll(async () => {
  await server?.stop();
  await api?.close();
  await cluster?.stop();
});

const home = mkdtempSync(path.join(tmpdir(), 'home-'));
const cli = (...args: string[]) =>
  velero(cluster, 'ours', [...args, '-n', NAMESPACE], { fromSource: true, env: { HOME: home } });

/** A terminal that a person looks at. */
function screen(input: readonly string[] = []): Terminal & { shown: string } {
  const lines = [...input];
  const terminal = {
    shown: '',
    async write(text: string | Uint8Array) {
      terminal.shown += typeof text === 'string' ? text : Buffer.from(text).toString();
      await Promise.resolve();
    },
    error(text: string) {
      terminal.shown += text;
    },
    readLine: () => Promise.resolve(lines.shift()),
    interactive: true,
    env: { KUBECONFIG: cluster.kubeconfig, HOME: home, VELERO_NAMESPACE: NAMESPACE },
    cwd: home,
    clock: systemClock,
    stopSignal: () => new AbortController().signal,
  };
  return terminal;
}

async function onScreen(
  args: readonly string[],
  input?: readonly string[],
): Promise<{ code: number; shown: string }> {
  const terminal = screen(input);
  const code = await runProgram(args, {
    terminal,
    connect: (target) => connectCluster(target, 'velero', terminal.env),
    buildRoot: (config) => buildRoot('velero', config, terminal.env),
  });
  return { code, shown: terminal.shown };
}

describe('waiting', () => {
  it('V-CLI-018 V-CLI-019 V-CLI-020 backup create --wait prints dots and how it ended', async () => {
    const { code, stdout } = await cli('backup', 'create', 'first', '--include-namespaces', 'shop', '--wait');
    expect(code).toBe(0);
    expect(stdout).toMatch(
      /^Backup request "first" submitted successfully\.\nWaiting for backup to complete\. You may safely press ctrl-c to stop waiting - your backup will continue in the background\.\n\.*\nBackup completed with status: Completed\. You may check for more information using the commands `velero backup describe first` and `velero backup logs first`\.\n$/,
    );
  });

  it('V-CLI-019 a person sees a line that tells how far it is', async () => {
    const { code, shown } = await onScreen([
      'backup',
      'create',
      'watched',
      '--include-namespaces',
      'shop',
      '-w',
    ]);
    expect(code).toBe(0);
    expect(shown).toContain('\r\u001b[K');
    expect(shown).toMatch(/(New|InProgress|Finalizing|Completed)[^\n]* \(\d+ s\)/);
    expect(shown).toContain('\nBackup completed with status: Completed.');
  });

  it('V-CLI-020 V-CLI-043 a refused restore ends the wait too, with exit code 0', async () => {
    const { code, stdout } = await cli(
      'restore',
      'create',
      'refused',
      '--from-backup',
      'first',
      '--namespace-mappings',
      'shop:Bad_Name',
      '--include-namespaces',
      'shop',
      '--exclude-namespaces',
      'shop',
      '--wait',
    );
    expect(stdout).toContain('\nRestore completed with status: FailedValidation.');
    expect(code).toBe(0);
  });

  it('V-CLI-020 a backup that is deleted does not keep us waiting', async () => {
    // In a namespace without a server nothing happens to it but the deletion.
    await ensureNamespace(api, 'idle');
    const waiting = onScreen(['backup', 'create', 'doomed', '--wait', '-n', 'idle']);
    const address = '/apis/velero.io/v1/namespaces/idle/backups/doomed';
    await api.until(
      () =>
        api.get(address).then(
          () => true,
          () => false,
        ),
      (there) => there,
      'the backup to be there',
    );
    await new Promise((resolve) => setTimeout(resolve, 1500));
    await api.delete(address);
    const { code, shown } = await waiting;
    expect(code).toBe(1);
    expect(shown).toContain('An error occurred: backup "doomed" was deleted while it was waited for\n');
  });
});

describe('what the server has', () => {
  it('V-CLI-066 V-CLI-067 version of client and server', async () => {
    const { code, stdout } = await cli('version');
    expect(code).toBe(0);
    expect(stdout).toMatch(
      /^Client:\n\tVersion: v1\.14\.1\S*\n\tGit commit: .*\nServer:\n\tVersion: v1\.14\.1\S*\n$/,
    );
  });

  it('V-CLI-066 a server that says nothing gives an empty version and a warning', async () => {
    const { stdout, code } = await velero(cluster, 'ours', ['version', '--timeout', '300ms', '-n', 'idle'], {
      fromSource: true,
    });
    expect(code).toBe(0);
    expect(stdout).toContain(
      'Server:\n\tVersion: \n# WARNING: the client version does not match the server version. Please update server\n',
    );
  });

  it('V-CLI-066 no namespace, no server: said on standard output, exit code 0', async () => {
    const { stdout, code } = await velero(cluster, 'ours', ['version', '-n', 'nowhere'], {
      fromSource: true,
    });
    expect(code).toBe(0);
    expect(stdout).toMatch(/<error getting server version: .*not found.*>\n$/);
  });

  it('V-CLI-066 --client-only asks nobody', async () => {
    const { stdout } = await velero(cluster, 'ours', ['version', '--client-only'], {
      fromSource: true,
      env: { KUBECONFIG: '/nonexistent' },
    });
    expect(stdout).toMatch(/^Client:\n\tVersion: \S+\n\tGit commit: .*\n$/);
  });
});

describe('files over TLS', () => {
  it('V-CLI-033 an unknown authority names the way out', async () => {
    const { code, stderr } = await cli('backup', 'logs', 'first');
    expect(code).toBe(1);
    expect(stderr).toMatch(/x509: certificate signed by unknown authority\n.*--insecure-skip-tls-verify/);
    expect(stderr).toContain('--cacert');
    // The signature in the address is as good as a password.
    expect(stderr).not.toContain('X-Amz-Signature');
  });

  it('V-CLI-030 V-CLI-033 --cacert and --insecure-skip-tls-verify', async () => {
    const trusted = await cli('backup', 'logs', 'first', '--cacert', cluster.s3.caFile as string);
    expect(trusted.code).toBe(0);
    expect(trusted.stdout).toContain('level=info');
    const trusting = await cli('backup', 'logs', 'first', '--insecure-skip-tls-verify');
    expect(trusting.stdout).toBe(trusted.stdout);
    const wrong = await cli('backup', 'logs', 'first', '--cacert', '/does/not/exist');
    expect(wrong.stderr).toContain(
      "An error occurred: couldn't open cacert: open /does/not/exist: no such file or directory\n",
    );
  });

  it('V-CLI-003 the authority may stand in the configuration file', async () => {
    await cli('client', 'config', 'set', `cacert=${cluster.s3.caFile}`);
    const config = path.join(home, '.config/velero/config.json');
    expect(statSync(config).mode & 0o777).toBe(0o600);
    expect(statSync(path.dirname(config)).mode & 0o777).toBe(0o700);
    const { stdout } = await cli('backup', 'describe', 'first', '--details');
    expect(stdout).toMatch(/Resource List:\n {2}v1\/ConfigMap:\n {4}- shop\/c0\n/);
    expect(stdout).toContain('Backup Volumes:\n  Velero-Native Snapshots: <none included>\n');
  });

  it('V-CLI-031 a download whose address never comes leaves no file', async () => {
    await server.stop();
    const file = path.join(home, 'out.tar.gz');
    const { code, stderr } = await cli('backup', 'download', 'first', '-o', file, '--timeout', '1s');
    server = await startOurServer(cluster, { namespace: NAMESPACE });
    expect(code).toBe(1);
    expect(stderr).toContain(
      'An error occurred: download request download url timeout, check velero server logs for errors. backup storage location may not be available\n',
    );
    expect(stderr).toContain('velero backup-location get');
    expect(() => statSync(file)).toThrow('ENOENT');
  });

  it('V-CLI-031 a download is a tarball that only its owner reads', async () => {
    const file = path.join(home, 'first.tar.gz');
    const { code, stdout } = await cli('backup', 'download', 'first', '-o', file);
    expect([code, stdout]).toEqual([0, `Backup first has been successfully downloaded to ${file}\n`]);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(execFileSync('tar', ['-tzf', file]).toString()).toContain(
      'resources/configmaps/namespaces/shop/c0.json',
    );
  });
});

describe('deleting', () => {
  it('V-CLI-034 V-CLI-035 asks, and the server deletes what was confirmed', async () => {
    await cli('backup', 'create', 'old', '--include-namespaces', 'shop', '--wait');
    const refused = await onScreen(['backup', 'delete', 'old'], ['perhaps', 'n']);
    expect(refused).toEqual({ code: 0, shown: 'Are you sure you want to continue (Y/N)? '.repeat(2) });
    const done = await onScreen(['backup', 'delete', 'old'], ['Y']);
    expect(done.shown).toContain('Request to delete backup "old" submitted successfully.\n');
    await api.until(
      () => api.list(`/apis/velero.io/v1/namespaces/${NAMESPACE}/backups`),
      (backups) => !backups.some(({ metadata }) => metadata.name === 'old'),
      'the backup to be gone',
    );
  });

  it('V-CLI-017 a backup from a schedule takes its template, labels and annotations', async () => {
    await cli(
      'schedule',
      'create',
      'daily',
      '--schedule',
      '0 1 * * *',
      '--include-namespaces',
      'shop',
      '--labels',
      'team=a',
      '--paused',
    );
    const { stdout } = await cli(
      'backup',
      'create',
      '--from-schedule',
      'daily',
      '--labels',
      'extra=1',
      '--wait',
    );
    expect(stdout).toMatch(
      /^Creating backup from schedule, all other filters are ignored\.\nBackup request "daily-\d{14}" submitted successfully\.\n/,
    );
    const name = /"(daily-\d{14})"/.exec(stdout)?.[1] as string;
    const backup = (await api.get(
      `/apis/velero.io/v1/namespaces/${NAMESPACE}/backups/${name}`,
    )) as unknown as Backup;
    expect(backup.spec.includedNamespaces).toEqual(['shop']);
    expect(backup.metadata.labels).toMatchObject({
      team: 'a',
      extra: '1',
      'velero.io/schedule-name': 'daily',
    });
  });

  it('V-CLI-040 the newest usable backup of a schedule is chosen here where partial failures are allowed', async () => {
    const { stdout } = await cli(
      'restore',
      'create',
      'chosen',
      '--from-schedule',
      'daily',
      '--allow-partially-failed',
      '-o',
      'json',
    );
    expect((JSON.parse(stdout) as { spec: object }).spec).toMatchObject({
      backupName: expect.stringMatching(/^daily-\d{14}$/) as string,
    });
    expect(stdout).not.toContain('scheduleName');
    const plain = await cli('restore', 'create', '--from-schedule', 'daily', '-o', 'json');
    const restore = JSON.parse(plain.stdout) as {
      metadata: { name: string };
      spec: { scheduleName: string };
    };
    expect(restore.spec.scheduleName).toBe('daily');
    expect(restore.metadata.name).toMatch(/^daily-\d{14}$/);
  });

  it('V-CLI-038 a restore without a name is called after its source and the local time', async () => {
    const stampIn = async (TZ: string) => {
      const args = ['restore', 'create', '--from-backup', 'first', '-o', 'json', '-n', NAMESPACE];
      const { stdout } = await velero(cluster, 'ours', args, { fromSource: true, env: { HOME: home, TZ } });
      const { name } = (JSON.parse(stdout) as { metadata: { name: string } }).metadata;
      const digits = /^first-(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)$/
        .exec(name)
        ?.slice(1)
        .map(Number) as number[];
      const [year, month, day, hour, minute, second] = digits as [
        number,
        number,
        number,
        number,
        number,
        number,
      ];
      return Date.UTC(year, month - 1, day, hour, minute, second);
    };
    const hours = ((await stampIn('Asia/Tokyo')) - (await stampIn('UTC'))) / 3_600_000;
    expect(hours).toBeCloseTo(9, 1);
  });

  it('V-CLI-058 setting one thing of a location keeps its certificates', async () => {
    const address = `/apis/velero.io/v1/namespaces/${NAMESPACE}/backupstoragelocations/default`;
    const trusted = async () =>
      ((await api.get(address))['spec'] as { objectStorage: { caCert?: string } }).objectStorage.caCert;
    const before = await trusted();
    await cli('backup-location', 'set', 'default', '--credential', 'cloud-default=cloud');
    expect(before).toBeDefined();
    expect(await trusted()).toBe(before);
  });

  it('V-CLI-060 a deleted location takes the records of its backups along', async () => {
    await api.create('/apis/velero.io/v1/namespaces/idle/backupstoragelocations', {
      apiVersion: 'velero.io/v1',
      kind: 'BackupStorageLocation',
      metadata: { name: 'gone' },
      spec: { provider: 'aws', objectStorage: { bucket: 'b' } },
    });
    const labels = { 'velero.io/storage-location': 'gone' };
    await api.create('/apis/velero.io/v1/namespaces/idle/backups', {
      apiVersion: 'velero.io/v1',
      kind: 'Backup',
      metadata: { name: 'kept', labels },
      spec: {},
    });
    const { stdout } = await velero(
      cluster,
      'ours',
      ['backup-location', 'delete', 'gone', '--confirm', '-n', 'idle'],
      { fromSource: true },
    );
    expect(stdout).toBe(
      'Backup storage location "gone" deleted successfully.\nBackup associated with deleted BSL(s) "kept" deleted successfully.\n',
    );
  });
});

describe('an installation', () => {
  const inStaging = (...args: string[]) =>
    velero(cluster, 'ours', [...args, '-n', 'staging'], { fromSource: true });

  it('V-CLI-082 V-CLI-083 install tells what it creates, and what is there already', async () => {
    const secret = path.join(home, 'secret');
    writeFileSync(secret, 'x');
    const { code, stdout } = await inStaging(
      'install',
      '--provider',
      'aws',
      '--bucket',
      'b',
      '--plugins',
      'p/q:v1',
      '--no-secret',
      '--use-node-agent',
      '--image',
      'x/y:v1',
    );
    expect(code).toBe(0);
    expect(stdout).toContain(
      'CustomResourceDefinition/backups.velero.io: already exists, proceeding\nCustomResourceDefinition/backups.velero.io: created\nCustomResourceDefinition/backupstoragelocations.velero.io: attempting to create resource\n',
    );
    expect(stdout).toContain(
      '\nWaiting for resources to be ready in cluster...\nNamespace/staging: attempting to create resource\n',
    );
    expect(stdout).toContain(
      'DaemonSet/node-agent: created\n\nNo secret file was specified, no Secret created.\n\n',
    );
    expect(stdout).toMatch(
      /Velero is installed! ⛵ Use 'kubectl logs deployment\/velero -n staging' to view the status\.\n$/,
    );
  });

  it('V-CLI-064 plugin add asks, and adds an init container', async () => {
    const refused = await onScreen(
      ['plugin', 'add', 'registry.example/some/plugin:v1', '-n', 'staging'],
      ['n'],
    );
    expect(refused.shown).toBe(
      'velero plugin add may cause the Velero server pod restart, so it is a dangerous operation\nonce Velero server restarts, all the ongoing jobs will fail.\nAre you sure you want to continue (Y/N)? ',
    );
    const { code, stdout } = await inStaging(
      'plugin',
      'add',
      'registry.example/some/plugin:v1',
      '--confirm',
      '--image-pull-policy',
      'Never',
    );
    expect([code, stdout]).toEqual([0, '']);
    const added = (await initContainers()).at(-1);
    expect(added).toMatchObject({
      name: 'some-plugin',
      image: 'registry.example/some/plugin:v1',
      imagePullPolicy: 'Never',
      volumeMounts: [{ name: 'plugins', mountPath: '/target' }],
    });
  });

  it('V-CLI-065 plugin remove takes one away by name or image', async () => {
    await inStaging('plugin', 'remove', 'registry.example/some/plugin:v1');
    expect((await initContainers()).map(({ name }) => name)).toEqual(['p-q']);
    const { code, stderr } = await inStaging('plugin', 'remove', 'nope');
    expect(code).toBe(1);
    expect(stderr).toContain(
      'An error occurred: init container nope not found in Velero server deployment\n',
    );
  });

  it('V-CLI-070 V-CLI-071 debug bundles objects, version, description and log', async () => {
    const none = await cli('debug');
    expect(none.stderr).toContain(
      `An error occurred: velero deployment does not exist in namespace: ${NAMESPACE}\n`,
    );
    await api.create(`/apis/apps/v1/namespaces/${NAMESPACE}/deployments`, {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'velero', labels: { component: 'velero' } },
      spec: {
        replicas: 0,
        selector: { matchLabels: { a: 'b' } },
        template: {
          metadata: { labels: { a: 'b' } },
          spec: { containers: [{ name: 'velero', image: 'x' }] },
        },
      },
    });
    const bundle = path.join(home, 'bundle.tar.gz');
    const { code, stdout } = await cli('debug', '--backup', 'first', '--output', bundle);
    expect([code, stdout]).toEqual([0, `Generated debug information bundle: ${bundle}\n`]);
    const names = execFileSync('tar', ['-tzf', bundle]).toString();
    for (const name of ['version.txt', 'backup_describe_first.txt', 'backup_first.log']) {
      expect(names).toContain(`velero-bundle/${name}\n`);
    }
    expect(names).toMatch(/velero-bundle\/kubecapture\/velero\.io_v1\/velero\/backups-\d{12}\.\d{4}\.json\n/);
    const log = execFileSync('tar', ['-xzOf', bundle, 'velero-bundle/backup_first.log']).toString();
    expect(log).toContain('level=info');
  });

  it('V-CLI-082 uninstall takes it all away again', async () => {
    const { code, stdout } = await inStaging('uninstall', '--force');
    expect(stdout).toContain('Waiting for velero namespace "staging" to be deleted\n');
    expect(stdout).toContain('Velero namespace "staging" deleted\n');
    expect(stdout).toContain('Velero uninstalled ⛵\n');
    expect(code).toBe(0);
    expect(await api.list('/apis/rbac.authorization.k8s.io/v1/clusterrolebindings')).not.toContainEqual(
      expect.objectContaining({ metadata: expect.objectContaining({ name: 'velero-staging' }) as object }),
    );
  });

  async function initContainers(): Promise<{ name: string }[]> {
    const deployment = await api.get('/apis/apps/v1/namespaces/staging/deployments/velero');
    const { template } = deployment['spec'] as { template: { spec: { initContainers: { name: string }[] } } };
    return template.spec.initContainers;
  }
});

describe('the process', () => {
  it('a reader that has enough ends us quietly', async () => {
    const script = `"${process.execPath}" "${path.resolve('src/main.ts')}" velero --help | head -1; echo "\${PIPESTATUS[0]}"`;
    const output = await new Promise<string>((resolve) => {
      execFile('bash', ['-c', script], (_error, stdout, stderr) => resolve(stdout + stderr));
    });
    expect(output).toMatch(/^Back up[^\n]*\n(0|141)\n$/);
  });

  it('V-CLI-006 an API server that is not there is told in one sentence, without a stack', async () => {
    const config = path.join(home, 'nowhere');
    writeFileSync(
      config,
      'apiVersion: v1\nkind: Config\ncurrent-context: c\ncontexts: [{name: c, context: {cluster: k, user: u}}]\nclusters: [{name: k, cluster: {server: "http://127.0.0.1:1"}}]\nusers: [{name: u, user: {}}]\n',
    );
    const { code, stderr } = await velero(cluster, 'ours', ['--kubeconfig', config, 'backup', 'get'], {
      fromSource: true,
    });
    expect(code).toBe(1);
    expect(stderr).toMatch(/^An error occurred: .*127\.0\.0\.1:1/);
    expect(stderr).not.toMatch(/^ +at /m);
  });
});
