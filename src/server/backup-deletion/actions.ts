/** Runs delete actions over the items of a backup's archive (internal/delete/delete_item_action_handler.go). */

import type { Backup } from '../../api/backup.ts';
import type { KubeObject } from '../../api/object.ts';
import { IncludesExcludes } from '../../filter/includes-excludes.ts';
import { resourceIncludesExcludes } from '../../filter/resources.ts';
import { compileSelectorText } from '../../filter/selector.ts';
import { parseJson } from '../../lib/json.ts';
import type { Logger } from '../../lib/log.ts';
import type { DeleteItemAction } from '../../plugin/contract.ts';
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
  const actions = await context.actions.deleteItemActions();
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
    for (const action of actions) {
      const applies = await applicability(action, context);
      for (const item of itemsOf(archive, (groupResource) => applies.type(groupResource))) {
        jobs.signal.throwIfAborted();
        if (!applies.namespace(item.namespace)) continue;
        const itemLog = log.with({
          namespace: item.namespace,
          resource: item.groupResource,
          name: item.name,
        });
        try {
          const object = parseJson((await archive.read(item)).toString()) as KubeObject;
          if (!applies.labels(object.metadata.labels)) continue;
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

interface Applicability {
  type(groupResource: string): boolean;
  namespace(namespace: string): boolean;
  labels(labels: Readonly<Record<string, string>> | undefined): boolean;
}

async function applicability(
  action: DeleteItemAction,
  { kube }: Pick<ServerContext, 'kube'>,
): Promise<Applicability> {
  const selector = await action.appliesTo();
  const types = resourceIncludesExcludes(
    kube.discovery,
    selector.includedResources,
    selector.excludedResources,
  );
  const namespaces = new IncludesExcludes(selector.includedNamespaces, selector.excludedNamespaces);
  const labels =
    selector.labelSelector === undefined || selector.labelSelector === ''
      ? undefined
      : compileSelectorText(selector.labelSelector);
  return {
    type: (groupResource) => types.shouldInclude(groupResource),
    // A restriction to namespaces leaves out whatever has none.
    namespace: (namespace) =>
      namespace === '' ? namespaces.includesEverything : namespaces.shouldInclude(namespace),
    labels: (found) => labels === undefined || labels(found ?? {}),
  };
}
