/** The failures of object stores, and which of them another try may mend. */

import { Failure, messageOf } from '../lib/errors.ts';

/** Every code that a store throws, with what it means. */
const STORE_CODES = {
  OBJECT_NOT_FOUND: 'the bucket has no object of that key',
  OBJECT_CHANGED: 'the object was replaced while it was read',
  BUCKET_NOT_FOUND: 'the bucket does not exist',
  STORE_ACCESS_DENIED: 'the store knows the credentials but refuses the request, or does not know them',
  STORE_CREDENTIALS: 'no credentials, or a credentials file that cannot be used',
  STORE_CONFIG: 'the configuration of the location is wrong',
  STORE_CORRUPT: 'the bytes that came do not have the checksum that the store states',
  STORE_REGION: 'the bucket lies in another region',
  STORE_TLS: 'the certificate of the store is not trusted',
  STORE_UNREACHABLE: 'no connection to the store, or it broke',
  STORE_BUSY: 'the store answered that it cannot serve the request now',
  STORE_TIMEOUT: 'the store did not answer in time',
  STORE_FAILED: 'the store refused for another reason',
} as const;

export type StoreCode = keyof typeof STORE_CODES;

const PASSING: ReadonlySet<string> = new Set<StoreCode>(['STORE_UNREACHABLE', 'STORE_BUSY', 'STORE_TIMEOUT']);

/** A store's failure. */
export function storeFailure(
  code: StoreCode,
  object: string,
  message: string,
  remedy?: string,
  cause?: unknown,
): Failure {
  return new Failure({ code, message, object, remedy, cause });
}

/** True where the same request may succeed a little later. */
export function isPassing(error: unknown): boolean {
  return error instanceof Failure && PASSING.has(error.code);
}

export function isNotFound(error: unknown): boolean {
  return error instanceof Failure && error.code === 'OBJECT_NOT_FOUND';
}

/** Node's codes of certificates that do not verify, in the words of Go's crypto/x509, which people search for. */
const CERTIFICATE_TEXTS: Readonly<Record<string, string>> = {
  DEPTH_ZERO_SELF_SIGNED_CERT: 'x509: certificate signed by unknown authority',
  SELF_SIGNED_CERT_IN_CHAIN: 'x509: certificate signed by unknown authority',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'x509: certificate signed by unknown authority',
  UNABLE_TO_GET_ISSUER_CERT: 'x509: certificate signed by unknown authority',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'x509: certificate signed by unknown authority',
  CERT_SIGNATURE_FAILURE: 'x509: certificate signed by unknown authority',
  CERT_HAS_EXPIRED: 'x509: certificate has expired or is not yet valid',
  CERT_NOT_YET_VALID: 'x509: certificate has expired or is not yet valid',
  ERR_TLS_CERT_ALTNAME_INVALID: 'x509: certificate is not valid for the name of the server',
};

/** Node.js adds advice on its own flags, which is none for whoever runs a server. */
function withoutAdvice(text: string): string {
  return text.replace(/; if the root CA is installed locally.*$/s, '');
}

const CONNECTION_CODES: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'EPIPE',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ERR_STREAM_PREMATURE_CLOSE',
  'ERR_SOCKET_CLOSED',
  'HPE_INVALID_CONSTANT',
]);

/**
 * The failure behind a broken or refused connection, or undefined where the error is of another kind.
 * @param endpoint the address that was spoken to
 */
export function connectionFailure(error: unknown, object: string, endpoint: string): Failure | undefined {
  const { code, name } = error as { code?: string; name?: string };
  const text = messageOf(error);
  const certificate = CERTIFICATE_TEXTS[code ?? ''];
  if (certificate !== undefined) {
    return storeFailure(
      'STORE_TLS',
      object,
      `cannot trust ${endpoint}: tls: failed to verify certificate: ${certificate} (${withoutAdvice(text)})`,
      "put the certificate of the store's authority (PEM, base64) into objectStorage.caCert of the location",
      error,
    );
  }
  if (code === 'EPROTO' || code?.startsWith('ERR_SSL_')) {
    const plain = /wrong version number|packet length too long|http request/i.test(text);
    return storeFailure(
      'STORE_TLS',
      object,
      `cannot speak TLS with ${endpoint}: ${plain ? 'http: server gave HTTP response to HTTPS client' : text.trim()}`,
      plain
        ? 'the store speaks plain HTTP there: begin the URL of the location with http://, or use its TLS port'
        : 'check which TLS versions the store offers',
      error,
    );
  }
  // The SDK calls broken connections timeouts too, so the code is asked first.
  if (CONNECTION_CODES.has(code ?? '') || /socket hang up|other side closed|Parse Error/.test(text)) {
    return storeFailure(
      'STORE_UNREACHABLE',
      object,
      `cannot reach ${endpoint}: ${code === 'ECONNREFUSED' ? 'connection refused' : text}`,
      'check the URL of the location (http or https), the network and whether the store is running',
      error,
    );
  }
  if (name === 'TimeoutError' || code === 'ETIMEDOUT') {
    return storeFailure(
      'STORE_TIMEOUT',
      object,
      `no answer from ${endpoint} in time: ${text}`,
      'check the network between this pod and the store',
      error,
    );
  }
  return undefined;
}
