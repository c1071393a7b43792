import type { BackupOutcome, BackupRequest } from './request.ts';

/**
 * Backs up what the Backup selects into an archive. What goes wrong with an item is logged at level error and never
 * stops the others; a fault of the whole (the archive cannot be written, the signal was aborted) is thrown.
 */
export declare function runBackup(request: BackupRequest): Promise<BackupOutcome>;
