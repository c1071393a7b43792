/**
 * The contract between the engines and whatever acts on an item: built-in actions and foreign plugins look the same.
 * Plain data goes in and comes out, so that every one of these can be carried over a wire (the original's
 * pkg/plugin/velero and its protobuf services say what crosses it).
 */

import type { Backup } from '../api/backup.ts';
import type { KubeObject } from '../api/object.ts';
import type { Restore } from '../api/restore.ts';
import type { Logger } from '../lib/log.ts';

/** Which items an action wants to see. Empty lists mean all; resource names are resolved by discovery. */
export interface ResourceSelector {
  includedNamespaces?: readonly string[];
  excludedNamespaces?: readonly string[];
  includedResources?: readonly string[];
  excludedResources?: readonly string[];
  /** In the text form of a label selector, e.g. `app=web,tier in (a,b)`. */
  labelSelector?: string;
}

/** Names one item; `resource` is the lower-case plural. */
export interface ResourceIdentifier {
  group: string;
  resource: string;
  namespace: string;
  name: string;
}

/** How far an asynchronous item operation has come. */
export interface OperationProgress {
  completed: boolean;
  /** Set where the operation ended badly. */
  err: string;
  nCompleted: number;
  nTotal: number;
  /** E.g. `Bytes`. */
  operationUnits: string;
  description: string;
  /** RFC 3339; absent where not known. */
  started?: string;
  updated?: string;
}

/** What every action is given besides its item. */
export interface ActionContext {
  log: Logger;
  signal: AbortSignal;
}

export interface BackupItemActionResult {
  /** The item to be stored; the one that was given where nothing changed, so that its bytes need not be made again. */
  item: KubeObject;
  additionalItems?: readonly ResourceIdentifier[];
  /** Set where the action goes on after the call; the engine then asks for its progress. */
  operationId?: string;
  /** Items that are read again and stored anew once the operation has ended. */
  postOperationItems?: readonly ResourceIdentifier[];
}

export interface BackupItemAction {
  /** E.g. `velero.io/pv`. */
  readonly name: string;
  appliesTo(): Promise<ResourceSelector>;
  /** Must not change `item` in place; a thrown error fails this item alone. */
  execute(item: KubeObject, backup: Backup, context: ActionContext): Promise<BackupItemActionResult>;
  progress?(operationId: string, backup: Backup, context: ActionContext): Promise<OperationProgress>;
  cancel?(operationId: string, backup: Backup, context: ActionContext): Promise<void>;
}

export interface RestoreItemActionInput {
  /** The item as the actions before this one left it. */
  item: KubeObject;
  /** The item as it lies in the backup, status included. */
  itemFromBackup: KubeObject;
  restore: Restore;
}

export interface RestoreItemActionResult {
  item: KubeObject;
  additionalItems?: readonly ResourceIdentifier[];
  /** The item is not restored, and its additional items neither. */
  skipRestore?: boolean;
  operationId?: string;
  /** Ask `areAdditionalItemsReady` each second before this item is created. */
  waitForAdditionalItems?: boolean;
  /** Milliseconds; the server's resource timeout where absent. */
  additionalItemsReadyTimeout?: number;
}

export interface RestoreItemAction {
  readonly name: string;
  appliesTo(): Promise<ResourceSelector>;
  /** Must not change its input in place; a thrown error fails this item alone. */
  execute(input: RestoreItemActionInput, context: ActionContext): Promise<RestoreItemActionResult>;
  progress?(operationId: string, restore: Restore, context: ActionContext): Promise<OperationProgress>;
  cancel?(operationId: string, restore: Restore, context: ActionContext): Promise<void>;
  areAdditionalItemsReady?(
    items: readonly ResourceIdentifier[],
    restore: Restore,
    context: ActionContext,
  ): Promise<boolean>;
}

export interface DeleteItemAction {
  readonly name: string;
  appliesTo(): Promise<ResourceSelector>;
  execute(item: KubeObject, backup: Backup, context: ActionContext): Promise<void>;
}

/** Makes and restores snapshots of volumes that a cloud knows by an id of its own. */
export interface VolumeSnapshotter {
  init(config: Readonly<Record<string, string>>): Promise<void>;
  createVolumeFromSnapshot(
    snapshotId: string,
    volumeType: string,
    volumeAZ: string,
    iops: number | undefined,
  ): Promise<string>;
  /** Empty where this snapshotter does not know the volume. */
  getVolumeId(pv: KubeObject): Promise<string>;
  setVolumeId(pv: KubeObject, volumeId: string): Promise<KubeObject>;
  getVolumeInfo(
    volumeId: string,
    volumeAZ: string,
  ): Promise<{ volumeType: string; iops: number | undefined }>;
  createSnapshot(volumeId: string, volumeAZ: string, tags: Readonly<Record<string, string>>): Promise<string>;
  deleteSnapshot(snapshotId: string): Promise<void>;
}

/**
 * All actions and providers known to a server, built in and foreign, in the order in which the original runs them.
 * The engines receive what they need from here and cannot tell one from the other.
 */
export interface ActionRegistry {
  backupItemActions(): Promise<readonly BackupItemAction[]>;
  restoreItemActions(): Promise<readonly RestoreItemAction[]>;
  deleteItemActions(): Promise<readonly DeleteItemAction[]>;
  /** @throws Failure `unable to locate VolumeSnapshotter plugin named …` */
  volumeSnapshotter(provider: string): Promise<VolumeSnapshotter>;
  /** What `velero plugin get` lists. */
  list(): readonly { kind: string; name: string }[];
}
