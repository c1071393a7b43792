/**
 * Checks and completes a Backup before it runs (prepareBackupRequest in pkg/controller/backup_controller.go of the
 * original). Pure: the caller gathers what must be read, and writes the result.
 */

import { type Backup, type BackupSpec, backupDefaults } from '../api/backup.ts';
import type { BackupStorageLocation } from '../api/backup-storage-location.ts';
import type { LabelSelector } from '../api/core/references.ts';
import { ANNOTATIONS, LABELS, labelValue } from '../api/labels.ts';
import type { VolumeSnapshotLocation } from '../api/volume-snapshot-location.ts';
import { hasOldFilters, hasScopedFilters } from '../filter/resources.ts';
import { compileLabelSelector } from '../filter/selector.ts';
import {
  validateIncludesExcludes,
  validateNamespaceIncludesExcludes,
  validateScopedIncludesExcludes,
} from '../filter/validate.ts';
import type { ServerVersion } from '../kube/contract.ts';
import { rfc3339 } from '../lib/clock.ts';
import { formatDuration, parseDuration } from '../lib/duration.ts';
import { messageOf } from '../lib/errors.ts';
import { goQuote } from '../lib/go-text.ts';
import { cloneJson } from '../lib/json.ts';

/** Something read from the cluster, or the message of why it could not be read. */
export type Gathered<T> = { value: T } | { error: string };

/** The server's flags that fill what a Backup leaves open; times are milliseconds. */
export interface BackupDefaults {
  /** `--default-backup-ttl`, 720 hours. */
  ttlMs: number;
  /** 10 minutes. */
  csiSnapshotTimeoutMs: number;
  /** `--default-item-operation-timeout`, 4 hours. */
  itemOperationTimeoutMs: number;
  /** `--resource-timeout`, 10 minutes. */
  resourceTimeoutMs: number;
  /** `--default-volumes-to-fs-backup`. */
  volumesToFsBackup: boolean;
  /** `--default-snapshot-move-data`. */
  snapshotMoveData: boolean;
  /** `--default-backup-storage-location`. */
  storageLocation: string;
  /** `--default-volume-snapshot-locations`: provider → location. */
  snapshotLocations: Readonly<Record<string, string>>;
}

export interface PrepareBackupInput {
  backup: Backup;
  defaults: BackupDefaults;
  /** Milliseconds since the epoch. */
  now: number;
  serverVersion: ServerVersion;
  /** All BackupStorageLocations of the Backup's namespace. */
  locations: Gathered<readonly BackupStorageLocation[]>;
  /** All VolumeSnapshotLocations of the Backup's namespace, `spec.config` completed with `credentialsFile`. */
  snapshotLocations: Gathered<readonly VolumeSnapshotLocation[]>;
  /** Why the credential of a VolumeSnapshotLocation could not be had, by its name; asked only for those that are used. */
  snapshotLocationCredentialErrors?: ReadonlyMap<string, string>;
  /** Names of the namespaces labelled `velero.io/exclude-from-backup=true`. */
  excludedNamespaces: Gathered<readonly string[]>;
  /** The message where `readResourcePolicies` (volumes/resource-policies.ts) refused the Backup's policy. */
  resourcePolicyError?: string | undefined;
}

export interface PreparedBackup {
  /**
   * A copy with spec, labels, annotations and status completed; `status.validationErrors` holds what is wrong. Phase and
   * timestamps are the caller's to set.
   */
  backup: Backup;
  /** Empty where the backup may run; the same list as `status.validationErrors`. */
  validationErrors: readonly string[];
  /** Present where it was found. */
  location?: BackupStorageLocation;
  /** In the order in which they are tried. */
  snapshotLocations: readonly VolumeSnapshotLocation[];
  /** For the server's log, at level warning. */
  warnings: readonly string[];
}

/** Validates and defaults a Backup that is about to run; all faults are listed, not only the first. */
export function prepareBackup(input: PrepareBackupInput): PreparedBackup {
  const { defaults } = input;
  const backup = cloneJson({ ...input.backup, spec: input.backup.spec ?? {} });
  const faults: string[] = [];
  const warnings: string[] = [];
  const spec = backup.spec;
  faults.push(...durationFaults(spec));
  completeSpec(spec, defaults, warnings);
  const ttlMs = parseDuration(spec.ttl ?? '') ?? defaults.ttlMs;
  backup.status = {
    ...backup.status,
    version: backupDefaults.version,
    formatVersion: backupDefaults.formatVersion,
    expiration: rfc3339(input.now + ttlMs),
  };
  const location = chooseLocation(spec, input, faults);
  backup.metadata.labels = {
    ...backup.metadata.labels,
    [LABELS.storageLocation]: labelValue(spec.storageLocation ?? ''),
  };
  const snapshotLocations = chooseSnapshotLocations(spec, input, faults);
  backup.metadata.annotations = {
    ...backup.metadata.annotations,
    [ANNOTATIONS.sourceClusterGitVersion]: input.serverVersion.gitVersion,
    [ANNOTATIONS.sourceClusterMajorVersion]: input.serverVersion.major,
    [ANNOTATIONS.sourceClusterMinorVersion]: input.serverVersion.minor,
    [ANNOTATIONS.resourceTimeout]: formatDuration(defaults.resourceTimeoutMs),
  };
  excludeLabelledNamespaces(spec, input.excludedNamespaces, faults);
  faults.push(...filterFaults(spec));
  if (input.resourcePolicyError !== undefined) faults.push(input.resourcePolicyError);
  if (faults.length > 0) backup.status.validationErrors = faults;
  else delete backup.status.validationErrors;
  return {
    backup,
    validationErrors: faults,
    snapshotLocations,
    warnings,
    ...(location === undefined ? {} : { location }),
  };
}

/** The API server takes any text as a duration. */
function durationFaults(spec: BackupSpec): string[] {
  return (['ttl', 'csiSnapshotTimeout', 'itemOperationTimeout'] as const).flatMap((field) => {
    const text = spec[field];
    if (text === undefined || text === '' || parseDuration(text) !== undefined) return [];
    return [`Invalid ${field}: time: invalid duration ${goQuote(text)}`];
  });
}

function completeSpec(spec: BackupSpec, defaults: BackupDefaults, warnings: string[]): void {
  spec.ttl = durationOr(spec.ttl, defaults.ttlMs);
  spec.csiSnapshotTimeout = durationOr(spec.csiSnapshotTimeout, defaults.csiSnapshotTimeoutMs);
  spec.itemOperationTimeout = durationOr(spec.itemOperationTimeout, defaults.itemOperationTimeoutMs);
  if (spec.defaultVolumesToRestic === true) {
    warnings.push(
      'DefaultVolumesToRestic field will be deprecated, use DefaultVolumesToFsBackup instead. Automatically remap it to DefaultVolumesToFsBackup',
    );
    spec.defaultVolumesToFsBackup = true;
  }
  spec.defaultVolumesToFsBackup ??= defaults.volumesToFsBackup;
  spec.snapshotMoveData ??= defaults.snapshotMoveData;
}

function durationOr(text: string | undefined, defaultMs: number): string {
  return text === undefined || (parseDuration(text) ?? 0) === 0 ? formatDuration(defaultMs) : text;
}

function chooseLocation(
  spec: BackupSpec,
  input: PrepareBackupInput,
  faults: string[],
): BackupStorageLocation | undefined {
  const { locations } = input;
  const known = 'value' in locations ? locations.value : [];
  const byServer = (spec.storageLocation ?? '') === '';
  if (byServer) {
    const marked = known.find((location) => location.spec.default === true);
    spec.storageLocation = marked?.metadata.name ?? input.defaults.storageLocation;
  }
  if ('error' in locations) {
    faults.push(`error getting backup storage location: ${locations.error}`);
    return undefined;
  }
  const name = spec.storageLocation ?? '';
  const location = known.find((candidate) => candidate.metadata.name === name);
  if (location === undefined) {
    const missing = `the ${byServer ? 'server ' : ''}default '${name}' ${byServer ? "doesn't exist" : "wasn't found"}`;
    faults.push(
      `an existing backup storage location wasn't specified at backup creation time and ${missing}. Please address this issue (see \`velero backup-location -h\` for options) and create a new backup. Error: BackupStorageLocation.velero.io ${goQuote(name)} not found`,
    );
    return undefined;
  }
  if (location.spec.accessMode === 'ReadOnly') {
    faults.push(
      `backup can't be created because backup storage location ${name} is currently in read-only mode (set spec.accessMode of the location to ReadWrite, or name another one in spec.storageLocation)`,
    );
  }
  return location;
}

/** One VolumeSnapshotLocation a provider: those named, else the only one, else the server's default. */
function chooseSnapshotLocations(
  spec: BackupSpec,
  input: PrepareBackupInput,
  faults: string[],
): VolumeSnapshotLocation[] {
  if ('error' in input.snapshotLocations) {
    faults.push(`error listing volume snapshot locations: ${input.snapshotLocations.error}`);
    return [];
  }
  const known = input.snapshotLocations.value;
  const find = (name: string) => known.find((location) => location.metadata.name === name);
  const chosen = new Map<string, VolumeSnapshotLocation>();
  const found: string[] = [];
  for (const name of spec.volumeSnapshotLocations ?? []) {
    const location = find(name);
    if (location === undefined) {
      found.push(
        `a VolumeSnapshotLocation CRD for the location ${name} with the name specified in the backup spec needs to be created before this snapshot can be executed. Error: VolumeSnapshotLocation.velero.io ${goQuote(name)} not found`,
      );
      continue;
    }
    const { provider } = location.spec;
    const other = chosen.get(provider)?.metadata.name;
    if (other === undefined) chosen.set(provider, location);
    else if (other !== name) {
      found.push(
        `more than one VolumeSnapshotLocation name specified for provider ${provider}: ${name}; unexpected name was ${other}`,
      );
    }
  }
  if (found.length === 0) {
    const open = [...new Set(known.map((location) => location.spec.provider))].filter(
      (provider) => !chosen.has(provider),
    );
    for (const provider of open.sort()) {
      const candidates = known.filter((location) => location.spec.provider === provider);
      const location = candidates.length === 1 ? candidates[0] : undefined;
      const defaultName = input.defaults.snapshotLocations[provider] ?? '';
      if (location !== undefined) {
        chosen.set(provider, location);
      } else if (defaultName === '') {
        found.push(
          `provider ${provider} has more than one possible volume snapshot location, and none were specified explicitly or as a default`,
        );
      } else {
        const byDefault = find(defaultName);
        if (byDefault === undefined) {
          found.push(
            `error getting volume snapshot location named ${defaultName}: VolumeSnapshotLocation.velero.io ${goQuote(defaultName)} not found`,
          );
        } else chosen.set(provider, byDefault);
      }
    }
  }
  if (found.length === 0) {
    for (const { metadata } of chosen.values()) {
      const fault = input.snapshotLocationCredentialErrors?.get(metadata.name ?? '');
      if (fault !== undefined) {
        found.push(
          `error adding credentials to volume snapshot location named ${metadata.name ?? ''}: ${fault}`,
        );
      }
    }
  }
  if (found.length > 0) {
    faults.push(...found);
    return [];
  }
  const locations = [...chosen.values()];
  if (locations.length === 0) delete spec.volumeSnapshotLocations;
  else spec.volumeSnapshotLocations = locations.map((location) => location.metadata.name ?? '');
  return locations;
}

function excludeLabelledNamespaces(
  spec: BackupSpec,
  labelled: Gathered<readonly string[]>,
  faults: string[],
): void {
  if ('error' in labelled) {
    faults.push(`error getting namespace list: ${labelled.error}`);
    return;
  }
  const excluded = new Set([...(spec.excludedNamespaces ?? []), ...labelled.value]);
  if (excluded.size > 0) spec.excludedNamespaces = [...excluded];
}

function filterFaults(spec: BackupSpec): string[] {
  const faults: string[] = [];
  if (hasOldFilters(spec) && hasScopedFilters(spec)) {
    faults.push(
      [
        'include-resources, exclude-resources and include-cluster-resources are old filter parameters.',
        'include-cluster-scoped-resources, exclude-cluster-scoped-resources, include-namespace-scoped-resources and exclude-namespace-scoped-resources are new filter parameters.',
        'They cannot be used together',
      ].join('\n'),
    );
  }
  const add = (prefix: string, found: readonly string[]) => {
    for (const fault of found) faults.push(`${prefix}: ${fault}`);
  };
  add(
    'Invalid included/excluded resource lists',
    validateIncludesExcludes(spec.includedResources, spec.excludedResources),
  );
  add(
    'Invalid cluster-scoped included/excluded resource lists',
    validateScopedIncludesExcludes(spec.includedClusterScopedResources, spec.excludedClusterScopedResources),
  );
  add(
    'Invalid namespace-scoped included/excluded resource lists',
    validateScopedIncludesExcludes(
      spec.includedNamespaceScopedResources,
      spec.excludedNamespaceScopedResources,
    ),
  );
  add(
    'Invalid included/excluded namespace lists',
    validateNamespaceIncludesExcludes(spec.includedNamespaces, spec.excludedNamespaces),
  );
  const given = (value: unknown) => value !== undefined && value !== null;
  if (given(spec.orLabelSelectors) && given(spec.labelSelector)) {
    faults.push(
      'encountered labelSelector as well as orLabelSelectors in backup spec, only one can be specified',
    );
  }
  return [...faults, ...selectorFaults(spec)];
}

/** Selectors that no list request would take: the original starts such a backup and collects nothing. */
function selectorFaults(spec: BackupSpec): string[] {
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
  for (const hook of spec.hooks?.resources ?? []) {
    if (hook.labelSelector) check(`labelSelector of hook ${hook.name}`, hook.labelSelector);
  }
  return faults;
}
