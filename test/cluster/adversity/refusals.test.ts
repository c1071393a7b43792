import { execFileSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BucketFolder } from '../../support/bucket.ts';
import { startDenyingWebhook } from '../../support/denying-webhook.ts';
import { type OurServer, startOurServer } from '../../support/our-server.ts';
import { namespacesOf, populate, type Population } from '../../support/populate.ts';
import { ensureNamespace } from '../../support/velero.ts';
import { locationWithBucket, makeItems, type Stage, stage, strike, Velero } from '../server/support.ts';
import {
  expectAtRest,
  expectNothingLost,
  logsOf,
  objectsIn,
  objectsInArchive,
  ownTemp,
  shown,
  spoolFiles,
} from './support.ts';

/** A cluster that refuses, a disk that is full, and more runs than may go at once. */

let s: Stage;
let server: OurServer;
let velero: Velero;
const ns = 'velero-refusals';
const bucket = 'refusals';

beforeAll(async () => {
  s = await stage();
  await locationWithBucket(s, ns, bucket);
  server = await startOurServer(s.cluster, {
    namespace: ns,
    flags: { 'terminating-resource-timeout': 3000 },
  });
  velero = new Velero(s.api, ns);
});

afterAll(async () => {
  await server?.stop();
  if (s) await strike(s);
});

const DEFINITIONS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
const WIDGETS = '/apis/gone.example.com/v1/namespaces/app/widgets';

async function defineWidgets(): Promise<void> {
  await s.api.create(DEFINITIONS, {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: 'widgets.gone.example.com' },
    spec: {
      group: 'gone.example.com',
      scope: 'Namespaced',
      names: { plural: 'widgets', singular: 'widget', kind: 'Widget', listKind: 'WidgetList' },
      versions: [
        { name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } } },
      ],
    },
  });
  await s.api.until(
    () =>
      s.api.list(WIDGETS).then(
        () => true,
        () => false,
      ),
    (served) => served,
    'widgets to be served',
  );
}

describe('a restore into a cluster that refuses', () => {
  it('V-RST-097 V-ERR-036 names each object that a webhook, a terminating namespace or a missing kind kept back, and restores all others', async () => {
    await makeItems(s.api, 'app', 5);
    await makeItems(s.api, 'stuck', 5);
    await s.api.create('/api/v1/namespaces/app/configmaps', {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'bad' },
    });
    await defineWidgets();
    await s.api.create(WIDGETS, {
      apiVersion: 'gone.example.com/v1',
      kind: 'Widget',
      metadata: { name: 'w' },
    });
    const backup = await velero.run('backups', 'app', { includedNamespaces: ['app', 'stuck'] });
    expect(backup.status?.phase).toBe('Completed');

    // The kind goes, one namespace cannot go, and a webhook watches over the other.
    await s.api.delete(`${DEFINITIONS}/widgets.gone.example.com`);
    await s.api.create('/api/v1/namespaces/stuck/configmaps', {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'holder', finalizers: ['example.io/hold'] },
    });
    await s.api.delete('/api/v1/namespaces/stuck');
    await s.api.until(
      async () => JSON.stringify((await s.api.get('/api/v1/namespaces/stuck'))['status']),
      (status) =>
        /"NamespaceFinalizersRemaining"[^}]*|"True"/.test(status) && status.includes('example.io/hold'),
      'the namespace to say what it waits for',
    );
    await ensureNamespace(s.api, 'guarded');
    await using _webhook = await startDenyingWebhook(s.cluster, s.api, 'guarded');
    const { status } = await velero.run('restores', 'refused', {
      backupName: 'app',
      namespaceMapping: { app: 'guarded' },
      excludedResources: ['customresourcedefinitions.apiextensions.k8s.io'],
    });
    expect(status?.phase).toBe('PartiallyFailed');
    const [text, logs] = await Promise.all([
      shown(s.cluster, ns, 'restore', 'describe', 'refused', '--details'),
      logsOf(s.cluster, ns, 'restore', 'refused'),
    ]);
    for (const part of [
      'error restoring configmaps/guarded/bad: admission webhook "guard.example.com" denied the request: bad is not welcome',
      'error restoring widgets.gone.example.com/guarded/w: the server could not find the requested resource (gone.example.com/v1, Kind=Widget is not served by this cluster: restore its custom resource definition or install what serves it)',
      'error getting namespace stuck: timed out after 3s: the namespace is still being deleted; ',
      ...Array.from({ length: 5 }, (_, index) => `error restoring configmaps/stuck/item-${index}: `),
    ]) {
      expect(text).toContain(part);
      expect(logs.replaceAll('\\"', '"')).toContain(part);
    }
    expect(text).toMatch(/example\.io\/hold/);
    const list = (await s.api.list('/api/v1/namespaces/guarded/configmaps')).map(
      ({ metadata }) => metadata.name,
    );
    expect(list.filter((name) => name.startsWith('item-'))).toHaveLength(5);
    await s.api.patch('/api/v1/namespaces/stuck/configmaps/holder', { metadata: { finalizers: null } });
  });
});

describe('eight backups and eight restores at the same moment', () => {
  const population: Population = { prefix: 'many', namespaces: 8, perNamespace: 150 };
  const namespaces = namespacesOf(population);
  const eight = namespaces.map((_, index) => index);

  it('all are Completed and whole, with never more than four backups under way', async () => {
    await populate(s.api, population);
    const before = await objectsIn(s.api, namespaces);
    const base = await velero.run('backups', 'base', { includedNamespaces: namespaces });
    expect(base.status?.phase).toBe('Completed');
    await Promise.all(
      eight.flatMap((index) => [
        velero.create('backups', `b-${index}`, { includedNamespaces: [namespaces[index]] }),
        velero.create('restores', `r-${index}`, {
          backupName: 'base',
          includedNamespaces: [namespaces[index]],
          namespaceMapping: { [namespaces[index] as string]: `copy-${index}` },
        }),
      ]),
    );
    for (const index of eight) {
      for (const [plural, name] of [
        ['backups', `b-${index}`],
        ['restores', `r-${index}`],
      ] as const) {
        const { status } = await velero.ended(plural, name);
        expect([name, status?.phase, status?.warnings]).toEqual([name, 'Completed', undefined]);
      }
      const own = new Set([...before].filter((object) => object.includes(`/${namespaces[index]}/`)));
      expect(
        objectsInArchive(new BucketFolder(s.cluster, '', 'backups', `b-${index}`, bucket), `b-${index}`),
      ).toEqual(own);
      const copies = await objectsIn(s.api, [`copy-${index}`]);
      expect(
        [...own].filter((object) => !copies.has(object.replace(`/${namespaces[index]}/`, `/copy-${index}/`))),
      ).toEqual([]);
    }
    expect(
      mostAtOnce(
        /backup=velero-refusals\/(b-\d)/,
        'Setting up backup log',
        'Initial backup processing complete',
      ),
    ).toBeLessThanOrEqual(4);
    await expectAtRest(s, velero, bucket);
  });

  function mostAtOnce(who: RegExp, begin: string, end: string): number {
    const running = new Set<string>();
    let most = 0;
    for (const line of server.log().split('\n')) {
      const name = who.exec(line)?.[1];
      if (name === undefined) continue;
      if (line.includes(begin)) running.add(name);
      if (line.includes(end)) running.delete(name);
      most = Math.max(most, running.size);
    }
    return most;
  }
});

describe('a full disk under the temporary files', () => {
  const temp = ownTemp();
  const own = 'velero-full';
  let small: OurServer;
  let inSmall: Velero;

  beforeAll(async () => {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=256k,mode=0700', 'adversity', temp]);
    await locationWithBucket(s, own, 'full');
    small = await startOurServer(s.cluster, { namespace: own, env: { TMPDIR: temp } });
    inSmall = new Velero(s.api, own);
  });

  afterAll(async () => {
    await small?.stop();
    execFileSync('umount', ['-l', temp]);
    rmSync(temp, { recursive: true, force: true });
  });

  it('makes a backup Failed, naming the directory and what to do; with more room everything works', async () => {
    const namespaces = (await s.api.list('/api/v1/namespaces'))
      .map(({ metadata }) => metadata.name)
      .filter((name) => name.startsWith('many-'));
    const before = await objectsIn(s.api, namespaces);
    const { status } = await inSmall.run('backups', 'too-large', { includedNamespaces: namespaces });
    expect(status?.phase).toBe('Failed');
    expect(status?.failureReason).toMatch(
      /cannot write temporary files into .*adversity-.*ENOSPC: no space left on device.*give the volume of the server pod that holds this directory more room, or set TMPDIR/,
    );
    expect(spoolFiles(temp)).toEqual([]);
    const folder = new BucketFolder(s.cluster, '', 'backups', 'too-large', 'full');
    expect(folder.has('too-large.tar.gz')).toBe(false);
    expect(await shown(s.cluster, own, 'backup', 'describe', 'too-large')).toMatch(
      /^Failure reason: {2}.*no space left on device/m,
    );

    execFileSync('mount', ['-o', 'remount,size=64m', temp]);
    const again = await inSmall.run('backups', 'fits', { includedNamespaces: namespaces });
    expect(again.status?.phase).toBe('Completed');
    expectNothingLost(
      before,
      objectsInArchive(new BucketFolder(s.cluster, '', 'backups', 'fits', 'full'), 'fits'),
    );

    execFileSync('mount', ['-o', 'remount,size=64k', temp]);
    const restore = await inSmall.run('restores', 'small', {
      backupName: 'fits',
      namespaceMapping: Object.fromEntries(namespaces.map((name) => [name, name.replace('many', 'small')])),
    });
    // The objects need no disk; that the log is missing is said.
    expect([restore.status?.phase, restore.status?.failureReason]).toEqual(['PartiallyFailed', undefined]);
    const there = await objectsIn(
      s.api,
      namespaces.map((name) => name.replace('many', 'small')),
    );
    expect([...before].filter((object) => !there.has(object.replace('/many-', '/small-')))).toEqual([]);
    expect(await shown(s.cluster, own, 'restore', 'describe', 'small')).toMatch(
      /Velero: +error getting restore log reader: cannot write temporary files into .*no space left on device/,
    );
    expect(spoolFiles(temp)).toEqual([]);
    await expectAtRest(s, inSmall, 'full');
  });
});
