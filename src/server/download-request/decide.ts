/** What is to be done with a DownloadRequest (pkg/controller/download_request_controller.go). */

import type { DownloadRequest } from '../../api/download-request.ts';

/** How long a signed URL and the request that carries it live, in milliseconds. */
export const DOWNLOAD_URL_TTL_MS = 10 * 60_000;

export type DownloadStep = 'delete' | 'process' | 'leave';

/** An expired request is deleted in whatever phase; a processed one is left; all others are processed. */
export function downloadStep(request: DownloadRequest, now: number): DownloadStep {
  const { phase, expiration } = request.status ?? {};
  if (expiration !== undefined && expiration !== null && Date.parse(expiration) < now) return 'delete';
  return phase === undefined || phase === 'New' ? 'process' : 'leave';
}

/** True where the target is a restore's file: its backup has to be looked up first. */
export function isRestoreTarget(kind: string): boolean {
  return kind.startsWith('Restore');
}
