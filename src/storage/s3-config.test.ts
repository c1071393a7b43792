import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readS3Settings } from './s3-config.ts';
import { s3Failure } from './s3-errors.ts';

let dir = '';
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 's3-'));
});
afterAll(async () => rm(dir, { recursive: true, force: true }));

const read = (config: Record<string, string>, env: Record<string, string> = {}) =>
  readS3Settings({ bucket: 'b', prefix: 'p', ...config }, env);

describe('the configuration of the S3 provider', () => {
  it('has the defaults of the AWS plugin', async () => {
    expect(await read({})).toEqual({
      bucket: 'b',
      name: 's3://b/p',
      region: undefined,
      url: undefined,
      publicUrl: undefined,
      forcePathStyle: false,
      insecureSkipTLSVerify: false,
      caCert: undefined,
      profile: undefined,
      credentialsFile: undefined,
      kmsKeyId: undefined,
      serverSideEncryption: undefined,
      customerKey: undefined,
      tagging: undefined,
      checksumAlgorithm: 'CRC32',
    });
  });

  it('takes every key that the AWS plugin takes', async () => {
    const settings = await read({
      region: 'eu-west-1',
      s3Url: 'https://s3.example.com',
      publicUrl: 'http://public',
      kmsKeyId: 'alias/key',
      s3ForcePathStyle: 'true',
      signatureVersion: '4',
      credentialsFile: '/file',
      profile: 'me',
      serverSideEncryption: 'AES256',
      insecureSkipTLSVerify: 'T',
      enableSharedConfig: 'true',
      tagging: 'a=1&b=2',
      checksumAlgorithm: 'SHA256',
    });
    expect(settings).toMatchObject({
      region: 'eu-west-1',
      url: 'https://s3.example.com',
      publicUrl: 'http://public',
      kmsKeyId: 'alias/key',
      forcePathStyle: true,
      insecureSkipTLSVerify: true,
      credentialsFile: '/file',
      profile: 'me',
      serverSideEncryption: 'AES256',
      tagging: 'a=1&b=2',
      checksumAlgorithm: 'SHA256',
    });
  });

  it('switches checksums off with an empty algorithm only', async () => {
    expect((await read({ checksumAlgorithm: '' })).checksumAlgorithm).toBeUndefined();
    await expect(read({ checksumAlgorithm: 'MD5' })).rejects.toThrow('invalid checksum algorithm: MD5');
  });

  it('takes AWS_SHARED_CREDENTIALS_FILE where the location names no file', async () => {
    const env = { AWS_SHARED_CREDENTIALS_FILE: '/env' };
    expect((await read({}, env)).credentialsFile).toBe('/env');
    expect((await read({ credentialsFile: '/own' }, env)).credentialsFile).toBe('/own');
  });

  it('refuses what is wrong, naming the location and the key', async () => {
    const cases: [Record<string, string>, string | RegExp][] = [
      [
        { regoin: 'x', what: 'y' },
        /^config has invalid keys \[regoin what\]; valid keys are \[region s3Url .* caCert\]$/,
      ],
      [
        { s3ForcePathStyle: 'yes' },
        'could not parse s3ForcePathStyle (expected bool): strconv.ParseBool: parsing "yes": invalid syntax',
      ],
      [{ insecureSkipTLSVerify: 'no' }, /^could not parse insecureSkipTLSVerify/],
      [{ s3Url: 's3.example.com' }, /^Invalid s3 url s3\.example\.com, URL must be valid according to/],
      [{ publicUrl: 'ftp://x' }, /^Invalid s3 url ftp:\/\/x/],
      [{ bucket: '' }, /has no bucket/],
      [{ caCert: 'bm90IHBlbQ==' }, 'objectStorage.caCert does not contain a PEM certificate'],
      [{ kmsKeyId: 'k', customerKeyEncryptionFile: '/x' }, /^you can only use one of/],
      [{ customerKeyEncryptionFile: '/none' }, 'provided customerKeyEncryptionFile does not exist: /none'],
      [{ customerKeyEncryptionSecret: 'x' }, /^invalid secret reference format: x, expected secretName\/key/],
      [{ customerKeyEncryptionSecret: 's/k' }, 'key k not found in secret s'],
      [{ tagging: 'novalue' }, 'invalid tags provided'],
      [
        { tagging: Array.from({ length: 11 }, (_, i) => `k${i}=v`).join('&') },
        'Aws S3 allows only ten tags per object',
      ],
      [{ tagging: `${'k'.repeat(129)}=v` }, /^An S3 tag key can not be more than 128/],
      [{ tagging: `k=${'v'.repeat(257)}` }, /^An S3 tag values can not be more/],
    ];
    for (const [config, message] of cases) {
      const failure = await read(config).catch((error: unknown) => error as Error);
      expect(failure).toMatchObject({ code: 'STORE_CONFIG' });
      expect((failure as Error).message).toMatch(message);
      expect((failure as { remedy?: string }).remedy).toBeTruthy();
    }
  });

  it('reads a customer key from a file or a Secret, 32 bytes', async () => {
    const key = 'k'.repeat(32);
    await writeFile(join(dir, 'key'), `${key}\n`);
    await writeFile(join(dir, 'short'), 'short');
    const fromFile = await read({ customerKeyEncryptionFile: join(dir, 'key') });
    expect(fromFile.customerKey?.key).toBe(Buffer.from(key).toString('base64'));
    expect(fromFile.customerKey?.md5).toMatch(/^[A-Za-z0-9+/]{22}==$/);
    await expect(read({ customerKeyEncryptionFile: join(dir, 'short') })).rejects.toThrow(
      /are not exactly 32 bytes/,
    );
    const config = { bucket: 'b', customerKeyEncryptionSecret: 'enc/customer-key' };
    const fromSecret = await readS3Settings(config, {}, async (name, field) =>
      name === 'enc' && field === 'customer-key' ? Buffer.from(key) : undefined,
    );
    expect(fromSecret.customerKey).toEqual(fromFile.customerKey);
    await expect(readS3Settings(config, {}, async () => Buffer.from('x'))).rejects.toThrow(
      /must be exactly 32 bytes, got 1 bytes/,
    );
  });
});

describe('errors of S3', () => {
  const explain = (error: object) =>
    s3Failure(error, 'error putting object k', 's3://b/p', 'https://s3.example.com');

  it('say location, cause and remedy for everything that stores and networks do', () => {
    const cases: [object, string, RegExp][] = [
      [
        { name: 'NoSuchBucket', message: 'The bucket does not exist', $metadata: { httpStatusCode: 404 } },
        'BUCKET_NOT_FOUND',
        /create the bucket/,
      ],
      [
        { name: 'NoSuchKey', message: 'x', $metadata: { httpStatusCode: 404 } },
        'OBJECT_NOT_FOUND',
        /deleted/,
      ],
      [{ name: 'NotFound', message: 'x', $metadata: { httpStatusCode: 404 } }, 'OBJECT_NOT_FOUND', /deleted/],
      [
        { name: 'InvalidAccessKeyId', message: 'x', $metadata: { httpStatusCode: 403 } },
        'STORE_ACCESS_DENIED',
        /access key/,
      ],
      [
        { name: 'AccessDenied', message: 'x', $metadata: { httpStatusCode: 403 } },
        'STORE_ACCESS_DENIED',
        /grant/,
      ],
      [
        { name: 'RequestTimeTooSkewed', message: 'x', $metadata: { httpStatusCode: 403 } },
        'STORE_ACCESS_DENIED',
        /clock/,
      ],
      [
        {
          name: 'PermanentRedirect',
          message: 'x',
          $response: { headers: { 'x-amz-bucket-region': 'eu-west-1' } },
          $metadata: { httpStatusCode: 301 },
        },
        'STORE_REGION',
        /eu-west-1/,
      ],
      [
        {
          name: 'AuthorizationHeaderMalformed',
          message: "the region 'a' is wrong; expecting 'us-west-2'",
          $metadata: { httpStatusCode: 400 },
        },
        'STORE_REGION',
        /us-west-2/,
      ],
      [{ name: 'SlowDown', message: 'x', $metadata: { httpStatusCode: 503 } }, 'STORE_BUSY', /overloaded/],
      [
        { name: 'InternalError', message: 'x', $metadata: { httpStatusCode: 500 } },
        'STORE_BUSY',
        /overloaded/,
      ],
      [
        { name: 'CredentialsProviderError', message: 'Could not load credentials' },
        'STORE_CREDENTIALS',
        /Secret/,
      ],
      [{ name: 'TimeoutError', message: 'x' }, 'STORE_TIMEOUT', /network/],
      [
        { code: 'ECONNREFUSED', name: 'TimeoutError', message: 'connect ECONNREFUSED 1.2.3.4:9000' },
        'STORE_UNREACHABLE',
        /running/,
      ],
      [{ code: 'ENOTFOUND', message: 'getaddrinfo ENOTFOUND x' }, 'STORE_UNREACHABLE', /URL/],
      [{ code: 'SELF_SIGNED_CERT_IN_CHAIN', message: 'self-signed' }, 'STORE_TLS', /caCert/],
      [{ name: 'Error', message: 'Checksum mismatch: expected "a"' }, 'STORE_CORRUPT', /read it again/],
      [
        { name: 'NotImplemented', message: 'x', $metadata: { httpStatusCode: 501 } },
        'STORE_FAILED',
        /documentation/,
      ],
    ];
    for (const [error, code, remedy] of cases) {
      const failure = explain(Object.assign(new Error(), error)) as Error & {
        code: string;
        object: string;
        remedy?: string;
      };
      expect(failure.code).toBe(code);
      expect(failure.object).toBe('s3://b/p');
      expect(failure.message).toMatch(/^error putting object k: s3:\/\/b\/p: /);
      expect(failure.remedy ?? '').toMatch(remedy);
    }
  });

  it('name the expected region and the words that people search for', () => {
    const region = explain(
      Object.assign(new Error('x'), {
        name: 'PermanentRedirect',
        Region: 'eu-west-1',
        $metadata: { httpStatusCode: 301 },
      }),
    );
    expect(region.message).toMatch(/the bucket is in region eu-west-1$/);
    const tls = explain(Object.assign(new Error('x'), { code: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE' }));
    expect(tls.message).toContain(
      'tls: failed to verify certificate: x509: certificate signed by unknown authority',
    );
  });

  it('leave what was called off and what is a failure already as it is', () => {
    const aborted = Object.assign(new Error('Request aborted'), { name: 'AbortError' });
    expect(explain(aborted)).toBe(aborted);
    const failure = explain(Object.assign(new Error('x'), { name: 'SlowDown' }));
    expect(explain(failure)).toBe(failure);
  });
});
