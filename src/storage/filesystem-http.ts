/** Serves the signed URLs of the filesystem provider; the server mounts it beside its metrics. */

import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { objectPath, signingKey } from './filesystem.ts';
import { OBJECT_PATH, verifyObjectUrl } from './filesystem-url.ts';

export interface FilesystemHandlerOptions {
  /** The provider's root. */
  root: string;
  now?: () => number;
}

/**
 * @returns a handler that answers requests below `/objects/` and resolves to false for all others, which it leaves
 *   untouched
 */
export function filesystemHandler(
  options: FilesystemHandlerOptions,
): (request: IncomingMessage, response: ServerResponse) => Promise<boolean> {
  const now = options.now ?? Date.now;
  return async (request, response) => {
    const url = request.url ?? '';
    if (!url.startsWith(OBJECT_PATH)) return false;
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      refuse(response, 405, 'only GET and HEAD are allowed');
      return true;
    }
    const asked = verifyObjectUrl(await signingKey(options.root), url, now());
    if (!asked.ok) {
      refuse(response, asked.status, asked.reason);
      return true;
    }
    const path = objectPath(options.root, asked.bucket, asked.object);
    const info = await stat(path).catch(() => undefined);
    if (info?.isFile() !== true) {
      refuse(response, 404, 'there is no such object');
      return true;
    }
    response.writeHead(200, {
      'content-type': 'application/octet-stream',
      'content-length': info.size,
      'cache-control': 'private, no-store',
    });
    if (request.method === 'HEAD') {
      response.end();
      return true;
    }
    // A reader that goes away in the middle is its own affair.
    await pipeline(createReadStream(path, { end: Math.max(0, info.size - 1) }), response).catch(
      () => undefined,
    );
    return true;
  };
}

function refuse(response: ServerResponse, status: number, reason: string): void {
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' });
  response.end(`${reason}\n`);
}
