/** The finalizing step: items of ended operations are read again and the archive is made anew with them (FinalizeBackup). */

import type { Readable } from 'node:stream';
import type { Backup } from '../api/backup.ts';
import type { BackupOperation } from '../api/documents/item-operation.ts';
import type { BackupVolumeInfo } from '../api/documents/volume-info.ts';
import { readResourceIdentifier } from '../api/documents/item-operation.ts';
import type { KubeObject } from '../api/object.ts';
import { IncludesExcludes } from '../filter/includes-excludes.ts';
import { groupResource, type KubeClient } from '../kube/contract.ts';
import { systemClock } from '../lib/clock.ts';
import type { Logger } from '../lib/log.ts';
import type { BackupItemAction } from '../plugin/contract.ts';
import { itemPaths } from '../storage/archive/paths.ts';
import { rewriteArchive } from '../storage/archive/rewrite.ts';
import type { ArchiveSummary } from '../storage/archive/writer.ts';
import { resolveActions } from './actions.ts';
import { ItemBackupper } from './item.ts';
import { flatten } from './item-context.ts';
import { type Item, itemOf } from './item-head.ts';
import { type ItemType, itemType } from './item-type.ts';
import type { BackupSettings } from './request.ts';
import { SeenItems } from './seen.ts';
import { SkipTracker } from './skip-tracker.ts';
import { VolumeRecords } from './volume-records.ts';

export interface FinalizeRequest {
  backup: Backup;
  kube: KubeClient;
  actions: readonly BackupItemAction[];
  settings: BackupSettings;
  operations: readonly BackupOperation[];
  /** The backup's volume infos as they lie in the bucket. */
  volumeInfos: readonly BackupVolumeInfo[];
  /** The archive as it lies in the bucket. */
  archive: Readable;
  /** Takes the new archive; called once. */
  store(archive: Readable): Promise<void>;
  log: Logger;
  signal: AbortSignal;
}

export interface FinalizeOutcome {
  archive: ArchiveSummary;
  volumeInfos: BackupVolumeInfo[];
}

/**
 * Finalizes a backup that had operations; one without any needs no such step.
 * @throws where the archive cannot be read or written; faults of single items are logged as errors
 */
export async function finalizeBackup(request: FinalizeRequest): Promise<FinalizeOutcome> {
  const { backup, kube, log, operations, signal } = request;
  const actions = await resolveActions(request.actions, kube.discovery);
  const items = await readPostOperationItems(request);
  log.info(`Collected ${items.length} items from the async BIA operations PostOperationItems list`, {
    progress: '',
  });
  const updates = new Map<string, Uint8Array>();
  const seen = new SeenItems();
  const everything = new IncludesExcludes([], []);
  const backupper = new ItemBackupper({
    backup,
    kube,
    namespaces: everything,
    resources: { shouldInclude: () => true, shouldExclude: () => false },
    actions,
    features: request.settings.features,
    seen,
    skipped: new SkipTracker(),
    records: new VolumeRecords(),
    operations: [],
    volumeSnapshots: [],
    sink: {
      store({ groupResource, resource, preferred }, namespace, name, json) {
        const place = { groupResource, namespace, name };
        for (const path of itemPaths(place, resource.version, preferred)) updates.set(path, json);
        return undefined;
      },
    },
    clock: systemClock,
    signal,
    finalizing: true,
  });
  for (const { type, item } of items) {
    const { namespace, name } = item;
    const fields = { progress: '', resource: type.groupResource, namespace, name };
    log.info('Processing item', fields);
    try {
      await backupper.backUp(item, type, true, log);
    } catch (error) {
      signal.throwIfAborted();
      for (const single of flatten(error)) {
        log.error('Error backing up item', {
          resource: type.groupResource,
          namespace,
          name,
          error: single,
        });
      }
    }
    log.info(
      `Updated ${seen.count} items out of an estimated total of ${items.length} (estimate will change throughout the backup finalizer)`,
      fields,
    );
  }
  const uploads = items
    .filter(({ type }) => type.groupResource === 'datauploads.velero.io')
    .map(({ item }) => item.raw.object);
  const { stream, done } = rewriteArchive(request.archive, updates, { signal });
  // Both are awaited; whichever fails first, the other must not be left behind unhandled.
  const [archive, stored] = await Promise.allSettled([done, request.store(stream)]);
  if (archive.status === 'rejected') throw archive.reason;
  if (stored.status === 'rejected') throw stored.reason;
  log.info(`Updated a total of ${seen.count} items`, { progress: '' });
  return {
    archive: archive.value,
    volumeInfos: completedVolumeInfos(request.volumeInfos, uploads, operations),
  };
}

/** Reads the items anew that operations name for their end; one that is gone or refused is logged as an error. */
async function readPostOperationItems(request: FinalizeRequest): Promise<{ type: ItemType; item: Item }[]> {
  const { kube, log, operations, signal } = request;
  const items: { type: ItemType; item: Item }[] = [];
  for (const operation of operations) {
    for (const stored of operation.spec.postOperationItems ?? []) {
      const { group, resource, namespace, name } = readResourceIdentifier(stored);
      const fields = { resource: groupResource({ group, resource }), namespace, name };
      const found = kube.discovery.find(group, resource);
      if (found === undefined) {
        log.error('Error getting item', {
          ...fields,
          error: `the cluster does not serve ${fields.resource}`,
        });
        continue;
      }
      log.info('Getting item', fields);
      try {
        const type = itemType(found, found.version);
        items.push({
          type,
          item: itemOf(await kube.getRaw(found, name, found.namespaced ? namespace : undefined, signal)),
        });
      } catch (error) {
        signal.throwIfAborted();
        log.error('Error getting item', { ...fields, error });
      }
    }
  }
  return items;
}

/** The fields of a DataUpload that volume infos take. */
interface DataUploadView extends KubeObject {
  spec?: {
    sourcePVC?: string;
    sourceNamespace?: string;
    csiSnapshot?: { volumeSnapshot?: string } | null;
  };
  status?: {
    completionTimestamp?: string | null;
    snapshotID?: string;
    progress?: { totalBytes?: number };
  };
}

/** Volume infos with what is known only when operations have ended (updateVolumeInfos of the original). */
export function completedVolumeInfos(
  infos: readonly BackupVolumeInfo[],
  dataUploads: readonly KubeObject[],
  operations: readonly BackupOperation[],
): BackupVolumeInfo[] {
  return infos.map((info) => {
    const completed: BackupVolumeInfo = { ...info };
    for (const { spec, status } of dataUploads as readonly DataUploadView[]) {
      const isSource = spec?.sourcePVC === info.pvcName && spec?.sourceNamespace === info.pvcNamespace;
      const movement = completed.snapshotDataMovementInfo;
      if (!isSource || !movement) continue;
      const time = status?.completionTimestamp;
      if (time !== undefined && time !== null) completed.completionTimestamp = time;
      const retained = spec?.csiSnapshot?.volumeSnapshot ?? '';
      completed.snapshotDataMovementInfo = {
        ...movement,
        snapshotHandle: status?.snapshotID ?? '',
        ...(retained === '' ? {} : { retainedSnapshot: retained }),
        size: status?.progress?.totalBytes ?? 0,
      };
    }
    const operationId = info.csiSnapshotInfo?.operationID;
    if (info.backupMethod === 'CSISnapshot' && operationId !== undefined) {
      const operation = operations.find(({ spec }) => spec.operationID === operationId);
      // Snapshots carry no time of their own for it: the operation was last heard of when it was found ready.
      const updated = operation?.status.updated;
      if (updated !== undefined && updated !== null) completed.completionTimestamp = updated;
    }
    return completed;
  });
}
