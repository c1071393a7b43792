/** The way of one item from the backup into the cluster (restoreItem in pkg/restore/restore.go of the original). */

import type { KubeObject } from '../api/object.ts';
import type { ApiResource } from '../kube/contract.ts';
import { rfc3339 } from '../lib/clock.ts';
import { messageOf, wrap } from '../lib/errors.ts';
import { goQuote } from '../lib/go-text.ts';
import { pollUntil } from '../lib/poll.ts';
import type { ResourceIdentifier, RestoreItemAction, RestoreItemActionResult } from '../plugin/contract.ts';
import { actionMatches, isCsiActionWithoutFeature } from './actions.ts';
import { type ApplyInput, applyObject } from './apply.ts';
import type { RestoreContext } from './context.ts';
import { CRDS, waitForCrd } from './crds.ts';
import type { ItemVisit } from './items.ts';
import { applyModifiers } from './modifiers/apply.ts';
import { readItem } from './read.ts';
import { targetResource } from './target-resource.ts';
import {
  isCompleted,
  isMirrorPod,
  itemId,
  splitGroupResource,
  withoutFormerState,
  withRestoreLabels,
} from './transform.ts';
import { prepareClaim, prepareVolume } from './volumes.ts';

/** What an item leaves behind for the one that asked for it. */
export interface ItemOutcome {
  /** Whether it is known to be in the cluster. */
  exists: boolean;
  /** Whether it, or an item that it needed, had warnings or errors. */
  troubled: boolean;
}

const NOTHING: ItemOutcome = { exists: false, troubled: false };

/**
 * Restores one item and, before it, those that its actions ask for.
 * @param saved as it lies in the backup
 * @param namespace the target, empty for cluster scope
 * @param parent the item that asked for this one
 */
export async function restoreItem(
  context: RestoreContext,
  saved: KubeObject,
  groupResource: string,
  namespace: string,
  parent?: ItemVisit,
): Promise<ItemOutcome> {
  const { filters, items, log } = context;
  const name = saved.metadata?.name ?? '';
  const original = saved.metadata?.namespace ?? '';
  const id = itemId(groupResource, namespace, name);
  if (!filters.includesResource(groupResource)) {
    log.info('Not restoring item because resource is excluded', { namespace: original, name, groupResource });
    return NOTHING;
  }
  if (namespace === '') {
    if (!filters.allowsClusterScope) {
      log.info("Not restoring item because it's cluster-scoped", { name, groupResource });
      return NOTHING;
    }
  } else {
    if (!filters.includesNamespace(groupResource, original)) {
      log.info('Not restoring item because namespace is excluded', {
        namespace: original,
        name,
        groupResource,
      });
      return NOTHING;
    }
    const unready = await context.namespaces.ensure(original, namespace);
    if (unready) {
      context.error(namespace, `error restoring ${id}: ${messageOf(unready)}`);
      items.note(saved.apiVersion, saved.kind, namespace, name, 'failed');
      return { exists: false, troubled: true };
    }
  }
  try {
    if (isCompleted(saved, groupResource)) {
      log.info(`${original === '' ? name : `${original}/${name}`} is complete - skipping`);
      return NOTHING;
    }
  } catch (error) {
    context.error(namespace, `error checking completion of ${goQuote(id)}: ${messageOf(error)}`);
    return { exists: false, troubled: true };
  }
  const begun = items.begin(saved.apiVersion, saved.kind, namespace, name);
  if ('exists' in begun) {
    log.info(`Skipping ${id} because it's already been restored.`);
    return { exists: begun.exists, troubled: false };
  }
  if ('underWay' in begun) return await awaitOther(begun.underWay, parent);
  const visit = begun.fresh;
  if (parent) parent.waitsFor = visit;
  const run = new ItemRun(context, visit, groupResource, namespace, name, id);
  try {
    await run.restore(saved);
  } catch (error) {
    context.request.signal.throwIfAborted();
    // An item of a shape that nobody expected must not end the restore of all others.
    run.fail(wrap(error, `error restoring ${id}`));
  } finally {
    items.finish(saved.apiVersion, saved.kind, visit, visit.result ?? (run.troubled ? 'failed' : 'skipped'));
    if (parent) parent.waitsFor = undefined;
  }
  return { exists: visit.exists, troubled: run.troubled };
}

/** Two items need the same one: the second waits, unless they wait for each other in a circle. */
async function awaitOther(other: ItemVisit, parent: ItemVisit | undefined): Promise<ItemOutcome> {
  if (parent && !parent.wouldDeadlock(other)) {
    parent.waitsFor = other;
    await other.done;
    parent.waitsFor = undefined;
  }
  return { exists: other.exists, troubled: false };
}

class ItemRun {
  troubled = false;
  readonly #context: RestoreContext;
  readonly #visit: ItemVisit;
  readonly #groupResource: string;
  readonly #namespace: string;
  readonly #name: string;
  readonly #id: string;

  constructor(
    context: RestoreContext,
    visit: ItemVisit,
    groupResource: string,
    namespace: string,
    name: string,
    id: string,
  ) {
    this.#context = context;
    this.#visit = visit;
    this.#groupResource = groupResource;
    this.#namespace = namespace;
    this.#name = name;
    this.#id = id;
  }

  /** @throws the signal's reason where the run is aborted; what an item of an unexpected shape leads to */
  async restore(saved: KubeObject): Promise<void> {
    const context = this.#context;
    const groupResource = this.#groupResource;
    if (groupResource === 'pods' && isMirrorPod(saved)) {
      context.log.info("Not restoring pod because it's a mirror pod");
      return;
    }
    let source = saved;
    if (groupResource === 'persistentvolumes') {
      try {
        const volume = await prepareVolume(context, saved);
        if (!volume) return;
        source = volume;
      } catch (error) {
        this.fail(error);
        return;
      }
    }
    let object: KubeObject;
    try {
      object = withoutFormerState(source);
    } catch (error) {
      this.fail(error);
      return;
    }
    const acted = await this.#runActions(object, saved);
    if (!acted) return;
    object = groupResource === 'persistentvolumeclaims' ? prepareClaim(context, acted) : acted;
    if (context.request.modifiers) {
      const modified = applyModifiers(object, groupResource, context.request.modifiers, context.log);
      object = modified.object;
      for (const problem of modified.errors) this.fail(problem);
    }
    const sourceNamespace = object.metadata.namespace ?? '';
    if (this.#namespace !== '') {
      object = { ...object, metadata: { ...object.metadata, namespace: this.#namespace } };
    }
    object = withRestoreLabels(object, context.labels);
    const found = await targetResource(context, object, saved.kind, {
      id: this.#id,
      groupResource,
      namespace: this.#namespace,
    });
    if (!('resource' in found)) {
      if (found.grave) this.fail(found.problem);
      else this.#warning(this.#namespace, found.problem);
      return;
    }
    const { resource } = found;
    context.log.info(`Attempting to restore ${object.kind}: ${object.metadata.name}`);
    const input: ApplyInput = { object, resource, groupResource, namespace: this.#namespace };
    if (source['status'] !== undefined && context.filters.restoresStatus(groupResource)) {
      input.status = source['status'];
    }
    const { kube, restore, signal } = context.request;
    const policy = restore.spec.existingResourcePolicy ?? '';
    const outcome = await applyObject(input, { kube, policy, log: context.log, signal });
    this.#visit.exists = outcome.exists;
    if (outcome.result) this.#visit.result = outcome.result;
    for (const warning of outcome.warnings) this.#warning(this.#namespace, warning);
    for (const problem of outcome.errors) this.fail(problem);
    if (outcome.created) await this.#afterCreate(resource, outcome.created, object, sourceNamespace);
  }

  /** @returns the item as the last action left it, or undefined where it is not to be restored */
  async #runActions(item: KubeObject, saved: KubeObject): Promise<KubeObject | undefined> {
    const context = this.#context;
    const { restore, settings, signal } = context.request;
    let object = item;
    for (const applicable of context.actions.for(this.#groupResource, this.#namespace)) {
      if (!actionMatches(applicable, object)) continue;
      const { action } = applicable;
      if (isCsiActionWithoutFeature(action.name, settings.features)) {
        context.log.info(
          `Skip action ${action.name} for resource ${this.#id}, because the CSI feature is not enabled. Feature setting is ${[...settings.features].join(',')}.`,
        );
        continue;
      }
      let result: RestoreItemActionResult;
      try {
        const input = { item: object, itemFromBackup: saved, restore };
        result = await action.execute(input, { log: context.log, signal });
      } catch (error) {
        signal.throwIfAborted();
        this.fail(`error preparing ${this.#id}: ${messageOf(error)}`);
        return undefined;
      }
      if (result.operationId) this.#noteOperation(action.name, result.operationId);
      if (result.skipRestore === true) {
        context.log.info(
          `Skipping restore of ${object.kind}: ${this.#name} because a registered plugin discarded it`,
        );
        return undefined;
      }
      object = result.item;
      const present = await this.#restoreAdditionalItems(result.additionalItems ?? []);
      if (result.waitForAdditionalItems === true) await this.#awaitItems(action, result, present);
    }
    return object;
  }

  #noteOperation(action: string, operationID: string): void {
    const { restore, clock } = this.#context.request;
    const [resource, group] = splitGroupResource(this.#groupResource);
    this.#context.operations.push({
      spec: {
        restoreName: restore.metadata.name ?? '',
        restoreUID: restore.metadata.uid ?? '',
        restoreItemAction: action,
        resourceIdentifier: {
          Group: group,
          Resource: resource,
          Namespace: this.#namespace,
          Name: this.#name,
        },
        operationID,
      },
      status: { phase: 'New', created: rfc3339(clock.now()) },
    });
  }

  /** @returns those that are known to be in the cluster now */
  async #restoreAdditionalItems(
    wanted: readonly ResourceIdentifier[],
  ): Promise<readonly ResourceIdentifier[]> {
    const context = this.#context;
    const { archive, signal } = context.request;
    const present: ResourceIdentifier[] = [];
    for (const identifier of wanted) {
      signal.throwIfAborted();
      const { group, resource, namespace, name } = identifier;
      const groupResource = group === '' ? resource : `${resource}.${group}`;
      const item = archive.find(groupResource, namespace, name);
      if (!item) {
        const scope = namespace === '' ? 'cluster' : `namespaces/${namespace}`;
        const path = `resources/${groupResource}/${scope}/${name}.json`;
        context.log.warn('unable to restore additional item', {
          additionalResource: groupResource,
          additionalResourceNamespace: namespace,
          additionalResourceName: name,
        });
        this.#warning(namespace, `stat ${path}: no such file or directory`);
        continue;
      }
      let saved: KubeObject;
      try {
        saved = await readItem(archive, item);
      } catch (error) {
        const id = itemId(groupResource, namespace, name);
        this.fail(wrap(error, `error restoring additional item ${id}`));
        continue;
      }
      const target = namespace === '' ? '' : context.targetOf(namespace);
      const outcome = await restoreItem(context, saved, groupResource, target, this.#visit);
      if (outcome.exists) present.push(identifier);
      if (outcome.troubled) this.troubled = true;
    }
    return present;
  }

  async #awaitItems(
    action: RestoreItemAction,
    result: RestoreItemActionResult,
    present: readonly ResourceIdentifier[],
  ): Promise<void> {
    const { restore, settings, clock, signal } = this.#context.request;
    const ready = async (): Promise<true | undefined> => {
      const log = this.#context.log;
      const answer = await action.areAdditionalItemsReady?.(present, restore, { log, signal });
      return answer === false ? undefined : true;
    };
    try {
      await pollUntil(ready, {
        clock,
        signal,
        intervalMs: 1000,
        timeoutMs: result.additionalItemsReadyTimeout || settings.resourceTimeoutMs,
        pending: () => `additional items for ${this.#id} are not ready to use`,
      });
    } catch (error) {
      signal.throwIfAborted();
      this.fail(wrap(error, 'error verifying additional items are ready to use'));
    }
  }

  async #afterCreate(
    resource: ApiResource,
    created: { readonly object: KubeObject },
    object: KubeObject,
    sourceNamespace: string,
  ): Promise<void> {
    const context = this.#context;
    const { request } = context;
    if (this.#groupResource === 'pods') {
      const pod = created.object;
      restorePodVolumes(context, pod, sourceNamespace);
      context.hooks.start(pod);
    }
    if (this.#groupResource === CRDS) {
      const name = object.metadata.name ?? '';
      try {
        await waitForCrd(request.kube, resource, name, {
          clock: request.clock,
          timeoutMs: request.settings.resourceTimeoutMs,
          signal: request.signal,
        });
        const { group = '', names } = (object['spec'] ?? {}) as {
          group?: string;
          names?: { plural?: string };
        };
        context.definedResources.push({ group, resource: names?.plural ?? '' });
      } catch (error) {
        request.signal.throwIfAborted();
        this.fail(wrap(error, `error verifying the CRD ${name} is ready to use`));
      }
    }
  }

  /** Notes an error of the item. */
  fail(problem: unknown): void {
    this.troubled = true;
    this.#context.error(this.#namespace, problem);
  }

  #warning(namespace: string, problem: unknown): void {
    this.troubled = true;
    this.#context.warning(namespace, problem);
  }
}

/** Starts the restore of a pod's volumes in the background; the run waits for all of them at its end. */
function restorePodVolumes(context: RestoreContext, pod: KubeObject, sourceNamespace: string): void {
  const { podVolumes, podVolumeBackups, restore, backup } = context.request;
  if (!context.filters.includesVolumes || podVolumeBackups.length === 0) return;
  if (!podVolumes) {
    context.log.warn("No pod volume restorer, not restoring pod's volumes");
    return;
  }
  if (!podVolumes.hasVolumes(pod, sourceNamespace)) return;
  const work = podVolumes
    .restore({ pod, sourceNamespace, restore, backupLocation: backup.spec.storageLocation ?? '' })
    .catch((error: unknown) => [messageOf(error)])
    .then((problems) => {
      for (const problem of problems) context.veleroError(problem);
    });
  context.podVolumeRestores.push(work);
}
