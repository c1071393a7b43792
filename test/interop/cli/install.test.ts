import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { buildPrograms } from '../../../dev/cluster/index.ts';

/** What the original and ours would install, resource by resource; CRDs are compared elsewhere, here by name only. */

let real: string;
const ours = path.resolve(import.meta.dirname, '../../../src/main.ts');
const secret = path.join(tmpdir(), 'install-secret');

beforeAll(async () => {
  real = (await buildPrograms(['velero'])).velero as string;
  writeFileSync(secret, '[default]\n');
}, 600_000);

function run(
  command: string,
  args: readonly string[],
): Promise<{ code: number; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    execFile(
      command,
      args,
      { env: { HOME: '/nonexistent', PATH: process.env['PATH'] }, maxBuffer: 1 << 26 },
      (error, stdout, stderr) => {
        resolve({ code: error ? 1 : 0, stdout, stderr: stderr.split('\n')[0] as string });
      },
    );
  });
}

async function both(args: readonly string[]) {
  const [theirs, mine] = await Promise.all([
    run(real, ['install', ...args]),
    run(process.execPath, [ours, 'velero', 'install', ...args]),
  ]);
  return { theirs, mine };
}

interface Item {
  kind: string;
  metadata: { name: string };
}

function parse(text: string): { crds: string[]; others: Item[] } {
  const [document] = parseAllDocuments(text) as unknown as [{ toJS(): { items: Item[] } }];
  const { items } = document.toJS();
  return {
    crds: items
      .filter(({ kind }) => kind === 'CustomResourceDefinition')
      .map(({ metadata }) => metadata.name),
    others: items.filter(({ kind }) => kind !== 'CustomResourceDefinition'),
  };
}

const AWS = ['--provider', 'aws', '--bucket', 'b', '--plugins', 'p/q:v1'];
const DRY = ['--dry-run', '-o', 'yaml', '--image', 'x/y:v1'];

describe('install', () => {
  it.each([
    [[...AWS, '--no-secret']],
    [[...AWS, '--secret-file', secret, '--use-node-agent', '-n', 'elsewhere']],
    [
      [
        ...AWS,
        '--no-secret',
        '--features',
        'EnableCSI',
        '--backup-location-config',
        'region=r',
        '--snapshot-location-config',
        'a=b',
        '--prefix',
        'pp',
        '--cacert',
        secret,
      ],
    ],
    [
      [
        ...AWS,
        '--no-secret',
        '--service-account-name',
        'sa',
        '--use-volume-snapshots=false',
        '--use-node-agent',
        '--privileged-node-agent',
        '--default-volumes-to-fs-backup',
      ],
    ],
    [
      [
        ...AWS,
        '--no-secret',
        '--sa-annotations',
        'a=b',
        '--pod-annotations',
        'c=d',
        '--pod-labels',
        'e=f',
        '--restore-only',
        '--uploader-type',
        'restic',
      ],
    ],
    [
      [
        ...AWS,
        '--no-secret',
        '--velero-pod-cpu-request',
        '0',
        '--velero-pod-mem-request',
        '0.5Gi',
        '--velero-pod-mem-limit',
        '1500M',
        '--velero-pod-cpu-limit',
        '2000m',
        '--node-agent-pod-cpu-request',
        '1',
        '--node-agent-pod-mem-limit',
        '1024Mi',
      ],
    ],
    [
      [
        ...AWS,
        '--no-secret',
        '--default-repo-maintain-frequency',
        '90m',
        '--garbage-collection-frequency',
        '2h',
        '--pod-volume-operation-timeout',
        '1h',
        '--default-snapshot-move-data',
        '--disable-informer-cache',
        '--schedule-skip-immediately',
        '--keep-latest-maintenance-jobs',
        '5',
        '--maintenance-job-cpu-limit',
        '1',
        '--maintenance-job-mem-request',
        '1Gi',
      ],
    ],
    [['--no-default-backup-location', '--use-volume-snapshots=false', '--no-secret']],
  ])('V-CLI-072 V-CLI-073 V-CLI-074 V-CLI-076 V-CLI-077 V-CLI-078 V-CLI-080 V-CLI-081 %j', async (args) => {
    const { theirs, mine } = await both([...args, ...DRY]);
    expect(mine.stderr).toBe('');
    expect(parse(mine.stdout)).toEqual(parse(theirs.stdout));
  });

  it.each(['x/y:latest', 'x/y', 'host:5000/x/y:v1'])('V-CLI-079 pull policy of %s', async (image) => {
    const { theirs, mine } = await both([...AWS, '--no-secret', '--dry-run', '-o', 'yaml', '--image', image]);
    expect(parse(mine.stdout)).toEqual(parse(theirs.stdout));
  });

  it('V-CLI-076 the texts are the same to the letter, CRDs aside', async () => {
    for (const format of ['yaml', 'json']) {
      const { theirs, mine } = await both([
        ...AWS,
        '--no-secret',
        '--dry-run',
        '-o',
        format,
        '--image',
        'x/y:v1',
      ]);
      const tail = (text: string) => text.slice(text.indexOf('pod-security.kubernetes.io/audit'));
      expect(tail(mine.stdout)).toBe(tail(theirs.stdout));
    }
  });

  it('V-CLI-072 only the CRDs', async () => {
    const { theirs, mine } = await both(['--crds-only', '--dry-run', '-o', 'yaml']);
    expect(parse(mine.stdout)).toEqual(parse(theirs.stdout));
  });

  it.each([
    [[]],
    [['-o', 'table']],
    [['-o', 'xml']],
    [['--uploader-type', 'x']],
    [['--provider', 'aws']],
    [['--provider', 'aws', '--bucket', '-b']],
    [['--provider', 'aws', '--bucket', 'b']],
    [['--provider', 'aws', '--bucket', 'b', '--plugins', 'p']],
    [['--provider', 'aws', '--bucket', 'b', '--plugins', 'p', '--no-secret', '--secret-file', 'x']],
    [['--provider', 'aws', '--bucket', 'b', '--plugins', 'p', '--secret-file', '/does/not/exist']],
    [['--bucket', 'b', '--no-default-backup-location']],
    [['--prefix', 'b', '--no-default-backup-location']],
    [['--backup-location-config', 'a=b', '--no-default-backup-location']],
    [['--no-default-backup-location']],
    [['--no-default-backup-location', '--use-volume-snapshots=false', '--provider', 'aws']],
    [[...AWS, '--use-volume-snapshots=false', '--snapshot-location-config', 'a=b']],
    [[...AWS, '--default-volumes-to-fs-backup']],
    [[...AWS, '--no-secret', '--garbage-collection-frequency', '-1h']],
    [[...AWS, '--no-secret', '--velero-pod-cpu-limit', 'much', '--dry-run']],
    [[...AWS, '--no-secret', '--velero-pod-cpu-request', '2', '--dry-run']],
  ])('V-CLI-075 refuses %j', async (args) => {
    const { theirs, mine } = await both(args);
    expect(mine).toEqual(theirs);
  });
});
