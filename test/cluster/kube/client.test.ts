import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { type Cluster, startCluster } from '../../../dev/cluster/index.ts';
import type { KubeObject } from '../../../src/api/object.ts';
import {
  type ApiResource,
  connectKube,
  createKubeClient,
  encode,
  isAlreadyExists,
  isConflict,
  isForbidden,
  isInvalid,
  isNotFound,
  isUnauthorized,
  loadConfig,
} from '../../../src/kube/index.ts';
import { DiscoveryCache } from '../../../src/kube/discovery.ts';
import { clientOf, configMap, configOf } from '../../support/kube.ts';
import { ConnectProxy } from '../../support/proxies.ts';

let cluster: Cluster;
let kube: Awaited<ReturnType<typeof clientOf>>;
let configMaps: ApiResource;
let namespaces: ApiResource;
let folder: string;

beforeAll(async () => {
  cluster = await startCluster({ users: [{ name: 'jane', groups: ['dev'] }] });
  kube = await clientOf(cluster);
  configMaps = kube.discovery.resolve('configmaps') as ApiResource;
  namespaces = kube.discovery.resolve('namespaces') as ApiResource;
  folder = mkdtempSync(join(tmpdir(), 'kube-'));
});

afterAll(async () => {
  await kube?.close();
  await cluster?.stop();
  rmSync(folder, { recursive: true, force: true });
});

afterEach(() => {
  vi.useRealTimers();
});

async function failure(promise: Promise<unknown>): Promise<unknown> {
  return await promise.then(
    (value) => ({ unexpected: value }),
    (error: unknown) => error,
  );
}

/** The user that the API server takes us for. */
async function whoAmI(client: typeof kube): Promise<{ username: string; groups: string[] }> {
  const body = JSON.stringify({ apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' });
  const text = await client.raw(
    'POST',
    '/apis/authentication.k8s.io/v1/selfsubjectreviews',
    body,
    'application/json',
  );
  return (JSON.parse(text) as { status: { userInfo: { username: string; groups: string[] } } }).status
    .userInfo;
}

const crd = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'widgets.example.com' },
  spec: {
    group: 'example.com',
    scope: 'Namespaced',
    names: { plural: 'widgets', singular: 'widget', kind: 'Widget', shortNames: ['wd'] },
    versions: ['v1beta1', 'v1'].map((name) => ({
      name,
      served: true,
      storage: name === 'v1',
      subresources: { status: {} },
      schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
    })),
  },
};

async function defineWidgets(): Promise<ApiResource> {
  const crds = kube.discovery.resolve('crd') as ApiResource;
  await kube.create(crds, crd).catch((error: unknown) => {
    if (!isAlreadyExists(error)) throw error;
  });
  await vi.waitFor(
    async () => {
      await kube.discovery.refresh();
      expect(kube.discovery.resolve('wd')).toBeDefined();
      await kube.list(kube.discovery.resolve('wd') as ApiResource);
    },
    { timeout: 20_000, interval: 200 },
  );
  return kube.discovery.resolve('wd') as ApiResource;
}

describe('discovery of a real API server', () => {
  it('V-BKP-040 tells the same by one aggregated request and by one request a group version', async () => {
    await defineWidgets();
    const old = new DiscoveryCache(kube.transport, { aggregated: false });
    const before = kube.stats.requests;
    await old.refresh();
    const oldRequests = kube.stats.requests - before;
    await kube.discovery.refresh();
    expect(kube.stats.requests - before - oldRequests).toBe(2);
    expect(oldRequests).toBeGreaterThan(20);
    const sorted = (all: readonly ApiResource[]) =>
      all
        .map((entry) => ({ ...entry, verbs: entry.verbs.toSorted() }))
        .toSorted((a, b) => JSON.stringify(a).localeCompare(JSON.stringify(b)));
    for (const allVersions of [false, true]) {
      expect(sorted(kube.discovery.resources({ allVersions }))).toEqual(
        sorted(old.resources({ allVersions })),
      );
    }
    expect(kube.discovery.failures().size).toBe(0);
    expect(old.failures().size).toBe(0);
  });

  it('V-BKP-031 resolves names as people type them', async () => {
    await defineWidgets();
    for (const name of [
      'wd',
      'Widget',
      'WIDGETS',
      'widgets.example.com',
      'widget.example',
      'widgets.v1.example.com',
    ]) {
      expect(kube.discovery.resolve(name), name).toMatchObject({
        resource: 'widgets',
        version: 'v1',
        preferred: true,
      });
    }
    expect(kube.discovery.resolve('widgets.v1beta1.example.com')?.version).toBe('v1beta1');
    expect(kube.discovery.versions('example.com')).toEqual(['v1', 'v1beta1']);
    expect(kube.discovery.forKind('apps/v1', 'Deployment')?.resource).toBe('deployments');
    expect(kube.discovery.forKind('apps/v1', 'Pod')).toBeUndefined();
    expect(kube.discovery.find('example.com', 'widgets', 'v1beta1')?.preferred).toBe(false);
    expect((await kube.discovery.serverVersion()).gitVersion).toMatch(/^v1\.\d+\.\d+/);
  });

  it('V-BKP-040 reports a group that cannot be read and tells of the others', async () => {
    const apiServices = kube.discovery.resolve('apiservices') as ApiResource;
    await kube.create(apiServices, {
      apiVersion: 'apiregistration.k8s.io/v1',
      kind: 'APIService',
      metadata: { name: 'v1.broken.example.org' },
      spec: {
        group: 'broken.example.org',
        version: 'v1',
        groupPriorityMinimum: 100,
        versionPriority: 100,
        insecureSkipTLSVerify: true,
        service: { name: 'nobody', namespace: 'default' },
      },
    });
    try {
      for (const aggregated of [true, false]) {
        const discovery = new DiscoveryCache(kube.transport, { aggregated });
        await vi.waitFor(
          async () => {
            await discovery.refresh();
            expect([...discovery.failures().keys()]).toEqual(['broken.example.org/v1']);
          },
          { timeout: 30_000, interval: 500 },
        );
        expect(discovery.resolve('pods')).toBeDefined();
        expect(discovery.failures().get('broken.example.org/v1')).not.toBe('');
      }
    } finally {
      await kube.delete(apiServices, 'v1.broken.example.org');
    }
  });
});

describe('objects of a real API server', () => {
  it('are created, read, changed and deleted; each refusal has its predicate and the message of the server', async () => {
    const created = await kube.create(configMaps, configMap('plain', { a: '1' }), 'default');
    expect(created.metadata.uid).toMatch(/-/);
    const twice = await failure(kube.create(configMaps, configMap('plain'), 'default'));
    expect(isAlreadyExists(twice)).toBe(true);
    expect(twice).toMatchObject({ message: 'configmaps "plain" already exists', maybeApplied: false });
    const updated = await kube.update(configMaps, { ...created, data: { a: '2' } });
    expect(updated['data']).toEqual({ a: '2' });
    expect(isConflict(await failure(kube.update(configMaps, { ...created, data: { a: '3' } })))).toBe(true);
    const invalid = await failure(kube.create(configMaps, configMap('Not_A_Name'), 'default'));
    expect(isInvalid(invalid)).toBe(true);
    expect(invalid).toMatchObject({ details: { causes: [{ field: 'metadata.name' }] } });
    const wrongUid = await failure(kube.delete(configMaps, 'plain', 'default', { uid: 'x' }));
    expect(isConflict(wrongUid)).toBe(true);
    await kube.delete(configMaps, 'plain', 'default', { uid: created.metadata.uid as string });
    const gone = await failure(kube.get(configMaps, 'plain', 'default'));
    expect(isNotFound(gone)).toBe(true);
    expect(gone).toMatchObject({
      message: 'configmaps "plain" not found',
      object: 'configmaps default/plain',
    });
    expect(isNotFound(await failure(kube.delete(configMaps, 'plain', 'default')))).toBe(true);
  });

  it('are patched in every way, and a dry run changes nothing', async () => {
    await kube.create(configMaps, configMap('patched', { a: '1', b: '2' }), 'default');
    const patch = async (kind: 'json' | 'merge' | 'strategic', body: unknown) =>
      (await kube.patch(configMaps, 'patched', 'default', kind, body))['data'];
    expect(await patch('merge', { data: { a: null, c: '3' } })).toEqual({ b: '2', c: '3' });
    expect(await patch('json', [{ op: 'replace', path: '/data/b', value: '9' }])).toEqual({ b: '9', c: '3' });
    expect(await patch('strategic', { data: { d: '4' } })).toEqual({ b: '9', c: '3', d: '4' });
    const dry = await kube.patch(
      configMaps,
      'patched',
      'default',
      'merge',
      { data: { b: 'dry' } },
      { dryRun: true },
    );
    expect(dry['data']).toMatchObject({ b: 'dry' });
    const after = await kube.get(configMaps, 'patched', 'default');
    expect(after['data']).toEqual({ b: '9', c: '3', d: '4' });
    const dryCreate = await kube.create(configMaps, configMap('never'), 'default', { dryRun: true });
    expect(dryCreate.metadata.name).toBe('never');
    expect(isNotFound(await failure(kube.get(configMaps, 'never', 'default')))).toBe(true);
  });

  it('are applied on the server under a manager; what another manages is a conflict unless forced', async () => {
    const apply = (value: string, options: { fieldManager: string; force?: boolean }) =>
      kube.patch(configMaps, 'applied', 'default', 'apply', configMap('applied', { a: value }), options);
    await apply('1', { fieldManager: 'one' });
    const conflict = await failure(apply('2', { fieldManager: 'two' }));
    expect(isConflict(conflict)).toBe(true);
    expect(conflict).toMatchObject({ details: { causes: [{ field: '.data.a' }] } });
    expect((await apply('2', { fieldManager: 'two', force: true }))['data']).toEqual({ a: '2' });
  });

  it('have a status of their own where the type has', async () => {
    const widgets = await defineWidgets();
    const body = {
      apiVersion: 'example.com/v1',
      kind: 'Widget',
      metadata: { name: 'status' },
      status: { x: 1 },
    };
    const created = await kube.create(widgets, body, 'default');
    expect(created['status']).toBeUndefined();
    const updated = await kube.update(widgets, { ...created, status: { x: 2 } }, { subresource: 'status' });
    expect(updated['status']).toEqual({ x: 2 });
  });

  it('keep integers beyond 2^53 and every unknown field, from list through change to update', async () => {
    const widgets = await defineWidgets();
    const text =
      '{"apiVersion":"example.com/v1","kind":"Widget","metadata":{"name":"big"},"spec":{"n":9007199254740993,"list":[1,-9223372036854775807],"new":{"field":true}}}';
    await kube.create(widgets, Buffer.from(text), 'default');
    for await (const page of kube.pages(widgets, {
      namespace: 'default',
      fieldSelector: 'metadata.name=big',
    })) {
      for (const item of page.items) {
        expect(Buffer.from(item.bytes).toString()).toContain('"n":9007199254740993');
        const changed = structuredClone(item.object) as KubeObject & { spec: { more?: string } };
        changed.spec.more = 'x';
        await kube.update(widgets, encode(changed, item));
      }
    }
    const raw = await kube.getRaw(widgets, 'big', 'default');
    const after = Buffer.from(raw.bytes).toString();
    for (const part of ['9007199254740993', '-9223372036854775807', '"new":{"field":true}', '"more":"x"']) {
      expect(after).toContain(part);
    }
  });

  it('are created many at once, deleted as a collection, and listed by selectors', async () => {
    const names = Array.from({ length: 60 }, (_, index) => `many-${index}`);
    await Promise.all(
      names.map((name, index) =>
        kube.createRaw(
          configMaps,
          { ...configMap(name), metadata: { name, labels: { many: String(index % 2) } } },
          'default',
        ),
      ),
    );
    expect(await kube.list(configMaps, { namespace: 'default', labelSelector: 'many' })).toHaveLength(60);
    await kube.deleteCollection(configMaps, { namespace: 'default', labelSelector: 'many=1' });
    const left = await kube.list(configMaps, { namespace: 'default', labelSelector: 'many in (0,1)' });
    expect(left).toHaveLength(30);
    expect(left[0]).toMatchObject({ apiVersion: 'v1', kind: 'ConfigMap' });
  });

  it('make their own names, and subresources of theirs are created', async () => {
    const made = await kube.create(
      configMaps,
      { apiVersion: 'v1', kind: 'ConfigMap', metadata: { generateName: 'made-' } },
      'default',
    );
    expect(made.metadata.name).toMatch(/^made-.+/);
    const accounts = kube.discovery.resolve('sa') as ApiResource;
    await kube.create(
      accounts,
      { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'robot' } },
      'default',
    );
    const token = await kube.create(
      accounts,
      { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', metadata: {}, spec: {} },
      'default',
      { name: 'robot', subresource: 'token' },
    );
    expect((token['status'] as { token: string }).token).toMatch(/^ey/);
  });
});

describe('who we are at a real API server', () => {
  it('is the user of a kubeconfig, of a client certificate, or one that we act as', async () => {
    const fromFile = await connectKube(loadConfig({ env: {}, kubeconfig: cluster.kubeconfig }));
    expect((await whoAmI(fromFile)).username).toBe('admin');
    await fromFile.close();
    const certificate = {
      clientCertificateFile: join(cluster.folder, 'certs/kubelet-client.crt'),
      clientKeyFile: join(cluster.folder, 'certs/kubelet-client.key'),
    };
    const byCertificate = await clientOf(cluster, {}, { auth: certificate });
    expect((await whoAmI(byCertificate)).username).toBe('kube-apiserver');
    await byCertificate.close();
    const acting = await clientOf(
      cluster,
      {},
      { impersonate: { user: 'bob', groups: ['dev', 'system:authenticated'] } },
    );
    expect(await whoAmI(acting)).toMatchObject({ username: 'bob', groups: ['dev', 'system:authenticated'] });
    expect(isForbidden(await failure(acting.list(configMaps)))).toBe(true);
    await acting.close();
  });

  it('changes with the token file, after a minute or when the old token is refused', async () => {
    const tokenFile = join(folder, 'token');
    writeFileSync(tokenFile, cluster.user('jane').token);
    vi.useFakeTimers({ toFake: ['Date'] });
    const client = createKubeClient({ ...configOf(cluster), auth: { tokenFile } });
    expect((await whoAmI(client)).username).toBe('jane');
    writeFileSync(tokenFile, cluster.token);
    expect((await whoAmI(client)).username).toBe('jane');
    vi.advanceTimersByTime(61_000);
    expect((await whoAmI(client)).username).toBe('admin');
    writeFileSync(tokenFile, 'no-longer-valid');
    vi.advanceTimersByTime(61_000);
    const refused = await failure(whoAmI(client));
    expect(isUnauthorized(refused)).toBe(true);
    writeFileSync(tokenFile, cluster.token);
    expect((await whoAmI(client)).username).toBe('admin');
    await client.close();
  });

  it('takes a certificate that was renewed in its file', async () => {
    const clientCertificateFile = join(folder, 'client.crt');
    const clientKeyFile = join(folder, 'client.key');
    const take = (name: string): void => {
      writeFileSync(clientCertificateFile, readFileSync(join(cluster.folder, `certs/${name}.crt`)));
      writeFileSync(clientKeyFile, readFileSync(join(cluster.folder, `certs/${name}.key`)));
    };
    vi.useFakeTimers({ toFake: ['Date'] });
    take('front-proxy-client');
    const client = createKubeClient({ ...configOf(cluster), auth: { clientCertificateFile, clientKeyFile } });
    expect(
      isForbidden(await failure(client.list(namespaces))) ||
        isUnauthorized(await failure(client.list(namespaces))),
    ).toBe(true);
    take('kubelet-client');
    vi.advanceTimersByTime(61_000);
    expect((await whoAmI(client)).username).toBe('kube-apiserver');
    await client.close();
  });

  it('is told what is wrong with the authority, and needs none where told not to look', async () => {
    const otherCa = readFileSync(join(cluster.folder, 'certs/other-ca.crt'), 'utf8');
    const wrong = createKubeClient({ ...configOf(cluster), ca: otherCa });
    const started = Date.now();
    expect(await failure(wrong.list(namespaces))).toMatchObject({
      message: expect.stringContaining('x509: certificate signed by unknown authority') as string,
      remedy: expect.stringContaining('certificate-authority-data') as string,
    });
    expect(Date.now() - started).toBeLessThan(5000);
    await wrong.close();
    const careless = createKubeClient({ ...configOf(cluster), ca: undefined, insecureSkipTlsVerify: true });
    expect((await careless.list(namespaces)).length).toBeGreaterThan(0);
    await careless.close();
    const named = createKubeClient({ ...configOf(cluster), tlsServerName: 'kubernetes.default.svc' });
    expect((await named.list(namespaces)).length).toBeGreaterThan(0);
    await named.close();
    const misnamed = createKubeClient({ ...configOf(cluster), tlsServerName: 'elsewhere.example.com' });
    expect(await failure(misnamed.list(namespaces))).toMatchObject({
      message: expect.stringContaining('x509: certificate is not valid for this host name') as string,
    });
    await misnamed.close();
  });

  it('stays the same through an HTTP proxy, with password, for requests and watches', async () => {
    const proxy = await ConnectProxy.start();
    proxy.authorization = `Basic ${Buffer.from('me:se cret').toString('base64')}`;
    try {
      const good = await clientOf(cluster, {}, { proxyUrl: `http://me:se%20cret@127.0.0.1:${proxy.port}` });
      expect((await whoAmI(good)).username).toBe('admin');
      const stop = new AbortController();
      for await (const event of good.watch(namespaces, { signal: stop.signal })) {
        if (event.type === 'SYNC') break;
      }
      stop.abort();
      expect(new Set(proxy.asked)).toEqual(new Set([new URL(cluster.server).host]));
      await good.close();
      const acting = await clientOf(
        cluster,
        {},
        {
          proxyUrl: `http://me:se%20cret@127.0.0.1:${proxy.port}`,
          impersonate: { user: 'bob', groups: ['dev', 'ops', 'system:authenticated'] },
        },
      );
      expect((await whoAmI(acting)).groups.toSorted()).toEqual(['dev', 'ops', 'system:authenticated']);
      await acting.close();
      const bad = createKubeClient(
        { ...configOf(cluster), proxyUrl: `http://127.0.0.1:${proxy.port}` },
        { patienceMs: 500 },
      );
      expect(await failure(bad.list(namespaces))).toMatchObject({
        message: expect.stringContaining('407') as string,
      });
      await bad.close();
    } finally {
      await proxy.close();
    }
  });
});
