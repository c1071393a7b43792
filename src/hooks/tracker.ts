/** Counts a backup's hooks (internal/hook/hook_tracker.go of the original). */

/** What tells one hook from another: two commands of one entry in the same container count as one. */
export interface HookIdentity {
  namespace: string;
  pod: string;
  source: 'annotation' | 'spec';
  container: string;
  phase: 'pre' | 'post';
  hook: string;
}

export class HookTracker {
  readonly #executed = new Map<string, boolean>();
  #failed = 0;

  /** A hook applies to a pod, whether or not it will be run. */
  add(hook: HookIdentity): void {
    const key = keyOf(hook);
    if (!this.#executed.has(key)) this.#executed.set(key, false);
  }

  /** It was run; only the first result of a hook counts. */
  record(hook: HookIdentity, failed: boolean): void {
    const key = keyOf(hook);
    if (this.#executed.get(key) === true) return;
    this.#executed.set(key, true);
    if (failed) this.#failed++;
  }

  /** For `status.hookStatus`. */
  stat(): { hooksAttempted: number; hooksFailed: number } {
    return { hooksAttempted: this.#executed.size, hooksFailed: this.#failed };
  }
}

function keyOf(hook: HookIdentity): string {
  return JSON.stringify([hook.namespace, hook.pod, hook.source, hook.container, hook.phase, hook.hook]);
}
