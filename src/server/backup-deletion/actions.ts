/** Runs delete actions over the items of a backup's archive (internal/delete/delete_item_action_handler.go). */

import type { Backup } from '../../api/backup.ts';
import type { KubeObject } from '../../api/object.ts';
import { resolveActions } from '../../backup/actions.ts';
import { parseJson } from '../../lib/json.ts';
import type { Logger } from '../../lib/log.ts';
import { type Archive, type ArchiveItem, openArchive } from '../../storage/archive/reader.ts';
import type { BackupStore } from '../../storage/backup-store.ts';
import type { ServerContext } from '../context.ts';

/** What goes wrong is logged: a backup can be deleted although its archive is damaged or an action fails. */
export async function runDeleteActions(
  context: ServerContext,
  backup: Backup,
  store: BackupStore,
  log: Logger,
): Promise<void> {
  const { spool, jobs } = context;
  const actions = await resolveActions(await context.actions.deleteItemActions(), context.kube.discovery);
  if (actions.length === 0) return;
  const name = backup.metadata.name as string;
  let archive: Archive;
  try {
    archive = await openArchive(await store.getBackupContents(name), {
      signal: jobs.signal,
      log,
      name: `of backup ${name}`,
      tempDir: spool.directory,
      requireResources: false,
    });
  } catch (error) {
    if (jobs.signal.aborted) throw error;
    log.error(`Unable to download tarball for backup ${name}, skipping associated DeleteItemAction plugins`, {
      error,
    });
    return;
  }
  try {
    for (const { action, appliesToType, appliesTo } of actions) {
      for (const item of itemsOf(archive, appliesToType)) {
        jobs.signal.throwIfAborted();
        const itemLog = log.with({
          namespace: item.namespace,
          resource: item.groupResource,
          name: item.name,
        });
        try {
          const object = parseJson((await archive.read(item)).toString()) as KubeObject;
          if (!appliesTo(item.groupResource, item.namespace, object.metadata.labels ?? {})) continue;
          itemLog.info('invoking DeleteItemAction plugins', { action: action.name });
          await action.execute(object, backup, { log: itemLog, signal: jobs.signal });
        } catch (error) {
          if (jobs.signal.aborted) throw error;
          itemLog.error('plugin error', { error, action: action.name });
        }
      }
    }
  } finally {
    await archive.close();
  }
}

function* itemsOf(archive: Archive, wanted: (groupResource: string) => boolean): Generator<ArchiveItem> {
  for (const groupResource of archive.groupResources()) {
    if (wanted(groupResource)) yield* archive.items(groupResource);
  }
}
