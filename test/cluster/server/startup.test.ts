import { type AddressInfo, createServer } from 'node:net';
import { stat } from 'node:fs/promises';
import { mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startCluster } from '../../../dev/cluster/index.ts';
import { Api } from '../../support/api.ts';
import { startOurServer } from '../../support/our-server.ts';
import { createLocation, ensureNamespace, installCrds } from '../../support/velero.ts';
import { locationWithBucket, type Stage, strike, Velero } from './support.ts';

let s: Stage;

beforeAll(async () => {
  const cluster = await startCluster();
  s = { cluster, api: new Api(cluster) };
});

afterAll(async () => {
  if (s) await strike(s);
});

describe('a server that cannot work says so and ends', () => {
  it('V-SRV-018 without its namespace', async () => {
    await expect(startOurServer(s.cluster, { namespace: 'nowhere' })).rejects.toThrow(
      /ended at its start \(1\)[\s\S]*An error occurred: namespaces "nowhere" not found/,
    );
  });

  it('V-SRV-019 V-ERR-007 without its custom resource definitions', async () => {
    await ensureNamespace(s.api, 'velero');
    const start = startOurServer(s.cluster, { namespace: 'velero' });
    await expect(start).rejects.toThrow(
      'custom resource Backup not found in Velero API group velero.io/v1, ',
    );
    await expect(start).rejects.toThrow(
      'custom resource DataDownload not found in Velero API group velero.io/v2alpha1, ' +
        'Velero custom resources not found - apply config/crd/v1/bases/*.yaml,config/crd/v2alpha1/bases*.yaml, ' +
        'to update the custom resource definitions]',
    );
    await installCrds(s.cluster, s.api);
  });

  it('V-SRV-016 V-SRV-027 with wrong flags, before anything else', async () => {
    await expect(
      startOurServer(s.cluster, { namespace: 'nowhere', flags: { 'uploader-type': 'rsync' } }),
    ).rejects.toThrow(
      "An error occurred: invalid uploader type 'rsync', valid upload types are: 'restic', 'kopia'",
    );
    await expect(
      startOurServer(s.cluster, { namespace: 'nowhere', flags: { 'disable-controllers': ['x'] } }),
    ).rejects.toThrow('Invalid value for --disable-controllers flag provided: x. Valid values are: backup,');
  });

  it('V-SRV-030 with a metrics address that is taken', async () => {
    const holder = createServer();
    await new Promise<void>((resolve) => {
      holder.listen(0, '127.0.0.1', resolve);
    });
    const { port } = holder.address() as { port: number };
    await expect(
      startOurServer(s.cluster, {
        namespace: 'velero',
        flags: { 'metrics-address': `127.0.0.1:${port}` },
      }),
    ).rejects.toThrow(`Failed to start metric server at [127.0.0.1:${port}]: `);
    holder.close();
  });

  it('V-CLI-008 without a cluster', async () => {
    await expect(
      startOurServer(s.cluster, { namespace: 'velero', kubeconfig: '/nonexistent' }),
    ).rejects.toThrow(
      'error finding Kubernetes API server config in --kubeconfig, $KUBECONFIG, or in-cluster configuration',
    );
  });
});

describe('a server that runs', () => {
  it('V-SRV-020 V-SRV-031 V-SRV-030 logs its start, serves metrics and health, and ends at SIGTERM', async () => {
    const server = await startOurServer(s.cluster, {
      namespace: 'velero',
      features: ['EnableCSI', 'EnableAPIGroupVersions'],
      flags: { 'log-level': 'debug' },
    });
    const lines = server.log().split('\n');
    expect(lines[0]).toMatch(/^time="[^"]+" level=info msg="setting log-level to DEBUG"$/);
    expect(lines[1]).toMatch(/level=info msg="Starting Velero server v1\.14\.1\S* \(\S+\)"$/);
    expect(lines[2]).toMatch(/msg="2 feature flags enabled \[EnableCSI EnableAPIGroupVersions\]"$/);
    expect(server.log()).toContain(
      'level=warning msg="Velero node agent not found; pod volume backups/restores will not work until it\'s created"',
    );
    expect(await server.metrics()).toContain('velero_backup_attempt_total{schedule=""} 0');
    for (const check of ['healthz', 'readyz'])
      expect((await fetch(`${server.url}/${check}`)).status).toBe(200);
    const before = Date.now();
    expect(await server.stop()).toBe(0);
    expect(Date.now() - before).toBeLessThan(5000);
  });

  it('V-SRV-028 V-SRV-026 restore-only leaves backups alone, and says so', async () => {
    await locationWithBucket(s, 'velero-only', 'only');
    const server = await startOurServer(s.cluster, {
      namespace: 'velero-only',
      flags: { 'restore-only': true, 'disable-controllers': ['gc', 'download-request'] },
    });
    const velero = new Velero(s.api, 'velero-only');
    await velero.create('backups', 'ignored');
    await velero.create('downloadrequests', 'ignored', { target: { kind: 'BackupLog', name: 'x' } });
    await velero.create('serverstatusrequests', 'answered');
    await velero.until('serverstatusrequests', 'answered', ({ status }) => status?.phase === 'Processed');
    await velero.until('backupstoragelocations', 'default', ({ status }) => status?.phase === 'Available');
    expect((await velero.get('backups', 'ignored')).status?.phase).toBeUndefined();
    expect((await velero.get('downloadrequests', 'ignored')).status?.expiration).toBeUndefined();
    expect(server.log()).toContain(
      'Restore only mode - not starting the backup, schedule, delete-backup, or GC controllers',
    );
    await server.stop();
  });

  it('V-SRV-037 keeps credentials in files that only it can read, and takes them along at its end', async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'credentials-'));
    const server = await startOurServer(s.cluster, { namespace: 'velero-only', env: { TMPDIR: folder } });
    await new Velero(s.api, 'velero-only').until(
      'backupstoragelocations',
      'default',
      ({ status }) => status?.phase === 'Available',
    );
    const [own] = readdirSync(folder);
    const file = path.join(
      folder,
      own as string,
      'credentials/velero-only/cloud-default/cloud-default-cloud',
    );
    await s.api.until(
      () =>
        stat(file).then(
          ({ mode }) => mode & 0o777,
          () => undefined,
        ),
      (mode) => mode === 0o600,
      'the credentials file',
    );
    expect(readFileSync(file, 'utf8')).toContain('aws_secret_access_key=');
    expect((await stat(path.join(folder, own as string))).mode & 0o777).toBe(0o700);
    await server.stop();
    expect(readdirSync(folder)).toEqual([]);
  });

  it('ends also while a store does not answer', async () => {
    const silent = createServer(() => undefined);
    await new Promise<void>((resolve) => {
      silent.listen(0, '127.0.0.1', resolve);
    });
    const { port } = silent.address() as AddressInfo;
    await createLocation(s.cluster, s.api, 'velero-silent', { url: `http://127.0.0.1:${port}` });
    const server = await startOurServer(s.cluster, { namespace: 'velero-silent' });
    const connected = () =>
      new Promise<number>((resolve) => silent.getConnections((_, count) => resolve(count)));
    await s.api.until(connected, (count) => count > 0, 'the store to be asked');
    const asked = Date.now();
    expect(await server.stop()).toBe(0);
    expect(Date.now() - asked).toBeLessThan(15_000);
    silent.close();
  });

  it('V-SRV-032 tells the API server who it is', async () => {
    const { userAgent } = await import('../../../src/server/run.ts');
    expect(userAgent()).toMatch(/^velero-server\/v1\.14\.1\S* \(linux\/(amd64|arm64)\) \S+$/);
  });
});
