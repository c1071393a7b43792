/** What the stages of one restore share. */

import type { RestoreOperation } from '../api/documents/item-operation.ts';
import { addToResult, emptyResult, type Result } from '../api/documents/result.ts';
import type { NativeSnapshotInfo } from '../api/documents/volume-info.ts';
import type { ApiResource } from '../kube/contract.ts';
import { messageOf } from '../lib/errors.ts';
import type { Logger } from '../lib/log.ts';
import { ResolvedActions } from './actions.ts';
import type { RestoreFilters } from './filters.ts';
import type { PodHooks } from './hooks.ts';
import { RestoredItems } from './items.ts';
import type { Namespaces } from './namespaces.ts';
import type { RestoreRequest } from './request.ts';
import { type RestoreLabels, restoreLabels } from './transform.ts';

export class RestoreContext {
  readonly request: RestoreRequest;
  readonly log: Logger;
  readonly warnings: Result = emptyResult();
  readonly errors: Result = emptyResult();
  readonly items = new RestoredItems();
  readonly operations: RestoreOperation[] = [];
  readonly labels: RestoreLabels;
  readonly filters: RestoreFilters;
  readonly actions: ResolvedActions;
  readonly hooks: PodHooks;
  namespaces!: Namespaces;
  /** Volumes that are not restored as they were, but made anew by their provisioner. */
  readonly volumesToProvision = new Set<string>();
  /** Old name → new name. */
  readonly renamedVolumes = new Map<string, string>();
  /** Volume → the native snapshot that it was made from. */
  readonly nativeSnapshots = new Map<string, NativeSnapshotInfo>();
  /** Restores of pod volumes under way. */
  readonly podVolumeRestores: Promise<void>[] = [];
  /** Resources of the definitions that were made: discovery is to know them before their objects are restored. */
  readonly definedResources: { group: string; resource: string }[] = [];
  /** Kinds that the cluster was asked for once more and does not serve. */
  readonly missingKinds = new Map<string, Promise<ApiResource | undefined>>();

  constructor(request: RestoreRequest, filters: RestoreFilters, actions: ResolvedActions, hooks: PodHooks) {
    this.request = request;
    this.log = request.log;
    this.filters = filters;
    this.actions = actions;
    this.hooks = hooks;
    this.labels = restoreLabels(request.restore.spec.backupName ?? '', request.restore.metadata.name ?? '');
  }

  /** The namespace into which items of this one go. */
  targetOf(namespace: string): string {
    const mapping = this.request.restore.spec.namespaceMapping ?? {};
    return Object.hasOwn(mapping, namespace) ? (mapping[namespace] as string) : namespace;
  }

  error(namespace: string, problem: unknown): void {
    addToResult(this.errors, namespace, messageOf(problem));
  }

  warning(namespace: string, problem: unknown): void {
    addToResult(this.warnings, namespace, messageOf(problem));
  }

  veleroError(problem: unknown): void {
    this.errors.velero.push(messageOf(problem));
  }
}
