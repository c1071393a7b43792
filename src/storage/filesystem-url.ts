/** Signed URLs for objects in a directory: what a cloud's pre-signed URL is, made and checked by our own server. */

import { createHmac, timingSafeEqual } from 'node:crypto';

/** Path under which the server offers objects. */
export const OBJECT_PATH = '/objects/';

/**
 * @param key secret bytes, known to the signing and the serving process
 * @param baseUrl where the server can be reached, without a slash at its end
 * @param expires milliseconds since the epoch
 */
export function signObjectUrl(
  key: Uint8Array,
  baseUrl: string,
  bucket: string,
  object: string,
  expires: number,
): string {
  const path = OBJECT_PATH + [bucket, ...object.split('/')].map(encodeURIComponent).join('/');
  const seconds = Math.floor(expires / 1000);
  const signature = signatureOf(key, bucket, object, seconds).toString('base64url');
  return `${baseUrl}${path}?expires=${seconds}&signature=${signature}`;
}

export type SignedObject =
  | { ok: true; bucket: string; object: string }
  | { ok: false; status: 400 | 403 | 404; reason: string };

/**
 * What a request for a signed URL may read.
 * @param url path and query as the request line has them
 * @param now milliseconds since the epoch
 */
export function verifyObjectUrl(key: Uint8Array, url: string, now: number): SignedObject {
  const question = url.indexOf('?');
  const path = question === -1 ? url : url.slice(0, question);
  if (!path.startsWith(OBJECT_PATH)) return { ok: false, status: 404, reason: 'not found' };
  const query = new URLSearchParams(question === -1 ? '' : url.slice(question + 1));
  let parts: string[];
  try {
    parts = path.slice(OBJECT_PATH.length).split('/').map(decodeURIComponent);
  } catch {
    return { ok: false, status: 400, reason: 'malformed URL' };
  }
  const [bucket = '', ...rest] = parts;
  const object = rest.join('/');
  const expires = query.get('expires') ?? '';
  const given = Buffer.from(query.get('signature') ?? '', 'base64url');
  if (!/^\d{1,12}$/.test(expires)) return { ok: false, status: 403, reason: 'the URL is not signed' };
  const expected = signatureOf(key, bucket, object, Number(expires));
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) {
    return { ok: false, status: 403, reason: 'the signature of the URL is wrong' };
  }
  if (Number(expires) * 1000 < now) return { ok: false, status: 403, reason: 'the URL has expired' };
  return { ok: true, bucket, object };
}

/** Lengths go into the message, so that no other split of the same characters has the same signature. */
function signatureOf(key: Uint8Array, bucket: string, object: string, seconds: number): Buffer {
  const message = `GET\n${bucket.length}:${bucket}\n${object.length}:${object}\n${seconds}`;
  return createHmac('sha256', key).update(message).digest();
}
