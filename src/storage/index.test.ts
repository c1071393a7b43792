import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { BackupStorageLocation } from '../api/backup-storage-location.ts';
import { silentLogger } from '../lib/log.ts';
import { filesystemProvider } from './filesystem.ts';
import { builtInProviders, openBackupStore, storeConfig } from './index.ts';

let root = '';
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'store-'));
  await mkdir(join(root, 'bucket'));
});
afterAll(async () => rm(root, { recursive: true, force: true }));

describe('a location', () => {
  const location = (spec: object): BackupStorageLocation =>
    ({
      apiVersion: 'velero.io/v1',
      kind: 'BackupStorageLocation',
      metadata: { name: 'default', namespace: 'velero' },
      spec,
    }) as BackupStorageLocation;
  const none = () => Promise.reject(new Error('not asked for'));
  const providers = () =>
    builtInProviders({ s3: { env: {} }, filesystem: { root, publicUrl: 'http://host' } });

  it('V-STO-027 without object storage or provider gives the errors of the original', async () => {
    const open = (spec: object) =>
      openBackupStore(location(spec), { log: silentLogger, credentialsFile: none });
    await expect(open({ provider: 'aws' })).rejects.toMatchObject({
      message: 'backup storage location does not use object storage',
      object: 'backup storage location velero/default',
    });
    await expect(open({ provider: '', objectStorage: { bucket: 'b' } })).rejects.toThrow(
      'object storage provider name must not be empty',
    );
    await expect(
      open({ provider: 'aws', objectStorage: { bucket: 'b' }, credential: { name: 's', key: 'k' } }),
    ).rejects.toThrow('unable to get credentials: not asked for');
  });

  it('V-STO-001 trims slashes of bucket and prefix, and refuses one inside the bucket', async () => {
    const config = await storeConfig(
      location({ provider: 'aws', objectStorage: { bucket: '/b/', prefix: '//p/q/' } }),
      none,
    );
    expect(config).toEqual({ bucket: 'b', prefix: 'p/q' });
    await expect(
      storeConfig(location({ provider: 'aws', objectStorage: { bucket: '/b/p/' } }), none),
    ).rejects.toThrow(
      `backup storage location's bucket name "/b/p/" must not contain a '/' (if using a prefix, put it in the 'Prefix' field instead)`,
    );
  });

  it('V-STO-026 hands its configuration on with bucket, prefix, decoded certificate and credentials file', async () => {
    const spec = {
      provider: 'aws',
      config: { region: 'r' },
      objectStorage: { bucket: 'b', caCert: Buffer.from('PEM text').toString('base64') },
      credential: { name: 'secret', key: 'cloud' },
    };
    const config = await storeConfig(
      location(spec),
      async (selector) => `/tmp/${selector.name}-${selector.key}`,
    );
    expect(config).toEqual({
      region: 'r',
      bucket: 'b',
      prefix: '',
      caCert: 'PEM text',
      credentialsFile: '/tmp/secret-cloud',
    });
    expect(spec.config).toEqual({ region: 'r' });
  });

  it('of an unknown provider says so, and finds a foreign one by its whole name', async () => {
    const open = (provider: string, lookup?: Parameters<typeof openBackupStore>[1]['lookup']) =>
      openBackupStore(location({ provider, objectStorage: { bucket: 'bucket', prefix: 'base' } }), {
        log: silentLogger,
        credentialsFile: none,
        providers: providers(),
        ...(lookup === undefined ? {} : { lookup }),
      });
    await expect(open('x')).rejects.toMatchObject({
      code: 'UNKNOWN_PROVIDER',
      message: 'unable to locate ObjectStore plugin named velero.io/x',
    });
    const opened = await open('filesystem');
    expect(await opened.listBackups()).toEqual([]);
    const foreign = await open('example.com/tape', async (name) => ({
      name,
      configKeys: [],
      open: () =>
        filesystemProvider({ root, publicUrl: 'http://x' }).open({ bucket: 'bucket', prefix: 'tape' }),
    }));
    expect(foreign.name).toBe('filesystem://bucket/tape');
  });
});
