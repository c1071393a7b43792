/**
 * What a server does with the work of its former life: runs that were in progress cannot be taken up again, and say so
 * (markInProgressCRsFailed in pkg/cmd/server/server.go). Waiting and finalizing ones go on by themselves.
 */

import type { Backup } from '../api/backup.ts';
import type { DataDownload } from '../api/data-download.ts';
import type { DataUpload } from '../api/data-upload.ts';
import { KINDS, type KindAddress } from '../api/kinds.ts';
import { LABELS, labelValue } from '../api/labels.ts';
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
  await markRuns<Backup>(deps, namespace, 'backup', KINDS.Backup, (backup) =>
    cancelMovements<DataUpload>(deps, namespace, 'dataupload', KINDS.DataUpload, {
      [LABELS.backupUid]: backup.metadata.uid ?? '',
    }),
  );
  await markRuns<Restore>(deps, namespace, 'restore', KINDS.Restore, (restore) =>
    cancelMovements<DataDownload>(deps, namespace, 'datadownload', KINDS.DataDownload, {
      [LABELS.restoreUid]: restore.metadata.uid ?? '',
    }),
  );
}

async function markRuns<T extends Backup | Restore>(
  deps: WriteDeps,
  namespace: string,
  what: 'backup' | 'restore',
  kind: KindAddress,
  cancel: (run: T) => Promise<void>,
): Promise<void> {
  const { kube, log, clock } = deps;
  let runs: T[];
  try {
    runs = await kube.list<T>(kind, { namespace });
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
    await cancel(run);
  }
}

const CANCELLABLE: readonly string[] = ['', 'New', 'Accepted', 'Prepared', 'InProgress'];

async function cancelMovements<T extends DataUpload | DataDownload>(
  deps: WriteDeps,
  namespace: string,
  what: 'dataupload' | 'datadownload',
  kind: KindAddress,
  labels: Readonly<Record<string, string>>,
): Promise<void> {
  const { kube, log } = deps;
  const labelSelector = Object.entries(labels)
    .map(([key, value]) => `${key}=${labelValue(value)}`)
    .join(',');
  let movements: T[];
  try {
    movements = await kube.list<T>(kind, { namespace, labelSelector });
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
