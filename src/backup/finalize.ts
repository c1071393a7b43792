/** The finalizing step: items of ended operations are read again and the archive is made anew with them (FinalizeBackup). */

import type { Readable } from 'node:stream';
import type { Backup } from '../api/backup.ts';
import type { BackupOperation } from '../api/documents/item-operation.ts';
import type { BackupVolumeInfo } from '../api/documents/volume-info.ts';
import type { KubeClient } from '../kube/contract.ts';
import type { Logger } from '../lib/log.ts';
import type { BackupItemAction } from '../plugin/contract.ts';
import type { ArchiveSummary } from '../storage/archive/writer.ts';
import type { BackupSettings } from './request.ts';

export interface FinalizeRequest {
  backup: Backup;
  kube: KubeClient;
  actions: readonly BackupItemAction[];
  settings: BackupSettings;
  operations: readonly BackupOperation[];
  /** The backup's volume infos as they lie in the bucket. */
  volumeInfos: readonly BackupVolumeInfo[];
  /** The archive as it lies in the bucket. */
  archive: Readable;
  /** Takes the new archive; called once. */
  store(archive: Readable): Promise<void>;
  log: Logger;
  signal: AbortSignal;
}

export interface FinalizeOutcome {
  archive: ArchiveSummary;
  volumeInfos: BackupVolumeInfo[];
}

/**
 * Finalizes a backup that had operations; one without any needs no such step.
 * @throws where the archive cannot be read or written; faults of single items are logged as errors
 */
export declare function finalizeBackup(request: FinalizeRequest): Promise<FinalizeOutcome>;
