/**
 * What a server does with the work of its former life: runs that were in progress cannot be taken up again, and say so
 * (markInProgressCRsFailed in pkg/cmd/server/server.go). Waiting and finalizing ones go on by themselves.
 */

import type { Backup } from '../api/backup.ts';
import type { DataUploadPhase } from '../api/data-upload.ts';
import { KINDS, type KindAddress } from '../api/kinds.ts';
import { LABELS } from '../api/labels.ts';
import type { KubeObject } from '../api/object.ts';
import type { Restore } from '../api/restore.ts';
import { rfc3339 } from '../lib/clock.ts';
import { messageOf } from '../lib/errors.ts';
import { type WriteDeps, writeFinally } from './writes.ts';

/** Why a run is Failed that the server was `starting` or `stopping` over. */
export function interruptedReason(what: 'backup' | 'restore', when: 'starting' | 'stopping'): string {
  return `found a ${what} with status "InProgress" during the server ${when}, mark it as "Failed"`;
}

/** Marks every run in progress as Failed and its data movements to be cancelled. Faults are logged, not thrown. */
export async function markInterrupted(deps: WriteDeps, namespace: string): Promise<void> {
  await markRuns(deps, namespace, 'backup', KINDS.Backup, (uid) =>
    cancelMovements(deps, namespace, 'dataupload', KINDS.DataUpload, LABELS.backupUid, uid),
  );
  await markRuns(deps, namespace, 'restore', KINDS.Restore, (uid) =>
    cancelMovements(deps, namespace, 'datadownload', KINDS.DataDownload, LABELS.restoreUid, uid),
  );
}

async function markRuns(
  deps: WriteDeps,
  namespace: string,
  what: 'backup' | 'restore',
  kind: KindAddress,
  cancel: (uid: string) => Promise<void>,
): Promise<void> {
  const { kube, log, clock } = deps;
  let runs: (Backup | Restore)[];
  try {
    runs = await kube.list<Backup | Restore>(kind, { namespace });
  } catch (error) {
    log.error(`failed to list ${what}s`, { error });
    return;
  }
  for (const run of runs) {
    const name = run.metadata.name as string;
    if (run.status?.phase !== 'InProgress') {
      log.debug(`the status of ${what} "${name}" is "${run.status?.phase ?? ''}", skip`);
      continue;
    }
    const failureReason = interruptedReason(what, 'starting');
    try {
      await writeFinally(deps, kind, run, {
        ...run,
        status: {
          ...run.status,
          phase: 'Failed',
          failureReason,
          completionTimestamp: rfc3339(clock.now()),
        },
      });
    } catch (error) {
      log.error(`failed to patch ${what} "${name}"`, { error });
      continue;
    }
    log.warn(failureReason, { [what]: name });
    await cancel(run.metadata.uid ?? '');
  }
}

const CANCELLABLE: readonly string[] = ['', 'New', 'Accepted', 'Prepared', 'InProgress'];

/** What a DataUpload and a DataDownload have in common here. */
interface Movement extends KubeObject {
  spec?: { cancel?: boolean };
  status?: { phase?: DataUploadPhase; message?: string };
}

async function cancelMovements(
  deps: WriteDeps,
  namespace: string,
  what: 'dataupload' | 'datadownload',
  kind: KindAddress,
  label: string,
  uid: string,
): Promise<void> {
  const { kube, log } = deps;
  let movements: Movement[];
  try {
    movements = await kube.list<Movement>(kind, {
      namespace,
      labelSelector: `${label}=${uid}`,
    });
  } catch (error) {
    log.error(`failed to list ${what}s`, { error });
    return;
  }
  for (const movement of movements) {
    const phase = movement.status?.phase ?? '';
    if (!CANCELLABLE.includes(phase)) continue;
    const message = `found a ${what} with status "${phase}" during the velero server starting, mark it as cancel`;
    const name = movement.metadata.name as string;
    try {
      await writeFinally(deps, kind, movement, {
        ...movement,
        spec: { ...movement.spec, cancel: true },
        status: { ...movement.status, message },
      });
      log.warn(message, { [what]: name });
    } catch (error) {
      log.error(`failed to mark ${what} "${name}" cancel: ${messageOf(error)}`);
    }
  }
}
