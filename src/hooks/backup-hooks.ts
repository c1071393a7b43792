/** Runs the hooks of a pod around its backup (DefaultItemHookHandler in internal/hook/item_hook_handler.go). */

import type { BackupResourceHook, BackupSpec } from '../api/backup.ts';
import type { KubeObject } from '../api/object.ts';
import type { KubeClient } from '../kube/contract.ts';
import { parseDuration } from '../lib/duration.ts';
import type { Logger } from '../lib/log.ts';
import { backupHookFromAnnotations, type ExecHook, parseErrorMode, runExecHook } from './exec-hook.ts';
import { type HookSelector, hookSelector } from './selector.ts';
import { type HookIdentity, HookTracker } from './tracker.ts';

export type HookPhase = 'pre' | 'post';

/** The hooks of one set of a Backup's spec, its selector resolved. */
interface ResolvedHooks {
  name: string;
  selector: HookSelector;
  pre: readonly ExecHook[];
  post: readonly ExecHook[];
}

/** The hooks of one backup: annotations of a pod first, else those of the spec. */
export class BackupHooks {
  readonly tracker = new HookTracker();
  readonly #resolved: readonly ResolvedHooks[];
  readonly #kube: KubeClient;

  /** @throws Failure where a label selector of the spec is malformed */
  constructor(spec: BackupSpec, kube: KubeClient) {
    this.#kube = kube;
    this.#resolved = (spec.hooks?.resources ?? []).map((hooks) => ({
      name: hooks.name,
      selector: hookSelector(hooks, kube.discovery),
      pre: (hooks.pre ?? []).map(toExecHook),
      post: (hooks.post ?? []).map(toExecHook),
    }));
  }

  /**
   * Runs the hooks of this phase for a pod, one after the other. A hook that fails is logged as an error.
   * @throws the error of a hook with `onError: Fail`; hooks after it are counted but not run
   */
  async run(pod: KubeObject, phase: HookPhase, log: Logger, signal: AbortSignal): Promise<void> {
    const annotations = pod.metadata.annotations ?? {};
    const annotated =
      backupHookFromAnnotations(annotations, `${phase}.`, log) ??
      (phase === 'pre' ? backupHookFromAnnotations(annotations, '', log) : undefined);
    if (annotated !== undefined) {
      const failure = await this.#runOne(pod, phase, 'annotation', '', annotated, log, signal);
      if (failure !== undefined && annotated.onError === 'Fail') throw failure;
      return;
    }
    let fatal: Error | undefined;
    const { namespace = '', labels = {} } = pod.metadata;
    for (const hooks of this.#resolved) {
      if (!hooks.selector.appliesTo('pods', namespace, labels)) continue;
      for (const hook of hooks[phase]) {
        if (fatal !== undefined) {
          this.tracker.add(identity(pod, phase, 'spec', hooks.name, hook));
          continue;
        }
        const failure = await this.#runOne(pod, phase, 'spec', hooks.name, hook, log, signal);
        if (failure !== undefined && hook.onError === 'Fail') fatal = failure;
      }
    }
    if (fatal !== undefined) throw fatal;
  }

  async #runOne(
    pod: KubeObject,
    phase: HookPhase,
    source: 'annotation' | 'spec',
    name: string,
    hook: ExecHook,
    log: Logger,
    signal: AbortSignal,
  ): Promise<Error | undefined> {
    const key = identity(pod, phase, source, name, hook);
    this.tracker.add(key);
    const hookLog = log.with({ hookSource: source, hookType: 'exec', hookPhase: phase });
    const label = source === 'annotation' ? '<from-annotation>' : name;
    let failure: Error | undefined;
    try {
      await runExecHook(this.#kube, pod, label, hook, hookLog, signal);
    } catch (error) {
      failure = error instanceof Error ? error : new Error(String(error));
      hookLog.error('Error executing hook', { error: failure });
    }
    this.tracker.record(key, failure !== undefined);
    return failure;
  }
}

function identity(
  pod: KubeObject,
  phase: HookPhase,
  source: 'annotation' | 'spec',
  hook: string,
  exec: ExecHook,
): HookIdentity {
  const { namespace = '', name = '' } = pod.metadata;
  return { namespace, pod: name, source, container: exec.container, phase, hook };
}

function toExecHook(hook: BackupResourceHook): ExecHook {
  const { exec } = hook;
  return {
    container: exec.container ?? '',
    command: exec.command,
    onError: parseErrorMode(exec.onError),
    timeoutMs: parseDuration(exec.timeout ?? '0s') ?? 0,
  };
}
