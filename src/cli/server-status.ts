/** Asks the server for its version and plugins (pkg/cmd/cli/serverstatus/server_status.go). */

import { apiVersionOf, KINDS } from '../api/kinds.ts';
import type { ServerStatusRequest } from '../api/server-status-request.ts';
import { createWithGeneratedName } from './mutate.ts';
import type { Session } from './session.ts';
import { wireObject } from './wire.ts';

const POLL_MS = 250;

/**
 * The server's answer; a server that says nothing in time gives the request as it was, without a status.
 * @throws KubeError where the request cannot be made
 */
export async function serverStatus(session: Session, timeoutMs: number): Promise<ServerStatusRequest> {
  const kube = await session.kube();
  const resource = KINDS.ServerStatusRequest;
  const { namespace } = session;
  const created = await createWithGeneratedName<ServerStatusRequest>(
    session,
    'ServerStatusRequest',
    await wireObject('ServerStatusRequest', {
      apiVersion: apiVersionOf(resource),
      kind: resource.kind,
      metadata: { generateName: 'velero-cli-', namespace },
    }),
  );
  const signal = AbortSignal.timeout(timeoutMs);
  while (!signal.aborted) {
    try {
      const name = created.metadata.name as string;
      const current = await kube.get<ServerStatusRequest>(resource, name, namespace, signal);
      if (current.status?.phase === 'Processed') return current;
      await session.terminal.clock.sleep(POLL_MS, signal);
    } catch {
      // An API server that stumbles is asked again until the time is up.
      await session.terminal.clock.sleep(POLL_MS, signal).catch(() => undefined);
    }
  }
  return created;
}
