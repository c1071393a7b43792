/** What is to be done with a ServerStatusRequest (pkg/controller/server_status_request_controller.go). */

import type { ServerStatusRequest } from '../../api/server-status-request.ts';

/** A processed request is deleted when it is older than this, in milliseconds. */
const REQUEST_TTL_MS = 60_000;
/** Processed requests are looked at again after this time, in milliseconds. */
export const RESYNC_MS = 5 * 60_000;

export type StatusRequestStep = 'process' | 'leave' | 'delete';

export function statusRequestStep(request: ServerStatusRequest, now: number): StatusRequestStep {
  const { phase, processedTimestamp } = request.status ?? {};
  if (phase === undefined || phase === 'New') return 'process';
  const processed = Date.parse(processedTimestamp ?? '') || 0;
  return processed + REQUEST_TTL_MS > now ? 'leave' : 'delete';
}
