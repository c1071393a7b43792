/**
 * Which post-restore hooks were attempted and have ended, for all restores of a server
 * (internal/hook/hook_tracker.go of the original). It lives in memory: after a restart a restore counts as complete.
 */

/** What tells one hook from another: two hooks of one entry in the same container are one. */
export interface TrackedHook {
  namespace: string;
  pod: string;
  source: 'annotation' | 'spec';
  /** The name of the entry in the restore's spec, or `<from-annotation>`. */
  hook: string;
  container: string;
}

export interface HookTracker {
  /** This hook is to be run; adding it again changes nothing. */
  add(restore: string, hook: TrackedHook): void;
  /** It ended, badly where `error` says so. Only the first result of a hook counts; unknown hooks are left out. */
  record(restore: string, hook: TrackedHook, error: string | undefined): void;
  /** True where nothing is open, also where the restore has no hooks or is not known. */
  isComplete(restore: string): boolean;
  stat(restore: string): { attempted: number; failed: number };
  errors(restore: string): readonly { namespace: string; message: string }[];
  /** Forgets the restore. */
  delete(restore: string): void;
}

interface RestoreHooks {
  /** Hook key → ended. */
  ended: Map<string, boolean>;
  open: number;
  errors: { namespace: string; message: string }[];
}

/** An empty tracker. */
export function createHookTracker(): HookTracker {
  const restores = new Map<string, RestoreHooks>();
  return {
    add(restore, hook) {
      let hooks = restores.get(restore);
      if (!hooks) {
        hooks = { ended: new Map(), open: 0, errors: [] };
        restores.set(restore, hooks);
      }
      const key = keyOf(hook);
      if (hooks.ended.has(key)) return;
      hooks.ended.set(key, false);
      hooks.open++;
    },
    record(restore, hook, error) {
      const hooks = restores.get(restore);
      const key = keyOf(hook);
      if (hooks?.ended.get(key) !== false) return;
      hooks.ended.set(key, true);
      hooks.open--;
      if (error !== undefined) hooks.errors.push({ namespace: hook.namespace, message: error });
    },
    isComplete: (restore) => (restores.get(restore)?.open ?? 0) === 0,
    stat(restore) {
      const hooks = restores.get(restore);
      return { attempted: hooks?.ended.size ?? 0, failed: hooks?.errors.length ?? 0 };
    },
    errors: (restore) => restores.get(restore)?.errors ?? [],
    delete: (restore) => {
      restores.delete(restore);
    },
  };
}

function keyOf(hook: TrackedHook): string {
  return JSON.stringify([hook.namespace, hook.pod, hook.source, hook.hook, hook.container]);
}
