/** Asynchronous item operations of a backup or restore. */

import {
  type BackupOperation,
  readResourceIdentifier,
  type RestoreOperation,
} from '../../api/documents/item-operation.ts';
import { goTime } from '../../lib/go-time.ts';
import type { Describer } from '../print/describer.ts';
import type { Fetched } from './fetched.ts';

export interface OperationCounts {
  attempted: number;
  completed: number;
  failed: number;
}

export type Operation = BackupOperation | RestoreOperation;

/** One line with the counts, or with details every operation. Nothing where there were none. */
export function describeOperations(
  d: Describer,
  direction: 'Backup' | 'Restore',
  counts: OperationCounts,
  operations: Fetched<readonly Operation[]> | undefined,
): void {
  const title = `${direction} Item Operations`;
  if (counts.attempted === 0) return;
  if (operations === undefined) {
    d.line(
      `${title}:\t${counts.completed} of ${counts.attempted} completed successfully, ${counts.failed} failed (specify --details for more information)`,
    );
    return;
  }
  if (operations.state !== 'ok') {
    const verb = operations.state === 'unreadable' ? 'reading' : 'getting';
    const reason = operations.state === 'missing' ? 'file not found' : operations.reason;
    d.line(`${title}:\t<error ${verb} operation info: ${reason}>`);
    return;
  }
  d.line(`${title}:`);
  for (const operation of operations.value ?? []) describeOperation(d, direction, operation);
}

function describeOperation(d: Describer, direction: 'Backup' | 'Restore', { spec, status }: Operation): void {
  d.line(`\tOperation for ${itemText(spec.resourceIdentifier)}:`);
  const action = 'backupItemAction' in spec ? spec.backupItemAction : spec.restoreItemAction;
  d.line(`\t\t${direction} Item Action Plugin:\t${action}`);
  d.line(`\t\tOperation ID:\t${spec.operationID}`);
  const more = 'postOperationItems' in spec ? (spec.postOperationItems ?? []) : [];
  if (more.length > 0) d.line('\t\tItems to Update:');
  for (const item of more) d.line(`\t\t\t${itemText(item)}`);
  d.line(`\t\tPhase:\t${status.phase ?? ''}`);
  if (status.error) d.line(`\t\tOperation Error:\t${status.error}`);
  const { nCompleted = 0, nTotal = 0, operationUnits = '' } = status;
  if (nTotal > 0 || nCompleted > 0) {
    d.line(`\t\tProgress:\t${nCompleted} of ${nTotal} complete (${operationUnits})`);
  }
  if (status.description) d.line(`\t\tProgress description:\t${status.description}`);
  if (status.created) d.line(`\t\tCreated:\t${goTime(status.created)}`);
  if (status.started) d.line(`\t\tStarted:\t${goTime(status.started)}`);
  if (status.updated) d.line(`\t\tUpdated:\t${goTime(status.updated)}`);
}

function itemText(stored: Readonly<Record<string, unknown>>): string {
  const { group, resource, namespace, name } = readResourceIdentifier(stored);
  return `${group === '' ? resource : `${resource}.${group}`} ${namespace}/${name}`;
}
