import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Cluster, startCluster } from '../../dev/cluster/index.ts';
import { Api, ApiError, deleteNamespace } from '../support/api.ts';
import { BucketFolder } from '../support/bucket.ts';
import {
  type CommandResult,
  createLocation,
  installCrds,
  phaseOf,
  type Side,
  startServer,
  velero,
  type VeleroServer,
} from '../support/velero.ts';
import { both } from './cli/compare.ts';

/**
 * A day's work with one side's command line and the other side's server. After every step both command lines look at
 * what there is: their words must be the same.
 */

const PAIRS = [
  { cli: 'real', server: 'ours' },
  { cli: 'ours', server: 'real' },
] as const;

let cluster: Cluster;
let api: Api;
const servers: VeleroServer[] = [];
const namespaceOf = (server: Side) => `velero-${server}`;
const appOf = (server: Side) => `shop-${server}`;

beforeAll(async () => {
  cluster = await startCluster({ velero: true });
  api = new Api(cluster);
  await installCrds(cluster, api, 'real');
  for (const { server } of PAIRS) {
    await createApp(appOf(server));
    await createLocation(cluster, api, namespaceOf(server), { prefix: server });
    servers.push(await startServer(cluster, api, { side: server, namespace: namespaceOf(server) }));
  }
}, 600_000);

afterAll(async () => {
  for (const server of servers) await server.stop();
  await api?.close();
  await cluster?.stop();
}, 120_000);

async function createApp(name: string): Promise<void> {
  await api.create('/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
  for (const number of [1, 2, 3]) {
    await api.create(`/api/v1/namespaces/${name}/configmaps`, {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: `settings-${number}`, labels: { app: 'web' } },
      data: { key: `value ${number}` },
    });
  }
}

it('V-CLI-063 V-REQ-004 our server has no plugin that the real one does not list as often', async () => {
  const rows = async (server: Side) => {
    const { stdout } = await velero(cluster, 'real', ['plugin', 'get', '-n', namespaceOf(server)]);
    return stdout.trim().replaceAll(/ +/g, ' ').split('\n');
  };
  const real = await rows('real');
  for (const row of await rows('ours')) {
    expect(real).toContain(row);
    real.splice(real.indexOf(row), 1);
  }
  // The header, a built-in action and the object store were among them.
  expect(real.join()).not.toMatch(/NAME KIND|velero\.io\/pod |ObjectStore/);
});

describe.each(PAIRS)('the $cli command line and the $server server', ({ cli, server }) => {
  const namespace = namespaceOf(server);
  const app = appOf(server);
  const base = `/apis/velero.io/v1/namespaces/${namespace}`;
  const bucket = (kind: 'backups' | 'restores', name: string) =>
    new BucketFolder(cluster, server, kind, name);

  function run(...args: string[]): Promise<CommandResult> {
    return velero(cluster, cli, [...args, '-n', namespace, '--colorized=false']);
  }

  async function fine(...args: string[]): Promise<string> {
    const result = await run(...args);
    expect(result, `${args.join(' ')}\n${result.stderr}`).toMatchObject({ code: 0 });
    return result.stdout;
  }

  async function expectSame(...args: string[]): Promise<string> {
    const { real, ours } = await both(cluster, [...args, '-n', namespace]);
    expect(ours).toEqual(real);
    expect(real.code).toBe(0);
    return real.stdout;
  }

  async function expectRefused(message: string | RegExp, ...args: string[]): Promise<void> {
    const { real, ours } = await both(cluster, [...args, '-n', namespace]);
    expect(ours).toEqual(real);
    expect(real.code).toBe(1);
    expect(real.stderr).toMatch(message);
  }

  const isThere = (name: string) =>
    api.get(`${base}/${name}`).then(
      () => true,
      (error: unknown) => {
        if (error instanceof ApiError && error.status === 404) return false;
        throw error;
      },
    );

  const untilGone = (name: string) =>
    api.until(
      () => isThere(name),
      (there) => !there,
      `${name} to be gone`,
    );

  const untilAvailable = (name: string) =>
    api.until(
      async () => phaseOf(await api.get(`${base}/backupstoragelocations/${name}`)),
      (phase) => phase === 'Available',
      `location ${name} to be available`,
    );

  it('V-CLI-066 V-CLI-067 V-REQ-004 version asks the server', async () => {
    const text = await fine('version');
    expect(text).toMatch(/^Client:\n\tVersion: v?\S+\n\tGit commit: \S*\nServer:\n\tVersion: v?\S+\n/);
    expect(text).not.toContain('error getting server version');
  });

  it('V-CLI-063 V-REQ-004 plugin get lists what the server has', async () => {
    const table = await expectSame('plugin', 'get');
    expect(table).toMatch(/^NAME +KIND\n/);
    expect(table).toMatch(/^velero\.io\/aws +ObjectStore$/m);
    expect(table).toMatch(/^velero\.io\/pod +BackupItemAction$/m);
  });

  it('V-CLI-018 V-CLI-019 V-CLI-020 backup create --wait stays until the end', async () => {
    await untilAvailable('default');
    const text = await fine('backup', 'create', 'one', '--include-namespaces', app, '--wait');
    expect(text.replace(/^\.*\n/m, '…\n')).toBe(
      'Backup request "one" submitted successfully.\n' +
        'Waiting for backup to complete. You may safely press ctrl-c to stop waiting - your backup will continue in the background.\n' +
        '…\n' +
        'Backup completed with status: Completed. You may check for more information using the commands `velero backup describe one` and `velero backup logs one`.\n',
    );
    expect(phaseOf(await api.get(`${base}/backups/one`))).toBe('Completed');
  });

  it('V-CLI-021 backup get', async () => {
    const table = await expectSame('backup', 'get');
    expect(table).toMatch(
      /^NAME +STATUS +ERRORS +WARNINGS +CREATED +EXPIRES +STORAGE LOCATION +SELECTOR\none +Completed +0 +0 /,
    );
    await expectSame('backup', 'get', 'one', '-o', 'yaml');
  });

  it('V-CLI-023 V-CLI-024 V-CLI-026 V-CLI-029 V-REQ-001 backup describe', async () => {
    await expectSame('backup', 'describe', 'one');
    const details = await expectSame('backup', 'describe', 'one', '--details');
    expect(details).toMatch(/^Phase: +Completed$/m);
    expect(details).toContain(
      `  v1/ConfigMap:\n    - ${app}/kube-root-ca.crt\n    - ${app}/settings-1\n    - ${app}/settings-2\n`,
    );
    expect(details).not.toContain('error');
    const json = JSON.parse(await expectSame('backup', 'describe', 'one', '--details', '-o', 'json')) as {
      phase: string;
      status: { resourceList: Record<string, string[]> };
    };
    expect(json.phase).toBe('Completed');
    expect(json.status.resourceList['v1/Namespace']).toEqual([app]);
  });

  it('V-CLI-030 V-CLI-032 V-REQ-001 backup logs', async () => {
    const log = await expectSame('backup', 'logs', 'one');
    expect(log).toMatch(
      /^time="\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ" level=info msg="Backed up a total of \d items" backup=velero-\w+\/one /m,
    );
  });

  it('V-CLI-031 V-REQ-001 backup download', async () => {
    const file = path.join(mkdtempSync(path.join(tmpdir(), 'download-')), 'one.tgz');
    const text = await fine('backup', 'download', 'one', '-o', file);
    expect(text).toBe(`Backup one has been successfully downloaded to ${file}\n`);
    expect(readFileSync(file)).toEqual(bucket('backups', 'one').bytes('one.tar.gz'));
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const names = execFileSync('tar', ['-tzf', file], { encoding: 'utf8' }).split('\n');
    expect(names).toContain(`resources/configmaps/namespaces/${app}/settings-1.json`);
  });

  it('V-CLI-006 V-CLI-016 V-CLI-030 what is refused', async () => {
    await expectRefused('backups.velero.io "nope" not found', 'backup', 'describe', 'nope');
    await expectRefused('backup "nope" does not exist', 'backup', 'logs', 'nope');
    await expectRefused('backups.velero.io "one" already exists', 'backup', 'create', 'one');
    await expectRefused(
      'backupstoragelocations.velero.io "nope" not found',
      'backup',
      'create',
      'two',
      '--storage-location',
      'nope',
    );
    await expectRefused(
      'backups.velero.io "nope" not found',
      'restore',
      'create',
      '--from-backup',
      'nope',
      '--wait',
    );
    expect(await isThere('backups/two')).toBe(false);
  });

  it('V-CLI-036 V-CLI-043 restore create --wait', async () => {
    await deleteNamespace(api, app);
    const text = await fine('restore', 'create', 'back', '--from-backup', 'one', '--wait');
    expect(text.replace(/^\.*\n/m, '…\n')).toBe(
      'Restore request "back" submitted successfully.\n' +
        'Waiting for restore to complete. You may safely press ctrl-c to stop waiting - your restore will continue in the background.\n' +
        '…\n' +
        'Restore completed with status: Completed. You may check for more information using the commands `velero restore describe back` and `velero restore logs back`.\n',
    );
    const settings = await api.get(`/api/v1/namespaces/${app}/configmaps/settings-2`);
    expect(settings['data']).toEqual({ key: 'value 2' });
  });

  it('V-CLI-044 V-CLI-045 V-CLI-047 V-REQ-001 restore get, describe and logs', async () => {
    await expectSame('restore', 'get');
    await expectSame('restore', 'get', 'back', '-o', 'json');
    await expectSame('restore', 'describe', 'back');
    const details = await expectSame('restore', 'describe', 'back', '--details');
    expect(details).toMatch(/^Phase: +Completed$/m);
    expect(details).toContain(`    - ${app}/settings-1(created)\n`);
    const log = await expectSame('restore', 'logs', 'back');
    expect(log).toContain(`restore=${namespace}/back`);
  });

  it('V-CLI-036 V-CLI-045 V-CLI-047 a restore with warnings', async () => {
    await api.patch(`/api/v1/namespaces/${app}/configmaps/settings-3`, { data: { key: 'changed' } });
    const text = await fine('restore', 'create', 'again', '--from-backup', 'one', '-w');
    expect(text).toContain('Restore completed with status: Completed.');
    const details = await expectSame('restore', 'describe', 'again', '--details');
    expect(details).toMatch(
      /^ +(shop-\w+: +)?could not restore, ConfigMap "settings-3" already exists\. Warning: the in-cluster version is different than the backed-up version$/m,
    );
    expect(details).toContain(`    - ${app}/settings-3(failed)\n`);
  });

  it('V-CLI-048 restore delete takes the files in the bucket along', async () => {
    expect(bucket('restores', 'again').files()).not.toEqual([]);
    const text = await fine('restore', 'delete', 'again', '--confirm');
    expect(text).toBe(
      'Request to delete restore "again" submitted successfully.\nThe restore will be fully deleted after all associated data (restore files in object storage) are removed.\n',
    );
    await untilGone('restores/again');
    expect(bucket('restores', 'again').files()).toEqual([]);
    expect(await isThere('restores/back')).toBe(true);
  });

  it('V-CLI-034 V-CLI-035 backup delete takes everything of the backup along', async () => {
    const text = await fine('backup', 'delete', 'one', '--confirm');
    expect(text).toBe(
      'Request to delete backup "one" submitted successfully.\nThe backup will be fully deleted after all associated data (disk snapshots, backup files, restores) are removed.\n',
    );
    await untilGone('backups/one');
    await untilGone('restores/back');
    expect(bucket('backups', 'one').files()).toEqual([]);
    expect(bucket('restores', 'back').files()).toEqual([]);
    await api.until(
      () => api.list(`${base}/deletebackuprequests`),
      (requests) => requests.length === 0,
      'the request to be gone',
    );
    await expectRefused('backups.velero.io "one" not found', 'backup', 'get', 'one');
  });

  it('V-CLI-017 V-CLI-049 V-CLI-051 V-CLI-053 schedules, and a backup from one', async () => {
    const text = await fine(
      'schedule',
      'create',
      'yearly',
      '--schedule',
      '0 0 1 1 *',
      '--include-namespaces',
      app,
      '--labels',
      'team=a',
      '--ttl',
      '48h',
    );
    expect(text).toBe('Schedule "yearly" created successfully.\n');
    await expectSame('schedule', 'get', 'yearly');
    await expectSame('schedule', 'describe', 'yearly');
    const created = await fine('backup', 'create', '--from-schedule', 'yearly', '--wait');
    expect(created).toMatch(
      /^Creating backup from schedule, all other filters are ignored\.$[\s\S]*^Backup request "yearly-\d{14}" submitted successfully\.$[\s\S]*^Backup completed with status: Completed\./m,
    );
    const name = /yearly-\d{14}/.exec(created)?.[0] ?? '';
    const details = await expectSame('backup', 'describe', name, '--details');
    expect(details).toMatch(/velero\.io\/schedule-name=yearly/);
    expect(details).toMatch(/^TTL: +48h0m0s$/m);
    await expectSame('restore', 'get');
    const restored = await fine('restore', 'create', '--from-schedule', 'yearly', '--wait');
    expect(restored).toContain('Restore completed with status: Completed.');
    const restore = /Restore request "(yearly-\d{14})"/.exec(restored)?.[1] ?? '';
    await expectSame('restore', 'describe', restore, '--details');
    await fine('schedule', 'delete', 'yearly', '--confirm');
    expect(await isThere('schedules/yearly')).toBe(false);
    await fine('backup', 'delete', name, '--confirm');
    await untilGone(`backups/${name}`);
  });

  it('V-CLI-056 V-CLI-057 V-CLI-059 V-CLI-060 a second location, from its creation to its end', async () => {
    const text = await fine(
      'backup-location',
      'create',
      'second',
      '--provider',
      'aws',
      '--bucket',
      'velero',
      '--prefix',
      `second-${server}`,
      '--credential',
      'cloud-default=cloud',
      '--config',
      `region=${cluster.s3.region},s3ForcePathStyle=true,s3Url=${cluster.s3.url}`,
      '--validation-frequency',
      '5s',
    );
    expect(text).toBe('Backup storage location "second" configured successfully.\n');
    await untilAvailable('second');
    const table = await expectSame('backup-location', 'get');
    expect(table).toMatch(/^second +aws +velero\/second-\w+ +Available /m);
    await fine(
      'backup',
      'create',
      'there',
      '--include-namespaces',
      app,
      '--storage-location',
      'second',
      '-w',
    );
    const folder = new BucketFolder(cluster, `second-${server}`, 'backups', 'there');
    expect(folder.has('velero-backup.json')).toBe(true);
    await expectSame('backup', 'describe', 'there', '--details');
    await fine('backup-location', 'set', 'second', '--cacert', cluster.caFile);
    const location = await api.get(`${base}/backupstoragelocations/second`);
    expect(JSON.stringify(location['spec'])).toContain(readFileSync(cluster.caFile).toString('base64'));
    const gone = await fine('backup-location', 'delete', 'second', '--confirm');
    expect(gone).toContain('Backup storage location "second" deleted successfully.\n');
    expect(gone).toContain('Backup associated with deleted BSL(s) "there" deleted successfully.\n');
    await untilGone('backupstoragelocations/second');
    await untilGone('backups/there');
    expect(folder.has('velero-backup.json')).toBe(true);
  });

  it('V-CLI-020 V-CLI-025 a backup that is refused', async () => {
    await fine(
      'backup-location',
      'create',
      'locked',
      '--provider',
      'aws',
      '--bucket',
      'velero',
      '--access-mode',
      'ReadOnly',
      '--prefix',
      `locked-${server}`,
      '--credential',
      'cloud-default=cloud',
      '--config',
      `region=${cluster.s3.region},s3ForcePathStyle=true,s3Url=${cluster.s3.url}`,
    );
    await untilAvailable('locked');
    const result = await run('backup', 'create', 'refused', '--storage-location', 'locked', '--wait');
    expect(result.code).toBe(0);
    expect(result.stdout).toContain('Backup completed with status: FailedValidation.');
    const text = await expectSame('backup', 'describe', 'refused');
    expect(text).toMatch(/^Validation errors: /m);
    await expectRefused(/./, 'backup', 'logs', 'refused');
  });
});
