/** What the stages of an item share. */

import type { Backup } from '../api/backup.ts';
import type { BackupOperation } from '../api/documents/item-operation.ts';
import type { NativeSnapshot } from '../api/documents/native-snapshot.ts';
import type { KubeObject } from '../api/object.ts';
import type { IncludesExcludes } from '../filter/includes-excludes.ts';
import type { ResourceFilter } from '../filter/resources.ts';
import type { BackupHooks } from '../hooks/backup-hooks.ts';
import type { KubeClient } from '../kube/contract.ts';
import type { Clock } from '../lib/clock.ts';
import type { Logger } from '../lib/log.ts';
import type { ResolvedAction } from './actions.ts';
import type { ItemType } from './item-type.ts';
import type { SeenItems } from './seen.ts';
import type { Approach, SkipTracker } from './skip-tracker.ts';
import type { VolumeBackupPort, VolumeContext } from './volume-port.ts';
import type { VolumeRecords } from './volume-records.ts';

/** Where a finished item goes. */
export interface ItemSink {
  /** @returns a promise where the caller must wait before it stores more */
  store(type: ItemType, namespace: string, name: string, json: Uint8Array): Promise<void> | undefined;
}

export interface ItemContext {
  backup: Backup;
  kube: KubeClient;
  namespaces: IncludesExcludes;
  resources: ResourceFilter;
  actions: readonly ResolvedAction[];
  /** Absent while finalizing: then no hooks run. */
  hooks?: BackupHooks | undefined;
  /** Absent while finalizing: then volumes are left alone. */
  volumes?: VolumeBackupPort | undefined;
  features: ReadonlySet<string>;
  seen: SeenItems;
  skipped: SkipTracker;
  records: VolumeRecords;
  operations: BackupOperation[];
  volumeSnapshots: NativeSnapshot[];
  sink: ItemSink;
  clock: Clock;
  signal: AbortSignal;
  /** Everything is taken, whatever filters say, and operations are refused. */
  finalizing: boolean;
}

/** An item while it is being worked on. */
export interface Work {
  type: ItemType;
  namespace: string;
  name: string;
  /** As the API server sent it. */
  original: KubeObject;
  /** As the actions left it; the same object where none changed it. */
  object: KubeObject;
  log: Logger;
}

export const PODS = 'pods';
export const CLAIMS = 'persistentvolumeclaims';
export const VOLUMES = 'persistentvolumes';

/** What the port is told with every call. */
export function volumeContext(context: ItemContext, log: Logger): VolumeContext {
  const { backup, signal, resources } = context;
  return { backup, log, signal, claimsExcluded: !resources.shouldInclude(CLAIMS) };
}

/** The archive could not take an item: the backup as a whole is lost, not the item. */
export class ArchiveFailure extends Error {}

/** The single errors inside an aggregate; an archive's failure is thrown on as what it is. */
export function flatten(error: unknown): Error[] {
  if (error instanceof ArchiveFailure) throw error;
  if (error instanceof AggregateError) return error.errors.flatMap(flatten);
  return [error instanceof Error ? error : new Error(String(error))];
}

/** The name of the PV behind a claim; empty where it has none. */
export function volumeNameOf(claim: KubeObject): string {
  return (claim as { spec?: { volumeName?: string } }).spec?.volumeName ?? '';
}

/** Notes that a PV, or the PV behind a claim, is not saved this way; any other object is passed over. */
export function trackSkipped(
  skipped: SkipTracker,
  object: KubeObject,
  groupResource: string,
  approach: Approach,
  reason: string,
  log: Logger,
): void {
  if (groupResource === VOLUMES) {
    skipped.track(object.metadata.name ?? '', approach, reason);
  } else if (groupResource === CLAIMS) {
    const pvName = volumeNameOf(object);
    if (pvName !== '') skipped.track(pvName, approach, reason);
    else log.warn('unable to get PV name, skip tracking.', { error: 'PV name is not set in PVC' });
  }
}
