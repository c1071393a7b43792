import type { RestoreOutcome, RestoreRequest } from './request.ts';

/** Restores a backup's items into the cluster. Never throws for an item's sake: what went wrong is in the outcome. */
export declare function runRestore(request: RestoreRequest): Promise<RestoreOutcome>;
