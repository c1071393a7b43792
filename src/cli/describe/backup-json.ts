/** `backup describe -o json` (pkg/cmd/util/output/backup_structured_describer.go); its odd keys are relied upon. */

import type { BackupResourceHookSpec, BackupSpec, BackupStatus } from '../../api/backup.ts';
import type { DeleteBackupRequest } from '../../api/delete-backup-request.ts';
import type { StoredResult, StoredResults } from '../../api/documents/result.ts';
import type { BackupVolumeInfo } from '../../api/documents/volume-info.ts';
import { goTime } from '../../lib/go-time.ts';
import { durationText } from '../print/columns.ts';
import { boolWord, listOr } from '../print/describer.ts';
import { selectorText } from '../selector.ts';
import type { BackupFacts, VolumeFacts, VolumeStep } from './backup-facts.ts';
import { failedDeletions } from './backup.ts';
import type { Fetched } from './fetched.ts';
import { byPhase, byPod } from './pod-volumes.ts';
import { VOLUME_TROUBLE } from './volumes.ts';

type Json = Record<string, unknown>;

const NONE = '<none>';
const MORE = 'specify --details for more information';

/** One JSON object with sorted keys, indented by four blanks. */
export function describeBackupJson(facts: BackupFacts, details: boolean): string {
  const { metadata, spec, status } = facts.backup;
  const document: Json = {
    metadata: {
      name: metadata.name,
      namespace: metadata.namespace,
      labels: metadata.labels ?? null,
      annotations: metadata.annotations ?? null,
    },
    phase: status?.phase ?? '',
  };
  if (spec.resourcePolicy) {
    document['resourcePolicies'] = { type: spec.resourcePolicy.kind, name: spec.resourcePolicy.name };
  }
  if (status?.validationErrors && status.validationErrors.length > 0) {
    document['validationErrors'] = status.validationErrors;
  }
  if (facts.results) {
    document['errors'] = resultJson('errors', status?.errors ?? 0, facts.results);
    document['warnings'] = resultJson('warnings', status?.warnings ?? 0, facts.results);
  }
  document['spec'] = specJson(spec);
  document['status'] = statusJson(facts, details, status ?? {});
  if (facts.deleteRequests.length > 0) document['deletionAttempts'] = deletionsJson(facts.deleteRequests);
  return `${JSON.stringify(sorted(document), null, 4)}\n`;
}

/** Go writes maps in the order of their keys. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, item]) => [key, sorted(item)]),
  );
}

function resultJson(half: 'errors' | 'warnings', count: number, results: Fetched<StoredResults>): Json {
  const key = half === 'errors' ? 'errorGettingErrors' : 'errorGettingWarnings';
  if (results.state === 'missing') return { count };
  if (results.state === 'failed') return { [key]: `<error getting ${half}: ${results.reason}>` };
  if (results.state === 'unreadable') return { [key]: `<error decoding ${half}: ${results.reason}>` };
  if (count === 0) return {};
  const result: StoredResult = results.value[half] ?? {};
  return {
    velero: result.velero ?? [],
    cluster: result.cluster ?? [],
    namespace: result.namespaces && Object.keys(result.namespaces).length > 0 ? result.namespaces : [],
  };
}

function specJson(spec: BackupSpec): Json {
  const json: Json = {
    namespaces: listsJson(spec.includedNamespaces, spec.excludedNamespaces),
    resources: {
      ...listsJson(spec.includedResources, spec.excludedResources),
      clusterScoped: boolWord(spec.includeClusterResources, ['excluded', 'included', 'auto']),
    },
    labelSelector: spec.labelSelector ? selectorText(spec.labelSelector) : NONE,
    storageLocation: spec.storageLocation ?? '',
    veleroNativeSnapshotPVs: boolWord(spec.snapshotVolumes, ['false', 'true', 'auto']),
    veleroSnapshotMoveData: boolWord(spec.snapshotMoveData, ['false', 'true', 'auto']),
    dataMover: spec.datamover || NONE,
    TTL: durationText(spec.ttl),
    CSISnapshotTimeout: durationText(spec.csiSnapshotTimeout),
  };
  const hooks = spec.hooks?.resources ?? [];
  if (hooks.length > 0) {
    json['hooks'] = { resources: Object.fromEntries(hooks.map((hook) => [hook.name, hookJson(hook)])) };
  }
  if (spec.orderedResources) json['orderedResources'] = spec.orderedResources;
  return json;
}

function listsJson(included: readonly string[] | null | undefined, excluded: typeof included): Json {
  return { included: listOr(included, '*'), excluded: listOr(excluded, NONE) };
}

function hookJson(hook: BackupResourceHookSpec): Json {
  const commands = (list: BackupResourceHookSpec['pre']) =>
    (list ?? []).map(({ exec }) => ({
      container: exec.container ?? '',
      command: exec.command.join(' '),
      // With the colon: so the original spells it.
      'onError:': exec.onError ?? '',
      timeout: durationText(exec.timeout),
    }));
  return {
    namespaces: listsJson(hook.includedNamespaces, hook.excludedNamespaces),
    resources: listsJson(hook.includedResources, hook.excludedResources),
    labelSelector: hook.labelSelector ? selectorText(hook.labelSelector) : NONE,
    preExecHook: commands(hook.pre),
    postExecHook: commands(hook.post),
  };
}

function statusJson(facts: BackupFacts, details: boolean, status: BackupStatus): Json {
  const json: Json = {
    backupFormatVersion: status.formatVersion ?? '',
    started: status.startTimestamp ? goTime(status.startTimestamp) : '<n/a>',
    completed: status.completionTimestamp ? goTime(status.completionTimestamp) : '<n/a>',
    expiration: status.expiration ? goTime(status.expiration) : '<nil>',
  };
  if (status.progress) {
    const { totalItems = 0, itemsBackedUp = 0 } = status.progress;
    const running = status.phase === 'InProgress';
    json[running ? 'estimatedTotalItemsToBeBackedUp' : 'totalItemsToBeBackedUp'] = totalItems;
    json[running ? 'itemsBackedUpSoFar' : 'itemsBackedUp'] = itemsBackedUp;
  }
  const list = facts.resourceList;
  if (list?.state === 'ok') json['resourceList'] = list.value;
  else if (list?.state === 'missing') json['errorGettingResourceList'] = '<backup resource list not found>';
  else if (list) {
    const verb = list.state === 'unreadable' ? 'reading' : 'getting';
    json['errorGettingResourceList'] = `<error ${verb} backup resource list: ${list.reason}>`;
  }
  json['backupVolumes'] = volumesJson(facts, details);
  if (status.hookStatus) {
    json['hooksAttempted'] = status.hookStatus.hooksAttempted ?? 0;
    json['hooksFailed'] = status.hookStatus.hooksFailed ?? 0;
  }
  return json;
}

const TROUBLE_KEYS: Readonly<Record<VolumeStep, string>> = {
  get: 'errorGetBackupVolumeInfo',
  read: 'errorReadBackupVolumeInfo',
  native: 'errorConcludeNativeSnapshot',
  csi: 'errorConcludeCSISnapshot',
};

function volumesJson(facts: BackupFacts, details: boolean): Json {
  const { volumes } = facts;
  if (volumes.state === 'failed') {
    return { [TROUBLE_KEYS[volumes.step]]: `${VOLUME_TROUBLE[volumes.step]}: ${volumes.reason}` };
  }
  return {
    nativeSnapshots: nativeJson(volumes.native, details),
    csiSnapshots: csiJson(volumes, details),
    podVolumeBackups: podVolumesJson(facts, details),
  };
}

function nativeJson(infos: readonly BackupVolumeInfo[], details: boolean): unknown {
  if (infos.length === 0) return '<none included>';
  const describe = ({ nativeSnapshotInfo: snapshot }: BackupVolumeInfo) => ({
    snapshotID: snapshot?.snapshotHandle ?? '',
    type: snapshot?.volumeType ?? '',
    availabilityZone: snapshot?.volumeAZ ?? '',
    IOPS: snapshot?.iops ?? '',
  });
  return Object.fromEntries(infos.map((info) => [info.pvName ?? '', details ? describe(info) : MORE]));
}

function csiJson({ csi, legacy }: Extract<VolumeFacts, { state: 'ok' }>, details: boolean): unknown {
  if (csi.length === 0) return legacy ? '<none included or not detectable>' : '<none included>';
  return Object.fromEntries(
    csi.map((info) => [
      `${info.pvcNamespace ?? ''}/${info.pvcName ?? ''}`,
      {
        ...(info.preserveLocalSnapshot && { snapshot: details ? localJson(info) : `included, ${MORE}` }),
        ...(info.snapshotDataMoved && { dataMovement: details ? movedJson(info) : `included, ${MORE}` }),
      },
    ]),
  );
}

function localJson({ csiSnapshotInfo: snapshot, snapshotDataMoved }: BackupVolumeInfo): Json {
  return {
    ...(!snapshotDataMoved && { operationID: snapshot?.operationID ?? '' }),
    snapshotContentName: snapshot?.vscName ?? '',
    storageSnapshotID: snapshot?.snapshotHandle ?? '',
    'snapshotSize(bytes)': snapshot?.size ?? 0,
    csiDriver: snapshot?.driver ?? '',
  };
}

function movedJson({ snapshotDataMovementInfo: moved }: BackupVolumeInfo): Json {
  return {
    operationID: moved?.operationID ?? '',
    dataMover: moved?.dataMover || 'velero',
    uploaderType: moved?.uploaderType ?? '',
  };
}

function podVolumesJson({ podVolumeBackups }: BackupFacts, details: boolean): unknown {
  const [first] = podVolumeBackups;
  if (!first) return '<none included>';
  const groups = [...byPhase(podVolumeBackups)].map(([phase, members]) => [
    phase,
    details
      ? [...byPod(phase, members)].map(([pod, names]) => ({ [pod]: names.join(', ') }))
      : members.length,
  ]);
  // Misspelt in the original, and so in everybody's scripts.
  return { uploderType: first.spec.uploaderType ?? '', podVolumeBackupsDetails: Object.fromEntries(groups) };
}

function deletionsJson(requests: readonly DeleteBackupRequest[]): Json {
  const failed = failedDeletions(requests);
  return {
    ...(failed > 0 && { failed }),
    deleteBackupRequests: requests.map(({ metadata, status }) => ({
      creationTimestamp: goTime(metadata.creationTimestamp ?? ''),
      phase: status?.phase ?? '',
      ...(status?.errors && status.errors.length > 0 && { errors: status.errors }),
    })),
  };
}
