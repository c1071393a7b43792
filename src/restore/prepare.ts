/**
 * Checks and completes a Restore before it runs (pkg/controller/restore_controller.go of the original). What must be
 * read from the cluster comes through {@link RestoreSources}; nothing is written here.
 */

import type { Backup } from '../api/backup.ts';
import type { BackupStorageLocation } from '../api/backup-storage-location.ts';
import type { LabelSelector } from '../api/core/references.ts';
import { LABELS } from '../api/labels.ts';
import type { Restore, RestoreSpec } from '../api/restore.ts';
import { compileLabelSelector } from '../filter/selector.ts';
import { validateIncludesExcludes } from '../filter/validate.ts';
import { initContainerFault, restoreHookSets } from '../hooks/restore-hooks.ts';
import { parseDuration } from '../lib/duration.ts';
import { isNotFound } from '../kube/errors.ts';
import { messageOf } from '../lib/errors.ts';
import { goQuote } from '../lib/go-text.ts';
import { cloneJson } from '../lib/json.ts';
import {
  type ResourceModifiers,
  readResourceModifiers,
  validateResourceModifiers,
} from './modifiers/modifiers.ts';

/** Resources that a restore must not bring back: they describe the cluster that was, or our own work. */
export const NON_RESTORABLE_RESOURCES = [
  'nodes',
  'events',
  'events.events.k8s.io',
  'backups.velero.io',
  'restores.velero.io',
  // The name before 1.10.
  'resticrepositories.velero.io',
  'csinodes.storage.k8s.io',
  'volumeattachments.storage.k8s.io',
  'backuprepositories.velero.io',
] as const;

/** What the check reads, all of it in the server's namespace. Each throws the API's error where it cannot. */
export interface RestoreSources {
  backupsOfSchedule(schedule: string): Promise<readonly Backup[]>;
  backup(name: string): Promise<Backup>;
  location(name: string): Promise<BackupStorageLocation>;
  configMap(name: string): Promise<{ data?: Record<string, string>; binaryData?: Record<string, string> }>;
}

export interface PreparedRestore {
  /** A copy with the spec completed; `status.validationErrors` holds what is wrong. The caller writes it. */
  restore: Restore;
  /** Empty where the restore may run; the same list as `restore.status.validationErrors`. */
  validationErrors: readonly string[];
  /** Present where there are no validation errors. */
  backup?: Backup;
  location?: BackupStorageLocation;
  modifiers?: ResourceModifiers;
}

/**
 * Validates and defaults a Restore that is about to run.
 * @param options.namespace the server's namespace, used in messages
 * @param options.itemOperationTimeout the server's `--item-operation-timeout` as a Go duration (`4h0m0s`)
 */
export async function prepareRestore(
  restore: Restore,
  sources: RestoreSources,
  options: { namespace: string; itemOperationTimeout: string },
): Promise<PreparedRestore> {
  const spec = cloneJson(restore.spec ?? {});
  const errors = checkSpec(spec);
  const found = await gather(restore, spec, sources, options.namespace, errors);
  // Also where the restore is refused: what users read back is complete.
  if ((parseDuration(spec.itemOperationTimeout ?? '0s') ?? 0) === 0) {
    spec.itemOperationTimeout = options.itemOperationTimeout;
  }
  const status = { ...restore.status };
  if (errors.length > 0) status.validationErrors = errors;
  const prepared: PreparedRestore = { restore: { ...restore, spec, status }, validationErrors: errors };
  return errors.length > 0 ? prepared : { ...prepared, ...found };
}

/** Completes the list of excludes and gives what is wrong with the lists and selectors. */
function checkSpec(spec: RestoreSpec): string[] {
  const excluded = spec.excludedResources ?? [];
  const included = new Set(spec.includedResources);
  spec.excludedResources = [
    ...excluded,
    ...NON_RESTORABLE_RESOURCES.filter((resource) => !excluded.includes(resource)),
  ];
  const errors: string[] = [];
  for (const resource of NON_RESTORABLE_RESOURCES) {
    if (included.has(resource)) errors.push(`${resource} are non-restorable resources`);
  }
  for (const fault of validateIncludesExcludes(spec.includedResources, spec.excludedResources)) {
    errors.push(`Invalid included/excluded resource lists: ${fault}`);
  }
  for (const fault of validateIncludesExcludes(spec.includedNamespaces, spec.excludedNamespaces)) {
    errors.push(`Invalid included/excluded namespace lists: ${fault}`);
  }
  if (spec.orLabelSelectors && spec.labelSelector) {
    errors.push(
      'encountered labelSelector as well as orLabelSelectors in restore spec, only one can be specified',
    );
  }
  return [...errors, ...selectorFaults(spec)];
}

/** A malformed selector would match nothing that can be told. */
function selectorFaults(spec: RestoreSpec): string[] {
  const faults: string[] = [];
  const check = (field: string, selector: LabelSelector) => {
    try {
      compileLabelSelector(selector);
    } catch (error) {
      faults.push(`Invalid ${field}: ${messageOf(error)}`);
    }
  };
  if (spec.labelSelector) check('labelSelector', spec.labelSelector);
  for (const selector of spec.orLabelSelectors ?? []) check('orLabelSelectors', selector);
  return faults;
}

/** Checks what is left and reads what the restore needs; stops where going on makes no sense. */
async function gather(
  restore: Restore,
  spec: RestoreSpec,
  sources: RestoreSources,
  namespace: string,
  errors: string[],
): Promise<Pick<PreparedRestore, 'backup' | 'location' | 'modifiers'>> {
  const schedule = spec.scheduleName ?? '';
  if (((spec.backupName ?? '') === '') === (schedule === '')) {
    errors.push(
      `Either a backup or schedule must be specified as a source for the restore, but not both (set one of spec.backupName and spec.scheduleName; ${schedule === '' ? 'both are empty' : 'both are set'})`,
    );
    return {};
  }
  errors.push(...hookFaults(spec));
  const policy: string = spec.existingResourcePolicy ?? '';
  if (policy !== '' && policy !== 'none' && policy !== 'update') {
    errors.push(`Invalid ExistingResourcePolicy: ${policy} (use none or update)`);
  }
  if (schedule !== '') {
    const chosen = await latestOfSchedule(schedule, sources, errors);
    if (chosen === undefined) return {};
    spec.backupName = chosen;
  }
  const backupName = spec.backupName ?? '';
  let backup: Backup;
  try {
    backup = await sources.backup(backupName);
  } catch (error) {
    // The original reads through a cache, which names the kind where the API server names the resource.
    const why = isNotFound(error) ? `Backup.velero.io "${backupName}" not found` : messageOf(error);
    errors.push(
      `Error retrieving backup: can't find backup ${namespace}/${backupName}: ${why} (\`velero backup get\` lists what there is; a backup that lies in a bucket only appears once its storage location has been synced)`,
    );
    return {};
  }
  const locationName = backup.spec?.storageLocation ?? '';
  let location: BackupStorageLocation;
  try {
    location = await sources.location(locationName);
  } catch (error) {
    errors.push(
      `Error retrieving backup: ${messageOf(error)} (backup ${backupName} lies in backup storage location ${goQuote(locationName)}: create that location again, or restore another backup)`,
    );
    return {};
  }
  if (schedule === '') {
    const label = backup.metadata.labels?.[LABELS.scheduleName];
    if (label !== undefined) spec.scheduleName = label;
  }
  const modifiers = await modifiersOf(restore, spec, sources, errors);
  return { backup, location, ...(modifiers ? { modifiers } : {}) };
}

function hookFaults(spec: RestoreSpec): string[] {
  try {
    restoreHookSets(spec.hooks);
  } catch (error) {
    return [messageOf(error)];
  }
  const containers = (spec.hooks?.resources ?? [])
    .flatMap((set) => set.postHooks ?? [])
    .flatMap((hook) => (hook.init?.initContainers ?? []) as unknown[]);
  return containers.flatMap((container) => initContainerFault(container) ?? []);
}

/** @returns the name of the schedule's latest completed backup, or undefined where there is none, which is noted */
async function latestOfSchedule(
  schedule: string,
  sources: RestoreSources,
  errors: string[],
): Promise<string | undefined> {
  let backups: readonly Backup[];
  try {
    backups = await sources.backupsOfSchedule(schedule);
  } catch (error) {
    errors.push(`Unable to list backups for schedule (${schedule}: ${messageOf(error)})`);
    return undefined;
  }
  if (backups.length === 0) {
    errors.push(
      `No backups found for schedule (no backup bears the label ${LABELS.scheduleName}=${schedule}: check spec.scheduleName)`,
    );
  }
  const latest = latestCompleted(backups);
  if (!latest) {
    errors.push(
      `No completed backups found for schedule (wait until a backup of ${schedule} is Completed, or name a backup in spec.backupName)`,
    );
  }
  return latest?.metadata.name;
}

/** The completed backup that began last. */
export function latestCompleted(backups: readonly Backup[]): Backup | undefined {
  const began = (backup: Backup) => Date.parse(backup.status?.startTimestamp ?? '') || 0;
  return backups
    .toSorted((a, b) => began(b) - began(a))
    .find((backup) => backup.status?.phase === 'Completed');
}

async function modifiersOf(
  restore: Restore,
  spec: RestoreSpec,
  sources: RestoreSources,
  errors: string[],
): Promise<ResourceModifiers | undefined> {
  const reference = spec.resourceModifier;
  if (reference?.kind.toLowerCase() !== 'configmap') return undefined;
  const place = `${restore.metadata.namespace}/${reference.name}`;
  let configMap: Awaited<ReturnType<RestoreSources['configMap']>>;
  try {
    configMap = await sources.configMap(reference.name);
  } catch {
    errors.push(`failed to get resource modifiers configmap ${place}`);
    return undefined;
  }
  let modifiers: ResourceModifiers;
  try {
    modifiers = readResourceModifiers(configMap.data ?? {}, place);
  } catch (error) {
    errors.push(`Error in parsing resource modifiers provided in configmap ${place}: ${messageOf(error)}`);
    return undefined;
  }
  const fault = validateResourceModifiers(modifiers);
  if (fault === undefined) return modifiers;
  errors.push(`Validation error in resource modifiers provided in configmap ${place}: ${fault}`);
  return undefined;
}
