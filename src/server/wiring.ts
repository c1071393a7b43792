/** Which controller is told of what, and how many objects it works on at once. */

import type { Backup } from '../api/backup.ts';
import type { BackupStorageLocation } from '../api/backup-storage-location.ts';
import type { DeleteBackupRequest } from '../api/delete-backup-request.ts';
import type { DownloadRequest } from '../api/download-request.ts';
import { KINDS, type KindAddress } from '../api/kinds.ts';
import type { KubeObject } from '../api/object.ts';
import type { Restore } from '../api/restore.ts';
import type { ServerStatusRequest } from '../api/server-status-request.ts';
import {
  type ControllerOptions,
  Informer,
  informerSource,
  keyOf,
  periodicSource,
  runController,
  splitKey,
} from '../kube/index.ts';
import { jsonEqual } from '../lib/json.ts';
import { reconcileBackup } from './backup/controller.ts';
import { lastSuccessBySchedule } from './backup/decide.ts';
import { reconcileDeletion } from './backup-deletion/controller.ts';
import { reconcileFinalizingBackup } from './backup-finalizer/controller.ts';
import { isFinalizing } from './backup-finalizer/decide.ts';
import { reconcileBackupOperations } from './backup-operations/controller.ts';
import { isWaiting } from './backup-operations/decide.ts';
import { reconcileLocation } from './backup-storage-location/controller.ts';
import { isDueForValidation } from './backup-storage-location/decide.ts';
import { reconcileSync } from './backup-sync/controller.ts';
import { defaultFirst, isDueForSync } from './backup-sync/decide.ts';
import type { Requeue, ServerContext } from './context.ts';
import type { ControllerName } from './controllers.ts';
import { reconcileDownloadRequest } from './download-request/controller.ts';
import { downloadStep } from './download-request/decide.ts';
import { reconcileExpiry } from './gc/controller.ts';
import { createPatience } from './patience.ts';
import { reconcileDeletedRestore, reconcileRestore } from './restore/controller.ts';
import { restoreStep } from './restore/decide.ts';
import { reconcileFinalizingRestore } from './restore-finalizer/controller.ts';
import { reconcileRestoreOperations } from './restore-operations/controller.ts';
import { reconcileStatusRequest } from './server-status-request/controller.ts';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

/** How often locations are looked at for whether they are due, in milliseconds. */
const LOCATION_LOOK_MS = 10 * SECOND;
/** What is tried again must not wait for longer than this. */
const MAX_RETRY_DELAY_MS = 30 * SECOND;

type Reconcile = (context: ServerContext, name: string) => Promise<Requeue | undefined | void>;
type Described = Pick<ControllerOptions, 'name' | 'sources' | 'workers'> & { reconcile: Reconcile };

export interface RunningControllers {
  /** Resolves when all objects that existed at the start are known. */
  readonly synced: Promise<void>;
  /** Resolves when every controller has ended after the signal was aborted. @throws what ended one before */
  readonly ended: Promise<void>;
}

/** Starts the enabled controllers; they end when the signal is aborted. */
export function startControllers(
  context: ServerContext,
  enabled: ReadonlySet<ControllerName>,
  signal: AbortSignal,
): RunningControllers {
  const { kube, namespace, log } = context;
  const informers: Informer[] = [];
  const informer = <T extends KubeObject>(kind: KindAddress): Informer<T> => {
    const made = new Informer<T>(kube, kind, { namespace, log });
    informers.push(made as unknown as Informer);
    return made;
  };
  const described = describe(context, enabled, informer);
  const synced = Promise.all(informers.map((each) => each.synced)).then(() => undefined);
  const ended = Promise.all([
    ...informers.map((each) => each.run(signal)),
    ...described.map(({ reconcile, ...options }) =>
      runController(
        {
          ...options,
          log,
          queue: { maxDelayMs: MAX_RETRY_DELAY_MS },
          reconcile: async (key) => (await reconcile(context, splitKey(key).name)) ?? undefined,
        },
        signal,
      ),
    ),
  ]).then(() => undefined);
  return { synced, ended };
}

function describe(
  context: ServerContext,
  enabled: ReadonlySet<ControllerName>,
  informer: <T extends KubeObject>(kind: KindAddress) => Informer<T>,
): Described[] {
  const { clock, metrics, options, log } = context;
  const { flags } = options;
  const locations = informer<BackupStorageLocation>(KINDS.BackupStorageLocation);
  const backups = informer<Backup>(KINDS.Backup);
  const restores = informer<Restore>(KINDS.Restore);
  const onError = (error: unknown) => log.error('Error looking for objects that are due', { error });
  /** Keys of what is due, once everything is known. */
  const every = <T extends KubeObject>(
    ms: number,
    of: Informer<T>,
    due: (object: T) => boolean,
    order: (objects: T[]) => T[] = (objects) => objects,
  ) =>
    periodicSource(
      ms,
      async () => {
        await of.synced;
        return order([...of.values()])
          .filter(due)
          .map(keyOf);
      },
      onError,
    );
  const pollMs =
    flags['item-operation-sync-frequency'] > 0 ? flags['item-operation-sync-frequency'] : 10 * SECOND;
  const gcMs = flags['garbage-collection-frequency'] > 0 ? flags['garbage-collection-frequency'] : HOUR;
  const patience = createPatience(clock, flags['default-item-operation-timeout']);
  const restorePatience = createPatience(clock, flags['default-item-operation-timeout']);

  const described: Described[] = [
    {
      name: 'backup-storage-location',
      workers: 4,
      sources: [
        // Only what a person changed is work: each check writes its time into the status.
        informerSource(locations, {
          when: (location, old) => old === undefined || !jsonEqual(location.spec, old.spec),
        }),
        every(LOCATION_LOOK_MS, locations, (location) =>
          isDueForValidation(location, flags['store-validation-frequency'], clock.now()),
        ),
      ],
      reconcile: reconcileLocation,
    },
    {
      name: 'totals',
      sources: [
        every(MINUTE, backups, () => {
          metrics.setBackupTotal(backups.size);
          for (const [schedule, ended] of lastSuccessBySchedule([...backups.values()])) {
            metrics.set('backup_last_successful_timestamp', schedule, ended / 1000);
          }
          return false;
        }),
        every(MINUTE, restores, () => {
          metrics.setRestoreTotal(restores.size);
          return false;
        }),
      ],
      reconcile: () => Promise.resolve(),
    },
  ];
  const add = (name: ControllerName, make: () => Omit<Described, 'name'>) => {
    if (enabled.has(name)) described.push({ name, ...make() });
  };
  add('backup', () => ({
    workers: flags['concurrent-backups'],
    sources: [informerSource(backups, { when: ({ status }) => (status?.phase ?? 'New') === 'New' })],
    reconcile: reconcileBackup,
  }));
  add('backup-operations', () => ({
    workers: 4,
    sources: [every(pollMs, backups, ({ status }) => isWaiting(status?.phase))],
    reconcile: (context, name) => reconcileBackupOperations(context, patience, name),
  }));
  add('backup-finalizer', () => ({
    workers: flags['concurrent-backups'],
    sources: [informerSource(backups, { when: ({ status }) => isFinalizing(status?.phase) })],
    reconcile: (context, name) => reconcileFinalizingBackup(context, patience, name),
  }));
  add('backup-deletion', () => {
    const requests = informer<DeleteBackupRequest>(KINDS.DeleteBackupRequest);
    const busy = new Set<string>();
    return {
      workers: 4,
      sources: [informerSource(requests), every(HOUR, requests, () => true)],
      reconcile: (context, name) => reconcileDeletion(context, busy, name),
    };
  });
  add('backup-sync', () => ({
    workers: 2,
    sources: [
      every(
        MINUTE,
        locations,
        (location) => isDueForSync(location, flags['backup-sync-period'], clock.now()),
        defaultFirst,
      ),
    ],
    reconcile: reconcileSync,
  }));
  add('gc', () => ({
    sources: [
      informerSource(backups, { when: (_, old) => old === undefined }),
      every(gcMs, backups, () => true),
    ],
    reconcile: reconcileExpiry,
  }));
  add('restore', () => ({
    workers: flags['concurrent-restores'],
    sources: [
      informerSource(restores, {
        when: (restore) => ['add-finalizer', 'run'].includes(restoreStep(restore)),
      }),
    ],
    reconcile: reconcileRestore,
  }));
  // Apart from the runs: deletions must not wait for restores that take hours.
  if (enabled.has('restore')) {
    described.push({
      name: 'restore-deletion',
      workers: 4,
      sources: [informerSource(restores, { when: (restore) => restoreStep(restore) === 'delete' })],
      reconcile: reconcileDeletedRestore,
    });
  }
  add('restore-operations', () => ({
    workers: 4,
    sources: [every(pollMs, restores, ({ status }) => isWaiting(status?.phase))],
    reconcile: reconcileRestoreOperations,
  }));
  add('restore-finalizer', () => ({
    workers: flags['concurrent-restores'],
    sources: [informerSource(restores, { when: ({ status }) => isFinalizing(status?.phase) })],
    reconcile: (context, name) => reconcileFinalizingRestore(context, restorePatience, name),
  }));
  add('download-request', () => {
    const requests = informer<DownloadRequest>(KINDS.DownloadRequest);
    return {
      workers: 4,
      sources: [
        informerSource(requests, { when: (request) => downloadStep(request, clock.now()) !== 'leave' }),
        every(MINUTE, requests, (request) => downloadStep(request, clock.now()) === 'delete'),
      ],
      reconcile: reconcileDownloadRequest,
    };
  });
  add('server-status-request', () => ({
    workers: 10,
    sources: [informerSource(informer<ServerStatusRequest>(KINDS.ServerStatusRequest))],
    reconcile: reconcileStatusRequest,
  }));
  return described;
}
