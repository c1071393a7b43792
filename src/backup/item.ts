/**
 * One item on its way into the archive: filters, hooks, actions with what they bring along, volumes, writing
 * (pkg/backup/item_backupper.go of the original).
 */

import type { Backup } from '../api/backup.ts';
import { type BackupOperation, storeResourceIdentifier } from '../api/documents/item-operation.ts';
import type { NativeSnapshot } from '../api/documents/native-snapshot.ts';
import { ANNOTATIONS, LABELS } from '../api/labels.ts';
import type { KubeObject } from '../api/object.ts';
import type { IncludesExcludes } from '../filter/includes-excludes.ts';
import type { ResourceFilter } from '../filter/resources.ts';
import type { BackupHooks, HookPhase } from '../hooks/backup-hooks.ts';
import { groupResource, type KubeClient } from '../kube/contract.ts';
import { encode } from '../kube/encode.ts';
import { isNotFound } from '../kube/errors.ts';
import { type Clock, rfc3339 } from '../lib/clock.ts';
import { wrap } from '../lib/errors.ts';
import type { Logger } from '../lib/log.ts';
import type { BackupItemActionResult, ResourceIdentifier } from '../plugin/contract.ts';
import type { ResolvedAction } from './actions.ts';
import { ClaimTracker, podVolumes } from './claim-tracker.ts';
import { type Item, itemOf } from './item-head.ts';
import { type ItemType, itemType } from './item-type.ts';
import type { SeenItems } from './seen.ts';
import type { Approach, SkipTracker } from './skip-tracker.ts';
import type { VolumeRecords } from './volume-records.ts';
import type { VolumeBackupPort, VolumeContext } from './volume-port.ts';

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

const CSI_PVC_ACTION = 'velero.io/csi-pvc-backupper';
const VSPHERE_PVC_ACTION = 'velero.io/vsphere-pvc-backupper';
const PODS = 'pods';
const CLAIMS = 'persistentvolumeclaims';
const VOLUMES = 'persistentvolumes';

/** The archive could not take an item: the backup as a whole is lost, not the item. */
export class ArchiveFailure extends Error {}

/** An item while it is being worked on. */
interface Work {
  type: ItemType;
  namespace: string;
  name: string;
  /** As the API server sent it. */
  original: KubeObject;
  /** As the actions left it; the same object where none changed it. */
  object: KubeObject;
  log: Logger;
}

export class ItemBackupper {
  readonly #context: ItemContext;
  readonly #claims = new ClaimTracker();

  constructor(context: ItemContext) {
    this.#context = context;
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
        this.#trackSkipped(item.raw.object, type.groupResource, 'any', reason, log);
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
    const fileVolumes = await this.#chooseFileVolumes(work, errors);
    try {
      await this.#runActions(work);
    } catch (error) {
      errors.push(...flatten(error));
      await this.#runHooks(work, 'post').catch((failure: unknown) => errors.push(...flatten(failure)));
      throw asOne(errors);
    }
    if (type.groupResource === VOLUMES) await this.#saveVolume(work, errors);
    if (fileVolumes.length > 0) await this.#saveFileVolumes(work, fileVolumes, errors);
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
    await hooks.run(work.object, phase, work.log, signal);
  }

  #volumeContext(log: Logger): VolumeContext {
    const { backup, signal, resources } = this.#context;
    return { backup, log, signal, claimsExcluded: !resources.shouldInclude(CLAIMS) };
  }

  /** The volumes of a pod that are backed up as files. */
  async #chooseFileVolumes(work: Work, errors: Error[]): Promise<string[]> {
    const { volumes } = this.#context;
    const { object: pod, log } = work;
    if (volumes === undefined) return [];
    const optedOutBy = this.#claims.optedOutBy(work.namespace, work.name);
    if (optedOutBy !== undefined) {
      const reason = `opted out due to annotation in pod ${optedOutBy}`;
      this.#trackSkipped(pod, work.type.groupResource, 'podvolume', reason, log);
    }
    if (work.type.groupResource !== PODS) return [];
    const chosen: string[] = [];
    for (const volume of podVolumes(pod)) {
      let wanted = false;
      try {
        wanted = await volumes.wantsFileBackup(pod, volume.name, this.#volumeContext(log));
      } catch (error) {
        errors.push(...flatten(error));
      }
      if (!wanted) {
        this.#claims.optOut(pod, volume);
        continue;
      }
      this.#claims.track(pod, volume);
      const taken = this.#claims.takenClaim(pod, volume);
      if (taken === undefined) {
        chosen.push(volume.name);
      } else {
        log.info(
          'Pod volume uses a persistent volume claim which has already been backed up from another pod, skipping.',
          { podVolume: volume.name, pvcName: taken },
        );
      }
    }
    return chosen;
  }

  async #saveFileVolumes(work: Work, names: readonly string[], errors: Error[]): Promise<void> {
    const { volumes, skipped } = this.#context;
    const pod = work.original;
    const result = await volumes?.backUpPodVolumes(pod, names, this.#volumeContext(work.log));
    if (result === undefined) return;
    errors.push(...result.errors);
    for (const volume of podVolumes(pod)) {
      if (result.taken.includes(volume.name)) this.#claims.take(pod, volume);
    }
    for (const { pvName, reason } of result.skippedVolumes) skipped.track(pvName, 'podvolume', reason);
    for (const pvName of result.takenVolumes) skipped.untrack(pvName);
  }

  /** Notes a PV for the volume infos and snapshots it where that is wanted. */
  async #saveVolume(work: Work, errors: Error[]): Promise<void> {
    const { volumes, skipped, records, features, backup, volumeSnapshots } = this.#context;
    if (volumes === undefined) return;
    const pv = work.object;
    const pvName = pv.metadata.name ?? '';
    records.addVolume(pv);
    work.log.info('Executing takePVSnapshot');
    const log = work.log.with({ persistentVolume: pvName });
    const context = this.#volumeContext(log);
    try {
      if (!(await volumes.wantsSnapshot(pv, context))) {
        const reason = 'not satisfy the criteria for VolumePolicy or the legacy snapshot way';
        skipped.track(pvName, 'volumeSnapshot', reason);
        return;
      }
      const isCsi = (pv as { spec?: { csi?: unknown } }).spec?.csi !== undefined;
      if (features.has('EnableCSI') && isCsi) {
        log.info(`Skipping snapshot of persistent volume ${pvName}, because it's handled by CSI plugin.`);
        return;
      }
      if (backup.spec.snapshotMoveData === true) {
        log.warn("VolumeSnapshotter plugin doesn't support data movement.");
        if (features.has('EnableCSI')) {
          log.warn(
            "Cannot use CSI data mover to handle PV, because PV doesn't contain CSI in spec. Fall back to Velero native snapshot.",
          );
        }
      }
      const result = await volumes.snapshot(pv, context);
      if (result.kind === 'skipped') {
        skipped.track(pvName, 'volumeSnapshot', result.reason);
        return;
      }
      log.info(
        `Untrack the PV ${pvName} from the skipped volumes, because it's backed by Velero native snapshot.`,
      );
      skipped.untrack(pvName);
      volumeSnapshots.push(result.snapshot);
      if (result.error !== undefined) errors.push(result.error);
    } catch (error) {
      errors.push(...flatten(error));
    }
  }

  async #runActions(work: Work): Promise<void> {
    const { type, namespace, name, original, log } = work;
    const labels = original.metadata.labels ?? {};
    for (const { action, appliesTo } of this.#context.actions) {
      if (!appliesTo(type.groupResource, namespace, labels)) continue;
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
    if (await volumes.wantsSnapshot(work.object, this.#volumeContext(log))) return false;
    const reason = 'not satisfy the criteria for VolumePolicy or the legacy snapshot way';
    this.#trackSkipped(work.object, CLAIMS, 'volumeSnapshot', reason, log);
    return true;
  }

  #noteCsiResult(work: Work, before: KubeObject, result: BackupItemActionResult): void {
    const claim = `${work.namespace}/${work.name}`;
    const noCsi = result.item.metadata.annotations?.[ANNOTATIONS.skippedNoCsiPv] === 'true';
    if (noCsi && (result.additionalItems?.length ?? 0) === 0) {
      work.log.info(`skip CSI snapshot for PVC ${claim} as it's not a CSI compatible volume`);
      const reason = "skipped b/c it's not a CSI volume";
      this.#trackSkipped(before, CLAIMS, 'csiSnapshot', reason, work.log);
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
    await this.backUp(found, type, mustInclude, log);
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

  #trackSkipped(
    object: KubeObject,
    groupResourceName: string,
    approach: Approach,
    reason: string,
    log: Logger,
  ): void {
    const { skipped } = this.#context;
    if (groupResourceName === VOLUMES) {
      skipped.track(object.metadata.name ?? '', approach, reason);
    } else if (groupResourceName === CLAIMS) {
      const pvName = volumeNameOf(object);
      if (pvName !== '') skipped.track(pvName, approach, reason);
      else log.warn('unable to get PV name, skip tracking.', { error: 'PV name is not set in PVC' });
    }
  }
}

function volumeNameOf(claim: KubeObject): string {
  return (claim as { spec?: { volumeName?: string } }).spec?.volumeName ?? '';
}

function withoutAnnotation(object: KubeObject, key: string): KubeObject {
  const { annotations } = object.metadata;
  if (annotations?.[key] === undefined) return object;
  const { [key]: _removed, ...rest } = annotations;
  return { ...object, metadata: { ...object.metadata, annotations: rest } };
}

function archiveFailure(error: unknown): ArchiveFailure {
  return new ArchiveFailure(error instanceof Error ? error.message : String(error), { cause: error });
}

/** The single errors inside an aggregate; an archive's failure stays what it is. */
export function flatten(error: unknown): Error[] {
  if (error instanceof ArchiveFailure) throw error;
  if (error instanceof AggregateError) return error.errors.flatMap(flatten);
  return [error instanceof Error ? error : new Error(String(error))];
}

function asOne(errors: readonly Error[]): Error {
  const [first] = errors;
  return errors.length === 1 && first !== undefined ? first : new AggregateError(errors);
}
