/** When a backup storage location is checked and what the check says (internal/storage/storagelocation.go). */

import type { BackupStorageLocation } from '../../api/backup-storage-location.ts';
import { parseDuration } from '../../lib/duration.ts';
import { goQuote } from '../../lib/go-text.ts';

/**
 * True where the location is due for a check at `now`. The first check is always due; a frequency of 0 turns further
 * ones off, a negative or unreadable one is replaced by the server's. Times are milliseconds.
 */
export function isDueForValidation(
  location: BackupStorageLocation,
  serverFrequencyMs: number,
  now: number,
): boolean {
  const last = location.status?.lastValidationTime;
  if (last === undefined || last === null) return true;
  const own = location.spec?.validationFrequency;
  const asked = own === undefined || own === null ? serverFrequencyMs : parseDuration(own);
  const frequency = asked === undefined || asked < 0 ? serverFrequencyMs : asked;
  // A negative frequency of the server's own is always past, as it is to the original.
  const since = now - Date.parse(last);
  // A time to come was written by a clock that has been set back since.
  return frequency !== 0 && (since >= frequency || since < 0);
}

/** Default locations that have to give way: all but the one made last. */
export function superfluousDefaults(locations: readonly BackupStorageLocation[]): BackupStorageLocation[] {
  const defaults = locations.filter((location) => location.spec?.default === true);
  let newest = defaults[0];
  for (const location of defaults) {
    if (newest !== undefined && createdAt(location) > createdAt(newest)) newest = location;
  }
  return defaults.filter((location) => location !== newest);
}

function createdAt(location: BackupStorageLocation): number {
  return Date.parse(location.metadata.creationTimestamp ?? '') || 0;
}

/** The location's message where it cannot be used. */
export function unavailableMessage(name: string, cause: string): string {
  return `BackupStorageLocation ${goQuote(name)} is unavailable: ${cause}`;
}

export interface LocationSummary {
  level: 'error' | 'warning';
  message: string;
}

/**
 * The line that sums up all locations after a check; undefined where all are available.
 * @param errors messages of the locations found unavailable in this check
 */
export function summary(
  locations: readonly BackupStorageLocation[],
  errors: readonly string[],
): LocationSummary | undefined {
  const count = (phase: string) => locations.filter((location) => location.status?.phase === phase).length;
  const available = count('Available');
  const unavailable = count('Unavailable');
  const unknown = locations.length - available - unavailable;
  const figures = `available/unavailable/unknown: ${available}/${unavailable}/${unknown}`;
  if (available === 0) {
    const causes = errors.length > 0 ? `, ${errors.join('; ')}` : '';
    return { level: 'error', message: `Current BackupStorageLocations ${figures}${causes})` };
  }
  if (unavailable > 0) {
    return {
      level: 'warning',
      message: `Unavailable BackupStorageLocations detected: ${figures}, ${errors.join('; ')})`,
    };
  }
  return undefined;
}
