/** Item actions and what they bring along (executeActions in pkg/backup/item_backupper.go). */

import { storeResourceIdentifier } from '../api/documents/item-operation.ts';
import { ANNOTATIONS } from '../api/labels.ts';
import type { KubeObject } from '../api/object.ts';
import { groupResource } from '../kube/contract.ts';
import { isNotFound } from '../kube/errors.ts';
import { rfc3339 } from '../lib/clock.ts';
import { wrap } from '../lib/errors.ts';
import type { Logger } from '../lib/log.ts';
import type { BackupItemActionResult, ResourceIdentifier } from '../plugin/contract.ts';
import {
  CLAIMS,
  type ItemContext,
  trackSkipped,
  volumeContext,
  VOLUMES,
  volumeNameOf,
  type Work,
} from './item-context.ts';
import { type Item, itemOf } from './item-head.ts';
import { type ItemType, itemType } from './item-type.ts';

const CSI_PVC_ACTION = 'velero.io/csi-pvc-backupper';
const VSPHERE_PVC_ACTION = 'velero.io/vsphere-pvc-backupper';

type BackUp = (item: Item, type: ItemType, mustInclude: boolean, log: Logger) => Promise<boolean>;

export class ItemActions {
  readonly #context: ItemContext;
  /** Backs up an item that an action brought along. */
  readonly #backUp: BackUp;

  constructor(context: ItemContext, backUp: BackUp) {
    this.#context = context;
    this.#backUp = backUp;
  }

  /**
   * Runs the actions that apply, one after the other, each with what the one before left.
   * @throws Error of the first that fails, or of an item that it brought along
   */
  async run(work: Work): Promise<void> {
    const { type, namespace, name, original, log } = work;
    const labels = original.metadata.labels ?? {};
    for (const resolved of this.#context.actions) {
      const { action } = resolved;
      if (!resolved.appliesTo(type.groupResource, namespace, labels)) continue;
      log.info('Executing custom action');
      if (await this.#isVolumeSkippedFor(action.name, work)) continue;
      const { backup, signal, features, finalizing } = this.#context;
      if (action.name.includes('velero.io/csi-') && !features.has('EnableCSI')) {
        log.info(
          `Skip action ${action.name} for resource ${type.groupResource}:${namespace}/${name}, because the CSI feature is not enabled. Feature setting is ${[...features].join(',')}.`,
        );
        continue;
      }
      const what = `(groupResource=${type.groupResource}, namespace=${namespace}, name=${name})`;
      const result = await action
        .execute(work.object, backup, { log, signal })
        .catch((error: unknown) => Promise.reject(wrap(error, `error executing custom action ${what}`)));
      const before = work.object;
      work.object = result.item;
      if (action.name === CSI_PVC_ACTION) this.#noteCsiResult(work, before, result);
      const mustInclude =
        result.item.metadata.annotations?.[ANNOTATIONS.mustIncludeAdditionalItems] === 'true' || finalizing;
      // The annotation only speaks to the engine; it is not part of the item.
      work.object = withoutAnnotation(work.object, ANNOTATIONS.mustIncludeAdditionalItems);
      if (result.operationId !== undefined && result.operationId !== '') {
        if (finalizing) {
          throw new Error(`backup Item Action created operation during finalize ${what}`);
        }
        this.#addOperation(work, action.name, result.operationId, result.postOperationItems);
      }
      for (const additional of result.additionalItems ?? []) {
        await this.#backUpAdditional(additional, mustInclude, log);
      }
    }
  }

  /** True where a volume policy, or the rules for snapshots, keep a snapshotting action from this claim. */
  async #isVolumeSkippedFor(actionName: string, work: Work): Promise<boolean> {
    const { volumes, features } = this.#context;
    const { type, log, namespace, name } = work;
    if (volumes === undefined || type.groupResource !== CLAIMS) return false;
    const snapshots = actionName === CSI_PVC_ACTION || actionName === VSPHERE_PVC_ACTION;
    if (snapshots && volumes.hasPolicies) {
      const pvName = volumeNameOf(work.object);
      if (pvName === '') throw new Error('PVC has no volume backing this claim');
      const pv = await this.#get({ group: '', resource: VOLUMES, namespace: '', name: pvName });
      if (volumes.policyAction(pv.raw.object) === 'skip') {
        log.info(
          `Skip executing Backup Item Action: ${actionName} of resource ${type.groupResource}: ${namespace}/${name} for the matched resource policies`,
        );
        this.#context.skipped.track(pvName, 'any', 'skipped due to resource policy ');
        return true;
      }
    }
    if (actionName !== CSI_PVC_ACTION || !features.has('EnableCSI')) return false;
    if (await volumes.wantsSnapshot(work.object, volumeContext(this.#context, log))) return false;
    const reason = 'not satisfy the criteria for VolumePolicy or the legacy snapshot way';
    trackSkipped(this.#context.skipped, work.object, CLAIMS, 'volumeSnapshot', reason, log);
    return true;
  }

  #noteCsiResult(work: Work, before: KubeObject, result: BackupItemActionResult): void {
    const claim = `${work.namespace}/${work.name}`;
    const noCsi = result.item.metadata.annotations?.[ANNOTATIONS.skippedNoCsiPv] === 'true';
    if (noCsi && (result.additionalItems?.length ?? 0) === 0) {
      work.log.info(`skip CSI snapshot for PVC ${claim} as it's not a CSI compatible volume`);
      const reason = "skipped b/c it's not a CSI volume";
      trackSkipped(this.#context.skipped, before, CLAIMS, 'csiSnapshot', reason, work.log);
      work.object = withoutAnnotation(work.object, ANNOTATIONS.skippedNoCsiPv);
      return;
    }
    work.log.info(`Untrack the PVC ${claim}, because it's backed up by CSI BIA.`);
    const pvName = volumeNameOf(before);
    if (pvName !== '') this.#context.skipped.untrack(pvName);
  }

  #addOperation(
    work: Work,
    actionName: string,
    operationID: string,
    postOperationItems: readonly ResourceIdentifier[] | undefined,
  ): void {
    const { backup, operations, clock } = this.#context;
    const { group, resource } = work.type.resource;
    operations.push({
      spec: {
        backupName: backup.metadata.name ?? '',
        backupUID: backup.metadata.uid ?? '',
        backupItemAction: actionName,
        resourceIdentifier: storeResourceIdentifier({
          group,
          resource,
          namespace: work.namespace,
          name: work.name,
        }),
        operationID,
        postOperationItems: postOperationItems?.map(storeResourceIdentifier) ?? null,
      },
      status: { phase: 'New', created: rfc3339(clock.now()) },
    });
  }

  async #backUpAdditional(item: ResourceIdentifier, mustInclude: boolean, log: Logger): Promise<void> {
    const { seen, finalizing } = this.#context;
    const type = this.#typeOf(item);
    if (!finalizing && seen.has(type.kind, item.namespace, item.name)) {
      // What lies in the backup needs no further request.
      const { namespace, name } = item;
      log.info("Skipping item because it's already been backed up.", {
        resource: type.groupResource,
        namespace,
        name,
      });
      return;
    }
    let found: Item;
    try {
      found = await this.#get(item);
    } catch (error) {
      if (!isNotFound(error)) throw error;
      log.warn("Additional item was not found in Kubernetes API, can't back it up", {
        groupResource: groupResource(item),
        namespace: item.namespace,
        name: item.name,
      });
      return;
    }
    await this.#backUp(found, type, mustInclude, log);
  }

  #typeOf(item: ResourceIdentifier): ItemType {
    const { discovery } = this.#context.kube;
    const resource = discovery.find(item.group, item.resource) ?? discovery.resolve(groupResource(item));
    if (resource === undefined) {
      throw new Error(`the server doesn't have a resource type "${groupResource(item)}"`);
    }
    return itemType(resource, resource.version);
  }

  async #get(item: ResourceIdentifier): Promise<Item> {
    const { resource } = this.#typeOf(item);
    const namespace = resource.namespaced ? item.namespace : undefined;
    const { kube, signal } = this.#context;
    return itemOf(await kube.getRaw(resource, item.name, namespace, signal));
  }
}

function withoutAnnotation(object: KubeObject, key: string): KubeObject {
  const { annotations } = object.metadata;
  if (annotations?.[key] === undefined) return object;
  const { [key]: _removed, ...rest } = annotations;
  return { ...object, metadata: { ...object.metadata, annotations: rest } };
}
