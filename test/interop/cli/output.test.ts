import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Cluster, startCluster } from '../../../dev/cluster/index.ts';
import { Api } from '../../support/api.ts';
import { createLocation, ensureNamespace, installCrds, velero } from '../../support/velero.ts';
import { type OurServer, startOurServer } from '../../support/our-server.ts';
import { both } from './compare.ts';
import { createObjects, createRecorded, putFiles, RECORDED, SERVED, SHELF } from './fixtures.ts';

/**
 * The real command line and ours look at the same objects, our server answering both: what they print must be the
 * same text. Colours are off, ages and trailing blanks are made equal, and of standard error the error itself counts.
 */

let cluster: Cluster;
let api: Api;
let server: OurServer;

beforeAll(async () => {
  cluster = await startCluster({ velero: true });
  api = new Api(cluster);
  await installCrds(cluster, api, 'real');
  execFileSync('tar', [
    '-xzf',
    path.resolve(import.meta.dirname, '../../golden/velero-1.14.1-bucket.tar.gz'),
    '-C',
    path.join(cluster.s3.dataFolder, 'velero'),
  ]);
  putFiles(cluster, 'base');
  await ensureNamespace(api, SHELF);
  await createLocation(cluster, api, SERVED, { prefix: 'base' });
  await createObjects(api);
  await createRecorded(cluster, api, 'base');
  // Only what answers requests runs: nothing may move while two command lines look.
  const still = [
    'backup',
    'backup-operations',
    'backup-deletion',
    'backup-finalizer',
    'backup-sync',
    'gc',
    'schedule',
  ];
  const restores = ['restore', 'restore-operations', 'restore-finalizer'];
  server = await startOurServer(cluster, {
    namespace: SERVED,
    flags: { 'disable-controllers': [...still, ...restores] },
  });
}, 300_000);

afterAll(async () => {
  await server?.stop();
  await api?.close();
  await cluster?.stop();
});

async function expectSame(args: readonly string[], options?: Parameters<typeof both>[2]): Promise<void> {
  const { real, ours } = await both(cluster, args, options);
  expect(ours).toEqual(real);
}

const shelf = (...args: string[]) => [...args, '-n', SHELF];

describe('tables', () => {
  it.each([
    [shelf('backup', 'get')],
    [shelf('get', 'backups', 'b', 'fresh')],
    [shelf('backup', 'get', '-l', 'velero.io/schedule-name=daily')],
    [shelf('backup', 'get', '-l', 'team in (a,b),zone')],
    [shelf('backup', 'get', '-l', 'nothing=here')],
    [shelf('backup', 'get', '--show-labels')],
    [shelf('backup', 'get', '-L', 'team,velero.io/schedule-name', '--show-labels')],
  ])('V-CLI-010 V-CLI-012 V-CLI-021 backups: %j', (args) => expectSame(args));

  it.each([
    [shelf('restore', 'get')],
    [shelf('get', 'restores', 'r1', 'r3')],
    [shelf('get', 'restore', '-l', 'team=a')],
  ])('V-CLI-044 restores: %j', (args) => expectSame(args));

  it.each([
    [shelf('schedule', 'get')],
    [shelf('get', 'schedules', 'daily')],
    [['schedule', 'get', '-n', SERVED]],
  ])('V-CLI-051 V-CLI-052 schedules: %j', (args) => expectSame(args));

  it.each([
    [shelf('backup-location', 'get')],
    [shelf('backup-location', 'get', '--default')],
    [shelf('get', 'backup-locations', 'other', '-l', 'x=y')],
  ])('V-CLI-059 backup locations: %j', (args) => expectSame(args));

  it('V-CLI-061 snapshot locations', () => expectSame(shelf('snapshot-location', 'get')));

  it.each([[shelf('repo', 'get')], [['repo', 'get', '-n', SERVED]]])(
    'V-CLI-052 V-CLI-062 repositories: %j',
    (args) => expectSame(args),
  );

  it('V-CLI-063 V-CLI-067 plugins of the server', () => expectSame(['plugin', 'get', '-n', SERVED]));
});

describe('JSON and YAML', () => {
  it.each(
    ['json', 'yaml'].flatMap((format) => [
      [shelf('backup', 'get', '-o', format)],
      [shelf('backup', 'get', 'b', '-o', format)],
      [shelf('restore', 'get', '-o', format)],
      [shelf('restore', 'get', 'r3', '-o', format)],
      [shelf('schedule', 'get', '-o', format)],
      [shelf('backup-location', 'get', 'default', '-o', format)],
      [shelf('snapshot-location', 'get', '-o', format)],
      [shelf('repo', 'get', 'shop-default-kopia-abcde', '-o', format)],
      [
        shelf(
          'backup',
          'create',
          'x',
          '-o',
          format,
          '--include-namespaces',
          'a,b',
          '--labels',
          'k=v,"q=1,2"',
          '--ttl',
          '36h',
          '-l',
          'a=b,c in (x,y),!d',
          '--snapshot-volumes=false',
          '--ordered-resources',
          'pods=a/b,c/d;pvcs=x',
          '--parallel-files-upload',
          '3',
          '--resource-policies-configmap',
          'p',
        ),
      ],
      [
        shelf(
          'backup',
          'create',
          'x',
          '-o',
          format,
          '--or-selector',
          'a=b or c=d',
          '--include-cluster-scoped-resources',
          '*',
          '--snapshot-move-data',
          '--data-mover',
          'm',
        ),
      ],
      [
        shelf(
          'restore',
          'create',
          'x',
          '--from-backup',
          'b',
          '-o',
          format,
          '--namespace-mappings',
          'a:b,c:d',
          '--existing-resource-policy',
          'update',
          '--status-include-resources',
          'pods',
          '--resource-modifier-configmap',
          'm',
          '--write-sparse-files',
          '--restore-volumes=false',
        ),
      ],
      [
        shelf(
          'schedule',
          'create',
          'x',
          '--schedule',
          '@every 1h',
          '--paused',
          '--skip-immediately',
          'true',
          '-o',
          format,
        ),
      ],
      [
        shelf(
          'create',
          'backup-location',
          'x',
          '--provider',
          'aws',
          '--bucket',
          'b',
          '--config',
          'a=b',
          '--credential',
          's=k',
          '--backup-sync-period',
          '0',
          '--access-mode',
          'ReadOnly',
          '-o',
          format,
        ),
      ],
      [shelf('create', 'snapshot-location', 'x', '--provider', 'aws', '--credential', 's=k', '-o', format)],
    ]),
  )('V-CLI-011 V-CLI-012 V-CLI-013 V-CLI-014 V-CLI-015 V-CLI-036 V-CLI-037 V-CLI-041 V-CLI-042 %j', (args) =>
    expectSame(args),
  );

  it('V-CLI-017 a backup from a schedule, shown as YAML', async () => {
    const { real, ours } = await both(
      cluster,
      shelf('backup', 'create', 'now', '--from-schedule', 'daily', '--labels', 'extra=1', '-o', 'yaml'),
    );
    // The original's logger writes a line into the YAML.
    // It also adds the schedule's label to the template's labels, which it shares with the backup's.
    const expected = real.stdout
      .replace(/^time=.*\n/m, '')
      .replace(/(metadata:\n {4}labels:\n) {6}velero.io\/schedule-name: daily\n/, '$1');
    expect(ours.stdout).toBe(expected);
  });
});

describe('describe', () => {
  it.each(
    ['full', 'old', ...RECORDED].flatMap((name) => [
      [['backup', 'describe', name]],
      [['describe', 'backup', name, '--details']],
      [['backup', 'describe', name, '-o', 'json']],
      [['backup', 'describe', name, '--details', '-o', 'json']],
    ]),
  )('V-CLI-022 V-CLI-023 V-CLI-024 V-CLI-025 V-CLI-026 V-CLI-027 V-CLI-029 %j', (args) =>
    expectSame([...args, '-n', SERVED]),
  );

  it('V-CLI-028 V-CLI-029 JSON says why volumes are not told, which the original forgets', async () => {
    const { real, ours } = await both(cluster, ['backup', 'describe', 'bare', '-o', 'json', '-n', SERVED]);
    const told = JSON.parse(ours.stdout) as { status: { backupVolumes?: Record<string, string> } };
    expect(told.status.backupVolumes).toEqual({
      errorReadBackupVolumeInfo: 'error reading backup volume info: REASON',
    });
    delete told.status.backupVolumes;
    expect(told).toEqual(JSON.parse(real.stdout));
  });

  it('V-CLI-023 V-CLI-032 a backup whose files no server can give', () =>
    expectSame(['backup', 'describe', 'refused', '-n', SERVED]));

  it.each([[['backup', 'describe', 'bare']], [['backup', 'describe', 'bare', '--details']]])(
    'V-CLI-024 V-CLI-028 files that are missing or damaged: %j',
    (args) => expectSame([...args, '-n', SERVED]),
  );

  it('V-CLI-022 several backups; JSON is for one only', () =>
    expectSame(['backup', 'describe', 'full', 'old', '-o', 'json', '-n', SERVED]));

  it.each(
    ['back', 'plain'].flatMap((name) => [
      [['restore', 'describe', name]],
      [['describe', 'restores', name, '--details']],
    ]),
  )('V-CLI-025 V-CLI-045 %j', (args) => expectSame([...args, '-n', SERVED]));

  it.each([[shelf('schedule', 'describe')], [shelf('describe', 'schedules', 'paused')]])(
    'V-CLI-052 V-CLI-053 %j',
    (args) => expectSame(args),
  );
});

describe('files', () => {
  it.each([[['backup', 'logs', 'full']], [['backup', 'logs', 'shop-fsb3']], [['restore', 'logs', 'back']]])(
    'V-CLI-030 V-CLI-032 V-CLI-047 %j',
    (args) => expectSame([...args, '-n', SERVED]),
  );

  it('V-CLI-031 download writes the same file with the same mode, and asks before it overwrites', async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'download-'));
    const args = (side: string) => [
      'backup',
      'download',
      'shop-fsb3',
      '-n',
      SERVED,
      '-o',
      path.join(folder, `${side}.tar.gz`),
    ];
    const real = await velero(cluster, 'real', args('real'));
    const ours = await velero(cluster, 'ours', args('ours'), { fromSource: true });
    expect(ours.stdout.replace('ours', 'real')).toBe(real.stdout);
    expect(readFileSync(path.join(folder, 'ours.tar.gz'))).toEqual(
      readFileSync(path.join(folder, 'real.tar.gz')),
    );
    const again = await velero(cluster, 'ours', args('ours'), { fromSource: true });
    expect(again.code).toBe(1);
    expect(again.stderr).toContain(`An error occurred: open ${folder}/ours.tar.gz: file exists\n`);
    const forced = await velero(cluster, 'ours', [...args('ours'), '--force'], { fromSource: true });
    expect(forced.code).toBe(0);
  });

  it('V-CLI-028 V-CLI-032 a file that the store does not have', () =>
    expectSame(['backup', 'logs', 'old', '-n', SERVED]));
});

describe('errors and exit codes', () => {
  it.each([
    [shelf('backup', 'get', 'nope')],
    [shelf('backup', 'get', 'b', 'nope', '-o', 'json')],
    [shelf('backup', 'get', '-o', 'xml')],
    [shelf('backup', 'get', '-l', 'a=(')],
    [shelf('backup', 'describe', 'nope')],
    [shelf('backup', 'describe', 'b', '-o', 'yaml')],
    [shelf('backup', 'logs', 'nope')],
    [shelf('backup', 'logs', 'fresh')],
    [shelf('backup', 'logs')],
    [shelf('backup', 'download', 'nope')],
    [shelf('restore', 'logs', 'nope')],
    [shelf('restore', 'logs', 'r2')],
    [shelf('restore', 'describe', 'nope')],
  ])('V-CLI-006 V-CLI-011 V-CLI-022 V-CLI-030 V-CLI-047 reading: %j', (args) => expectSame(args));

  it.each([
    [shelf('backup', 'create')],
    [shelf('backup', 'create', 'a', 'b')],
    [shelf('backup', 'create', 'a', '-l', 'a=b', '--or-selector', 'c=d')],
    [
      shelf(
        'backup',
        'create',
        'a',
        '--include-resources',
        'pods',
        '--include-cluster-scoped-resources',
        'nodes',
      ),
    ],
    [shelf('backup', 'create', 'a', '--include-namespaces', 'a,*')],
    [shelf('backup', 'create', 'a', '--include-namespaces', 'a,b', '--exclude-namespaces', 'b,c')],
    [shelf('backup', 'create', 'a', '--include-namespaces', 'Bad_Name')],
    [shelf('backup', 'create', 'a', '--ordered-resources', 'pods')],
    [shelf('backup', 'create', 'a', '--storage-location', 'nope')],
    [shelf('backup', 'create', 'a', '--volume-snapshot-locations', 'vsl,nope')],
    [shelf('backup', 'create', 'a', '--from-schedule', 'nope')],
    [shelf('backup', 'create', 'b')],
    [shelf('backup', 'create', 'Bad_Name')],
    [shelf('restore', 'create')],
    [shelf('restore', 'create', '--from-backup', 'b', '--from-schedule', 's')],
    [shelf('restore', 'create', '--from-backup', 'nope')],
    [shelf('restore', 'create', '--from-schedule', 'nope')],
    [shelf('restore', 'create', '--from-backup', 'b', '--existing-resource-policy', 'patch')],
    [shelf('restore', 'create', '--from-backup', 'b', '--parallel-files-download', '-1')],
    [shelf('restore', 'create', 'r1', '--from-backup', 'b')],
    [shelf('schedule', 'create', 'x')],
    [shelf('backup-location', 'create', 'x')],
    [shelf('backup-location', 'create', 'x', '--provider', 'aws')],
    [shelf('backup-location', 'create', 'x', '--provider', 'aws', '--bucket', 'b', '--default')],
    [
      shelf(
        'backup-location',
        'create',
        'x',
        '--provider',
        'aws',
        '--bucket',
        'b',
        '--credential',
        'a=b,c=d',
      ),
    ],
    [shelf('backup-location', 'create', 'x', '--provider', 'aws', '--bucket', 'b', '--access-mode', 'Write')],
    [
      shelf(
        'backup-location',
        'create',
        'x',
        '--provider',
        'aws',
        '--bucket',
        'b',
        '--cacert',
        '/does/not/exist',
      ),
    ],
    [shelf('backup-location', 'set', 'nope', '--default')],
    [shelf('backup-location', 'set', 'other', '--default')],
    [shelf('backup-location', 'set', 'default', '--default')],
    [shelf('snapshot-location', 'create', 'x')],
    [shelf('snapshot-location', 'set', 'nope')],
  ])('V-CLI-016 V-CLI-039 V-CLI-049 V-CLI-056 V-CLI-057 creating: %j', (args) => expectSame(args));

  it.each([
    [shelf('backup', 'delete')],
    [shelf('backup', 'delete', 'b', '--all')],
    [shelf('backup', 'delete', 'nope', '--confirm')],
    [shelf('restore', 'delete', 'nope', 'r1', '--confirm')],
    [shelf('schedule', 'delete', 'nope', '--confirm')],
    [shelf('schedule', 'pause')],
    [shelf('schedule', 'pause', 'paused')],
    [shelf('schedule', 'unpause', 'nope')],
    [shelf('backup-location', 'delete', 'nope', '--confirm')],
    [shelf('plugin', 'add', 'image:1', '--confirm')],
    [shelf('plugin', 'remove', 'image:1')],
  ])('V-CLI-034 V-CLI-035 V-CLI-048 V-CLI-054 V-CLI-055 V-CLI-065 deleting: %j', (args) => expectSame(args));

  it.each([
    [['--kubecontext', 'nope', 'backup', 'get']],
    [['--kubeconfig', '/does/not/exist', 'backup', 'get']],
  ])('V-CLI-008 no way to a cluster: %j', (args) => expectSame(args));

  it.each([
    [['nope']],
    [['--nope']],
    [['backup', 'get', '--nope']],
    [['backup', 'get', '-z']],
    [['backup', 'get', '-n']],
    [['backup', 'get', '--namespace']],
    [['backup', 'create', 'x', '--ttl', '1d']],
    [['backup', 'create', 'x', '--ttl', '5']],
    [['backup', 'create', 'x', '--parallel-files-upload', 'many']],
    [['backup', 'create', 'x', '--wait=maybe']],
    [['backup', 'create', 'x', '--labels', 'novalue']],
    [['backup', 'create', 'x', '--labels', '"open']],
    [['backup', 'create', 'x', '--labels', '']],
    [['backup', 'create', 'x', '-l', 'a=(b']],
    [['backup', 'create', 'x', '-l', 'a>1']],
    [['backup', 'create', 'x', '--volume-snapshot-locations', 'a"b']],
    [['backup', 'create', 'x', '--snapshot-volumes=maybe']],
    [['restore', 'describe', 'x', '-o', 'json']],
    [['client', 'config', 'set']],
    [['completion']],
    [['completion', 'tcsh']],
  ])('V-CLI-007 V-CLI-046 V-CLI-068 wrong calls: %j', (args) => expectSame(args));
});

describe('changes', () => {
  it('V-CLI-034 a prompt is repeated until it is answered, and no ends without an error', () =>
    expectSame(shelf('backup', 'delete', 'b'), { input: 'maybe\n\nn\n' }));

  it('V-CLI-034 nobody to answer', () => expectSame(shelf('backup', 'delete', 'b'), { input: '' }));

  const cases: [string, (side: string) => string[]][] = [
    ['V-CLI-018 backup create', (side) => shelf('backup', 'create', `made-${side}`)],
    ['V-CLI-035 backup delete', (side) => shelf('backup', 'delete', `made-${side}`, 'b', '--confirm')],
    ['V-CLI-043 restore create', (side) => shelf('restore', 'create', `made-${side}`, '--from-backup', 'b')],
    ['V-CLI-048 restore delete', (side) => shelf('restore', 'delete', `made-${side}`, '--confirm')],
    [
      'V-CLI-049 schedule create',
      (side) => shelf('schedule', 'create', `made-${side}`, '--schedule', '0 1 * * *'),
    ],
    ['V-CLI-054 schedule pause', (side) => shelf('schedule', 'pause', `made-${side}`)],
    [
      'V-CLI-054 schedule unpause',
      (side) => shelf('schedule', 'unpause', `made-${side}`, '--skip-immediately', 'true'),
    ],
    ['V-CLI-055 schedule delete', (side) => shelf('schedule', 'delete', `made-${side}`, '--confirm')],
    [
      'V-CLI-056 backup-location create',
      (side) => shelf('backup-location', 'create', `made-${side}`, '--provider', 'aws', '--bucket', 'b'),
    ],
    [
      'V-CLI-057 backup-location set',
      (side) => shelf('backup-location', 'set', `made-${side}`, '--credential', 's=k'),
    ],
    [
      'V-CLI-060 backup-location delete',
      (side) => shelf('backup-location', 'delete', `made-${side}`, '--confirm'),
    ],
    [
      'V-CLI-061 snapshot-location create',
      (side) => shelf('snapshot-location', 'create', `made-${side}`, '--provider', 'aws'),
    ],
    [
      'V-CLI-061 snapshot-location set',
      (side) => shelf('snapshot-location', 'set', `made-${side}`, '--credential', 's=k'),
    ],
  ];

  it.each(cases)('%s', async (_title, args) => {
    const plain = (side: string) => [...args(side), '--colorized=false'];
    const real = await velero(cluster, 'real', plain('real'));
    const ours = await velero(cluster, 'ours', plain('ours'), { fromSource: true });
    const rename = (text: string) => text.replaceAll('made-ours', 'made-real');
    expect({ ...ours, stdout: rename(ours.stdout), stderr: rename(ours.stderr) }).toEqual(real);
  });
});

describe('client configuration', () => {
  it('V-CLI-002 V-CLI-003 V-CLI-005 get, set and the order of namespaces', async () => {
    const run = async (side: 'real' | 'ours') => {
      const home = mkdtempSync(path.join(tmpdir(), `home-${side}-`));
      const env = { HOME: home, VELERO_NAMESPACE: SHELF };
      const call = (...args: string[]) => velero(cluster, side, args, { env, fromSource: true });
      const results = [
        await call('client', 'config', 'get', 'namespace', 'nope'),
        await call('schedule', 'get', 'daily', '-o', 'json'),
        await call(
          'client',
          'config',
          'set',
          'namespace=elsewhere',
          'features=EnableCSI',
          'bad',
          'a=b=c',
          'cacert=x',
        ),
        await call('client', 'config', 'get'),
        await call('schedule', 'get', 'daily'),
        await call('client', 'config', 'set', 'cacert='),
        await call('client', 'config', 'get', 'cacert', 'features'),
      ];
      return { results, file: readFileSync(path.join(home, '.config/velero/config.json'), 'utf8') };
    };
    expect(await run('ours')).toEqual(await run('real'));
  });

  it('V-CLI-004 a file that cannot be read is only a warning', async () => {
    const home = mkdtempSync(path.join(tmpdir(), 'home-'));
    execFileSync('mkdir', ['-p', path.join(home, '.config/velero')]);
    writeFileSync(path.join(home, '.config/velero/config.json'), '{broken');
    const result = await velero(cluster, 'ours', shelf('backup', 'get', 'b'), {
      env: { HOME: home },
      fromSource: true,
    });
    expect(result.code).toBe(0);
    expect(result.stderr).toMatch(/^WARNING: Error reading config file: /);
    expect(result.stdout).toContain('Completed');
  });
});
