/** What a debug bundle holds, under the names that the original's collector gives it. */

import { createWriteStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { pack, type Pack } from 'tar-stream';
import type { Backup } from '../../api/backup.ts';
import { KINDS } from '../../api/kinds.ts';
import type { KubeObject } from '../../api/object.ts';
import type { Restore } from '../../api/restore.ts';
import type { ApiResource } from '../../kube/contract.ts';
import { messageOf } from '../../lib/errors.ts';
import { compactTime } from '../../lib/go-time.ts';
import { GIT_COMMIT, VERSION } from '../../lib/version.ts';
import { gatherBackup } from '../describe/backup-facts.ts';
import { describeBackup } from '../describe/backup.ts';
import { gatherRestore } from '../describe/restore-facts.ts';
import { describeRestore } from '../describe/restore.ts';
import { download } from '../download.ts';
import { getObject } from '../objects.ts';
import { noColours } from '../print/colour.ts';
import { serverStatus } from '../server-status.ts';
import type { Session } from '../session.ts';

export interface BundleWish {
  /** Name of a backup, or empty. */
  backup: string;
  /** Name of a restore, or empty. */
  restore: string;
  cacert: string;
  /** Told what is being collected. */
  note(text: string): void;
}

const ROOT = 'velero-bundle';
const LOG_TIMEOUT_MS = 60_000;

/** Writes the bundle; what cannot be collected is said in its place. @throws where the file cannot be written */
export async function writeBundle(session: Session, output: string, wish: BundleWish): Promise<void> {
  const tar = pack();
  const written = pipeline(tar, createGzip(), createWriteStream(output, { mode: 0o600 }));
  try {
    await Promise.race([collect(session, tar, wish), written]);
    tar.finalize();
    await written;
  } catch (error) {
    tar.destroy();
    await written.catch(() => undefined);
    await rm(output, { force: true });
    throw error;
  }
}

async function collect(session: Session, tar: Pack, wish: BundleWish): Promise<void> {
  const add = async (name: string, content: () => Promise<string>) => {
    wish.note(`Collecting ${name}`);
    const text = await content().catch((error: unknown) => `error: ${messageOf(error)}\n`);
    const mtime = new Date(session.terminal.clock.now());
    await new Promise<void>((resolve, reject) => {
      tar.entry({ name: `${ROOT}/${name}`, mode: 0o644, mtime }, text, (error) =>
        error ? reject(error) : resolve(),
      );
    });
  };
  await collectObjects(session, add);
  await add('version.txt', () => versionText(session));
  await collectLogs(session, add);
  const tls = { 'insecure-skip-tls-verify': false, cacert: wish.cacert };
  const { backup, restore } = wish;
  if (backup !== '') {
    await add(`backup_describe_${backup}.txt`, async () => {
      const object = await getObject<Backup>(session, 'Backup', backup);
      return describeBackup(await gatherBackup(session, object, true, tls), true, noColours);
    });
    await add(`backup_${backup}.log`, () =>
      textOf((sink) => download(session, 'BackupLog', backup, { ...tls, timeoutMs: LOG_TIMEOUT_MS }, sink)),
    );
  }
  if (restore !== '') {
    await add(`restore_describe_${restore}.txt`, async () => {
      const object = await getObject<Restore>(session, 'Restore', restore);
      return describeRestore(await gatherRestore(session, object, true, tls), true, noColours);
    });
    await add(`restore_${restore}.log`, () =>
      textOf((sink) => download(session, 'RestoreLog', restore, { ...tls, timeoutMs: LOG_TIMEOUT_MS }, sink)),
    );
  }
}

type Add = (name: string, content: () => Promise<string>) => Promise<void>;

async function collectObjects(session: Session, add: Add): Promise<void> {
  const { namespace } = session;
  const stamp = stampOf(session);
  for (const resource of Object.values(KINDS)) {
    const folder = `kubecapture/${resource.group}_${resource.version}/${namespace}`;
    await add(`${folder}/${resource.resource}-${stamp}.json`, () => listText(session, resource));
  }
}

async function listText(session: Session, resource: ApiResource): Promise<string> {
  const kube = await session.kube();
  const items = await kube.list(resource, { namespace: session.namespace });
  return `${JSON.stringify({ apiVersion: 'v1', kind: 'List', items }, null, 4)}\n`;
}

const PODS: ApiResource = {
  group: '',
  version: 'v1',
  resource: 'pods',
  kind: 'Pod',
  singular: 'pod',
  shortNames: ['po'],
  namespaced: true,
  verbs: ['get', 'list'],
  preferred: true,
};

interface Pod extends KubeObject {
  spec: { containers: { name: string }[]; initContainers?: { name: string }[] };
}

async function collectLogs(session: Session, add: Add): Promise<void> {
  const { namespace } = session;
  const kube = await session.kube();
  const folder = `kubecapture/core_v1/${namespace}`;
  const pods = await kube.list<Pod>(PODS, { namespace });
  await add(`${folder}/pods-${stampOf(session)}.json`, () => listText(session, PODS));
  for (const { metadata, spec } of pods) {
    for (const { name } of [...(spec.initContainers ?? []), ...spec.containers]) {
      const query = `container=${encodeURIComponent(name)}`;
      const log = `/api/v1/namespaces/${namespace}/pods/${metadata.name}/log?${query}`;
      await add(`${folder}/${metadata.name}/${name}.log`, () => kube.raw('GET', log));
    }
  }
}

async function versionText(session: Session): Promise<string> {
  const { status } = await serverStatus(session, 5_000);
  return `Client:\n\tVersion: ${VERSION}\n\tGit commit: ${GIT_COMMIT}\nServer:\n\tVersion: ${status?.serverVersion ?? ''}\n`;
}

function stampOf({ terminal: { clock } }: Session): string {
  const now = clock.now();
  return `${compactTime(now, 'local').slice(0, 12)}.${String(now % 1000).padEnd(4, '0')}`;
}

async function textOf(fill: (sink: Writable) => Promise<void>): Promise<string> {
  const chunks: Uint8Array[] = [];
  await fill(
    new Writable({
      write(chunk: Uint8Array, _encoding, done) {
        chunks.push(chunk);
        done();
      },
    }),
  );
  return Buffer.concat(chunks).toString('utf8');
}
