import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BucketFolder } from '../../support/bucket.ts';
import { type OurServer, startOurServer } from '../../support/our-server.ts';
import { createLocation, ensureNamespace } from '../../support/velero.ts';
import {
  locationWithBucket,
  makeItems,
  type Stage,
  stage,
  strike,
  Velero,
  type VeleroObject,
} from './support.ts';

let s: Stage;
let server: OurServer;
let velero: Velero;
const ns = 'velero-backup';
const app = 'shop';

beforeAll(async () => {
  s = await stage();
  await locationWithBucket(s, ns, 'backups');
  await makeItems(s.api, app, 30);
  server = await startOurServer(s.cluster, {
    namespace: ns,
    flags: { 'resource-timeout': 7 * 60_000 },
  });
  velero = new Velero(s.api, ns);
});

afterAll(async () => {
  await server?.stop();
  if (s) await strike(s);
});

const bucket = (name: string) => new BucketFolder(s.cluster, '', 'backups', name, 'backups');
const invalid = async (name: string, spec: Record<string, unknown>) => {
  const backup = await velero.run('backups', name, spec);
  expect(backup.status?.phase, name).toBe('FailedValidation');
  return backup.status?.validationErrors ?? [];
};

describe('a backup through its custom resource', () => {
  let backup: VeleroObject;
  beforeAll(async () => {
    await velero.create(
      'backups',
      'first',
      { includedNamespaces: [app] },
      { labels: { 'velero.io/schedule-name': 'daily' } },
    );
    backup = await velero.ended('backups', 'first');
  });

  it('V-CRD-017 V-BKP-002 V-BKP-003 V-BKP-022 V-BKP-121 V-BKP-131 is Completed with its figures and times', () => {
    const { status, spec } = backup;
    expect(status).toMatchObject({ phase: 'Completed', version: 1, formatVersion: '1.1.0' });
    expect(status?.progress?.totalItems).toBeGreaterThanOrEqual(31);
    expect(status?.progress?.itemsBackedUp).toBe(status?.progress?.totalItems);
    expect(status?.errors).toBeUndefined();
    expect(spec).toMatchObject({
      ttl: '720h0m0s',
      csiSnapshotTimeout: '10m0s',
      itemOperationTimeout: '4h0m0s',
      storageLocation: 'default',
      defaultVolumesToFsBackup: false,
      snapshotMoveData: false,
    });
    const start = Date.parse(status?.startTimestamp as string);
    expect(Date.parse(status?.completionTimestamp as string)).toBeGreaterThanOrEqual(start);
    const kept = Date.parse(status?.expiration as string) - start;
    expect(Math.abs(kept - 720 * 3_600_000)).toBeLessThan(5000);
  });

  it('V-BKP-009 V-BKP-013 carries the label of its location and the cluster it came from', async () => {
    const { gitVersion, major, minor } = await s.api.get<Record<string, string>>('/version');
    expect(backup.metadata.labels).toMatchObject({ 'velero.io/storage-location': 'default' });
    expect(backup.metadata.annotations).toMatchObject({
      'velero.io/source-cluster-k8s-gitversion': gitVersion,
      'velero.io/source-cluster-k8s-major-version': major,
      'velero.io/source-cluster-k8s-minor-version': minor,
      'velero.io/resource-timeout': '7m0s',
    });
  });

  it('V-STO-004 V-STO-005 V-STO-006 V-STO-010 V-STO-012 leaves all its files, the metadata with the last phase', () => {
    expect(bucket('first').files()).toEqual([
      'first-csi-volumesnapshotclasses.json.gz',
      'first-csi-volumesnapshotcontents.json.gz',
      'first-csi-volumesnapshots.json.gz',
      'first-itemoperations.json.gz',
      'first-logs.gz',
      'first-podvolumebackups.json.gz',
      'first-resource-list.json.gz',
      'first-results.gz',
      'first-volumeinfo.json.gz',
      'first-volumesnapshots.json.gz',
      'first.tar.gz',
      'velero-backup.json',
    ]);
    const metadata = JSON.parse(bucket('first').text('velero-backup.json')) as VeleroObject;
    expect(metadata.status?.phase).toBe('Completed');
    expect(metadata.status?.completionTimestamp).toBe(backup.status?.completionTimestamp);
    const list = JSON.parse(bucket('first').text('first-resource-list.json.gz')) as Record<string, string[]>;
    expect(list['v1/ConfigMap']).toContain('shop/item-7');
  });

  it('V-SRV-031 V-BKP-073 logs to the server and to its own file alike', () => {
    const log = bucket('first').text('first-logs.gz');
    expect(log).toMatch(/^time="[^"]+" level=info msg="[^"]+" backup=velero-backup\/first/m);
    expect(log).toContain('Backed up a total of ');
    const line = log.split('\n').find((each) => each.includes('Backed up a total of ')) as string;
    expect(server.log()).toContain(line);
  });

  it('V-MET-001 V-MET-002 V-MET-005 V-MET-006 is counted under its schedule', async () => {
    const metrics = await server.metrics();
    for (const line of [
      'velero_backup_attempt_total{schedule="daily"} 1',
      'velero_backup_success_total{schedule="daily"} 1',
      'velero_backup_last_status{schedule="daily"} 1',
      'velero_backup_items_errors{schedule="daily"} 0',
      'velero_backup_duration_seconds_count{schedule="daily"} 1',
      `velero_backup_items_total{schedule="daily"} ${backup.status?.progress?.totalItems}`,
      'velero_backup_attempt_total{schedule=""} 0',
    ]) {
      expect(metrics).toContain(line);
    }
    const size = readFileSync(
      path.join(s.cluster.s3.dataFolder, 'backups/backups/first/first.tar.gz'),
    ).length;
    expect(metrics).toContain(`velero_backup_tarball_size_bytes{schedule="daily"} ${size}`);
  });
});

describe('backups that are refused', () => {
  it('V-BKP-006 V-BKP-007 V-BKP-021 a location that does not exist, named or not', async () => {
    expect(await invalid('named', { storageLocation: 'nowhere' })).toEqual([
      "an existing backup storage location wasn't specified at backup creation time and the default 'nowhere' wasn't found. " +
        'Please address this issue (see `velero backup-location -h` for options) and create a new backup. ' +
        'Error: BackupStorageLocation.velero.io "nowhere" not found',
    ]);
    const { status } = await velero.get('backups', 'named');
    expect(status?.startTimestamp).toBeUndefined();
    expect(status?.completionTimestamp).toBeUndefined();

    await ensureNamespace(s.api, 'velero-none');
    const other = await startOurServer(s.cluster, { namespace: 'velero-none' });
    const unnamed = await new Velero(s.api, 'velero-none').run('backups', 'unnamed', {});
    await other.stop();
    expect(unnamed.status?.validationErrors).toEqual([
      "an existing backup storage location wasn't specified at backup creation time and the server default 'default' doesn't exist. " +
        'Please address this issue (see `velero backup-location -h` for options) and create a new backup. ' +
        'Error: BackupStorageLocation.velero.io "default" not found',
    ]);
  });

  it('V-BKP-008 a location that is read-only', async () => {
    await createLocation(s.cluster, s.api, ns, {
      name: 'read-only',
      bucket: 'backups',
      spec: { accessMode: 'ReadOnly' },
    });
    expect(await invalid('to-read-only', { storageLocation: 'read-only' })).toEqual([
      "backup can't be created because backup storage location read-only is currently in read-only mode (set spec.accessMode of the location to ReadWrite, or name another one in spec.storageLocation)",
    ]);
  });

  it('V-BKP-015 V-BKP-016 V-BKP-018 V-BKP-019 V-BKP-020 every fault of the spec is listed', async () => {
    const errors = await invalid('faulty', {
      includedResources: ['pods'],
      excludedResources: ['pods'],
      includedClusterScopedResources: ['*', 'persistentvolumes'],
      includedNamespaces: ['Not_A_Name'],
      labelSelector: { matchLabels: { a: 'b' } },
      orLabelSelectors: [{ matchLabels: { a: 'b' } }],
      resourcePolicy: { kind: 'configmap', name: 'missing' },
    });
    const expected = [
      /^include-resources, exclude-resources and include-cluster-resources are old filter parameters\.\n.*\nThey cannot be used together$/,
      /^Invalid included\/excluded resource lists: excludes list cannot contain an item in the includes list: pods$/,
      /^Invalid cluster-scoped included\/excluded resource lists: includes list must either contain '\*' only, or a non-empty list of items$/,
      /^Invalid included\/excluded namespace lists: invalid namespace "Not_A_Name": /,
      /^encountered labelSelector as well as orLabelSelectors in backup spec, only one can be specified$/,
      /^fail to get ResourcePolicies velero-backup\/missing ConfigMap with error /,
    ];
    for (const pattern of expected)
      expect(
        errors.some((error) => pattern.test(error)),
        `${pattern}`,
      ).toBe(true);
    expect(errors).toHaveLength(expected.length);
  });

  it('V-BKP-014 a namespace that excludes itself cannot be named', async () => {
    await ensureNamespace(s.api, 'hidden', { 'velero.io/exclude-from-backup': 'true' });
    expect(await invalid('of-hidden', { includedNamespaces: ['hidden'] })).toEqual([
      'Invalid included/excluded namespace lists: excludes list cannot contain an item in the includes list: hidden',
    ]);
    expect((await velero.get('backups', 'of-hidden')).spec['excludedNamespaces']).toEqual(['hidden']);
  });

  it('V-BKP-021 V-MET-002 are counted', async () => {
    const metrics = await server.metrics();
    expect(Number(/velero_backup_validation_failure_total\{schedule=""\} (\d+)/.exec(metrics)?.[1])).toBe(4);
    expect(metrics).toContain('velero_backup_last_status{schedule=""} 0');
  });
});

describe('backups that cannot be stored', () => {
  it('V-BKP-023 V-ERR-010 a name that the store already has', async () => {
    // As after the loss of a cluster: the bucket knows the backup, the cluster does not yet.
    await velero.delete('backups', 'first');
    const again = await velero.run('backups', 'first', { includedNamespaces: [app] });
    expect(again.status).toMatchObject({
      phase: 'Failed',
      failureReason: expect.stringMatching(/^backup already exists in object storage \(/) as string,
    });
    expect(again.status?.completionTimestamp).toBeDefined();
    expect(bucket('first').has('first.tar.gz')).toBe(true);
    expect(await server.metrics()).toContain('velero_backup_failure_total{schedule=""} 1');
  });

  it('V-BKP-008 V-BKP-023 V-ERR-003 a bucket that is missing and keys that are wrong fail the backup with the cause', async () => {
    await createLocation(s.cluster, s.api, ns, { name: 'no-bucket', bucket: 'missing' });
    await createLocation(s.cluster, s.api, ns, {
      name: 'wrong-keys',
      bucket: 'backups',
      credentials: { accessKey: s.cluster.s3.accessKey, secretKey: 'wrong' },
    });
    const missing = await velero.run('backups', 'in-missing', { storageLocation: 'no-bucket' });
    expect(missing.status?.phase).toBe('Failed');
    expect(missing.status?.failureReason).toMatch(/missing/);
    const wrong = await velero.run('backups', 'with-wrong-keys', { storageLocation: 'wrong-keys' });
    expect(wrong.status?.phase).toBe('Failed');
    expect(wrong.status?.failureReason).toMatch(
      /^error checking if backup already exists in object storage: .*(SignatureDoesNotMatch|Forbidden|AccessDenied|403)/s,
    );
  });
});

describe('several backups at once', () => {
  it('run side by side, as many as the flag says, and all complete', async () => {
    await makeItems(s.api, 'large', 1500);
    const names = ['side-1', 'side-2', 'side-3', 'side-4', 'side-5', 'side-6'];
    await Promise.all(names.map((name) => velero.create('backups', name, { includedNamespaces: ['large'] })));
    const ended = await Promise.all(names.map((name) => velero.ended('backups', name)));
    expect(ended.map(({ status }) => status?.phase)).toEqual(names.map(() => 'Completed'));
    const total = ended[0]?.status?.progress?.totalItems;
    expect(ended.every(({ status }) => status?.progress?.totalItems === total)).toBe(true);
    // Each claims its phase before its run and logs the end of it: never more than four are between the two.
    let most = 0;
    const running = new Set<string>();
    for (const line of server.log().split('\n')) {
      const name = /backup=velero-backup\/(side-\d)/.exec(line)?.[1];
      if (name === undefined) continue;
      if (line.includes('Setting up backup log')) running.add(name);
      if (line.includes('Initial backup processing complete')) running.delete(name);
      most = Math.max(most, running.size);
    }
    expect(most).toBeGreaterThan(1);
    expect(most).toBeLessThanOrEqual(4);
  });
});

describe('what was not read back is not Completed', () => {
  it('an archive that the store changed makes the backup Failed and leaves nothing that looks like a backup', async () => {
    // A store that breaks an upload: the file is overwritten as soon as it appears, before it can be read back.
    const file = path.join(s.cluster.s3.dataFolder, 'backups/backups/broken/broken.tar.gz');
    const breaker = setInterval(() => {
      try {
        if (readFileSync(file).length > 100) writeFileSync(file, 'not an archive');
      } catch {
        // Not there yet.
      }
    }, 1);
    const backup = await velero
      .run('backups', 'broken', { includedNamespaces: ['large'] })
      .finally(() => clearInterval(breaker));
    expect(backup.status?.phase).toBe('Failed');
    expect(backup.status?.failureReason).toMatch(
      /^the archive of backup broken cannot be read back from object storage as it was written: /,
    );
    expect(bucket('broken').has('velero-backup.json')).toBe(false);
    expect(bucket('broken').has('broken.tar.gz')).toBe(false);
    expect(bucket('broken').has('broken-logs.gz')).toBe(true);
  });
});

describe('a cluster whose definitions are older than the server', () => {
  it('makes a run Failed whose status it does not accept, with what to do', async () => {
    const crd = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions/backups.velero.io';
    const { spec } = await s.api.get<{
      spec: {
        versions: { schema: { openAPIV3Schema: { properties: { status: { properties: Phase } } } } }[];
      };
    }>(crd);
    const phase = spec.versions[0]?.schema.openAPIV3Schema.properties.status.properties.phase;
    if (phase === undefined) throw new Error('the CRD has no phase');
    phase.enum = phase.enum.filter((word) => !word.startsWith('Finalizing'));
    await s.api.patch(crd, { spec });
    const refused = {
      apiVersion: 'velero.io/v1',
      kind: 'Backup',
      metadata: { name: 'probe' },
      spec: {},
      status: { phase: 'Finalizing' },
    };
    await s.api.until(
      () =>
        s.api.create(`${velero.path('backups')}?dryRun=All`, refused).then(
          () => true,
          () => false,
        ),
      (accepted) => !accepted,
      'the definition to be in force',
    );
    const { status } = await velero.run('backups', 'old-crds', { includedNamespaces: [app] });
    expect(status?.phase).toBe('Failed');
    expect(status?.failureReason).toMatch(
      /^the status of this run is not accepted by the API server: .*status\.phase: Unsupported value: "Finalizing".*apply the custom resource definitions/s,
    );
    expect(status?.completionTimestamp).toBeDefined();
  });
});

interface Phase {
  phase: { enum: string[] };
}
