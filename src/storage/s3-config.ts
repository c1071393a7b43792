/**
 * The configuration of provider `velero.io/aws`, key by key as velero-plugin-for-aws reads it (its object_store.go and
 * helpers.go).
 */

import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { messageOf } from '../lib/errors.ts';
import type { ObjectStoreConfig } from './object-store.ts';
import { checkConfigKeys, configFlag, locationName } from './provider-config.ts';
import { storeFailure } from './store-errors.ts';

/** Keys of `spec.config` that the provider takes; bucket, prefix and caCert come from the server. */
export const S3_CONFIG_KEYS = [
  'region',
  's3Url',
  'publicUrl',
  'kmsKeyId',
  'customerKeyEncryptionFile',
  'customerKeyEncryptionSecret',
  's3ForcePathStyle',
  'signatureVersion',
  'credentialsFile',
  'profile',
  'serverSideEncryption',
  'insecureSkipTLSVerify',
  'enableSharedConfig',
  'tagging',
  'checksumAlgorithm',
] as const;

const CHECKSUM_ALGORITHMS = ['CRC32', 'CRC32C', 'SHA1', 'SHA256', 'CRC64NVME'] as const;
type ChecksumAlgorithm = (typeof CHECKSUM_ALGORITHMS)[number];

/** A customer's own key for encryption in the store; both as base64. */
export interface CustomerKey {
  key: string;
  md5: string;
}

export interface S3Settings {
  bucket: string;
  /** `s3://bucket/prefix`. */
  name: string;
  region: string | undefined;
  url: string | undefined;
  publicUrl: string | undefined;
  forcePathStyle: boolean;
  insecureSkipTLSVerify: boolean;
  caCert: string | undefined;
  profile: string | undefined;
  credentialsFile: string | undefined;
  kmsKeyId: string | undefined;
  serverSideEncryption: string | undefined;
  customerKey: CustomerKey | undefined;
  tagging: string | undefined;
  /** Undefined: no checksums at all. */
  checksumAlgorithm: ChecksumAlgorithm | undefined;
}

/** Reads one key of a Secret in the server's own namespace; undefined where there is none. */
export type ReadSecret = (name: string, key: string) => Promise<Uint8Array | undefined>;

/**
 * @param env the environment; AWS_SHARED_CREDENTIALS_FILE stands in for a missing `credentialsFile`
 * @throws Failure `STORE_CONFIG`
 */
export async function readS3Settings(
  config: ObjectStoreConfig,
  env: Readonly<Record<string, string | undefined>>,
  readSecret?: ReadSecret,
): Promise<S3Settings> {
  const name = locationName('s3', config);
  checkConfigKeys(config, S3_CONFIG_KEYS, name);
  const wrong = (message: string, remedy: string) => storeFailure('STORE_CONFIG', name, message, remedy);
  const bucket = config['bucket'] ?? '';
  if (bucket === '') {
    throw wrong(
      'backup storage location has no bucket: objectStorage.bucket must not be empty',
      'name the bucket in objectStorage.bucket of the location',
    );
  }
  const forcePathStyle = configFlag(config, 's3ForcePathStyle', name);
  const insecureSkipTLSVerify = configFlag(config, 'insecureSkipTLSVerify', name);
  for (const key of ['s3Url', 'publicUrl']) {
    const url = config[key];
    if (url && !isHttpUrl(url)) {
      throw wrong(
        `Invalid s3 url ${url}, URL must be valid according to https://golang.org/pkg/net/url/#Parse and start with http:// or https://`,
        `correct ${key} of the location`,
      );
    }
  }
  const caCert = optional(config['caCert']);
  if (caCert !== undefined && !caCert.includes('-----BEGIN CERTIFICATE-----')) {
    throw wrong(
      'objectStorage.caCert does not contain a PEM certificate',
      'put the PEM text of the certificates, base64-encoded once, into objectStorage.caCert',
    );
  }
  const tagging = optional(config['tagging']);
  if (tagging !== undefined) checkTags(tagging, name);
  const algorithm = config['checksumAlgorithm'] ?? 'CRC32';
  if (algorithm !== '' && !CHECKSUM_ALGORITHMS.includes(algorithm as ChecksumAlgorithm)) {
    throw wrong(
      `invalid checksum algorithm: ${algorithm}`,
      `use one of ${CHECKSUM_ALGORITHMS.join(', ')}, or "" for none`,
    );
  }
  return {
    bucket,
    name,
    region: optional(config['region']),
    url: optional(config['s3Url']),
    publicUrl: optional(config['publicUrl']),
    forcePathStyle,
    insecureSkipTLSVerify,
    caCert,
    profile: optional(config['profile']),
    credentialsFile: optional(config['credentialsFile']) ?? optional(env['AWS_SHARED_CREDENTIALS_FILE']),
    kmsKeyId: optional(config['kmsKeyId']),
    serverSideEncryption: optional(config['serverSideEncryption']),
    customerKey: await readCustomerKey(config, name, readSecret),
    tagging,
    checksumAlgorithm: algorithm === '' ? undefined : (algorithm as ChecksumAlgorithm),
  };
}

function optional(text: string | undefined): string | undefined {
  return text === undefined || text === '' ? undefined : text;
}

function isHttpUrl(text: string): boolean {
  return /^https?:\/\//.test(text) && URL.canParse(text);
}

/** One tag is accepted too, which the original's check refuses although the store takes it. */
function checkTags(tagging: string, name: string): void {
  const wrong = (message: string) =>
    storeFailure('STORE_CONFIG', name, message, 'correct tagging of the location: Key1=Value1&Key2=Value2');
  const tags = tagging.split('&');
  if (tags.length > 10) throw wrong('Aws S3 allows only ten tags per object');
  for (const tag of tags) {
    const [key = '', value, ...more] = tag.split('=');
    if (value === undefined || more.length > 0 || key === '') throw wrong('invalid tags provided');
    if (Array.from(key).length > 128) {
      throw wrong('An S3 tag key can not be more than 128 Unicode characters in length');
    }
    if (Array.from(value).length > 256) {
      throw wrong('An S3 tag values can not be more 256 Unicode characters in length');
    }
  }
}

async function readCustomerKey(
  config: ObjectStoreConfig,
  name: string,
  readSecret: ReadSecret | undefined,
): Promise<CustomerKey | undefined> {
  const file = config['customerKeyEncryptionFile'] ?? '';
  const secret = config['customerKeyEncryptionSecret'] ?? '';
  const methods = [config['kmsKeyId'] ?? '', file, secret].filter((value) => value !== '');
  if (methods.length > 1) {
    throw storeFailure(
      'STORE_CONFIG',
      name,
      'you can only use one of: kmsKeyId, customerKeyEncryptionFile, or customerKeyEncryptionSecret',
      'remove all but one of them from the location',
    );
  }
  const bytes =
    file !== ''
      ? await keyFromFile(file, name)
      : secret !== ''
        ? await keyFromSecret(secret, name, readSecret)
        : undefined;
  if (bytes === undefined) return undefined;
  return {
    key: Buffer.from(bytes).toString('base64'),
    md5: createHash('md5').update(bytes).digest('base64'),
  };
}

/** The first 32 bytes count, as in the original: files often end with a newline that is not part of the key. */
async function keyFromFile(file: string, name: string): Promise<Uint8Array> {
  const remedy = 'mount the Secret with the 32-byte key and give the path of its file';
  let bytes: Buffer;
  try {
    bytes = await readFile(file);
  } catch (error) {
    const missing = (error as { code?: string }).code === 'ENOENT';
    throw storeFailure(
      'STORE_CONFIG',
      name,
      missing
        ? `provided customerKeyEncryptionFile does not exist: ${file}`
        : `could not read customerKeyEncryptionFile: ${file}: ${messageOf(error)}`,
      remedy,
      error,
    );
  }
  if (bytes.length < 32) {
    throw storeFailure(
      'STORE_CONFIG',
      name,
      `contents of customerKeyEncryptionFile (${file}) are not exactly 32 bytes`,
      remedy,
    );
  }
  return bytes.subarray(0, 32);
}

async function keyFromSecret(
  reference: string,
  name: string,
  readSecret: ReadSecret | undefined,
): Promise<Uint8Array> {
  const remedy =
    'give customerKeyEncryptionSecret as secretName/key of a Secret in the namespace of the server';
  const [secret = '', key = '', ...more] = reference.split('/');
  if (more.length > 0 || secret === '' || key === '') {
    throw storeFailure(
      'STORE_CONFIG',
      name,
      `invalid secret reference format: ${reference}, expected secretName/key`,
      remedy,
    );
  }
  const bytes = await readSecret?.(secret, key);
  if (bytes === undefined) {
    throw storeFailure('STORE_CONFIG', name, `key ${key} not found in secret ${secret}`, remedy);
  }
  if (bytes.length !== 32) {
    throw storeFailure(
      'STORE_CONFIG',
      name,
      `customer key from secret ${secret}/${key} must be exactly 32 bytes, got ${bytes.length} bytes`,
      remedy,
    );
  }
  return bytes;
}
