/** Turns what the AWS SDK throws into a Failure that says which location, why and what to do. */

import { Failure, messageOf } from '../lib/errors.ts';
import { connectionFailure, type StoreCode, storeFailure } from './store-errors.ts';

interface SdkError {
  name?: string;
  message?: string;
  Region?: string;
  $metadata?: { httpStatusCode?: number };
  $response?: { headers?: Record<string, string>; statusCode?: number };
}

const DENIED: ReadonlySet<string> = new Set([
  'AccessDenied',
  'Forbidden',
  'InvalidAccessKeyId',
  'SignatureDoesNotMatch',
  'ExpiredToken',
  'InvalidToken',
  'TokenRefreshRequired',
  'AccountProblem',
  'AllAccessDisabled',
  'RequestTimeTooSkewed',
  'KMS.DisabledException',
  // versitygw's word for an unknown key.
  'XAdminUserNotFound',
]);

const WRONG_REGION: ReadonlySet<string> = new Set([
  'AuthorizationHeaderMalformed',
  'PermanentRedirect',
  'IllegalLocationConstraintException',
  'TemporaryRedirect',
]);

const BUSY: ReadonlySet<string> = new Set([
  'SlowDown',
  'ServiceUnavailable',
  'InternalError',
  'RequestTimeout',
  'Throttling',
  'ThrottlingException',
  'RequestLimitExceeded',
  'OperationAborted',
]);

const REMEDIES: Partial<Record<StoreCode, string>> = {
  OBJECT_CHANGED: 'read it again',
  OBJECT_NOT_FOUND: 'the object was deleted or never written',
  BUCKET_NOT_FOUND:
    'create the bucket, or correct objectStorage.bucket, config.region and config.s3Url of the location',
  STORE_CORRUPT: 'read it again; where it stays so, the object is damaged in the store',
  STORE_BUSY: 'the store is overloaded; try again later',
  STORE_FAILED: 'see the documentation of the store for this error',
};

/**
 * @param action what was tried, e.g. `error putting object backups/a/a.tar.gz`; empty for none
 * @param name `s3://bucket/prefix`
 */
export function s3Failure(error: unknown, action: string, name: string, endpoint: string): Error {
  if (error instanceof Failure) return error;
  const sdk = error as SdkError;
  if (sdk.name === 'AbortError') return error as Error;
  const prefix = action === '' ? '' : `${action}: `;
  const connection = connectionFailure(error, name, endpoint);
  if (connection !== undefined) {
    return storeFailure(
      connection.code as StoreCode,
      name,
      `${prefix}${name}: ${connection.message}`,
      connection.remedy,
      error,
    );
  }
  const status = sdk.$metadata?.httpStatusCode ?? sdk.$response?.statusCode;
  const kind = sdk.name ?? '';
  const code = codeOf(kind, status, sdk);
  const stated = status === undefined ? '' : ` (HTTP ${status})`;
  const text = messageOf(error);
  const reason = kind === '' || text.startsWith(kind) || kind === 'Error' ? text : `${kind}: ${text}`;
  return storeFailure(
    code,
    name,
    `${prefix}${name}: ${reason}${stated}${hint(code, sdk)}`,
    remedy(code, kind, sdk),
    error,
  );
}

function codeOf(kind: string, status: number | undefined, error: SdkError): StoreCode {
  if (kind === 'NoSuchBucket') return 'BUCKET_NOT_FOUND';
  if (kind === 'PreconditionFailed' || status === 412) return 'OBJECT_CHANGED';
  if (kind === 'NoSuchKey' || (kind === 'NotFound' && status === 404)) return 'OBJECT_NOT_FOUND';
  if (WRONG_REGION.has(kind) || status === 301 || status === 307) return 'STORE_REGION';
  if (kind === 'CredentialsProviderError' || kind === 'TokenProviderError') return 'STORE_CREDENTIALS';
  if (/checksum mismatch/i.test(error.message ?? '')) return 'STORE_CORRUPT';
  if (
    BUSY.has(kind) ||
    status === 429 ||
    status === 408 ||
    (status !== undefined && status >= 500 && status !== 501)
  ) {
    return 'STORE_BUSY';
  }
  if (DENIED.has(kind) || status === 401 || status === 403) return 'STORE_ACCESS_DENIED';
  return 'STORE_FAILED';
}

function expectedRegion(error: SdkError): string | undefined {
  return (
    error.$response?.headers?.['x-amz-bucket-region'] ??
    error.Region ??
    /expecting ['"]([a-z0-9-]+)['"]/.exec(error.message ?? '')?.[1]
  );
}

function hint(code: StoreCode, error: SdkError): string {
  if (code !== 'STORE_REGION') return '';
  const region = expectedRegion(error);
  return region === undefined ? '' : `; the bucket is in region ${region}`;
}

function remedy(code: StoreCode, kind: string, error: SdkError): string | undefined {
  switch (code) {
    case 'STORE_REGION': {
      const region = expectedRegion(error);
      return region === undefined
        ? "set config.region of the location to the bucket's region"
        : `set config.region of the location to ${region}`;
    }
    case 'STORE_ACCESS_DENIED':
      if (kind === 'RequestTimeTooSkewed') return 'set the clock of the node right';
      if (
        kind === 'InvalidAccessKeyId' ||
        kind === 'XAdminUserNotFound' ||
        kind === 'SignatureDoesNotMatch'
      ) {
        return 'correct the access key in the Secret that the location names, and its profile';
      }
      return 'grant the credentials read, write, list and delete on the bucket';
    case 'STORE_CREDENTIALS':
      return 'name a Secret with credentials in spec.credential of the location';
    default:
      return REMEDIES[code];
  }
}
