/** Commands that run in restored pods once their containers are up (internal/hook/wait_exec_hook_handler.go). */

import type { KubeObject } from '../api/object.ts';
import { runExecHook } from '../hooks/exec-hook.ts';
import { execHooksOfPod, type RestoreExecHook, type RestoreHookSet } from '../hooks/restore-hooks.ts';
import type { KubeClient } from '../kube/contract.ts';
import type { Clock } from '../lib/clock.ts';
import { formatDuration } from '../lib/duration.ts';
import { messageOf } from '../lib/errors.ts';
import type { Logger } from '../lib/log.ts';
import { startTimer } from '../lib/timer.ts';
import type { HookTracker, TrackedHook } from './hook-tracker.ts';
import { PodWatch } from './pod-watch.ts';
import { namespacedName } from './transform.ts';

export interface PodHooksDeps {
  kube: KubeClient;
  clock: Clock;
  /** Name of the restore, under which the tracker counts. */
  restore: string;
  tracker: HookTracker;
  sets: readonly RestoreHookSet[];
  /** Selects the pods that this restore makes. */
  labelSelector: string;
  /** Milliseconds after which hooks without a wait timeout of their own are given up. */
  patienceMs: number;
  /** Outlives the restore's own log. */
  log: Logger;
  signal: AbortSignal;
}

interface ContainerStatus {
  name: string;
  ready?: boolean;
  state?: { running?: unknown };
}

/** The hooks of one restore's pods. They run in the background; the tracker knows when they have ended. */
export class PodHooks {
  readonly #deps: PodHooksDeps;
  readonly #watch: PodWatch;
  /** Aborted by the first failure in any pod: hooks that still wait are given up then. */
  readonly #cancelled = new AbortController();

  constructor(deps: PodHooksDeps) {
    this.#deps = deps;
    this.#watch = new PodWatch(deps.kube, deps.labelSelector, deps.signal);
  }

  /** Starts the hooks of a pod that was just created; does nothing where it has none. */
  start(pod: KubeObject): void {
    const { sets, tracker, restore, log, signal } = this.#deps;
    const byContainer = execHooksOfPod(pod, sets, log);
    if (byContainer.size === 0) return;
    for (const hooks of byContainer.values()) {
      for (const hook of hooks) tracker.add(restore, identify(pod, hook));
    }
    this.#run(pod, byContainer).catch((error: unknown) => {
      if (signal.aborted) return;
      // Nothing may stay open in the tracker, whatever went wrong.
      this.#giveUp(pod, byContainer, messageOf(error));
    });
  }

  async #run(pod: KubeObject, pending: Map<string, RestoreExecHook[]>): Promise<void> {
    const { log, clock, signal } = this.#deps;
    this.#dropUnknownContainers(pod, pending);
    if (pending.size === 0) return;
    const started = clock.now();
    const limitMs = longestWait(pending) ?? this.#deps.patienceMs;
    const expired = new AbortController();
    const stopTimer = startTimer(limitMs, () =>
      expired.abort(
        new Error(`context deadline exceeded: the container was not up after ${formatDuration(limitMs)}`),
      ),
    );
    const { name = '', namespace = '' } = pod.metadata;
    let failed = false;
    let reason = '';
    try {
      const until = AbortSignal.any([expired.signal, this.#cancelled.signal, signal]);
      for await (const state of this.#watch.follow(namespace, name, until)) {
        if ('deleted' in state) {
          reason = `context canceled: pod ${namespace}/${name} deleted before all hooks were executed`;
          log.error(`pod ${namespace}/${name} deleted before all hooks were executed`);
          break;
        }
        const phase = (state.pod['status'] as { phase?: string } | undefined)?.phase;
        if (phase === 'Succeeded' || phase === 'Failed') {
          reason = `context canceled: pod entered phase ${phase} before some post-restore exec hooks ran`;
          log.warn(`pod entered phase ${phase} before some post-restore exec hooks ran`, {
            pod: namespacedName(pod),
          });
          break;
        }
        const outcome = await this.#runReady(state.pod, pending, started);
        failed ||= outcome.failed;
        if (outcome.abandon) {
          reason = 'context canceled: an earlier hook of the pod failed';
          break;
        }
        if (pending.size === 0) break;
      }
    } catch (error) {
      signal.throwIfAborted();
      reason = messageOf(error);
    } finally {
      stopTimer();
    }
    if (pending.size > 0) failed = true;
    this.#giveUp(pod, pending, reason);
    if (failed) {
      log.error('unable to successfully execute post-restore hooks', { pod: namespacedName(pod) });
      this.#cancelled.abort(new Error('context canceled: a post-restore hook failed in another pod'));
    }
  }

  /** Runs all hooks of the containers that are up; hooks that were begun leave `pending`. */
  async #runReady(
    pod: KubeObject,
    pending: Map<string, RestoreExecHook[]>,
    started: number,
  ): Promise<{ failed: boolean; abandon: boolean }> {
    const { log } = this.#deps;
    const podLog = log.with({ pod: namespacedName(pod) });
    let failed = false;
    for (const [container, hooks] of pending) {
      if (!isUp(pod, container, hooks)) {
        podLog.info(`Container ${container} is not up: post-restore hooks will not yet be executed`);
        continue;
      }
      while (hooks.length > 0) {
        const hook = hooks.shift() as RestoreExecHook;
        const succeeded = await this.#runOne(pod, hook, started, podLog);
        if (succeeded) continue;
        failed = true;
        if (hook.onError === 'Fail') {
          if (hooks.length === 0) pending.delete(container);
          return { failed, abandon: true };
        }
      }
      pending.delete(container);
    }
    return { failed, abandon: false };
  }

  async #runOne(pod: KubeObject, hook: RestoreExecHook, started: number, podLog: Logger): Promise<boolean> {
    const { kube, clock, tracker, restore, signal } = this.#deps;
    const log = podLog.with({ hookSource: hook.source, hookType: 'exec', hookPhase: 'post' });
    let succeeded = true;
    if (hook.waitTimeoutMs !== 0 && clock.now() - started > hook.waitTimeoutMs) {
      const late = `hook ${hook.name} in container ${hook.container} expired before executing`;
      log.error(late);
      tracker.record(restore, identify(pod, hook), late);
      if (hook.onError === 'Fail') return false;
      succeeded = false;
    }
    let problem: string | undefined;
    try {
      await runExecHook(kube, pod, hook.name, hook, log, signal);
    } catch (error) {
      signal.throwIfAborted();
      log.error('Error executing hook', { error });
      problem = `hook ${hook.name} in container ${hook.container} failed to execute, err: ${messageOf(error)}`;
      succeeded = false;
    }
    tracker.record(restore, identify(pod, hook), problem);
    return succeeded;
  }

  /** A container that is not in the pod will never be up: its hooks have failed. */
  #dropUnknownContainers(pod: KubeObject, pending: Map<string, RestoreExecHook[]>): void {
    const { log } = this.#deps;
    const spec = pod['spec'] as { containers?: { name: string }[] } | undefined;
    const known = new Set((spec?.containers ?? []).map((container) => container.name));
    for (const [container, hooks] of pending) {
      if (known.has(container)) continue;
      log.warn(
        `Pod ${namespacedName(pod)} does not have container ${container}: discarding post-restore exec hooks`,
      );
      this.#giveUp(
        pod,
        new Map([[container, hooks]]),
        `the pod has no container of that name, only ${[...known].join(', ')}`,
      );
      pending.delete(container);
    }
  }

  #giveUp(pod: KubeObject, pending: ReadonlyMap<string, readonly RestoreExecHook[]>, reason: string): void {
    const { tracker, restore, log } = this.#deps;
    for (const hook of [...pending.values()].flat()) {
      const problem = `hook ${hook.name} in container ${hook.container} in pod ${namespacedName(pod)} not executed: ${reason}`;
      log.error(problem, { hookSource: hook.source, hookType: 'exec', hookPhase: 'post' });
      tracker.record(restore, identify(pod, hook), problem);
    }
  }
}

function identify(pod: KubeObject, hook: RestoreExecHook): TrackedHook {
  return {
    namespace: pod.metadata.namespace ?? '',
    pod: pod.metadata.name ?? '',
    source: hook.source,
    hook: hook.name,
    container: hook.container,
  };
}

/** The pod is followed for as long as its most patient hook waits; undefined where one waits without a limit. */
function longestWait(pending: ReadonlyMap<string, readonly RestoreExecHook[]>): number | undefined {
  let longest = 0;
  for (const { waitTimeoutMs } of [...pending.values()].flat()) {
    if (waitTimeoutMs <= 0) return undefined;
    longest = Math.max(longest, waitTimeoutMs);
  }
  return longest;
}

function isUp(pod: KubeObject, container: string, hooks: readonly RestoreExecHook[]): boolean {
  const status = pod['status'] as { containerStatuses?: ContainerStatus[] } | undefined;
  const found = status?.containerStatuses?.find((candidate) => candidate.name === container);
  if (!found) return false;
  return hooks.some((hook) => hook.waitForReady) ? found.ready === true : found.state?.running !== undefined;
}
