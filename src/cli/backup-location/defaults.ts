/** The locations that are marked as the default. */

import type { BackupStorageLocation } from '../../api/backup-storage-location.ts';
import { listObjects } from '../objects.ts';
import type { Session } from '../session.ts';

export async function defaultLocations(session: Session): Promise<BackupStorageLocation[]> {
  const { objects } = await listObjects<BackupStorageLocation>(session, 'BackupStorageLocation');
  return objects.filter(({ spec }) => spec.default === true);
}
