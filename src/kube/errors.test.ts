import { describe, expect, it } from 'vitest';
import {
  errorFromResponse,
  isAlreadyExists,
  isConflict,
  isForbidden,
  isGone,
  isInvalid,
  isNotFound,
  isTimeout,
  isTooManyRequests,
  isUnauthorized,
  isUnavailable,
  isWebhookDenied,
  KubeError,
  parseRetryAfter,
} from './errors.ts';
import { networkError } from './network-error.ts';

const PREDICATES = {
  isAlreadyExists,
  isConflict,
  isForbidden,
  isGone,
  isInvalid,
  isNotFound,
  isTimeout,
  isTooManyRequests,
  isUnauthorized,
  isUnavailable,
  isWebhookDenied,
};

function refused(status: number, reason: string, message = 'no', rest: object = {}): KubeError {
  const body = Buffer.from(
    JSON.stringify({ kind: 'Status', status: 'Failure', code: status, reason, message, ...rest }),
  );
  return errorFromResponse(
    { method: 'GET', path: '/api/v1/pods?x=1', object: 'pods shop/a' },
    status,
    body,
    undefined,
  );
}

function holding(error: unknown): string[] {
  return Object.entries(PREDICATES).flatMap(([name, holds]) => (holds(error) ? [name] : []));
}

describe('what the API server refuses', () => {
  it('is told in its own words, with reason, causes and what it asks for', () => {
    const error = refused(422, 'Invalid', 'Pod "a" is invalid: spec.x: bad', {
      details: { name: 'a', causes: [{ reason: 'FieldValueInvalid', field: 'spec.x', message: 'bad' }] },
    });
    expect(error).toMatchObject({
      code: 'KUBE_INVALID',
      status: 422,
      reason: 'Invalid',
      message: 'Pod "a" is invalid: spec.x: bad',
      object: 'pods shop/a',
      details: { causes: [{ field: 'spec.x' }] },
      maybeApplied: false,
    });
    expect(refused(429, 'TooManyRequests', 'wait', { details: { retryAfterSeconds: 3 } }).retryAfterMs).toBe(
      3000,
    );
  });

  it('is told by one predicate each, the two kinds of 409 apart', () => {
    const table: [error: KubeError, names: string[]][] = [
      [refused(404, 'NotFound'), ['isNotFound']],
      [refused(409, 'AlreadyExists'), ['isAlreadyExists']],
      [refused(409, 'Conflict'), ['isConflict']],
      [refused(410, 'Expired'), ['isGone']],
      [refused(410, 'Gone'), ['isGone']],
      [refused(401, 'Unauthorized'), ['isUnauthorized']],
      [refused(403, 'Forbidden'), ['isForbidden']],
      [refused(422, 'Invalid'), ['isInvalid']],
      [refused(429, 'TooManyRequests'), ['isTooManyRequests']],
      [refused(503, 'ServiceUnavailable'), ['isUnavailable']],
      [refused(504, 'Timeout'), ['isTimeout']],
      [refused(500, 'InternalError'), []],
      [
        refused(403, 'Forbidden', 'admission webhook "v.example.com" denied the request: not on Fridays'),
        ['isForbidden', 'isWebhookDenied'],
      ],
      [
        refused(400, 'BadRequest', 'admission webhook "a" denied the request without explanation'),
        ['isWebhookDenied'],
      ],
    ];
    for (const [error, names] of table) expect(holding(error), error.message).toEqual(names);
    for (const other of [undefined, null, 'x', new Error('x'), { status: 404 }])
      expect(holding(other)).toEqual([]);
  });

  it('is told in general words where the body is no Status, and quotes the body', () => {
    const plain = (status: number, body: string) =>
      errorFromResponse({ method: 'GET', path: '/apis/x?y=1' }, status, Buffer.from(body), undefined);
    expect(plain(404, '404 page not found\n')).toMatchObject({
      message: 'the server could not find the requested resource (get /apis/x): 404 page not found',
      reason: 'NotFound',
    });
    expect(plain(503, '')).toMatchObject({
      message: 'the server is currently unable to handle the request (get /apis/x)',
    });
    expect(plain(418, '{"a"')).toMatchObject({ status: 418, reason: '', code: 'KUBE_UNKNOWN' });
  });

  it('keeps the token with which an expired list may go on', () => {
    expect(refused(410, 'Expired', 'too old', { metadata: { continue: 'next' } }).continueToken).toBe('next');
  });

  it('asks to wait in seconds or until a date', () => {
    const now = Date.parse('2026-01-01T00:00:00Z');
    expect(parseRetryAfter('2', now)).toBe(2000);
    expect(parseRetryAfter('Thu, 01 Jan 2026 00:00:05 GMT', now)).toBe(5000);
    expect(parseRetryAfter('Wed, 31 Dec 2025 00:00:00 GMT', now)).toBe(0);
    expect(parseRetryAfter('soon', now)).toBeUndefined();
    expect(parseRetryAfter(undefined, now)).toBeUndefined();
  });

  it('copies itself as one that may have been carried out', () => {
    const error = refused(409, 'AlreadyExists', 'exists').asMaybeApplied();
    expect(error).toMatchObject({
      maybeApplied: true,
      message: 'exists',
      reason: 'AlreadyExists',
      status: 409,
    });
    expect(error.asMaybeApplied()).toBe(error);
  });
});

describe('what keeps us from the API server', () => {
  const context = { method: 'GET', path: '/version' };

  function from(error: Error): { message: string; retryable: boolean; names: string[] } {
    const result = networkError(error, context, 'https://api:6443/');
    return { message: result.error.message, retryable: result.retryable, names: holding(result.error) };
  }

  it('is told as Go tells it', () => {
    const refusedAt = Object.assign(new Error('x'), {
      code: 'ECONNREFUSED',
      address: '10.0.0.1',
      port: 6443,
    });
    const unavailable = { retryable: true, names: ['isUnavailable'] };
    expect(from(refusedAt)).toEqual({
      message: 'Get "https://api:6443/version": dial tcp 10.0.0.1:6443: connect: connection refused',
      ...unavailable,
    });
    expect(from(new AggregateError([refusedAt], ''))).toMatchObject(unavailable);
    expect(from(Object.assign(new Error('x'), { code: 'ENOTFOUND', hostname: 'api' })).message).toBe(
      'Get "https://api:6443/version": dial tcp: lookup api: no such host',
    );
    expect(from(Object.assign(new Error('x'), { code: 'UND_ERR_CONNECT_TIMEOUT' }))).toEqual({
      message: 'Get "https://api:6443/version": dial tcp api:6443: i/o timeout',
      retryable: true,
      names: ['isTimeout', 'isUnavailable'],
    });
    const reset = Object.assign(new Error('other side closed'), {
      code: 'UND_ERR_SOCKET',
      cause: Object.assign(new Error('read'), { code: 'ECONNRESET' }),
    });
    expect(from(reset).message).toBe('Get "https://api:6443/version": read: connection reset by peer');
  });

  it('is not tried again where the certificate does not fit', () => {
    const result = from(Object.assign(new Error('x'), { code: 'SELF_SIGNED_CERT_IN_CHAIN' }));
    expect(result).toEqual({
      message:
        'Get "https://api:6443/version": tls: failed to verify certificate: x509: certificate signed by unknown authority',
      retryable: false,
      names: [],
    });
    expect(from(new TypeError('a fault of ours')).retryable).toBe(false);
  });
});
