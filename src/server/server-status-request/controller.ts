/**
 * Observes ServerStatusRequests; answers each with the server's version and plugins, and deletes it later
 * (pkg/controller/server_status_request_controller.go).
 */

import { KINDS } from '../../api/kinds.ts';
import type { ServerStatusRequest } from '../../api/server-status-request.ts';
import { isNotFound } from '../../kube/errors.ts';
import { rfc3339 } from '../../lib/clock.ts';
import { VERSION } from '../../lib/version.ts';
import { getCurrent, type Requeue, type ServerContext } from '../context.ts';
import { writeChanges } from '../writes.ts';
import { RESYNC_MS, statusRequestStep } from './decide.ts';

export async function reconcileStatusRequest(
  context: ServerContext,
  name: string,
): Promise<Requeue | undefined> {
  const { kube, namespace, clock, actions } = context;
  const request = await getCurrent<ServerStatusRequest>(context, KINDS.ServerStatusRequest, name);
  if (request === undefined) return undefined;
  const log = context.log.with({
    controller: 'server-status-request',
    serverStatusRequest: `${namespace}/${name}`,
    phase: request.status?.phase ?? '',
  });
  const step = statusRequestStep(request, clock.now());
  if (step === 'delete') {
    log.debug('ServerStatusRequest has expired, deleting it');
    await kube.delete(KINDS.ServerStatusRequest, name, namespace).catch((error: unknown) => {
      if (!isNotFound(error)) throw error;
    });
    return undefined;
  }
  if (step === 'process') {
    log.info('Processing new ServerStatusRequest');
    await writeChanges(kube, KINDS.ServerStatusRequest, request, {
      ...request,
      status: {
        serverVersion: VERSION,
        phase: 'Processed',
        processedTimestamp: rfc3339(clock.now()),
        plugins: actions.list().map((plugin) => ({ kind: plugin.kind, name: plugin.name })),
      },
    });
  }
  return { afterMs: RESYNC_MS };
}
