/** Gathers what describe says about a restore: objects of the cluster and files of the store, side by side. */

import type { RestoreOperation } from '../../api/documents/item-operation.ts';
import type { ResourceList } from '../../api/documents/resource-list.ts';
import type { StoredResults } from '../../api/documents/result.ts';
import type { RestoreVolumeInfo } from '../../api/documents/volume-info.ts';
import { KINDS } from '../../api/kinds.ts';
import { LABELS, labelValue } from '../../api/labels.ts';
import type { PodVolumeRestore } from '../../api/pod-volume-restore.ts';
import type { Restore } from '../../api/restore.ts';
import type { Session } from '../session.ts';
import type { TlsValues } from '../tls-flags.ts';
import { listOrComplain } from './backup-facts.ts';
import { type Fetched, fetchJson } from './fetched.ts';

export interface RestoreFacts {
  readonly restore: Restore;
  readonly podVolumeRestores: readonly PodVolumeRestore[];
  /** Undefined where the restore has neither warnings nor errors. */
  readonly results: Fetched<StoredResults> | undefined;
  readonly volumes: Fetched<readonly RestoreVolumeInfo[]>;
  /** Undefined without details. */
  readonly operations: Fetched<readonly RestoreOperation[]> | undefined;
  /** Undefined without details. */
  readonly resourceList: Fetched<ResourceList> | undefined;
}

/** Never throws: what cannot be had is said in its place. */
export async function gatherRestore(
  session: Session,
  restore: Restore,
  details: boolean,
  tls: TlsValues,
): Promise<RestoreFacts> {
  const name = restore.metadata.name ?? '';
  const status = restore.status ?? {};
  const fetch = <T>(kind: Parameters<typeof fetchJson>[1]) => fetchJson<T>(session, kind, name, tls);
  const flawed = (status.warnings ?? 0) > 0 || (status.errors ?? 0) > 0;
  const [podVolumeRestores, results, volumes, operations, resourceList] = await Promise.all([
    listOrComplain<PodVolumeRestore>(
      session,
      KINDS.PodVolumeRestore,
      `${LABELS.restoreName}=${labelValue(name)}`,
      `PodVolumeRestores for restore ${name}`,
    ),
    flawed ? fetch<StoredResults>('RestoreResults') : undefined,
    fetch<readonly RestoreVolumeInfo[]>('RestoreVolumeInfo'),
    details && (status.restoreItemOperationsAttempted ?? 0) > 0
      ? fetch<readonly RestoreOperation[]>('RestoreItemOperations')
      : undefined,
    details ? fetch<ResourceList>('RestoreResourceList') : undefined,
  ]);
  return { restore, podVolumeRestores, results, volumes, operations, resourceList };
}
