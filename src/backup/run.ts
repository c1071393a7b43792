/**
 * A backup from its lists to its archive (BackupWithResolvers in pkg/backup/backup.go of the original). Two lanes run
 * side by side. Types with which nothing is involved go from the server's pages straight into the archive, several
 * lists at once. Types that actions, hooks or volumes are involved with go one item after the other, in the plan's
 * order, because users rely on pods coming before their claims and on the order that they ask for. Namespaces come
 * last, when it is known which of them hold something.
 */

import { IncludesExcludes } from '../filter/includes-excludes.ts';
import { backupResourceFilter, type ResourceFilter } from '../filter/resources.ts';
import { BackupHooks } from '../hooks/backup-hooks.ts';
import { hasGlob } from '../lib/glob.ts';
import type { Logger } from '../lib/log.ts';
import { createArchiveWriter } from '../storage/archive/writer.ts';
import { resolveActions } from './actions.ts';
import { Collector, inOrder, type ItemPage } from './collect.ts';
import { DEFINITIONS, readDefinitions } from './definitions.ts';
import { ItemBackupper } from './item.ts';
import { flatten, type ItemContext } from './item-context.ts';
import type { Item } from './item-head.ts';
import type { ItemType } from './item-type.ts';
import { checkIncludedNamespaces, keptNamespaces, listScope, readNamespaces } from './namespaces.ts';
import { orderOf, readOrdered } from './ordered.ts';
import { planTypes } from './plan.ts';
import { ProgressReporter } from './progress.ts';
import type { BackupOutcome, BackupRequest } from './request.ts';
import { SeenItems } from './seen.ts';
import { SkipTracker } from './skip-tracker.ts';
import { volumeInfos } from './volume-info.ts';
import { VolumeRecords } from './volume-records.ts';

const CONCURRENT_LISTS = 4;
/** As the original's; larger pages are a little faster and hold more in memory. */
const PAGE_SIZE = 500;
/** Streams of the ordered lane whose first page is fetched ahead. */
const STREAMS_AHEAD = 2;

/**
 * Backs up what the Backup selects into an archive. What goes wrong with an item is logged at level error and never
 * stops the others.
 * @throws what makes the backup worthless: the archive cannot be written, an action does not say what it applies to,
 *   a selector is malformed, or the signal was aborted
 */
export async function runBackup(request: BackupRequest): Promise<BackupOutcome> {
  const stop = new AbortController();
  const signal = AbortSignal.any([request.signal, stop.signal]);
  request.log.info('Writing backup version file');
  const archive = createArchiveWriter({ signal });
  // Whatever ends the archive is met where items are stored and at its end; the stream itself has no other reader.
  archive.stream.on('error', () => undefined);
  const stored = request.store(archive.stream);
  stored.catch((error: unknown) => {
    stop.abort(error);
    archive.abort(error instanceof Error ? error : new Error(String(error)));
  });
  try {
    const run = new BackupRun(request, signal, (type, namespace, name, json) =>
      archive.addItem(
        {
          groupResource: type.groupResource,
          version: type.resource.version,
          preferred: type.preferred,
          namespace,
          name,
        },
        json,
      ),
    );
    const outcome = await run.run();
    const summary = await archive.finish();
    await stored;
    return { ...outcome, archive: summary };
  } catch (error) {
    const reason: unknown = stop.signal.aborted ? stop.signal.reason : error;
    stop.abort(reason);
    archive.abort(reason instanceof Error ? reason : new Error(String(reason)));
    await stored.catch(() => undefined);
    throw reason;
  }
}

class BackupRun {
  readonly #request: BackupRequest;
  readonly #signal: AbortSignal;
  readonly #log: Logger;
  readonly #store: ItemContext['sink']['store'];
  readonly #seen = new SeenItems();
  readonly #skipped = new SkipTracker();
  readonly #records = new VolumeRecords();
  readonly #storedTypes = new Set<string>();
  /** Items given by lists that have not been worked on yet. */
  #waiting = 0;
  #collector: Collector | undefined;

  constructor(request: BackupRequest, signal: AbortSignal, store: ItemContext['sink']['store']) {
    this.#request = request;
    this.#signal = signal;
    this.#log = request.log;
    this.#store = store;
  }

  async run(): Promise<Omit<BackupOutcome, 'archive'>> {
    const { backup, kube, settings, volumes, clock } = this.#request;
    const { spec } = backup;
    const log = this.#log;
    await this.#refreshDiscovery();
    const namespaces = new IncludesExcludes(spec.includedNamespaces, spec.excludedNamespaces);
    log.info(`Including namespaces: ${namespaces.includesText()}`);
    log.info(`Excluding namespaces: ${namespaces.excludesText()}`);
    const resources = backupResourceFilter(spec, namespaces, kube.discovery, log);
    log.info(`Backing up all volumes using pod volume backup: ${spec.defaultVolumesToFsBackup === true}`);
    const hooks = new BackupHooks(spec, kube);
    const actions = await resolveActions(this.#request.actions, kube.discovery);
    const context: ItemContext = {
      backup,
      kube,
      namespaces,
      resources,
      actions,
      hooks,
      volumes,
      features: settings.features,
      seen: this.#seen,
      skipped: this.#skipped,
      records: this.#records,
      operations: [],
      volumeSnapshots: [],
      sink: { store: this.#store },
      clock,
      signal: this.#signal,
      finalizing: false,
    };
    const backupper = new ItemBackupper(context);
    const reporter = new ProgressReporter(
      () => ({ totalItems: this.#total(), itemsBackedUp: this.#seen.count }),
      (progress) => this.#request.onProgress(progress),
      log,
    );
    try {
      await this.#collectAndStore(backupper, namespaces, resources);
      await this.#addDefinitions(backupper, resources);
    } finally {
      await reporter.stop();
    }
    const summary = await volumes.finish(context.operations, {
      backup,
      log,
      signal: this.#signal,
      claimsExcluded: !resources.shouldInclude('persistentvolumeclaims'),
    });
    this.#signal.throwIfAborted();
    const skipped = this.#skipped.summary();
    log.info(`Summary for skipped PVs: ${JSON.stringify(skipped)}`);
    log.info(`Backed up a total of ${this.#seen.count} items`, { progress: '' });
    const { operations, volumeSnapshots } = context;
    return {
      resourceList: this.#seen.resourceList(),
      operations,
      podVolumeBackups: [...summary.podVolumeBackups],
      volumeSnapshots,
      volumeInfos: volumeInfos({
        backupName: backup.metadata.name ?? '',
        records: this.#records,
        skipped,
        nativeSnapshots: volumeSnapshots,
        summary,
        operations,
        log,
      }),
      csiVolumeSnapshots: [...summary.csiVolumeSnapshots],
      csiVolumeSnapshotContents: [...summary.csiVolumeSnapshotContents],
      csiVolumeSnapshotClasses: [...summary.csiVolumeSnapshotClasses],
      hookStatus: hooks.tracker.stat(),
      progress: { totalItems: this.#seen.count, itemsBackedUp: this.#seen.count },
    };
  }

  /** A type that was installed a moment ago belongs to the backup; what is known already serves where asking fails. */
  async #refreshDiscovery(): Promise<void> {
    try {
      await this.#request.kube.discovery.refresh(this.#signal);
    } catch (error) {
      this.#signal.throwIfAborted();
      this.#log.warn('The resource types of the cluster could not be read anew', { error });
    }
  }

  /** What is done and what is known to come. */
  #total(): number {
    return this.#seen.count + this.#waiting + (this.#collector?.outstanding ?? 0);
  }

  async #collectAndStore(
    backupper: ItemBackupper,
    namespaces: IncludesExcludes,
    resources: ResourceFilter,
  ): Promise<void> {
    const { backup, kube, settings } = this.#request;
    const { spec } = backup;
    const log = this.#log;
    const signal = this.#signal;
    for (const [group, reason] of kube.discovery.failures()) {
      log.warn(`Failed to discover group: ${group}`, { error: reason });
    }
    const plan = planTypes(kube.discovery, resources, settings.features.has('EnableAPIGroupVersions'), log);
    const namespaceType = plan.find((type) => type.groupResource === 'namespaces');
    const namespaceResource = namespaceType?.resource ?? kube.discovery.find('', 'namespaces');
    const patterns = (spec.includedNamespaces ?? []).some((name) => name !== '*' && hasGlob(name));
    const live =
      namespaceResource !== undefined && (namespaceType !== undefined || patterns)
        ? await readNamespaces(kube, namespaceResource, log, signal)
        : { items: new Map<string, Item>(), known: false };
    if (namespaceType !== undefined) checkIncludedNamespaces(spec, live, log);
    const collector = new Collector({
      spec,
      kube,
      namespaces,
      ...listScope(namespaces, live, log),
      pageSize: settings.pageSize ?? PAGE_SIZE,
      log,
      signal,
    });
    this.#collector = collector;
    const types = plan.filter((type) => type !== namespaceType);
    const isPlain = (type: ItemType) =>
      !backupper.isInvolved(type.groupResource) && orderOf(spec, type).length === 0;
    await Promise.all([
      this.#plainLane(collector, types.filter(isPlain), backupper),
      this.#orderedLane(
        collector,
        types.filter((type) => !isPlain(type)),
        backupper,
        namespaces,
      ),
    ]);
    let collected = collector.found;
    if (namespaceType !== undefined) {
      const items = await keptNamespaces({
        spec,
        filter: namespaces,
        live,
        found: collector.foundNamespaces,
        kube,
        resource: namespaceType.resource,
        log,
        signal,
      });
      collected += items.length;
      await this.#storePage({ type: namespaceType, items }, backupper);
    }
    log.info(
      `Collected ${collected} items matching the backup spec from the Kubernetes API (actual number of items backed up may be more or less depending on velero.io/exclude-from-backup annotation, plugins returning additional related items to back up, etc.)`,
      { progress: '' },
    );
  }

  /** Types that nothing is involved with: several lists at once, no order. */
  async #plainLane(
    collector: Collector,
    types: readonly ItemType[],
    backupper: ItemBackupper,
  ): Promise<void> {
    const jobs = types.flatMap((type) => collector.jobs(type));
    let next = 0;
    const worker = async (): Promise<void> => {
      for (let job = jobs[next++]; job !== undefined; job = jobs[next++]) {
        for await (const page of job()) await this.#storePage(page, backupper);
      }
    };
    const count = this.#request.settings.concurrentLists ?? CONCURRENT_LISTS;
    await allOrFirstFailure(Array.from({ length: Math.max(1, count) }, worker));
  }

  /** Types whose items may have hooks, actions or volumes: one item after the other, in the plan's order. */
  async #orderedLane(
    collector: Collector,
    types: readonly ItemType[],
    backupper: ItemBackupper,
    namespaces: IncludesExcludes,
  ): Promise<void> {
    const streams = types.map((type) => () => this.#orderedFirst(collector, type, namespaces));
    for await (const page of inOrder(streams, STREAMS_AHEAD)) await this.#storePage(page, backupper);
  }

  async *#orderedFirst(
    collector: Collector,
    type: ItemType,
    namespaces: IncludesExcludes,
  ): AsyncGenerator<ItemPage> {
    const { backup, kube } = this.#request;
    const first = new Set<string>();
    if (orderOf(backup.spec, type).length > 0) {
      const log = this.#log;
      try {
        const items = await readOrdered({
          spec: backup.spec,
          type,
          namespaces,
          kube,
          log,
          signal: this.#signal,
        });
        for (const item of items) first.add(keyOf(item));
        yield { type, items };
      } catch (error) {
        this.#signal.throwIfAborted();
        log.error('Error getting items for resource', {
          error,
          resource: type.groupResource,
        });
      }
    }
    for await (const page of collector.pages(type)) {
      if (first.size === 0) yield page;
      else yield { type, items: page.items.filter((item) => !first.has(keyOf(item))) };
    }
  }

  async #storePage({ type, items }: ItemPage, backupper: ItemBackupper): Promise<void> {
    const log = this.#log;
    const resource = type.groupResource;
    const plain = !backupper.isInvolved(resource);
    this.#waiting += items.length;
    try {
      for (const item of items) {
        this.#signal.throwIfAborted();
        const { namespace, name } = item;
        const fields = { progress: '', resource, namespace, name };
        log.info('Processing item', fields);
        if (plain) {
          const before = this.#seen.count;
          const room = backupper.storePlain(item, type, log);
          if (room !== undefined) await room;
          if (this.#seen.count > before) this.#storedTypes.add(resource);
        } else {
          await this.#backUp(item, type, backupper);
        }
        this.#waiting--;
        const done = this.#seen.count;
        log.info(
          `Backed up ${done} items out of an estimated total of ${this.#total()} (estimate will change throughout the backup)`,
          fields,
        );
      }
    } catch (error) {
      this.#waiting = 0;
      throw error;
    }
  }

  async #backUp(item: Item, type: ItemType, backupper: ItemBackupper): Promise<void> {
    try {
      if (await backupper.backUp(item, type, false, this.#log)) {
        this.#storedTypes.add(type.groupResource);
      }
    } catch (error) {
      this.#signal.throwIfAborted();
      const errors = flatten(error);
      const { namespace, name } = item;
      const fields = { resource: type.groupResource, namespace, name };
      if (error instanceof AggregateError) {
        this.#log.info(`${errors.length} errors encountered backup up item`, fields);
      }
      for (const single of errors) this.#log.error('Error backing up item', { ...fields, error: single });
    }
  }

  /** The definitions of custom resources of which something was stored, unless the filters speak of definitions. */
  async #addDefinitions(backupper: ItemBackupper, resources: ResourceFilter): Promise<void> {
    if (resources.shouldExclude(DEFINITIONS) || resources.shouldInclude(DEFINITIONS)) return;
    const { kube } = this.#request;
    const found = readDefinitions(kube, [...this.#storedTypes], this.#log, this.#signal);
    for await (const { item, type } of found) await this.#backUp(item, type, backupper);
  }
}

function keyOf({ namespace, name }: Item): string {
  return `${namespace}/${name}`;
}

/** Waits for all, so that nothing runs on behind the caller's back, then throws the first failure. */
async function allOrFirstFailure(work: readonly Promise<void>[]): Promise<void> {
  const results = await Promise.allSettled(work);
  for (const result of results) if (result.status === 'rejected') throw result.reason;
}
