/** Which post-restore hooks were attempted and have ended, for all restores of a server (internal/hook/hook_tracker.go). */
export interface HookTracker {
  /** One hook of a pod is to be run. */
  add(restore: string, hook: TrackedHook): void;
  /** It ended: only the first result of a hook counts. */
  record(restore: string, hook: TrackedHook, error: string | undefined): void;
  /** True where nothing is open, also where the restore has no hooks or is not known. */
  isComplete(restore: string): boolean;
  stat(restore: string): { attempted: number; failed: number };
  errors(restore: string): readonly { namespace: string; message: string }[];
  /** Forgets the restore. */
  delete(restore: string): void;
}

/** What tells one hook from another. */
export interface TrackedHook {
  namespace: string;
  pod: string;
  source: 'annotation' | 'spec';
  hook: string;
  container: string;
}

export declare function createHookTracker(): HookTracker;
