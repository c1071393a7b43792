/** What the tests of bad input and disturbances share: what users see, and proofs that nothing is lost or left. */

import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect } from 'vitest';
import type { Cluster } from '../../../dev/cluster/index.ts';
import type { Api } from '../../support/api.ts';
import { BucketFolder } from '../../support/bucket.ts';
import { velero } from '../../support/velero.ts';
import type { Stage, Velero } from '../server/support.ts';

/** What a command line shows, standard output and error in one. */
export async function shown(cluster: Cluster, namespace: string, ...args: string[]): Promise<string> {
  const { stdout, stderr } = await velero(cluster, 'ours', [...args, '-n', namespace, '--colorized=false'], {
    fromSource: true,
  });
  return stdout + stderr;
}

/** `velero backup logs`, which has no colours. */
export async function logsOf(
  cluster: Cluster,
  namespace: string,
  kind: 'backup' | 'restore',
  name: string,
): Promise<string> {
  const { stdout, stderr } = await velero(cluster, 'ours', [kind, 'logs', name, '-n', namespace], {
    fromSource: true,
  });
  return stdout + stderr;
}

const PLURALS = [
  ['/api/v1', 'configmaps', 'configmaps'],
  ['/api/v1', 'secrets', 'secrets'],
  ['/apis/apps/v1', 'deployments', 'deployments.apps'],
] as const;

const KINDS: ReadonlySet<string> = new Set(PLURALS.map(([, , groupResource]) => groupResource));

/** `configmaps/shop/a` of everything in the namespaces that a population consists of, made by Kubernetes or not. */
export async function objectsIn(api: Api, namespaces: readonly string[]): Promise<Set<string>> {
  const wanted = new Set(namespaces);
  const found = new Set<string>();
  for (const [base, plural, groupResource] of PLURALS) {
    for (const { metadata } of await api.list(`${base}/${plural}`)) {
      if (wanted.has(metadata.namespace ?? '')) {
        found.add(`${groupResource}/${metadata.namespace}/${metadata.name}`);
      }
    }
  }
  return found;
}

/** The same of a backup's archive, as GNU tar lists it. */
export function objectsInArchive(folder: BucketFolder, name: string): Set<string> {
  const listing = execFileSync('tar', ['-tzf', path.join(folder.folder, `${name}.tar.gz`)], {
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  });
  const found = new Set<string>();
  for (const line of listing.split('\n')) {
    const match = /^resources\/([^/]+)\/namespaces\/([^/]+)\/([^/]+)\.json$/.exec(line);
    if (match && KINDS.has(match[1] as string)) found.add(`${match[1]}/${match[2]}/${match[3]}`);
  }
  return found;
}

/** Every object that existed is in the archive. */
export function expectNothingLost(before: ReadonlySet<string>, archive: ReadonlySet<string>): void {
  expect([...before].filter((object) => !archive.has(object))).toEqual([]);
}

const TERMINAL = ['Completed', 'PartiallyFailed', 'Failed', 'FailedValidation'];

/** Nothing is stuck, and what looks like a backup in the bucket is one: it is finished and has its archive. */
export async function expectAtRest(s: Stage, velero: Velero, bucket: string): Promise<void> {
  const runs = [...(await velero.list('backups')), ...(await velero.list('restores'))];
  expect(
    runs.filter(({ status }) => !TERMINAL.includes(status?.phase ?? '')).map(({ metadata }) => metadata.name),
  ).toEqual([]);
  const root = path.join(s.cluster.s3.dataFolder, bucket, 'backups');
  for (const name of existsSync(root) ? readdirSync(root) : []) {
    const folder = new BucketFolder(s.cluster, '', 'backups', name, bucket);
    if (!folder.has('velero-backup.json')) continue;
    const { status } = folder.json<{ status: { phase: string } }>('velero-backup.json');
    expect([name, TERMINAL.includes(status.phase)]).toEqual([name, true]);
    if (status.phase !== 'Failed') expect([name, folder.has(`${name}.tar.gz`)]).toEqual([name, true]);
  }
}

/** A directory for a server's temporary files alone. */
export function ownTemp(): string {
  return mkdtempSync(path.join(tmpdir(), 'adversity-'));
}

/** Files below a server's temporary directory, its credentials aside. */
export function spoolFiles(temp: string): string[] {
  return readdirSync(temp, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.parentPath.includes('credentials'))
    .map((entry) => entry.name);
}
