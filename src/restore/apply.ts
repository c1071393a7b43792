/** Brings one object into the cluster, or into agreement with the one that is there (restoreItem in pkg/restore/restore.go). */

import type { RestoredItemResult } from '../api/documents/resource-list.ts';
import { LABELS } from '../api/labels.ts';
import type { KubeObject } from '../api/object.ts';
import type { ApiResource, CreatedItem, KubeClient, RawItem } from '../kube/contract.ts';
import { isAlreadyExists, isNotFound, KubeError } from '../kube/errors.ts';
import { Failure, messageOf, wrap } from '../lib/errors.ts';
import { goQuote } from '../lib/go-text.ts';
import { jsonEqual, parseJson } from '../lib/json.ts';
import type { Logger } from '../lib/log.ts';
import { createMergePatch } from '../lib/merge-patch.ts';
import { sameManagers, soleManager, withoutManagedFields } from './managed-fields.ts';
import { FIELD_MANAGER } from './namespaces.ts';
import { mergeServiceAccount } from './service-account.ts';
import { itemId, namespacedName, withoutFormerState, withRestoreLabels } from './transform.ts';

export interface ApplyDeps {
  kube: KubeClient;
  /** `none`, `update` or empty. */
  policy: string;
  log: Logger;
  signal: AbortSignal;
}

export interface ApplyInput {
  /** As it is to be, with target namespace and restore labels. */
  object: KubeObject;
  resource: ApiResource;
  /** The name under which the item was backed up: messages and special cases go by it. */
  groupResource: string;
  /** Empty for cluster scope. */
  namespace: string;
  /** The saved status where it is to be put back. */
  status?: unknown;
}

export interface ApplyOutcome {
  /** Whether the object is known to be in the cluster now. */
  exists: boolean;
  /** Absent where nothing was written. */
  result?: RestoredItemResult;
  /** What the server made, where it was made by us and all of it went well; parsed only when somebody looks. */
  created?: RawItem;
  warnings: readonly string[];
  errors: readonly string[];
}

/** Creates the object, or handles the one that is there as the policy says. Throws only where the run is aborted. */
export async function applyObject(input: ApplyInput, deps: ApplyDeps): Promise<ApplyOutcome> {
  const { object, resource, namespace } = input;
  const { kube, log, signal } = deps;
  const name = object.metadata.name ?? '';
  const body = withoutManagedFields(object);
  // With a status to be put back its owners are wanted too, and those only a patch can name.
  const sole = input.status === undefined ? soleManager(object) : undefined;
  for (let attempt = 0; ; attempt++) {
    let refused: unknown;
    try {
      const answer = await kube.createRaw(resource, body, namespace === '' ? undefined : namespace, {
        fieldManager: sole ?? FIELD_MANAGER,
        signal,
      });
      return await complete(input, answer, deps, sole === undefined);
    } catch (error) {
      signal.throwIfAborted();
      refused = error;
    }
    let live: KubeObject;
    try {
      const raw = await kube.getRaw(resource, name, namespace === '' ? undefined : namespace, signal);
      live = parseJson(Buffer.from(raw.bytes).toString('utf8')) as KubeObject;
    } catch (error) {
      signal.throwIfAborted();
      // Deleted between our two questions: once more, as if nobody had been there.
      if (isAlreadyExists(refused) && isNotFound(error) && attempt < 2) continue;
      return notReadable(input, refused, error, log);
    }
    return await reconcile(input, live, deps);
  }
}

/** What the server says of a create that failed, where no object of that name can be read either. */
function notReadable(input: ApplyInput, refused: unknown, unreadable: unknown, log: Logger): ApplyOutcome {
  const { object, groupResource, namespace } = input;
  const name = object.metadata.name ?? '';
  if (isAlreadyExists(refused)) {
    log.warn(
      `Unable to retrieve in-cluster version of ${namespacedName(object)}: ${messageOf(unreadable)}, object won't be restored by velero or have restore labels, and existing resource policy is not applied`,
    );
    return { exists: false, warnings: [messageOf(unreadable)], errors: [] };
  }
  if (object.kind === 'Service' && isPortTaken(refused) && !isNotFound(unreadable)) {
    const text = `Unable to get the service ${namespacedName(object)} while checking the NodePort is already allocated error`;
    return { exists: false, warnings: [], errors: [messageOf(wrap(unreadable, text))] };
  }
  log.error(`error restoring ${name}: ${messageOf(refused)}`, { groupResource, namespace, error: refused });
  const id = itemId(groupResource, namespace, name);
  return { exists: false, warnings: [], errors: [`error restoring ${id}: ${describe(refused)}`] };
}

/** A refusal in the server's words, with what to do about it where that is known. */
function describe(refused: unknown): string {
  const message = messageOf(refused);
  return refused instanceof Failure && refused.remedy !== undefined && !message.includes(refused.remedy)
    ? `${message} (${refused.remedy})`
    : message;
}

/** All complaints are about node ports that another service has, or this one already. */
function isPortTaken(refused: unknown): boolean {
  const causes = refused instanceof KubeError ? (refused.details?.causes ?? []) : [];
  return (
    causes.length > 0 &&
    causes.every((cause) => cause.message?.includes('provided port is already allocated') === true)
  );
}

/** What follows a create: the saved status, and who managed which field. */
async function complete(
  input: ApplyInput,
  answer: CreatedItem,
  deps: ApplyDeps,
  patchManagers: boolean,
): Promise<ApplyOutcome> {
  const { object, resource, namespace, status } = input;
  const { kube, log, signal } = deps;
  const name = object.metadata.name ?? '';
  const warnings: string[] = [];
  const errors: string[] = [];
  if (status !== undefined) {
    const bare = withoutManagedFields(object);
    const { resourceVersion = '' } = answer;
    const withStatus = { ...bare, metadata: { ...bare.metadata, resourceVersion }, status };
    try {
      await kube.update(resource, withStatus, { subresource: 'status', fieldManager: FIELD_MANAGER, signal });
    } catch (error) {
      signal.throwIfAborted();
      log.info(`status field update failed ${namespacedName(object)}: ${messageOf(error)}`);
      warnings.push(messageOf(error));
    }
  }
  const managedFields = object.metadata['managedFields'];
  if (patchManagers && Array.isArray(managedFields) && managedFields.length > 0) {
    try {
      await kube.patch(
        resource,
        name,
        namespace === '' ? undefined : namespace,
        'merge',
        { metadata: { managedFields } },
        { fieldManager: FIELD_MANAGER, signal },
      );
    } catch (error) {
      signal.throwIfAborted();
      if (!isNotFound(error)) {
        log.error(`error patch for managed fields ${namespacedName(object)}: ${messageOf(error)}`);
        errors.push(messageOf(error));
      }
    }
  }
  return {
    exists: true,
    result: 'created',
    warnings,
    errors,
    ...(errors.length === 0 ? { created: answer } : {}),
  };
}

/** The object that is in the cluster compared with ours, and changed where the policy says so. */
async function reconcile(input: ApplyInput, live: KubeObject, deps: ApplyDeps): Promise<ApplyOutcome> {
  const { object, groupResource } = input;
  const { log } = deps;
  const labels = object.metadata.labels ?? {};
  const wanted = { backup: labels[LABELS.backupName] ?? '', restore: labels[LABELS.restoreName] ?? '' };
  const stripped = withoutFormerState(live);
  const labelled = withRestoreLabels(stripped, wanted);
  // Blank labels on the cluster's side make both names appear in every patch.
  const blanked = withRestoreLabels(stripped, { backup: '', restore: '' });
  const patcher = new Patcher(input, deps);
  if (
    sameManagers(labelled, object) &&
    jsonEqual(withoutManagedFields(labelled), withoutManagedFields(object))
  ) {
    if (deps.policy === 'update') await patcher.labels(blanked, object);
    log.info(
      `Restore of ${object.kind}, ${object.metadata.name} skipped: it already exists in the cluster and is the same as the backed up version`,
    );
    return patcher.outcome();
  }
  if (groupResource === 'serviceaccounts') {
    const patch = createMergePatch(labelled, mergeServiceAccount(labelled, object));
    if (patch === undefined) return patcher.outcome();
    const updated = await patcher.tryPatch(patch);
    if (updated) log.info(`ServiceAccount ${namespacedName(object)} successfully updated`);
    else if (deps.policy === 'update') await patcher.labels(blanked, labelled);
    return patcher.outcome(updated);
  }
  if (deps.policy !== 'update') {
    patcher.warnings.push(
      `could not restore, ${object.kind} ${goQuote(object.metadata.name ?? '')} already exists. Warning: the in-cluster version is different than the backed-up version`,
    );
    return patcher.outcome();
  }
  const patch = createMergePatch(blanked, object);
  const updated = patch === undefined || (await patcher.tryPatch(patch));
  if (updated) log.info(`${object.kind} ${namespacedName(object)} successfully updated`);
  else await patcher.labels(blanked, labelled);
  return patcher.outcome(updated);
}

/** Sends merge patches for one object that exists, and gathers what came of them. */
class Patcher {
  readonly warnings: string[] = [];
  readonly errors: string[] = [];
  readonly #input: ApplyInput;
  readonly #deps: ApplyDeps;

  constructor(input: ApplyInput, deps: ApplyDeps) {
    this.#input = input;
    this.#deps = deps;
  }

  outcome(updated = false): ApplyOutcome {
    const { warnings, errors } = this;
    const clean = warnings.length === 0 && errors.length === 0;
    return { exists: true, warnings, errors, ...(updated && clean ? { result: 'updated' } : {}) };
  }

  /** A refusal is a warning. */
  async tryPatch(patch: unknown): Promise<boolean> {
    try {
      await this.#send(patch);
      return true;
    } catch (error) {
      this.#deps.signal.throwIfAborted();
      this.#deps.log.warn(
        `patch attempt failed for ${this.#input.object.kind} ${namespacedName(this.#input.object)}: ${messageOf(error)}`,
      );
      this.warnings.push(messageOf(error));
      return false;
    }
  }

  /** Writes at least the names of backup and restore; a refusal is an error. */
  async labels(blanked: KubeObject, target: KubeObject): Promise<void> {
    const patch = createMergePatch(blanked, target);
    if (patch === undefined) return;
    try {
      await this.#send(patch);
      this.#deps.log.info(
        `backup/restore labels successfully updated for ${this.#input.object.kind} ${namespacedName(this.#input.object)}`,
      );
    } catch (error) {
      this.#deps.signal.throwIfAborted();
      this.errors.push(messageOf(error));
    }
  }

  async #send(patch: unknown): Promise<void> {
    const { object, resource, namespace } = this.#input;
    const { kube, signal } = this.#deps;
    await kube.patch(
      resource,
      object.metadata.name ?? '',
      namespace === '' ? undefined : namespace,
      'merge',
      patch,
      { fieldManager: FIELD_MANAGER, signal },
    );
  }
}
