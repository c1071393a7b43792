import { writeFile, mkdir } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ensureNamespace, createLocation } from '../../support/velero.ts';
import { type OurServer, startOurServer } from '../../support/our-server.ts';
import { locationWithBucket, makeBucket, type Stage, stage, strike, Velero } from './support.ts';

let s: Stage;
let server: OurServer;
let velero: Velero;
const ns = 'velero-location';

beforeAll(async () => {
  s = await stage();
  await locationWithBucket(s, ns, 'good');
  server = await startOurServer(s.cluster, { namespace: ns });
  velero = new Velero(s.api, ns);
});

afterAll(async () => {
  await server?.stop();
  if (s) await strike(s);
});

const checked = (name: string) =>
  velero.until('backupstoragelocations', name, ({ status }) => status?.['lastValidationTime'] !== undefined);

describe('backup storage locations', () => {
  it('V-BSL-001 V-BSL-002 a good one becomes Available', async () => {
    const { status } = await checked('default');
    expect(status?.phase).toBe('Available');
    expect(status?.message).toBeUndefined();
  });

  it('V-BSL-002 a missing bucket, wrong keys and an unknown provider each make it Unavailable with the cause', async () => {
    await createLocation(s.cluster, s.api, ns, { name: 'no-bucket', bucket: 'missing' });
    await createLocation(s.cluster, s.api, ns, {
      name: 'wrong-keys',
      bucket: 'good',
      credentials: { accessKey: s.cluster.s3.accessKey, secretKey: 'wrong' },
    });
    await createLocation(s.cluster, s.api, ns, {
      name: 'no-provider',
      bucket: 'good',
      spec: { provider: 'example.io/none' },
    });
    await createLocation(s.cluster, s.api, ns, { name: 'slash', bucket: 'good/inner' });
    const causes: Record<string, RegExp> = {
      'no-bucket': /missing.*(NoSuchBucket|does not exist)/s,
      'wrong-keys': /SignatureDoesNotMatch|InvalidAccessKeyId|AccessDenied/,
      'no-provider': /unable to locate ObjectStore plugin named example\.io\/none/,
      slash: /backup storage location's bucket name "good\/inner" must not contain a '\/'/,
    };
    for (const [name, cause] of Object.entries(causes)) {
      const { status } = await checked(name);
      expect(status?.phase, name).toBe('Unavailable');
      expect(status?.message, name).toMatch(cause);
      expect(status?.message, name).toMatch(new RegExp(`^BackupStorageLocation "${name}" is unavailable: `));
    }
  });

  it('V-STO-003 V-ERR-004 other data under the prefix makes it Unavailable', async () => {
    await makeBucket(s.cluster, 'foreign');
    for (const name of ['b', 'a', 'd', 'c', 'backups']) {
      const folder = path.join(s.cluster.s3.dataFolder, 'foreign', name);
      await mkdir(folder, { recursive: true });
      await writeFile(path.join(folder, 'object'), 'x');
    }
    await createLocation(s.cluster, s.api, ns, { name: 'foreign', bucket: 'foreign' });
    const { status } = await checked('foreign');
    expect(status?.message).toBe(
      'BackupStorageLocation "foreign" is unavailable: Backup store contains 4 invalid top-level directories: [a b c ...] ' +
        '(backup storage location "foreign": give the location a bucket, or a prefix in objectStorage.prefix, that nothing else uses)',
    );
  });

  it('V-SRV-038 a secret without the key names both', async () => {
    await createLocation(s.cluster, s.api, ns, {
      name: 'no-key',
      bucket: 'good',
      spec: { credential: { name: 'cloud-no-key', key: 'other' } },
    });
    const { status } = await checked('no-key');
    expect(status?.message).toContain(
      'unable to get credentials: unable to get key for secret: "cloud-no-key" secret is missing data for key "other"',
    );
    await createLocation(s.cluster, s.api, ns, {
      name: 'no-secret',
      bucket: 'good',
      spec: { credential: { name: 'nobody', key: 'cloud' } },
    });
    const second = await checked('no-secret');
    expect(second.status?.message).toContain('unable to get key for secret: secrets "nobody" not found');
  });

  it('V-BSL-001 a change of the spec is checked at once, and a good location clears its message', async () => {
    await velero.patch('backupstoragelocations', 'no-bucket', {
      spec: { objectStorage: { bucket: 'good' } },
    });
    const { status } = await velero.until(
      'backupstoragelocations',
      'no-bucket',
      (location) => location.status?.phase === 'Available',
      8,
    );
    expect(status?.message).toBeUndefined();
  });

  it('V-BSL-001 a frequency of its own is kept, zero turns further checks off', async () => {
    await createLocation(s.cluster, s.api, ns, {
      name: 'often',
      bucket: 'good',
      spec: { validationFrequency: '1s' },
    });
    await createLocation(s.cluster, s.api, ns, {
      name: 'never',
      bucket: 'good',
      spec: { validationFrequency: '0s' },
    });
    const first = (await checked('often')).status?.['lastValidationTime'];
    const never = (await checked('never')).status?.['lastValidationTime'];
    await velero.until(
      'backupstoragelocations',
      'often',
      ({ status }) => status?.['lastValidationTime'] !== first,
      25,
    );
    expect((await velero.get('backupstoragelocations', 'never')).status?.['lastValidationTime']).toBe(never);
  });

  it('V-BSL-003 of several defaults the newest stays', async () => {
    // Times of creation have whole seconds.
    await new Promise((resolve) => setTimeout(resolve, 1100));
    await createLocation(s.cluster, s.api, ns, { name: 'newest', bucket: 'good', spec: { default: true } });
    await velero.until('backupstoragelocations', 'default', ({ spec }) => spec['default'] !== true);
    expect((await velero.get('backupstoragelocations', 'newest')).spec['default']).toBe(true);
  });

  it('V-BSL-004 sums up what is unavailable in one line', () => {
    expect(server.log()).toMatch(
      /level=warning msg="Unavailable BackupStorageLocations detected: available\/unavailable\/unknown: \d+\/\d+\/\d+, BackupStorageLocation \\"/,
    );
  });

  it('V-BSL-005 V-SRV-024 the location that the server is told to is made the default at its start', async () => {
    await locationWithBucket(s, 'velero-default', 'default-bucket', { name: 'primary' });
    const other = await startOurServer(s.cluster, {
      namespace: 'velero-default',
      flags: { 'default-backup-storage-location': 'primary' },
    });
    const inOther = new Velero(s.api, 'velero-default');
    expect((await inOther.get('backupstoragelocations', 'primary')).spec['default']).toBe(true);
    expect(other.log()).toContain('Set backup storage location as default');
    await other.stop();
    await ensureNamespace(s.api, 'velero-empty');
    const empty = await startOurServer(s.cluster, { namespace: 'velero-empty' });
    expect(empty.log()).toMatch(
      /level=warning msg="Failed to set default backup storage location at server start"/,
    );
    await empty.stop();
  });
});
