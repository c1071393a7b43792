/**
 * One item on its way into the archive: filters, hooks, actions with what they bring along, volumes, writing
 * (pkg/backup/item_backupper.go of the original).
 */

import { LABELS } from '../api/labels.ts';
import type { HookPhase } from '../hooks/backup-hooks.ts';
import { encode } from '../kube/encode.ts';
import { onAbort } from '../lib/abort.ts';
import type { Logger } from '../lib/log.ts';
import { ItemActions } from './item-actions.ts';
import {
  ArchiveFailure,
  CLAIMS,
  flatten,
  type ItemContext,
  PODS,
  trackSkipped,
  VOLUMES,
  type Work,
} from './item-context.ts';
import type { Item } from './item-head.ts';
import type { ItemType } from './item-type.ts';
import { ItemVolumes } from './item-volumes.ts';

/** How long post hooks may go on in a backup that has been ended: less than a stopping server waits, in milliseconds. */
const LAST_HOOKS_MS = 10_000;

export class ItemBackupper {
  readonly #context: ItemContext;
  readonly #actions: ItemActions;
  readonly #volumes: ItemVolumes;

  constructor(context: ItemContext) {
    this.#context = context;
    this.#volumes = new ItemVolumes(context);
    this.#actions = new ItemActions(context, (item, type, mustInclude, log) =>
      this.backUp(item, type, mustInclude, log),
    );
  }

  /** Items of this type need more than being written: an action, a hook or a volume may be concerned. */
  isInvolved(groupResourceName: string): boolean {
    return (
      groupResourceName === PODS ||
      groupResourceName === CLAIMS ||
      groupResourceName === VOLUMES ||
      this.#context.actions.some((action) => action.appliesToType(groupResourceName))
    );
  }

  /**
   * Stores an item of a type that nothing is involved with: it goes from the server's bytes to the archive as it is.
   * @returns a promise where the caller must wait before the next item
   * @throws ArchiveFailure
   */
  storePlain(item: Item, type: ItemType, log: Logger): Promise<void> | undefined {
    const { namespace, name, labels, deleting } = item;
    const fields = { name, namespace, resource: type.groupResource };
    if (this.#isFilteredOut(type, namespace, labels, log, fields)) return undefined;
    if (deleting) {
      log.info("Skipping item because it's being deleted.", fields);
      return undefined;
    }
    if (!this.#context.seen.add(type.kind, namespace, name)) {
      log.info("Skipping item because it's already been backed up.", fields);
      return undefined;
    }
    log.info('Backing up item', fields);
    return this.#write(type, namespace, name, item.raw.bytes);
  }

  /**
   * Backs an item up with everything that belongs to it.
   * @returns true where the item lies in the backup
   * @throws AggregateError or Error with what failed; the item is then not stored
   */
  async backUp(item: Item, type: ItemType, mustInclude: boolean, parent: Logger): Promise<boolean> {
    const { seen } = this.#context;
    const { namespace, name, labels, deleting } = item;
    const log = parent.with({ name, namespace, resource: type.groupResource });
    if (mustInclude) {
      log.info('Skipping the exclusion checks for this resource');
    } else if (this.#isFilteredOut(type, namespace, labels, log)) {
      if (labels[LABELS.excludeFromBackup] === 'true') {
        const reason = `item has label ${LABELS.excludeFromBackup}=true`;
        trackSkipped(this.#context.skipped, item.raw.object, type.groupResource, 'any', reason, log);
      }
      return false;
    }
    if (deleting) {
      log.info("Skipping item because it's being deleted.");
      return false;
    }
    // Marked before hooks and actions run, so that items which bring each other along come to an end.
    if (!seen.add(type.kind, namespace, name)) {
      log.info("Skipping item because it's already been backed up.");
      return true;
    }
    log.info('Backing up item');
    const original = item.raw.object;
    const work: Work = { type, namespace, name, original, object: original, log };
    await this.#runHooks(work, 'pre');
    const errors: Error[] = [];
    const fileVolumes = await this.#volumes.chooseFileVolumes(work, errors);
    try {
      await this.#actions.run(work);
    } catch (error) {
      errors.push(...flatten(error));
      await this.#runHooks(work, 'post').catch((failure: unknown) => errors.push(...flatten(failure)));
      throw asOne(errors);
    }
    if (type.groupResource === VOLUMES) await this.#volumes.saveVolume(work, errors);
    if (fileVolumes.length > 0) await this.#volumes.saveFileVolumes(work, fileVolumes, errors);
    await this.#runHooks(work, 'post').catch((failure: unknown) => errors.push(...flatten(failure)));
    if (errors.length > 0) throw asOne(errors);
    const { metadata } = work.object;
    const json = work.object === original ? item.raw.bytes : encode(work.object, item.raw);
    await this.#write(type, metadata.namespace ?? '', metadata.name ?? '', json);
    return true;
  }

  #write(type: ItemType, namespace: string, name: string, json: Uint8Array): Promise<void> | undefined {
    try {
      return this.#context.sink
        .store(type, namespace, name, json)
        ?.catch((error: unknown) => Promise.reject(archiveFailure(error)));
    } catch (error) {
      throw archiveFailure(error);
    }
  }

  #isFilteredOut(
    type: ItemType,
    namespace: string,
    labels: Readonly<Record<string, string>>,
    log: Logger,
    fields?: Readonly<Record<string, string>>,
  ): boolean {
    const { namespaces, resources } = this.#context;
    if (labels[LABELS.excludeFromBackup] === 'true') {
      log.info(`Excluding item because it has label ${LABELS.excludeFromBackup}=true`, fields);
      return true;
    }
    if (namespace !== '') {
      if (!namespaces.shouldInclude(namespace)) {
        log.info('Excluding item because namespace is excluded', fields);
        return true;
      }
      if (!resources.shouldInclude(type.groupResource)) {
        log.info('Excluding item because resource is excluded', fields);
        return true;
      }
      return false;
    }
    // Cluster-scoped items that an action brings along are left out only where their type is named in the excludes.
    if (type.groupResource !== 'namespaces' && resources.shouldExclude(type.groupResource)) {
      log.info(
        'Excluding item because resource is cluster-scoped and is excluded by cluster filter.',
        fields,
      );
      return true;
    }
    return false;
  }

  async #runHooks(work: Work, phase: HookPhase): Promise<void> {
    const { hooks, signal } = this.#context;
    if (hooks === undefined || work.type.groupResource !== PODS) return;
    work.log.debug(`Executing ${phase} hooks`);
    if (phase === 'pre') await hooks.run(work.object, phase, work.log, signal);
    else await heedingLate(signal, (late) => hooks.run(work.object, phase, work.log, late));
  }
}

/**
 * Post hooks undo what pre hooks did: a file system that was frozen must be thawed also where the backup is ended
 * early, because its archive cannot be written or the server stops.
 */
async function heedingLate(signal: AbortSignal, work: (late: AbortSignal) => Promise<void>): Promise<void> {
  const late = new AbortController();
  let timeout: NodeJS.Timeout | undefined;
  const end = (): void => {
    timeout = setTimeout(() => late.abort(signal.reason), LAST_HOOKS_MS);
  };
  const leave = onAbort(signal, end);
  if (signal.aborted) end();
  try {
    await work(late.signal);
  } finally {
    leave();
    clearTimeout(timeout);
  }
}

function archiveFailure(error: unknown): ArchiveFailure {
  return new ArchiveFailure(error instanceof Error ? error.message : String(error), { cause: error });
}

function asOne(errors: readonly Error[]): Error {
  const [first] = errors;
  return errors.length === 1 && first !== undefined ? first : new AggregateError(errors);
}
