import { readFileSync, statSync, truncateSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startS3, type StorageServer } from '../../../dev/cluster/index.ts';
import { type OurServer, startOurServer } from '../../support/our-server.ts';
import { createLocation, type LocationOptions } from '../../support/velero.ts';
import { locationWithBucket, makeItems, type Stage, stage, strike, Velero } from '../server/support.ts';
import { expectAtRest, logsOf, shown } from './support.ts';

/** What a user is told of bad input: by the object's status, by `velero … describe`, and by `velero … logs`. */

let s: Stage;
let secure: StorageServer;
let server: OurServer;
let velero: Velero;
const ns = 'velero-bad';
const bucket = 'bad-input';
const spec = { includedNamespaces: ['shop'] };
const base64 = (file: string | undefined) => readFileSync(file as string).toString('base64');

interface LocationCase {
  options: () => LocationOptions;
  /** The location's message, and the reason of a backup into it. */
  message: RegExp;
  reason: RegExp;
}

const CASES: Record<string, LocationCase> = {
  'no-name': {
    options: () => ({ bucket: '' }),
    message:
      /^BackupStorageLocation "no-name" is unavailable: backup storage location has no bucket: objectStorage\.bucket must not be empty \(backup storage location "no-name": name the bucket in objectStorage\.bucket/,
    reason: /^backup storage location has no bucket: .*\(backup storage location "no-name": name the bucket/,
  },
  'no-bucket': {
    options: () => ({ bucket: 'missing' }),
    message:
      /^BackupStorageLocation "no-bucket" is unavailable: .*s3:\/\/missing: NoSuchBucket.*\(backup storage location "no-bucket": create the bucket, or correct/,
    reason:
      /^error checking if backup already exists in object storage: .*s3:\/\/missing: NoSuchBucket.*\(backup storage location "no-bucket": create the bucket, or correct/,
  },
  'wrong-keys': {
    options: () => ({ bucket, credentials: { accessKey: s.cluster.s3.accessKey, secretKey: 'wrong' } }),
    message:
      /^BackupStorageLocation "wrong-keys" is unavailable: .*SignatureDoesNotMatch.*\(backup storage location "wrong-keys": correct the access key in the Secret/,
    reason:
      /^error checking if backup already exists .*SignatureDoesNotMatch.*\(backup storage location "wrong-keys": correct the access key in the Secret/,
  },
  'unknown-key': {
    options: () => ({ bucket, credentials: { accessKey: 'nobody', secretKey: 'wrong' } }),
    message:
      /XAdminUserNotFound.*\(backup storage location "unknown-key": correct the access key in the Secret/,
    reason:
      /XAdminUserNotFound.*\(backup storage location "unknown-key": correct the access key in the Secret/,
  },
  'no-secret': {
    options: () => ({ bucket, spec: { credential: { name: 'nobody', key: 'cloud' } } }),
    message:
      /unable to get credentials: unable to get key for secret: secrets "nobody" not found \(backup storage location "no-secret": create the secret nobody with the key cloud in namespace velero-bad/,
    reason:
      /^unable to get credentials: .*secrets "nobody" not found \(backup storage location "no-secret": create the secret/,
  },
  'no-provider': {
    options: () => ({ bucket, spec: { provider: 'example.io/none' } }),
    message:
      /unable to locate ObjectStore plugin named example\.io\/none \(backup storage location "no-provider": use one of /,
    reason:
      /^unable to locate ObjectStore plugin named example\.io\/none \(backup storage location "no-provider": use one of /,
  },
  unreachable: {
    options: () => ({ bucket, url: 'http://127.0.0.1:9' }),
    message:
      /cannot reach http:\/\/127\.0\.0\.1:9: connection refused .*given up.*\(backup storage location "unreachable": check the URL/,
    reason:
      /cannot reach http:\/\/127\.0\.0\.1:9: connection refused .*given up.*\(backup storage location "unreachable": check the URL/,
  },
  'wrong-ca': {
    options: () => ({
      url: secure.url,
      credentials: secure,
      spec: { objectStorage: { bucket: 'velero', caCert: base64(secure.otherCaFile) } },
    }),
    message:
      /cannot trust https:\/\/.*x509: certificate signed by unknown authority.*\(backup storage location "wrong-ca": put the certificate of the store's authority .* into objectStorage\.caCert/,
    reason:
      /cannot trust https:\/\/.*x509: certificate signed by unknown authority.*\(backup storage location "wrong-ca": put the certificate/,
  },
  'no-ca': {
    options: () => ({ url: secure.url, credentials: secure }),
    message:
      /x509: certificate signed by unknown authority.*\(backup storage location "no-ca": put the certificate/,
    reason:
      /x509: certificate signed by unknown authority.*\(backup storage location "no-ca": put the certificate/,
  },
};

beforeAll(async () => {
  [s, secure] = await Promise.all([stage(), startS3({ tls: true })]);
  await locationWithBucket(s, ns, bucket);
  await createLocation(s.cluster, s.api, ns, {
    name: 'right-ca',
    url: secure.url,
    credentials: secure,
    spec: { objectStorage: { bucket: 'velero', caCert: base64(secure.caFile) } },
  });
  await createLocation(s.cluster, s.api, ns, { name: 'read-only', bucket, spec: { accessMode: 'ReadOnly' } });
  await createLocation(s.cluster, s.api, ns, {
    name: 'plain',
    bucket,
    prefix: 'plain',
    config: { checksumAlgorithm: '' },
  });
  for (const [name, { options }] of Object.entries(CASES)) {
    await createLocation(s.cluster, s.api, ns, { name, ...options() });
  }
  await makeItems(s.api, 'shop', 20);
  server = await startOurServer(s.cluster, { namespace: ns, flags: { 'store-retry-timeout': 3000 } });
  velero = new Velero(s.api, ns);
  expect((await velero.run('backups', 'good', spec)).status?.phase).toBe('Completed');
});

afterAll(async () => {
  await server?.stop();
  await secure?.close();
  if (s) await strike(s);
});

describe('a storage location', () => {
  it.each(Object.keys(CASES))('V-BSL-002 V-BKP-023 %s', async (name) => {
    const { message, reason } = CASES[name] as LocationCase;
    const [location, backup] = await Promise.all([
      velero.until(
        'backupstoragelocations',
        name,
        ({ status }) => status?.['lastValidationTime'] !== undefined,
      ),
      velero.run('backups', `into-${name}`, { ...spec, storageLocation: name }),
    ]);
    expect(location.status?.phase).toBe('Unavailable');
    expect(location.status?.message).toMatch(message);
    expect(backup.status?.phase).toBe('Failed');
    expect(backup.status?.completionTimestamp).toBeDefined();
    expect(backup.status?.failureReason).toMatch(reason);
    // No hour of work before it is found that nothing can be stored.
    expect(backup.status?.progress).toBeUndefined();
  });

  it('with the right authority is fine', async () => {
    const { status } = await velero.run('backups', 'into-right-ca', { ...spec, storageLocation: 'right-ca' });
    expect(status?.phase).toBe('Completed');
  });

  it('that does not exist, or that is read-only, makes a backup invalid', async () => {
    const unknown = await velero.run('backups', 'into-unknown', { ...spec, storageLocation: 'unknown' });
    expect(unknown.status).toMatchObject({
      phase: 'FailedValidation',
      validationErrors: [
        expect.stringMatching(
          /'unknown' wasn't found\. Please address this issue \(see `velero backup-location -h`/,
        ) as string,
      ],
    });
    await velero.run('backups', 'into-read-only', { ...spec, storageLocation: 'read-only' });
    const text = await shown(s.cluster, ns, 'backup', 'describe', 'into-read-only');
    expect(text).toMatch(/^Phase: {2}FailedValidation$/m);
    expect(text).toMatch(
      /^Validation errors: {2}backup can't be created because backup storage location read-only is currently in read-only mode \(set spec\.accessMode of the location to ReadWrite/m,
    );
    expect(await logsOf(s.cluster, ns, 'backup', 'into-read-only')).toMatch(
      /^An error occurred: logs for backup "into-read-only" are not available .*\n.*was refused and never ran.*velero backup describe into-read-only/,
    );
  });

  it('that is missing its bucket is told by describe and logs, too', async () => {
    const [text, logs] = await Promise.all([
      shown(s.cluster, ns, 'backup', 'describe', 'into-no-bucket'),
      logsOf(s.cluster, ns, 'backup', 'into-no-bucket'),
    ]);
    expect(text).toMatch(
      /^Phase: {2}Failed \(run `velero backup logs into-no-bucket` for more information\)$/m,
    );
    expect(text).toMatch(/^Failure reason: {2}error checking .*NoSuchBucket.*create the bucket/m);
    expect(logs).toMatch(
      /^An error occurred: file not found\nIt failed before its log was .*NoSuchBucket.*create the bucket/,
    );
  });
});

describe('a backup', () => {
  it('V-BKP-023 V-ERR-010 whose name is taken in the bucket', async () => {
    await velero.run('backups', 'taken', spec);
    await velero.delete('backups', 'taken');
    const { status } = await velero.run('backups', 'taken', spec);
    expect(status?.failureReason).toMatch(
      /^backup already exists in object storage \(backup storage location "default": the bucket holds backups\/taken already: choose another name, or /,
    );
    expect(await shown(s.cluster, ns, 'backup', 'describe', 'taken')).toMatch(
      /^Failure reason: {2}backup already exists in object storage \(/m,
    );
  });

  it('V-BKP-015 V-BKP-016 V-BKP-019 with old and new filters, one name in both lists, and selectors that are none', async () => {
    const { status } = await velero.run('backups', 'muddled', {
      includedNamespaces: ['shop', 'bank'],
      excludedNamespaces: ['shop'],
      includedResources: ['pods'],
      excludedResources: ['pods'],
      includedClusterScopedResources: ['nodes'],
      labelSelector: { matchExpressions: [{ key: 'a', operator: 'Near', values: ['x'] }] },
      orLabelSelectors: [{ matchLabels: { 'not a key': 'b' } }],
    });
    expect(status?.phase).toBe('FailedValidation');
    const text = await shown(s.cluster, ns, 'backup', 'describe', 'muddled');
    for (const part of [
      'include-resources, exclude-resources and include-cluster-resources are old filter parameters.',
      'They cannot be used together',
      'Invalid included/excluded resource lists: excludes list cannot contain an item in the includes list: pods',
      'Invalid included/excluded namespace lists: excludes list cannot contain an item in the includes list: shop',
      'encountered labelSelector as well as orLabelSelectors in backup spec, only one can be specified',
      'Invalid labelSelector: "Near" is not a valid label selector operator',
      'Invalid orLabelSelectors: key: Invalid value: "not a key": name part must consist of',
    ]) {
      expect(text).toContain(part);
    }
    expect(status?.validationErrors).toHaveLength(6);
  });
});

describe('a restore', () => {
  const invalid = async (name: string, restore: Record<string, unknown>) => {
    const { status } = await velero.run('restores', name, restore);
    expect(status?.phase).toBe('FailedValidation');
    return status?.validationErrors ?? [];
  };
  const failed = async (name: string, restore: Record<string, unknown>) => {
    const { status } = await velero.run('restores', name, restore);
    expect(status?.phase).toBe('Failed');
    expect(status?.completionTimestamp).toBeDefined();
    return status?.failureReason ?? '';
  };
  const cutInHalf = (file: string) => {
    const whole = path.join(s.cluster.s3.dataFolder, bucket, file);
    truncateSync(whole, Math.floor(statSync(whole).size / 2));
  };

  it('V-RST-018 of a backup that does not exist, or whose location is gone', async () => {
    expect(await invalid('of-nobody', { backupName: 'nobody' })).toEqual([
      `Error retrieving backup: can't find backup ${ns}/nobody: Backup.velero.io "nobody" not found (\`velero backup get\` lists what there is; a backup that lies in a bucket only appears once its storage location has been synced)`,
    ]);
    expect(await invalid('of-homeless', { backupName: 'into-unknown' })).toEqual([
      'Error retrieving backup: backupstoragelocations.velero.io "unknown" not found (backup into-unknown lies in backup storage location "unknown": create that location again, or restore another backup)',
    ]);
  });

  it('of a backup that failed, or that still runs', async () => {
    const path = velero.path('backups');
    const object = {
      apiVersion: 'velero.io/v1',
      kind: 'Backup',
      spec: { ...spec, storageLocation: 'default' },
    };
    await s.api.create(path, { ...object, metadata: { name: 'gone-wrong' }, status: { phase: 'Failed' } });
    await s.api.create(path, { ...object, metadata: { name: 'running' }, status: { phase: 'InProgress' } });
    expect(await failed('of-failed', { backupName: 'gone-wrong' })).toMatch(
      /^error downloading backup: .*gone-wrong\.tar\.gz: .*NoSuchKey.*\(backup storage location "default": backup gone-wrong is Failed and has no archive: restore another backup\)$/,
    );
    expect(await failed('of-running', { backupName: 'running' })).toMatch(
      /\(backup storage location "default": backup running is InProgress and has no archive yet: wait until it is Completed\)$/,
    );
    expect(await shown(s.cluster, ns, 'restore', 'describe', 'of-failed')).toMatch(
      /^Failure reason: {2}error downloading backup: .*restore another backup/m,
    );
    expect(await logsOf(s.cluster, ns, 'restore', 'of-failed')).toMatch(
      /^An error occurred: file not found\nIt failed before its log was .*restore another backup/,
    );
    await velero.delete('backups', 'running');
  });

  it('of an archive that was cut off in the middle, with and without a checksum in the store', async () => {
    await velero.run('backups', 'cut', spec);
    cutInHalf('backups/cut/cut.tar.gz');
    const namespaceMapping = { shop: 'cut' };
    expect(await failed('of-cut', { backupName: 'cut', namespaceMapping })).toMatch(
      /^error downloading backup: error getting object backups\/cut\/cut\.tar\.gz: s3:\/\/bad-input: the object is damaged: Checksum mismatch.*\(backup storage location "default": .*bring it back from a copy/,
    );
    await velero.run('backups', 'cut-plain', { ...spec, storageLocation: 'plain' });
    cutInHalf('plain/backups/cut-plain/cut-plain.tar.gz');
    expect(await failed('of-cut-plain', { backupName: 'cut-plain', namespaceMapping })).toMatch(
      /^error downloading backup: .*of backup cut-plain.*\(backup storage location "plain": .+\)$/,
    );
    // Nothing of half a backup is restored.
    await expect(s.api.get('/api/v1/namespaces/cut')).rejects.toThrow('not found');
  });

  it('of a namespace that the backup does not hold', async () => {
    const { status } = await velero.run('restores', 'of-nothing', {
      backupName: 'good',
      includedNamespaces: ['shop', 'shpo'],
      namespaceMapping: { shop: 'copy' },
    });
    expect(status?.phase).toBe('Completed');
    expect(await logsOf(s.cluster, ns, 'restore', 'of-nothing')).toMatch(
      /level=warning msg="Nothing of namespace shpo is restored: the backup holds nothing of it\. Check spec\.includedNamespaces/,
    );
  });

  it('V-RST-010 V-RST-014 V-RST-016 with lists, selectors, policies and sources that cannot be', async () => {
    expect(
      await invalid('muddled', {
        backupName: 'good',
        includedNamespaces: ['shop'],
        excludedNamespaces: ['shop'],
        includedResources: ['pods'],
        excludedResources: ['pods'],
        labelSelector: { matchExpressions: [{ key: 'a', operator: 'Near', values: ['x'] }] },
        existingResourcePolicy: 'replace',
      }),
    ).toEqual([
      'Invalid included/excluded resource lists: excludes list cannot contain an item in the includes list: pods',
      'Invalid included/excluded namespace lists: excludes list cannot contain an item in the includes list: shop',
      'Invalid labelSelector: "Near" is not a valid label selector operator',
      'Invalid ExistingResourcePolicy: replace (use none or update)',
    ]);
    expect(await invalid('of-schedule', { scheduleName: 'nightly' })).toEqual([
      'No backups found for schedule (no backup bears the label velero.io/schedule-name=nightly: check spec.scheduleName)',
      'No completed backups found for schedule (wait until a backup of nightly is Completed, or name a backup in spec.backupName)',
    ]);
  });
});

it('no run is left without an end', () => expectAtRest(s, velero, bucket));
