/**
 * Observes BackupStorageLocations; writes whether their store can be used, and keeps one default among them
 * (pkg/controller/backup_storage_location_controller.go).
 */

import type { BackupStorageLocation } from '../../api/backup-storage-location.ts';
import { KINDS } from '../../api/kinds.ts';
import { rfc3339 } from '../../lib/clock.ts';
import { messageOf } from '../../lib/errors.ts';
import type { ServerContext } from '../context.ts';
import { reasonOf } from '../reason.ts';
import { withStore } from '../stores.ts';
import { writeChanges } from '../writes.ts';
import { summary, superfluousDefaults, unavailableMessage } from './decide.ts';

/** Checks the location's store and writes what came of it. */
export async function reconcileLocation(context: ServerContext, name: string): Promise<void> {
  const { kube, namespace, clock } = context;
  const log = context.log.with({ controller: 'backup-storage-location' });
  const locations = await kube.list<BackupStorageLocation>(KINDS.BackupStorageLocation, { namespace });
  if (locations.length === 0) {
    log.error('No BackupStorageLocations found, at least one is required');
    return;
  }
  const location = locations.find((candidate) => candidate.metadata.name === name);
  if (location === undefined) return;

  for (const superfluous of superfluousDefaults(locations)) {
    const after = { ...superfluous, spec: { ...superfluous.spec, default: false } };
    await writeChanges(kube, KINDS.BackupStorageLocation, superfluous, after);
    superfluous.spec = after.spec;
    log.debug(`update default backup storage location "${superfluous.metadata.name}" to false`);
  }

  const locationLog = log.with({ 'backup-storage-location': `${namespace}/${name}` });
  locationLog.info('Validating BackupStorageLocation');
  const failure = await check(context, location);
  const status = {
    ...location.status,
    lastValidationTime: rfc3339(clock.now()),
    phase: failure === undefined ? ('Available' as const) : ('Unavailable' as const),
  };
  if (failure === undefined) {
    locationLog.info('BackupStorageLocations is valid, marking as available');
    delete status.message;
  } else {
    locationLog.error('fail to validate backup store', { error: failure });
    locationLog.info('BackupStorageLocation is invalid, marking as unavailable');
    status.message = unavailableMessage(name, reasonOf(failure));
  }
  await writeChanges(kube, KINDS.BackupStorageLocation, location, { ...location, status });

  const now = locations.map((each) => (each === location ? { ...location, status } : each));
  const line = summary(now, failure === undefined ? [] : [status.message as string]);
  if (line?.level === 'error') log.error(line.message);
  else if (line !== undefined) log.warn(line.message);
  if (!now.some((each) => each.spec.default === true)) {
    log.warn(
      'There is no existing BackupStorageLocation set as default. Please see `velero backup-location -h` for options.',
    );
  }
}

/** Why the store cannot be used; undefined where it can. */
async function check(context: ServerContext, location: BackupStorageLocation): Promise<Error | undefined> {
  try {
    await withStore(context.stores, location, (store) => store.isValid());
    return undefined;
  } catch (error) {
    return error instanceof Error ? error : new Error(messageOf(error));
  }
}
