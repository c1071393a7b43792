/**
 * Why a connection failed, told in the words of Go's net package, on which scripts and people match: the original's
 * messages are Go's own.
 */

import { messageOf } from './errors.ts';

export interface NetworkFault {
  /** E.g. `dial tcp 10.0.0.1:443: connect: connection refused`; Node's own words where Go has none for it. */
  text: string;
  /**
   * `passing`: the connection is to blame and may come back; `timeout`: of those, one that took too long;
   * `certificate`: the other side's certificate does not fit; `other`: anything else.
   */
  kind: 'passing' | 'timeout' | 'certificate' | 'other';
  /** True where the certificate's authority is not known here. */
  unknownAuthority: boolean;
}

interface SystemError extends Error {
  code?: string;
  address?: string;
  port?: number;
  hostname?: string;
}

const PASSING: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connect: connection refused',
  ECONNRESET: 'read: connection reset by peer',
  ECONNABORTED: 'read: software caused connection abort',
  EPIPE: 'write: broken pipe',
  ETIMEDOUT: 'connect: connection timed out',
  EHOSTUNREACH: 'connect: no route to host',
  ENETUNREACH: 'connect: network is unreachable',
  ENETDOWN: 'connect: network is down',
  EADDRNOTAVAIL: 'connect: cannot assign requested address',
  ENOTFOUND: 'no such host',
  EAI_AGAIN: 'temporary failure in name resolution',
  UND_ERR_SOCKET: 'EOF',
  UND_ERR_CONNECT_TIMEOUT: 'i/o timeout',
  UND_ERR_HEADERS_TIMEOUT: 'net/http: timeout awaiting response headers',
  UND_ERR_BODY_TIMEOUT: 'net/http: timeout reading the response body',
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: 'unexpected EOF',
  UND_ERR_PRX_CONN: 'the proxy closed the connection',
  HPE_INVALID_EOF_STATE: 'unexpected EOF',
};

const TIMEOUTS = new Set([
  'UND_ERR_CONNECT_TIMEOUT',
  'UND_ERR_HEADERS_TIMEOUT',
  'UND_ERR_BODY_TIMEOUT',
  'ETIMEDOUT',
]);

const UNKNOWN_AUTHORITY = 'tls: failed to verify certificate: x509: certificate signed by unknown authority';

const CERTIFICATE: Readonly<Record<string, string>> = {
  DEPTH_ZERO_SELF_SIGNED_CERT: UNKNOWN_AUTHORITY,
  SELF_SIGNED_CERT_IN_CHAIN: UNKNOWN_AUTHORITY,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: UNKNOWN_AUTHORITY,
  UNABLE_TO_GET_ISSUER_CERT: UNKNOWN_AUTHORITY,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: UNKNOWN_AUTHORITY,
  CERT_HAS_EXPIRED: 'tls: failed to verify certificate: x509: certificate has expired or is not yet valid',
  CERT_NOT_YET_VALID: 'tls: failed to verify certificate: x509: certificate has expired or is not yet valid',
  ERR_TLS_CERT_ALTNAME_INVALID:
    'tls: failed to verify certificate: x509: certificate is not valid for this host name',
};

/**
 * Reads what undici or Node threw.
 * @param server address of the other side, which the error itself may lack
 */
export function networkFault(thrown: unknown, server: string): NetworkFault {
  const cause = rootOf(thrown);
  const code = cause.code ?? '';
  const certificate = CERTIFICATE[code];
  if (certificate !== undefined) {
    return { text: certificate, kind: 'certificate', unknownAuthority: certificate === UNKNOWN_AUTHORITY };
  }
  const passing = PASSING[code];
  if (passing === undefined) return { text: messageOf(cause), kind: 'other', unknownAuthority: false };
  return {
    text: describe(cause, code, passing, server),
    kind: TIMEOUTS.has(code) ? 'timeout' : 'passing',
    unknownAuthority: false,
  };
}

function describe(cause: SystemError, code: string, passing: string, server: string): string {
  const { hostname, port, protocol } = new URL(server);
  const defaultPort = protocol === 'https:' ? '443' : '80';
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN')
    return `dial tcp: lookup ${cause.hostname ?? hostname}: ${passing}`;
  if (passing.startsWith('connect:') || code === 'UND_ERR_CONNECT_TIMEOUT') {
    const host = cause.address ?? hostname;
    const at = host.includes(':') && !host.startsWith('[') ? `[${host}]` : host;
    return `dial tcp ${at}:${cause.port ?? (port === '' ? defaultPort : port)}: ${passing}`;
  }
  return passing;
}

/** The error that says why: the first of an AggregateError (several addresses tried), or a nested cause. */
function rootOf(thrown: unknown): SystemError {
  let error: unknown = thrown;
  for (let depth = 0; depth < 5; depth++) {
    if (error instanceof AggregateError && error.errors.length > 0) {
      error = error.errors[0];
      continue;
    }
    if (error instanceof Error) {
      const { code } = error as SystemError;
      const known = code !== undefined && (code in PASSING || code in CERTIFICATE);
      // undici says UND_ERR_SOCKET of everything that befell an open socket; what it was is in its cause.
      if ((!known || code === 'UND_ERR_SOCKET') && saysWhy(error.cause)) {
        error = error.cause;
        continue;
      }
      return error;
    }
    break;
  }
  return error instanceof Error ? error : new Error(String(error));
}

function saysWhy(cause: unknown): cause is Error {
  return cause instanceof AggregateError || (cause instanceof Error && 'code' in cause);
}
