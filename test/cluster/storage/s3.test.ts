import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer as createHttpServer } from 'node:http';
import { connect, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { startS3, type StorageServer } from '../../../dev/cluster/index.ts';
import type { BackupStorageLocation } from '../../../src/api/backup-storage-location.ts';
import type { Failure } from '../../../src/lib/errors.ts';
import { silentLogger } from '../../../src/lib/log.ts';
import { openArchive } from '../../../src/storage/archive/reader.ts';
import { createArchiveWriter } from '../../../src/storage/archive/writer.ts';
import { objectStoreConformance } from '../../../src/storage/conformance.ts';
import { builtInProviders, openBackupStore } from '../../../src/storage/index.ts';
import { withMetrics } from '../../../src/storage/layers/metrics.ts';
import { withRetry } from '../../../src/storage/layers/retry.ts';
import { withTimeouts } from '../../../src/storage/layers/timeout.ts';
import type { ObjectStore } from '../../../src/storage/object-store.ts';
import { s3Provider, type S3ProviderOptions } from '../../../src/storage/s3.ts';
import { type FaultyProxy, startFaultyProxy } from './faulty-proxy.ts';

const BUCKET = 'storage';
const MIB = 1024 * 1024;
let s3: StorageServer;
let tls: StorageServer;
let proxy: FaultyProxy;
let dir = '';
let credentials = '';
const opened: ObjectStore[] = [];

beforeAll(async () => {
  [s3, tls] = await Promise.all([startS3({ buckets: [BUCKET] }), startS3({ tls: true, buckets: [BUCKET] })]);
  proxy = await startFaultyProxy(s3.url);
  dir = await mkdtemp(join(tmpdir(), 's3-'));
  credentials = join(dir, 'credentials');
  await writeFile(
    credentials,
    `[default]\naws_access_key_id=${s3.accessKey}\naws_secret_access_key=${s3.secretKey}\n
[tls]\naws_access_key_id = ${tls.accessKey}\naws_secret_access_key = ${tls.secretKey}\nregion = ${tls.region}\n
[wrong-id]\naws_access_key_id=NOBODY\naws_secret_access_key=x\n
[wrong-secret]\naws_access_key_id=${s3.accessKey}\naws_secret_access_key=x\n
[empty]\n`,
  );
});

afterEach(async () => {
  proxy.trouble = () => undefined;
  proxy.seen.length = 0;
  for (const store of opened.splice(0)) await store.close();
});

afterAll(async () => {
  await proxy.close();
  await Promise.all([s3.close(), tls.close()]);
  await rm(dir, { recursive: true, force: true });
});

const base = () => ({
  bucket: BUCKET,
  prefix: 'velero',
  region: s3.region,
  s3Url: s3.url,
  s3ForcePathStyle: 'true',
  credentialsFile: credentials,
});

async function open(
  config: Record<string, string> = {},
  options: Partial<S3ProviderOptions> = {},
): Promise<ObjectStore> {
  const all: Record<string, string> = { ...base(), ...config };
  const store = await s3Provider({ env: {}, ...options }).open(all);
  opened.push(store);
  return store;
}

const throughProxy = (options: Partial<S3ProviderOptions> = {}, config: Record<string, string> = {}) =>
  open({ s3Url: proxy.url, ...config }, options);

const quick = { deadlineMs: 4000, baseMs: 50, maxMs: 400 };

async function bytesAt(store: ObjectStore, key: string): Promise<Buffer> {
  return Buffer.concat(await (await store.get(key)).toArray());
}

const failureOf = async (attempt: Promise<unknown>): Promise<Failure> => {
  const outcome = await attempt.then(
    () => undefined,
    (error: unknown) => error,
  );
  expect(outcome).toBeInstanceOf(Error);
  return outcome as Failure;
};

/** More than one page of 1000 keys. */
objectStoreConformance('the S3 provider', {
  open: () => openConformance({}),
  listCount: 1050,
  largeBytes: 70 * MIB,
});
objectStoreConformance('the S3 provider inside every layer', {
  open: async () => withMetrics(withRetry(withTimeouts(await openConformance({}))), () => undefined),
});
objectStoreConformance('the S3 provider without checksums', {
  open: () => openConformance({ checksumAlgorithm: '' }),
  largeBytes: 40 * MIB,
});

function openConformance(config: Record<string, string>): Promise<ObjectStore> {
  return s3Provider({ env: {} }).open({ ...base(), ...config });
}

describe('credentials and configuration', () => {
  it('takes the profile that the location names, and says which section is missing or empty', async () => {
    const store = await open({ profile: 'default' });
    await store.put('profiles/x', Buffer.from('x'));
    await expect(open({ profile: 'nobody' })).rejects.toMatchObject({
      code: 'STORE_CREDENTIALS',
      object: `s3://${BUCKET}/velero`,
      message: `failed to get shared config profile, nobody: the credentials file ${credentials} has no section [nobody]`,
    });
    const empty = await failureOf(open({ profile: 'empty' }));
    expect(empty.message).toMatch(/^no valid credentials in section \[empty\] of /);
    expect(empty.remedy).toMatch(/aws_access_key_id/);
    const missing = await failureOf(open({ credentialsFile: '/no/file' }));
    expect(missing.message).toMatch(/^cannot read the credentials file \/no\/file: /);
  });

  it('takes credentials from the environment: a file, or the keys themselves', async () => {
    const viaFile = await open(
      { credentialsFile: '' },
      { env: { AWS_SHARED_CREDENTIALS_FILE: credentials } },
    );
    expect(await viaFile.listCommonPrefixes('', '/')).toContain('profiles/');
    const before = { id: process.env['AWS_ACCESS_KEY_ID'], secret: process.env['AWS_SECRET_ACCESS_KEY'] };
    process.env['AWS_ACCESS_KEY_ID'] = s3.accessKey;
    process.env['AWS_SECRET_ACCESS_KEY'] = s3.secretKey;
    try {
      const viaKeys = await open({ credentialsFile: '' }, { env: process.env });
      expect(await viaKeys.listCommonPrefixes('', '/')).toContain('profiles/');
    } finally {
      restoreEnv('AWS_ACCESS_KEY_ID', before.id);
      restoreEnv('AWS_SECRET_ACCESS_KEY', before.secret);
    }
  });

  it('says what is wrong with the keys, where, and what to do', async () => {
    for (const [profile, reason] of [
      ['wrong-id', /No user exists with the provided access key ID/],
      ['wrong-secret', /SignatureDoesNotMatch/],
    ] as const) {
      const store = await open({ profile });
      const failure = await failureOf(store.put('x', Buffer.from('x')));
      expect(failure).toMatchObject({ code: 'STORE_ACCESS_DENIED', object: `s3://${BUCKET}/velero` });
      expect(failure.message).toMatch(new RegExp(`^error putting object x: s3://${BUCKET}/velero: `));
      expect(failure.message).toMatch(reason);
      expect(failure.remedy).toMatch(/access key/);
      expect((await failureOf(store.listCommonPrefixes('', '/'))).code).toBe('STORE_ACCESS_DENIED');
    }
  });

  it('says that the bucket does not exist', async () => {
    const store = await open({ bucket: 'nowhere' });
    const failure = await failureOf(store.listCommonPrefixes('', '/'));
    expect(failure).toMatchObject({ code: 'BUCKET_NOT_FOUND', object: 's3://nowhere/velero' });
    expect(failure.remedy).toMatch(/create the bucket/);
    expect((await failureOf(store.put('x', Buffer.from('x')))).code).toBe('BUCKET_NOT_FOUND');
  });

  it('names the region that the store expects', async () => {
    const failure = await failureOf((await open({ region: 'ap-south-7' })).put('x', Buffer.from('x')));
    expect(failure.code).toBe('STORE_REGION');
    expect(failure.message).toContain(`the bucket is in region ${s3.region}`);
    expect(failure.remedy).toBe(`set config.region of the location to ${s3.region}`);
  });

  it('finds the region itself where none is given: from the environment, the profile, or the bucket', async () => {
    const region = s3.region;
    const fromEnv = await open({ region: '' }, { env: { AWS_REGION: region } });
    await fromEnv.put('region/env', Buffer.from('x'));
    const fromProfile = await open({
      region: '',
      profile: 'tls',
      s3Url: tls.url,
      caCert: await readFile(tls.caFile as string, 'utf8'),
    });
    await fromProfile.put('region/profile', Buffer.from('x'));
    // Without a URL the bucket itself is asked, as on Amazon; the answer's header counts whatever its status.
    proxy.trouble = ({ method }) =>
      method === 'HEAD'
        ? { do: 'answer', status: 403, code: 'x', headers: { 'x-amz-bucket-region': region } }
        : undefined;
    process.env['AWS_ENDPOINT_URL_S3'] = proxy.url;
    try {
      const discovered = await open({ region: '', s3Url: '' });
      await discovered.put('region/discovered', Buffer.from('x'));
      expect(proxy.seen[0]).toMatchObject({ method: 'HEAD', path: `/${BUCKET}/` });
      expect(proxy.seen.at(-1)?.headers.authorization).toContain(`/${region}/s3/`);
    } finally {
      delete process.env['AWS_ENDPOINT_URL_S3'];
    }
  });

  it('refuses writes of a read-only key with the reason, and still reads', async () => {
    const store = await throughProxy();
    await store.put('readonly/x', Buffer.from('x'));
    proxy.trouble = ({ method }) =>
      method === 'GET' || method === 'HEAD' ? undefined : { do: 'answer', status: 403, code: 'AccessDenied' };
    for (const attempt of [
      () => store.put('readonly/y', Buffer.from('y')),
      () => store.delete('readonly/x'),
    ]) {
      const failure = await failureOf(attempt());
      expect(failure.code).toBe('STORE_ACCESS_DENIED');
      expect(failure.remedy).toBe('grant the credentials read, write, list and delete on the bucket');
    }
    expect((await bytesAt(store, 'readonly/x')).toString()).toBe('x');
  });
});

describe('TLS', () => {
  const secure = (config: Record<string, string> = {}, env: Record<string, string> = {}) =>
    open({ s3Url: tls.url, profile: 'tls', ...config }, { env });

  it('trusts the authority of the location', async () => {
    const store = await secure({ caCert: await readFile(tls.caFile as string, 'utf8') });
    await store.put('tls/ca', Buffer.from('x'));
    expect(await store.exists('tls/ca')).toBe(true);
  });

  it('trusts AWS_CA_BUNDLE', async () => {
    const store = await secure({}, { AWS_CA_BUNDLE: tls.caFile as string });
    expect(await store.exists('tls/none')).toBe(false);
  });

  it('trusts anybody where verification is switched off', async () => {
    const store = await secure({ insecureSkipTLSVerify: 'true' });
    expect(await store.exists('tls/none')).toBe(false);
  });

  it('refuses an unknown authority and a wrong one, in the words that people search for', async () => {
    for (const config of [{}, { caCert: await readFile(tls.otherCaFile, 'utf8') }]) {
      const failure = await failureOf((await secure(config)).exists('x'));
      expect(failure).toMatchObject({ code: 'STORE_TLS', object: `s3://${BUCKET}/velero` });
      expect(failure.message).toContain(
        `cannot trust ${tls.url}: tls: failed to verify certificate: x509: certificate signed by unknown authority`,
      );
      expect(failure.remedy).toMatch(/objectStorage\.caCert/);
    }
  });

  it('says that a server without TLS was spoken to with it', async () => {
    const store = await open({ s3Url: s3.url.replace('http:', 'https:') });
    const failure = await failureOf(store.exists('x'));
    expect(failure.code).toBe('STORE_TLS');
    expect(failure.message).toContain('http: server gave HTTP response to HTTPS client');
    expect(failure.remedy).toContain('http://');
    const plain = await open({ s3Url: tls.url.replace('https:', 'http:') });
    expect((await failureOf(plain.exists('x'))).code).toBe('STORE_UNREACHABLE');
  });
});

describe('signed URLs', () => {
  it('let anybody read the object with a plain request', async () => {
    const store = await open();
    await store.put('signed/a b', Buffer.from('content'));
    const url = await store.signedUrl('signed/a b', 600_000);
    expect(new URL(url).searchParams.get('X-Amz-Expires')).toBe('600');
    expect(new URL(url).searchParams.has('x-amz-checksum-mode')).toBe(false);
    const answer = await fetch(url);
    expect(answer.status).toBe(200);
    expect(await answer.text()).toBe('content');
    expect((await fetch(url.replace('signed/a', 'signed/b'))).status).toBe(403);
  });

  it('speak of the public URL where the location has one', async () => {
    const store = await open({ publicUrl: proxy.url });
    await store.put('signed/public', Buffer.from('content'));
    expect(proxy.seen).toEqual([]);
    const url = await store.signedUrl('signed/public', 60_000);
    expect(url.startsWith(`${proxy.url}/${BUCKET}/signed/public?`)).toBe(true);
    expect(await (await fetch(url)).text()).toBe('content');
  });
});

describe('what goes over the wire', () => {
  const put = async (config: Record<string, string>, bytes = 10) => {
    const store = await throughProxy({}, config);
    await store.put('wire/x', randomBytes(bytes)).catch(() => undefined);
    return proxy.seen[0]?.headers ?? {};
  };

  it('has a CRC32 checksum by default, another where asked, none where it is switched off', async () => {
    expect(Object.keys(await put({})).filter((name) => name.startsWith('x-amz-checksum'))).toEqual([
      'x-amz-checksum-crc32',
    ]);
    proxy.seen.length = 0;
    expect(await put({ checksumAlgorithm: 'SHA256' })).toHaveProperty('x-amz-checksum-sha256');
    proxy.seen.length = 0;
    const none = await put({ checksumAlgorithm: '' });
    expect(Object.keys(none).filter((name) => /checksum|x-amz-trailer|sdk-checksum/.test(name))).toEqual([]);
  });

  it('carries encryption and tags as the location says', async () => {
    expect(await put({ kmsKeyId: 'alias/k', tagging: 'a=1&b=2' })).toMatchObject({
      'x-amz-server-side-encryption': 'aws:kms',
      'x-amz-server-side-encryption-aws-kms-key-id': 'alias/k',
      'x-amz-tagging': 'a=1&b=2',
    });
    proxy.seen.length = 0;
    expect(await put({ serverSideEncryption: 'AES256' })).toMatchObject({
      'x-amz-server-side-encryption': 'AES256',
    });
    proxy.seen.length = 0;
    const key = randomBytes(32);
    const file = join(dir, 'customer-key');
    await writeFile(file, key);
    const store = await throughProxy({}, { customerKeyEncryptionFile: file });
    await store.put('wire/c', Buffer.from('x')).catch(() => undefined);
    await store.exists('wire/c').catch(() => undefined);
    await store.get('wire/c').catch(() => undefined);
    const headers = {
      'x-amz-server-side-encryption-customer-algorithm': 'AES256',
      'x-amz-server-side-encryption-customer-key': key.toString('base64'),
      'x-amz-server-side-encryption-customer-key-md5': createHash('md5').update(key).digest('base64'),
    };
    expect(proxy.seen.map(({ method }) => method)).toEqual(['PUT', 'HEAD', 'GET']);
    for (const seen of proxy.seen) expect(seen.headers).toMatchObject(headers);
  });

  it('goes in parts above 64 MiB, and in one request below 16 MiB of a stream', async () => {
    const store = await throughProxy();
    const bytes = randomBytes(65 * MIB);
    await store.put(
      'wire/big',
      Readable.from([bytes.subarray(0, 33 * MIB), bytes.subarray(33 * MIB)], { objectMode: false }),
    );
    const shapes = proxy.seen.map(
      ({ method, path }) =>
        `${method} ${/partNumber=\d+/.exec(path)?.[0] ?? (path.includes('uploads') ? 'uploads' : 'uploadId')}`,
    );
    expect(shapes.toSorted()).toEqual([
      'POST uploadId',
      'POST uploads',
      ...[1, 2, 3, 4, 5].map((part) => `PUT partNumber=${part}`),
    ]);
    expect((await bytesAt(store, 'wire/big')).equals(bytes)).toBe(true);
    proxy.seen.length = 0;
    await store.put('wire/small', Readable.from([randomBytes(15 * MIB)], { objectMode: false }));
    expect(proxy.seen.map(({ method }) => method)).toEqual(['PUT']);
  });
});

describe('a store in trouble', () => {
  it('answering 503 is tried again, and gives a clear error at the deadline', async () => {
    const store = withRetry(await throughProxy(), quick);
    let refusals = 3;
    proxy.trouble = () => (refusals-- > 0 ? { do: 'answer', status: 503, code: 'SlowDown' } : undefined);
    await store.put('trouble/busy', Buffer.from('x'));
    expect((await bytesAt(store, 'trouble/busy')).toString()).toBe('x');
    proxy.trouble = () => ({ do: 'answer', status: 503, code: 'SlowDown' });
    const start = Date.now();
    const failure = await failureOf(store.put('trouble/busy', Buffer.from('y')));
    expect(Date.now() - start).toBeLessThan(6000);
    expect(failure).toMatchObject({ code: 'STORE_BUSY', object: `s3://${BUCKET}/velero` });
    expect(failure.message).toMatch(
      /^error putting object trouble\/busy: s3:.*SlowDown.*\(HTTP 503\) \(given up after \d+ tries in \d/,
    );
  });

  it('that stalls or resets connections is tried again, and ends in a timeout', async () => {
    const store = withRetry(withTimeouts(await throughProxy(), { operationMs: 300, idleMs: 300 }), quick);
    const troubles = [{ do: 'stall' } as const, { do: 'reset' } as const];
    proxy.trouble = () => troubles.shift();
    await store.put('trouble/stall', Buffer.from('x'));
    expect(await store.exists('trouble/stall')).toBe(true);
    proxy.trouble = () => ({ do: 'stall' });
    const failure = await failureOf(store.exists('trouble/stall'));
    expect(failure.code).toBe('STORE_TIMEOUT');
    expect(failure.message).toMatch(/no answer within 300ms \(given up after \d+ tries/);
  });

  it('that stalls ends by the socket too, where no layer watches', async () => {
    const store = await throughProxy({ idleMs: 300 });
    proxy.trouble = () => ({ do: 'stall' });
    expect((await failureOf(store.exists('x'))).code).toBe('STORE_TIMEOUT');
  });

  it('that cuts downloads is asked for the rest, until every byte is there', async () => {
    const store = await throughProxy();
    const bytes = randomBytes(5 * MIB);
    await store.put('trouble/cut', bytes);
    proxy.seen.length = 0;
    let cuts = 3;
    proxy.trouble = ({ method }) => (method === 'GET' && cuts-- > 0 ? { do: 'cut', after: MIB } : undefined);
    expect((await bytesAt(store, 'trouble/cut')).equals(bytes)).toBe(true);
    const ranges = proxy.seen.map(({ headers }) => headers.range);
    expect(ranges[0]).toBeUndefined();
    expect(ranges.slice(1)).toEqual([`bytes=${MIB}-`, `bytes=${2 * MIB}-`, `bytes=${3 * MIB}-`]);
    for (const { headers } of proxy.seen.slice(1)) expect(headers['if-match']).toMatch(/^".+"$/);
  });

  it('that stalls in the middle of a download is asked again too', async () => {
    const store = await throughProxy({ idleMs: 400 });
    const bytes = randomBytes(3 * MIB);
    await store.put('trouble/stall-body', bytes);
    let stalls = 1;
    proxy.trouble = ({ method }) =>
      method === 'GET' && stalls-- > 0 ? { do: 'stallBody', after: MIB } : undefined;
    expect((await bytesAt(store, 'trouble/stall-body')).equals(bytes)).toBe(true);
  });

  it('that always cuts at the same byte gives an error that says where', async () => {
    const store = await throughProxy();
    await store.put('trouble/always', randomBytes(2 * MIB));
    proxy.trouble = ({ headers }) =>
      headers.range === undefined
        ? { do: 'cut', after: MIB }
        : { do: 'answer', status: 503, code: 'SlowDown' };
    const failure = await failureOf(bytesAt(store, 'trouble/always'));
    expect(failure.message).toBe(
      `error getting object trouble/always: s3://${BUCKET}/velero: the download broke off after ${MIB} of ${2 * MIB} bytes, also when it was resumed`,
    );
  }, 60_000);

  it('whose object changes while it is read does not mix both', async () => {
    const store = await throughProxy();
    await store.put('trouble/changes', randomBytes(2 * MIB));
    let first = true;
    proxy.trouble = ({ method }) => {
      if (method !== 'GET' || !first) return undefined;
      first = false;
      return { do: 'cut', after: MIB };
    };
    const stream = await store.get('trouble/changes');
    await (await open()).put('trouble/changes', randomBytes(2 * MIB));
    await expect(stream.toArray()).rejects.toMatchObject({ code: 'OBJECT_CHANGED' });
  });

  it('that loses parts of a large upload gets them again, and nothing half remains', async () => {
    const store = await throughProxy({ partRetry: quick });
    const bytes = randomBytes(40 * MIB);
    let losses = 4;
    proxy.trouble = ({ path }) =>
      path.includes('partNumber') && losses-- > 0
        ? losses % 2 === 0
          ? { do: 'reset' }
          : { do: 'answer', status: 500, code: 'InternalError' }
        : undefined;
    await store.put('trouble/parts', Readable.from([bytes], { objectMode: false }));
    expect((await bytesAt(store, 'trouble/parts')).equals(bytes)).toBe(true);
    proxy.trouble = ({ path }) =>
      path.includes('partNumber=2') ? { do: 'answer', status: 503, code: 'SlowDown' } : undefined;
    const failure = await failureOf(
      store.put('trouble/never', Readable.from([bytes], { objectMode: false })),
    );
    expect(failure.code).toBe('STORE_BUSY');
    expect(proxy.seen.at(-1)?.method).toBe('DELETE');
    expect(await store.exists('trouble/never')).toBe(false);
    const left = await readdir(join(s3.dataFolder, BUCKET, '.sgwtmp', 'multipart'), {
      recursive: true,
    }).catch(() => []);
    expect(left.filter((name) => /^\d+$/.test(name.split('/').at(-1) ?? ''))).toEqual([]);
  });

  it('that is down gives an error at once without the layer, and works again when it is up', async () => {
    const store = withRetry(await open(), { ...quick, deadlineMs: 15_000 });
    await s3.stop();
    const down = await failureOf((await open()).exists('x'));
    expect(down).toMatchObject({ code: 'STORE_UNREACHABLE' });
    expect(down.message).toContain(`cannot reach ${s3.url}: connection refused`);
    const later = store.exists('trouble/parts');
    await s3.start();
    expect(await later).toBe(true);
  });
});

describe('a proxy of HTTPS_PROXY', () => {
  it('carries the requests to a store with TLS, and NO_PROXY keeps it out, networks included', async () => {
    const asked: string[] = [];
    const tunnel = await connectProxy(asked);
    try {
      const { port } = new URL(tls.url);
      const env = { HTTPS_PROXY: `http://127.0.0.1:${tunnel.port}` };
      // A name that only the proxy can reach.
      const far = {
        s3Url: `https://store.example.test:${port}`,
        profile: 'tls',
        insecureSkipTLSVerify: 'true',
      };
      const proxied = await open(far, { env });
      expect(await proxied.exists('x')).toBe(false);
      expect(asked).toEqual([`store.example.test:${port}`]);
      const direct = await open(far, { env: { ...env, NO_PROXY: '.example.test' } });
      expect((await failureOf(direct.exists('x'))).code).toBe('STORE_UNREACHABLE');
      const network = { ...far, s3Url: `https://10.255.255.1:${port}` };
      const kept = await open(network, { env: { ...env, NO_PROXY: '10.0.0.0/8' }, connectMs: 200 });
      await kept.exists('x', AbortSignal.timeout(500)).catch(() => undefined);
      expect(asked).toHaveLength(1);
    } finally {
      tunnel.server.close();
    }
  });
});

describe('roles', () => {
  it('are taken through the token service: with a web identity token, and with a source profile', async () => {
    const calls: URLSearchParams[] = [];
    const tokenService = createHttpServer((request, response) => {
      let body = '';
      request.on('data', (chunk: Buffer) => (body += chunk.toString()));
      request.on('end', () => {
        const call = new URLSearchParams(body);
        calls.push(call);
        const action = call.get('Action') ?? '';
        response.writeHead(200, { 'content-type': 'text/xml' });
        response.end(
          `<${action}Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><${action}Result><Credentials><AccessKeyId>${s3.accessKey}</AccessKeyId><SecretAccessKey>${s3.secretKey}</SecretAccessKey><SessionToken></SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration></Credentials></${action}Result></${action}Response>`,
        );
      });
    });
    await new Promise<void>((resolve) => tokenService.listen(0, '127.0.0.1', resolve));
    const address = tokenService.address();
    process.env['AWS_ENDPOINT_URL_STS'] =
      `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`;
    try {
      const token = join(dir, 'token');
      await writeFile(token, 'the-token');
      const file = join(dir, 'roles');
      await writeFile(
        file,
        `[default]\nsts_regional_endpoints = regional\nrole_arn = arn:aws:iam::123456789012:role/backup\nweb_identity_token_file = ${token}\n
[chained]\nrole_arn = arn:aws:iam::123456789012:role/other\nsource_profile = keys\n
[keys]\naws_access_key_id = A\naws_secret_access_key = B\n`,
      );
      const identity = await open({ credentialsFile: file });
      await identity.put('roles/web', Buffer.from('x'));
      expect(calls.at(-1)?.get('Action')).toBe('AssumeRoleWithWebIdentity');
      expect(calls.at(-1)?.get('WebIdentityToken')).toBe('the-token');
      const chained = await open({ credentialsFile: file, profile: 'chained' });
      await chained.put('roles/chained', Buffer.from('x'));
      expect(calls.at(-1)?.get('Action')).toBe('AssumeRole');
      expect(calls.at(-1)?.get('RoleArn')).toBe('arn:aws:iam::123456789012:role/other');
    } finally {
      delete process.env['AWS_ENDPOINT_URL_STS'];
      tokenService.closeAllConnections();
      tokenService.close();
    }
  });
});

describe('a backup store on S3', () => {
  it('V-STO-020 V-STO-023 V-STO-024 V-STO-028 stores, lists, reads back, signs and deletes a backup', async () => {
    const location = {
      apiVersion: 'velero.io/v1',
      kind: 'BackupStorageLocation',
      metadata: { name: 'default', namespace: 'velero' },
      spec: {
        provider: 'aws',
        config: { region: s3.region, s3Url: s3.url, s3ForcePathStyle: 'true' },
        objectStorage: { bucket: BUCKET, prefix: 'whole' },
        credential: { name: 'cloud', key: 'cloud' },
      },
    } as BackupStorageLocation;
    const store = await openBackupStore(location, {
      log: silentLogger,
      credentialsFile: async () => credentials,
      providers: builtInProviders({ s3: { env: {} } }),
    });
    await store.isValid();
    const writer = createArchiveWriter();
    const archiveBytes = writer.stream.toArray();
    for (let i = 0; i < 500; i++) {
      const place = {
        groupResource: 'configmaps',
        version: 'v1',
        preferred: true,
        namespace: 'a',
        name: `c${i}`,
      };
      await writer.addItem(place, Buffer.from(JSON.stringify({ i })));
    }
    const summary = await writer.finish();
    const contents = Buffer.concat((await archiveBytes) as Buffer[]);
    await store.putBackup({
      name: 'nightly',
      metadata: {
        apiVersion: 'velero.io/v1',
        kind: 'Backup',
        metadata: { name: 'nightly' },
        spec: {},
        status: {},
      },
      log: Buffer.from('log'),
      contents: () => Readable.from([contents], { objectMode: false }),
      contentsSize: contents.length,
      volumeSnapshots: [],
      itemOperations: [],
    });
    expect(await store.listBackups()).toEqual(['nightly']);
    expect(await store.backupExists('nightly')).toBe(true);
    expect((await store.getBackupMetadata('nightly')).metadata.name).toBe('nightly');
    const archive = await openArchive(await store.getBackupContents('nightly'));
    expect(archive.sha256).toBe(summary.sha256);
    expect(archive.count('configmaps')).toBe(500);
    await archive.close();
    const url = await store.getDownloadUrl({ kind: 'BackupContents', name: 'nightly' });
    expect(Buffer.from(await (await fetch(url)).arrayBuffer()).equals(contents)).toBe(true);
    await store.deleteBackup('nightly');
    expect(await store.listBackups()).toEqual([]);
    await store.close();
  });
});

function restoreEnv(name: string, value: string | undefined): void {
  if (value === undefined) delete process.env[name];
  else process.env[name] = value;
}

/** A proxy that knows CONNECT only, and for which every name is this machine. */
async function connectProxy(asked: string[]): Promise<{ server: Server; port: number }> {
  const server = createServer((client) => {
    client.once('data', (head) => {
      const target = /^CONNECT (\S+):(\d+) /.exec(head.toString('latin1'));
      if (target === null) {
        client.end('HTTP/1.1 405 Method Not Allowed\r\n\r\n');
        return;
      }
      asked.push(`${target[1]}:${target[2]}`);
      const upstream = connect(Number(target[2]), '127.0.0.1', () => {
        client.write('HTTP/1.1 200 Connection established\r\n\r\n');
        upstream.pipe(client).pipe(upstream);
      });
      upstream.on('error', () => client.destroy());
      client.on('error', () => upstream.destroy());
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return { server, port: typeof address === 'object' && address !== null ? address.port : 0 };
}
