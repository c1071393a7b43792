/**
 * Commands run inside a pod before or after its backup, or after its restore: what they are and how one is run
 * (internal/hook/item_hook_handler.go and pkg/podexec of the original).
 */

import { BACKUP_HOOK_ANNOTATIONS } from '../api/labels.ts';
import type { KubeObject } from '../api/object.ts';
import type { KubeClient } from '../kube/contract.ts';
import { type ExecOutput, execOutputOf } from '../kube/exec.ts';
import { formatDuration, parseDuration } from '../lib/duration.ts';
import { Failure } from '../lib/errors.ts';
import { goQuote } from '../lib/go-text.ts';
import type { Logger } from '../lib/log.ts';
import { startTimer } from '../lib/timer.ts';

export type HookErrorMode = 'Continue' | 'Fail';

/** One command to run. */
export interface ExecHook {
  /** Empty for the pod's first container. */
  container: string;
  command: readonly string[];
  /** Undefined where nothing, or nothing valid, was given: the command's failure then does not fail the item. */
  onError: HookErrorMode | undefined;
  /** Milliseconds; 0 for the default. */
  timeoutMs: number;
}

const DEFAULT_TIMEOUT_MS = 30_000;

/** What pods' fields matter to hooks. */
interface PodView {
  spec?: { containers?: readonly { name: string }[] };
  status?: { phase?: string };
}

/**
 * The command of an annotation: a JSON array of strings where it begins with `[` and is one, else the whole text as a
 * single word; no shell ever splits it.
 */
export function parseCommand(value: string): string[] {
  if (value.startsWith('[')) {
    try {
      const parsed: unknown = JSON.parse(value);
      if (Array.isArray(parsed) && parsed.every((word) => typeof word === 'string')) return parsed;
    } catch {
      // Not JSON: a program may be called `[`.
    }
  }
  return [value];
}

/** The error mode that a text names, or undefined. */
export function parseErrorMode(text: string | undefined): HookErrorMode | undefined {
  return text === 'Continue' || text === 'Fail' ? text : undefined;
}

/**
 * Reads a hook from the annotations `<prefix>hook.backup.velero.io/{command,container,on-error,timeout}`.
 * @param prefix `pre.`, `post.`, or empty for the keys from before there were phases
 * @returns undefined where there is no command
 */
export function backupHookFromAnnotations(
  annotations: Readonly<Record<string, string>>,
  prefix: 'pre.' | 'post.' | '',
  log: Logger,
): ExecHook | undefined {
  const read = (key: keyof typeof BACKUP_HOOK_ANNOTATIONS) =>
    annotations[prefix + BACKUP_HOOK_ANNOTATIONS[key]] ?? '';
  const command = read('command');
  if (command === '') return undefined;
  return {
    container: read('container'),
    command: parseCommand(command),
    onError: parseErrorMode(read('onError')),
    timeoutMs: parseTimeout(read('timeout'), log),
  };
}

function parseTimeout(text: string, log: Logger): number {
  if (text === '') return 0;
  const ms = parseDuration(text);
  if (ms !== undefined) return ms;
  log.warn(
    `Unable to parse provided timeout ${text}, using default: time: invalid duration ${goQuote(text)}`,
  );
  return 0;
}

/**
 * Runs a hook's command in the pod and logs its output. A pod that has ended is left alone.
 * @throws Failure where the container does not exist, the command fails or takes too long, or the API refuses
 */
export async function runExecHook(
  kube: Pick<KubeClient, 'exec'>,
  pod: KubeObject,
  hookName: string,
  hook: ExecHook,
  log: Logger,
  signal: AbortSignal,
): Promise<void> {
  const view = pod as PodView;
  const { name = '', namespace = '' } = pod.metadata;
  const object = `pod ${namespace}/${name}`;
  const container = containerOf(view, hook.container, object);
  if (hook.command.length === 0) {
    throw new Failure({
      code: 'HOOK_COMMAND_MISSING',
      message: 'command is required',
      object,
      remedy: `give hook ${hookName} a command`,
    });
  }
  const timeoutMs = hook.timeoutMs === 0 ? DEFAULT_TIMEOUT_MS : hook.timeoutMs;
  const hookLog = log.with({
    hookName,
    hookContainer: container,
    hookCommand: `[${hook.command.join(' ')}]`,
    hookOnError: hook.onError ?? 'Fail',
    hookTimeout: `{${formatDuration(timeoutMs)}}`,
  });
  const phase = view.status?.phase;
  if (phase === 'Succeeded' || phase === 'Failed') {
    hookLog.info(`Pod entered phase ${phase} before some post-backup exec hooks ran`);
    return;
  }
  hookLog.info('running exec hook');
  const deadline = new AbortController();
  const stopTimer = startTimer(Math.max(1, timeoutMs), () => deadline.abort());
  const result = await kube
    .exec({
      namespace,
      pod: name,
      container,
      command: hook.command,
      timeoutMs,
      signal: AbortSignal.any([signal, deadline.signal]),
    })
    .catch((error: unknown) => {
      signal.throwIfAborted();
      if (deadline.signal.aborted || (error instanceof Failure && error.code === 'KUBE_EXEC_TIMEOUT'))
        throw timedOut(timeoutMs, object, error);
      logOutput(execOutputOf(error), hookLog);
      throw error;
    })
    .finally(stopTimer);
  logOutput(result, hookLog);
  if (result.exitCode !== 0) {
    throw new Failure({
      code: 'HOOK_COMMAND_FAILED',
      message: `command terminated with exit code ${result.exitCode}`,
      object,
      remedy: `read the output of hook ${hookName} in the log above this line`,
    });
  }
}

function logOutput({ stdout, stderr }: ExecOutput, log: Logger): void {
  log.info(`stdout: ${stdout}`);
  log.info(`stderr: ${stderr}`);
}

function timedOut(timeoutMs: number, object: string, cause: unknown): Failure {
  return new Failure({
    code: 'HOOK_TIMED_OUT',
    message: `timed out after ${formatDuration(timeoutMs)}`,
    object,
    remedy: 'give the hook a longer timeout; the command may still be running in the container',
    cause,
  });
}

function containerOf(pod: PodView, wanted: string, object: string): string {
  const containers = pod.spec?.containers ?? [];
  if (wanted === '') {
    const first = containers[0];
    if (first !== undefined) return first.name;
    throw new Failure({ code: 'HOOK_NO_CONTAINER', message: 'need at least 1 container', object });
  }
  if (containers.some((container) => container.name === wanted)) return wanted;
  throw new Failure({
    code: 'HOOK_NO_CONTAINER',
    message: `no such container: ${goQuote(wanted)}`,
    object,
    remedy: `name one of ${containers.map((container) => container.name).join(', ')}`,
  });
}
