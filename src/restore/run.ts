/** Strings the stages of a restore together (execute in pkg/restore/restore.go of the original). */

import { LABELS, labelValue } from '../api/labels.ts';
import type { KubeObject } from '../api/object.ts';
import { restoreHookSets } from '../hooks/restore-hooks.ts';
import { CONFIG_MAPS } from '../kube/built-in.ts';
import { groupResource as groupResourceOf } from '../kube/contract.ts';
import { parseDuration } from '../lib/duration.ts';
import { messageOf, wrap } from '../lib/errors.ts';
import { goQuote } from '../lib/go-text.ts';
import { InFlight } from '../lib/in-flight.ts';
import { pollUntil } from '../lib/poll.ts';
import type { ArchiveItem } from '../storage/archive/reader.ts';
import { ResolvedActions } from './actions.ts';
import { RestoreContext } from './context.ts';
import { CRDS } from './crds.ts';
import { RestoreFilters } from './filters.ts';
import { PodHooks } from './hooks.ts';
import { restoreItem } from './item.ts';
import { Namespaces } from './namespaces.ts';
import { readTypesAnew, warnOfAbsentNamespaces } from './start.ts';
import { orderResources } from './order.ts';
import { ProgressReporter } from './progress.ts';
import { readItem } from './read.ts';
import type { RestoreOutcome, RestoreRequest } from './request.ts';
import { restoredVolumes } from './restored-volumes.ts';
import { namespacedName, splitGroupResource } from './transform.ts';
import { chooseVersions } from './versions.ts';

const DEFAULT_CONCURRENCY = 160;
/** Bytes of item files under work at the same time: large secrets must not fill the memory. */
const MAX_BYTES_IN_FLIGHT = 32 * 1024 * 1024;
/** How long a definition may be established and yet not be listed. */
const DISCOVERY_LAG_MS = 15_000;
/** Hooks that name no wait timeout are given up after this long where the restore names no operation timeout. */
const DEFAULT_HOOK_PATIENCE_MS = 4 * 60 * 60 * 1000;

/**
 * Restores a backup's items into the cluster. What goes wrong with an item, or with the backup as a whole, is in the
 * outcome.
 * @throws the reason of `request.signal` where it is aborted
 */
export async function runRestore(request: RestoreRequest): Promise<RestoreOutcome> {
  request.log.info(`Starting restore of backup ${namespacedName(request.backup)}`);
  let context: RestoreContext;
  let versions: ReadonlyMap<string, string>;
  try {
    await readTypesAnew(request);
    context = await createContext(request);
    versions = await chooseVersions(request).catch((error: unknown) => {
      throw wrap(error, 'choosing API version to restore');
    });
  } catch (error) {
    request.signal.throwIfAborted();
    return failedAtOnce(messageOf(error));
  }
  const { archive, log } = request;
  if (archive.groupResources().length === 0) {
    context.warnings.velero.push('zero items to be restored: directory "resources": does not exist');
    return await outcomeOf(context);
  }
  const run = new Run(context, versions);
  const progress = new ProgressReporter({
    report: (numbers) => request.onProgress(numbers),
    current: () => run.progress(),
    clock: request.clock,
    log,
  });
  try {
    await run.restoreResources([CRDS]);
    if (
      context.items.hasChanged('apiextensions.k8s.io/v1', 'CustomResourceDefinition') ||
      context.items.hasChanged('apiextensions.k8s.io/v1beta1', 'CustomResourceDefinition')
    ) {
      await refreshDiscovery(context);
      context.filters.resolve();
      context.actions.refresh();
    }
    warnOfAbsentNamespaces(request);
    run.countReported = true;
    await run.restoreResources(run.remainingResources());
  } catch (error) {
    await progress.stop();
    throw error;
  }
  await progress.finish({ totalItems: context.items.size, itemsRestored: context.items.size });
  await forgetDataUploadResults(request);
  if (context.podVolumeRestores.length > 0) {
    log.info('Waiting for all pod volume restores to complete');
    await Promise.all(context.podVolumeRestores);
    log.info('Done waiting for all pod volume restores to complete');
  }
  return await outcomeOf(context);
}

async function createContext(request: RestoreRequest): Promise<RestoreContext> {
  const { restore, kube, actions, hooks, clock, serverLog, signal, settings, archive, log } = request;
  const name = restore.metadata.name ?? '';
  const context = new RestoreContext(
    request,
    new RestoreFilters(restore.spec, kube.discovery),
    await ResolvedActions.resolve(actions, kube.discovery),
    new PodHooks({
      kube,
      clock,
      restore: name,
      tracker: hooks,
      sets: restoreHookSets(restore.spec.hooks),
      labelSelector: `${LABELS.restoreName}=${labelValue(name)}`,
      patienceMs: parseDuration(restore.spec.itemOperationTimeout ?? '') || DEFAULT_HOOK_PATIENCE_MS,
      log: serverLog.with({ restore: name }),
      signal,
    }),
  );
  context.namespaces = new Namespaces({
    kube,
    archive,
    clock,
    terminatingTimeoutMs: settings.terminatingResourceTimeoutMs,
    log,
    signal,
    onCreated: (namespace) => context.items.note('v1', 'Namespace', '', namespace, 'created'),
    onFailure: (_namespace, error) => context.veleroError(error),
  });
  return context;
}

/** Reads anew what the cluster serves. A definition that is established may take a moment to appear there. */
async function refreshDiscovery(context: RestoreContext): Promise<void> {
  const { kube, clock, signal } = context.request;
  const { discovery } = kube;
  try {
    await pollUntil<true>(
      async () => {
        await discovery.refresh(signal);
        const all = context.definedResources.every(({ group, resource }) => discovery.find(group, resource));
        return all ? true : undefined;
      },
      { clock, signal, intervalMs: 50, maxIntervalMs: 1000, timeoutMs: DISCOVERY_LAG_MS },
    );
  } catch (error) {
    signal.throwIfAborted();
    context.warning('', wrap(error, 'refresh discovery after restoring CRDs'));
  }
}

function failedAtOnce(problem: string): RestoreOutcome {
  return {
    warnings: { velero: [], cluster: [], namespaces: {} },
    errors: { velero: [problem], cluster: [], namespaces: {} },
    resourceList: {},
    operations: [],
    volumeInfos: [],
  };
}

async function outcomeOf(context: RestoreContext): Promise<RestoreOutcome> {
  const resourceList = context.items.resourceList();
  return {
    warnings: context.warnings,
    errors: context.errors,
    resourceList,
    operations: context.operations,
    volumeInfos: await restoredVolumes(context, resourceList),
  };
}

/** The results that DataUploads left for their claims have done their service. */
async function forgetDataUploadResults(request: RestoreRequest): Promise<void> {
  const { kube, restore, signal, log } = request;
  try {
    await kube.deleteCollection(CONFIG_MAPS, {
      namespace: restore.metadata.namespace,
      labelSelector: `${LABELS.restoreUid}=${labelValue(restore.metadata.uid ?? '')},${LABELS.resourceUsage}=DataUpload`,
      signal,
    });
  } catch (error) {
    signal.throwIfAborted();
    log.error(
      `Fail to batch delete DataUploadResult ConfigMaps for restore ${restore.metadata.name}: ${messageOf(error)}`,
    );
  }
}

/** The walk through the backup, resource by resource. */
class Run {
  /** False during the pass over custom resource definitions, whose numbers would mislead. */
  countReported = false;
  readonly #context: RestoreContext;
  readonly #versions: ReadonlyMap<string, string>;
  readonly #inFlight: InFlight;
  readonly #handled = new Set<string>();
  #open = 0;

  constructor(context: RestoreContext, versions: ReadonlyMap<string, string>) {
    this.#context = context;
    this.#versions = versions;
    this.#inFlight = new InFlight(
      context.request.settings.concurrency ?? DEFAULT_CONCURRENCY,
      MAX_BYTES_IN_FLIGHT,
    );
  }

  progress(): { totalItems: number; itemsRestored: number } {
    const restored = this.#context.items.size;
    if (!this.countReported) return { totalItems: 0, itemsRestored: 0 };
    return { totalItems: restored + this.#open, itemsRestored: restored };
  }

  /** Every resource in the order of the priorities, as far as the backup holds it and it was not handled yet. */
  remainingResources(): string[] {
    const { archive, settings } = this.#context.request;
    const names = orderResources(settings.priorities, archive.groupResources());
    const resolved = new Set<string>();
    for (const name of names) {
      const full = this.#resolve(name);
      if (!this.#handled.has(full)) resolved.add(full);
    }
    return [...resolved];
  }

  /** Restores these resources one after the other. */
  async restoreResources(groupResources: readonly string[]): Promise<void> {
    const { request, log, filters } = this.#context;
    const inBackup = new Set(request.archive.groupResources());
    const plan: { groupResource: string; namespaces: readonly string[] }[] = [];
    for (const groupResource of groupResources) {
      if (this.#handled.has(groupResource)) continue;
      if (!filters.includesResource(groupResource)) {
        log.info('Skipping restore of resource because the restore spec excludes it', {
          resource: groupResource,
        });
        continue;
      }
      if (!inBackup.has(groupResource)) continue;
      this.#handled.add(groupResource);
      const namespaces = this.#namespacesOf(groupResource);
      plan.push({ groupResource, namespaces });
      for (const namespace of namespaces) this.#open += request.archive.count(groupResource, { namespace });
    }
    for (const { groupResource, namespaces } of plan) {
      request.signal.throwIfAborted();
      await Promise.all(namespaces.map((namespace) => this.#restoreScope(groupResource, namespace)));
    }
  }

  #resolve(name: string): string {
    const [resource, group] = splitGroupResource(name);
    const { discovery } = this.#context.request.kube;
    const found = discovery.find(group, resource) ?? discovery.resolve(name);
    if (found) return groupResourceOf(found);
    // Kept as it is: an action may turn its items into something that the cluster serves.
    this.#context.log.info('resource cannot be resolved via discovery', { resource: name });
    return name;
  }

  #namespacesOf(groupResource: string): string[] {
    const { request, filters, log } = this.#context;
    return request.archive.namespaces(groupResource).filter((namespace) => {
      if (namespace !== '') {
        if (filters.includesNamespace(groupResource, namespace)) return true;
        log.info(`Skipping namespace ${namespace}`);
        return false;
      }
      if (filters.collectsClusterScope) return true;
      log.info(
        filters.allowsClusterScope
          ? `Skipping resource ${groupResource} because it's cluster-scoped and only specific namespaces are included in the restore`
          : `Skipping resource ${groupResource} because it's cluster-scoped`,
      );
      return false;
    });
  }

  /** Restores one resource's items of one namespace, or the cluster-scoped ones, side by side. */
  async #restoreScope(groupResource: string, namespace: string): Promise<void> {
    const context = this.#context;
    const { archive, signal } = context.request;
    const target = namespace === '' ? '' : context.targetOf(namespace);
    context.log.info(
      target === ''
        ? `Resource '${groupResource}' will be restored at cluster scope`
        : `Resource '${groupResource}' will be restored into namespace '${target}'`,
    );
    const running = new Set<Promise<void>>();
    let failure: unknown;
    for (const item of archive.items(groupResource, { namespace })) {
      const room = this.#inFlight.enter(item.size);
      if (room) await room;
      if (signal.aborted || failure !== undefined) {
        this.#inFlight.leave(item.size);
        break;
      }
      const work = this.#restoreOne(groupResource, item, target).then(
        () => {
          running.delete(work);
        },
        (error: unknown) => {
          failure ??= error;
          running.delete(work);
        },
      );
      running.add(work);
      // Items of a namespace that is not ready must not take the room of those that can go on.
      if (target !== '' && !context.namespaces.isSettled(target)) await work;
    }
    await Promise.all(running);
    signal.throwIfAborted();
    if (failure !== undefined) throw failure;
  }

  async #restoreOne(groupResource: string, listed: ArchiveItem, target: string): Promise<void> {
    const context = this.#context;
    let holding = true;
    const leave = () => {
      if (holding) this.#inFlight.leave(listed.size);
      holding = false;
    };
    try {
      const saved = await this.#read(groupResource, listed, target);
      if (!saved) return;
      if (groupResource === 'namespaces') {
        leave();
        await context.namespaces.ensure(listed.name, context.targetOf(listed.name));
        return;
      }
      if (target !== '' && !context.namespaces.isSettled(target)) {
        leave();
        await context.namespaces.ensure(listed.namespace, target);
      }
      await restoreItem(context, saved, groupResource, target);
    } finally {
      leave();
      this.#open--;
      this.#logProgress(groupResource, listed, target);
    }
  }

  /** @returns undefined where the item cannot be read, which is noted, or its labels leave it out */
  async #read(groupResource: string, listed: ArchiveItem, target: string): Promise<KubeObject | undefined> {
    const { request, filters, log } = this.#context;
    const { archive } = request;
    const version = this.#versions.get(groupResource);
    const item =
      version === undefined ? listed : archive.find(groupResource, listed.namespace, listed.name, version);
    if (!item) {
      this.#context.error(
        target,
        `error decoding ${goQuote(listed.path)}: the backup does not hold version ${version} of it`,
      );
      return undefined;
    }
    try {
      const saved = await readItem(archive, item);
      if (filters.matchesLabels(groupResource, saved.metadata?.labels)) return saved;
      log.debug('restore selectors did not match labels, skipping restore of item', {
        resource: groupResource,
        namespace: item.namespace,
        name: item.name,
      });
      return undefined;
    } catch (error) {
      request.signal.throwIfAborted();
      this.#context.error(target, `error decoding ${goQuote(item.path)}: ${messageOf(error)}`);
      return undefined;
    }
  }

  #logProgress(groupResource: string, item: ArchiveItem, target: string): void {
    const { log, items } = this.#context;
    if (!this.countReported || !log.enabled('info')) return;
    const total = items.size + this.#open;
    log.info(
      `Restored ${items.size} items out of an estimated total of ${total} (estimate will change throughout the restore)`,
      { progress: '', resource: groupResource, namespace: target, name: item.name },
    );
  }
}
