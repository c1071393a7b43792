/**
 * What the API server refuses, and what keeps us from reaching it, as one error class. The message is the server's
 * own: people and scripts match on it.
 */

import { Failure } from '../lib/errors.ts';

/** One field's complaint, as `details.causes` of a Status carries it. */
export interface StatusCause {
  reason?: string;
  message?: string;
  field?: string;
}

export interface StatusDetails {
  name?: string;
  group?: string;
  kind?: string;
  uid?: string;
  causes?: readonly StatusCause[];
  retryAfterSeconds?: number;
}

/** The `metav1.Status` that the API server answers with when it refuses. */
export interface Status {
  kind?: string;
  status?: string;
  message?: string;
  reason?: string;
  code?: number;
  details?: StatusDetails;
  metadata?: { continue?: string; resourceVersion?: string };
}

export interface KubeErrorInit {
  message: string;
  /** HTTP status; 0 where no answer came. */
  status: number;
  reason: string;
  object?: string | undefined;
  remedy?: string | undefined;
  retryAfterMs?: number | undefined;
  details?: StatusDetails | undefined;
  continueToken?: string | undefined;
  maybeApplied?: boolean | undefined;
  cause?: unknown;
}

/** A refusal of the API server (`status` > 0) or the want of an answer (`status` 0, reason `Unavailable` or `Timeout`). */
export class KubeError extends Failure {
  /** HTTP status; 0 where the server could not be reached or broke off. */
  readonly status: number;
  /** The API's reason (`NotFound`, `AlreadyExists`, `Conflict`, `Expired` …). */
  readonly reason: string;
  /** How long the server asks to wait, in milliseconds. */
  readonly retryAfterMs: number | undefined;
  readonly details: StatusDetails | undefined;
  /** With 410 on a list: the token with which the server would go on from the same place at a newer version. */
  readonly continueToken: string | undefined;
  /**
   * True where a write may have been carried out although an error came back: the answer was lost, or a repeat of a
   * write whose answer was lost met its own traces (409).
   */
  readonly maybeApplied: boolean;

  constructor(init: KubeErrorInit) {
    super({
      code: `KUBE_${constantCase(init.reason === '' ? 'Unknown' : init.reason)}`,
      message: init.message,
      object: init.object,
      remedy: init.remedy,
      cause: init.cause,
    });
    this.name = 'KubeError';
    this.status = init.status;
    this.reason = init.reason;
    this.retryAfterMs = init.retryAfterMs;
    this.details = init.details;
    this.continueToken = init.continueToken;
    this.maybeApplied = init.maybeApplied ?? false;
  }

  /** The same error saying that the write may have been carried out. */
  asMaybeApplied(): KubeError {
    if (this.maybeApplied) return this;
    return new KubeError({
      message: this.message,
      status: this.status,
      reason: this.reason,
      object: this.object,
      remedy: this.remedy,
      retryAfterMs: this.retryAfterMs,
      details: this.details,
      continueToken: this.continueToken,
      cause: this.cause,
      maybeApplied: true,
    });
  }
}

function constantCase(reason: string): string {
  return reason.replace(/([a-z0-9])([A-Z])/g, '$1_$2').toUpperCase();
}

/** What the client says where the body is no Status, per HTTP status (apimachinery NewGenericServerResponse). */
const GENERIC: Readonly<Record<number, readonly [reason: string, message: string]>> = {
  400: ['BadRequest', 'the server rejected our request for an unknown reason'],
  401: ['Unauthorized', 'the server has asked for the client to provide credentials'],
  403: ['Forbidden', 'the server does not allow access to the requested resource'],
  404: ['NotFound', 'the server could not find the requested resource'],
  405: ['MethodNotAllowed', 'the server does not allow this method on the requested resource'],
  406: ['NotAcceptable', 'the server was unable to respond with a content type that the client supports'],
  409: ['Conflict', 'the server reported a conflict'],
  410: ['Gone', 'the resource is no longer available at this address'],
  413: ['RequestEntityTooLarge', 'the request is too large'],
  415: [
    'UnsupportedMediaType',
    'the body of the request was in an unknown format - accepted media types include application/json',
  ],
  422: ['Invalid', 'the server rejected our request due to an error in our request'],
  429: ['TooManyRequests', 'the server has received too many requests and has asked us to try again later'],
  500: ['InternalError', 'an error on the server has prevented the request from succeeding'],
  502: ['ServiceUnavailable', 'the gateway before the server has no answer from it'],
  503: ['ServiceUnavailable', 'the server is currently unable to handle the request'],
  504: ['Timeout', 'the server was unable to return a response in the time allotted'],
};

export interface RequestContext {
  method: string;
  path: string;
  /** The object concerned as a person names it, e.g. `configmaps shop/settings`. */
  object?: string | undefined;
}

/** Seconds or a date in `Retry-After`, as milliseconds from now. */
export function parseRetryAfter(value: string | undefined, now: number): number | undefined {
  if (value === undefined || value === '') return undefined;
  const seconds = Number(value);
  if (Number.isFinite(seconds)) return Math.max(0, seconds * 1000);
  const date = Date.parse(value);
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}

/** Makes the error of an HTTP answer of 400 or above; a body that is no Status is quoted after the generic sentence. */
export function errorFromResponse(
  context: RequestContext,
  status: number,
  body: Uint8Array,
  retryAfter: string | undefined,
): KubeError {
  const text = Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('utf8');
  const retryAfterMs = parseRetryAfter(retryAfter, Date.now());
  const parsed = parseStatus(text);
  if (parsed?.message !== undefined && parsed.message !== '') {
    return new KubeError({
      message: parsed.message,
      status,
      reason: parsed.reason ?? GENERIC[status]?.[0] ?? '',
      object: context.object,
      remedy: remedyFor(status, parsed.message),
      details: parsed.details,
      continueToken: parsed.metadata?.continue,
      retryAfterMs:
        retryAfterMs ??
        (parsed.details?.retryAfterSeconds === undefined
          ? undefined
          : parsed.details.retryAfterSeconds * 1000),
    });
  }
  const [reason, sentence] = GENERIC[status] ?? ['', `the server responded with the status code ${status}`];
  const what = context.object === undefined ? context.path.replace(/\?.*/s, '') : context.object;
  const quoted = text.trim().slice(0, 512);
  return new KubeError({
    message: `${sentence} (${context.method.toLowerCase()} ${what})${quoted === '' ? '' : `: ${quoted}`}`,
    status,
    reason,
    object: context.object,
    remedy: remedyFor(status, quoted),
    retryAfterMs,
  });
}

/** The error inside an ERROR event of a watch. */
export function errorFromStatus(context: RequestContext, status: Status): KubeError {
  const code = status.code ?? 500;
  return new KubeError({
    message: status.message ?? GENERIC[code]?.[1] ?? `the server responded with the status code ${code}`,
    status: code,
    reason: status.reason ?? GENERIC[code]?.[0] ?? '',
    object: context.object,
    details: status.details,
  });
}

function parseStatus(text: string): Status | undefined {
  if (!text.startsWith('{')) return undefined;
  try {
    const value = JSON.parse(text) as Status;
    return value.kind === 'Status' ? value : undefined;
  } catch {
    return undefined;
  }
}

/** @param message the API server's; admission and quotas also answer 403, and no right would help against them */
function remedyFor(status: number, message: string): string | undefined {
  if (status === 401) return 'check the token or client certificate in the kubeconfig';
  if (status === 403 && /\bcannot \w+ (resource|path)\b/.test(message))
    return 'grant this verb on this resource to the user or service account';
  if (status === 413) return 'the object is larger than the API server or etcd accepts';
  return undefined;
}

function hasStatus(error: unknown, status: number, ...reasons: readonly string[]): error is KubeError {
  return (
    error instanceof KubeError &&
    (reasons.length > 0 && error.reason !== '' ? reasons.includes(error.reason) : error.status === status)
  );
}

/** The object, resource or path does not exist. */
export function isNotFound(error: unknown): error is KubeError {
  return hasStatus(error, 404, 'NotFound');
}

/** Somebody changed the object since it was read, or a precondition failed. */
export function isConflict(error: unknown): error is KubeError {
  return hasStatus(error, 409, 'Conflict');
}

/** An object of this name exists. */
export function isAlreadyExists(error: unknown): error is KubeError {
  return error instanceof KubeError && error.reason === 'AlreadyExists';
}

/** A continue token or resource version has expired (410). */
export function isGone(error: unknown): error is KubeError {
  return hasStatus(error, 410, 'Gone', 'Expired');
}

export function isForbidden(error: unknown): error is KubeError {
  return hasStatus(error, 403, 'Forbidden');
}

export function isUnauthorized(error: unknown): error is KubeError {
  return hasStatus(error, 401, 'Unauthorized');
}

/** The object is not valid (422). */
export function isInvalid(error: unknown): error is KubeError {
  return hasStatus(error, 422, 'Invalid');
}

export function isTooManyRequests(error: unknown): error is KubeError {
  return error instanceof KubeError && (error.status === 429 || error.reason === 'TooManyRequests');
}

/** The server, or we, gave up waiting. */
export function isTimeout(error: unknown): error is KubeError {
  return (
    error instanceof KubeError &&
    (error.reason === 'Timeout' || error.reason === 'ServerTimeout' || error.status === 504)
  );
}

/** Nobody answers: connection refused, reset or timed out, or 502/503. */
export function isUnavailable(error: unknown): error is KubeError {
  return (
    error instanceof KubeError &&
    ((error.status === 0 && (error.reason === 'Unavailable' || error.reason === 'Timeout')) ||
      error.status === 502 ||
      error.status === 503)
  );
}

/** An admission webhook (or policy) said no; whatever status it chose. */
export function isWebhookDenied(error: unknown): error is KubeError {
  return (
    error instanceof KubeError &&
    /admission webhook "[^"]*" denied the request|^ValidatingAdmissionPolicy '/.test(error.message)
  );
}
