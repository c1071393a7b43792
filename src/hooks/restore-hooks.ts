/**
 * Hooks for restored pods: init containers that are added, and commands that run once the containers are up
 * (internal/hook/item_hook_handler.go of the original). A pod's annotations win over the restore's spec, for each of
 * the two kinds on its own.
 */

import { RESTORE_EXEC_HOOK_ANNOTATIONS, RESTORE_INIT_HOOK_ANNOTATIONS } from '../api/labels.ts';
import type { KubeObject } from '../api/object.ts';
import type { RestoreHooks, RestoreResourceHook } from '../api/restore.ts';
import { IncludesExcludes } from '../filter/includes-excludes.ts';
import { compileLabelSelector } from '../filter/selector.ts';
import { parseDuration } from '../lib/duration.ts';
import { goQuote } from '../lib/go-text.ts';
import type { Logger } from '../lib/log.ts';
import { type ExecHook, parseCommand, parseErrorMode } from './exec-hook.ts';

/** One entry of `spec.hooks.resources`, ready to be asked for many pods. */
export interface RestoreHookSet {
  name: string;
  /** Namespaces are those of the cluster that is restored into. */
  appliesTo(namespace: string, labels: Readonly<Record<string, string>>): boolean;
  hooks: readonly RestoreResourceHook[];
}

/** A command for a restored pod. */
export interface RestoreExecHook extends ExecHook {
  /** The entry's name, or `<from-annotation>`. */
  name: string;
  source: 'annotation' | 'spec';
  /** Milliseconds to wait for the container; 0 or less for as long as it takes. */
  waitTimeoutMs: number;
  /** Wait until the container is ready and not merely running. */
  waitForReady: boolean;
}

/** An init container that a hook adds. */
export interface InitContainer {
  name: string;
  image: string;
  command?: readonly string[];
  [field: string]: unknown;
}

export const FROM_ANNOTATION = '<from-annotation>';

/**
 * Compiles the hooks of a restore. Their lists of resources are ignored: hooks are for pods only.
 * @throws Failure where a label selector is malformed
 */
export function restoreHookSets(hooks: RestoreHooks | null | undefined): RestoreHookSet[] {
  return (hooks?.resources ?? []).map((spec) => {
    const namespaces = new IncludesExcludes(spec.includedNamespaces, spec.excludedNamespaces);
    const matches = spec.labelSelector ? compileLabelSelector(spec.labelSelector) : undefined;
    return {
      name: spec.name ?? '',
      appliesTo: (namespace, labels) =>
        namespaces.shouldInclude(namespace) && (matches === undefined || matches(labels)),
      hooks: spec.postHooks ?? [],
    };
  });
}

/** What is wrong with an init container of a hook, in the original's words; undefined where nothing is. */
export function initContainerFault(raw: unknown): string | undefined {
  if (typeof raw !== 'object' || raw === null || Array.isArray(raw)) {
    return `json: cannot unmarshal ${jsonType(raw)} into Go value of type v1.Container`;
  }
  const container = raw as Record<string, unknown>;
  for (const field of ['name', 'image'] as const) {
    const value = container[field];
    if (value !== undefined && value !== null && typeof value !== 'string') {
      return `json: cannot unmarshal ${jsonType(value)} into Go struct field Container.${field} of type string`;
    }
  }
  const command = container['command'];
  if (command !== undefined && command !== null && !Array.isArray(command)) {
    return `json: cannot unmarshal ${jsonType(command)} into Go struct field Container.command of type []string`;
  }
  for (const word of (command ?? []) as unknown[]) {
    if (typeof word !== 'string') {
      return `json: cannot unmarshal ${jsonType(word)} into Go struct field Container.command of type string`;
    }
  }
  const complete = container['name'] && container['image'] && ((command ?? []) as unknown[]).length > 0;
  return complete
    ? undefined
    : "invalid InitContainer in restore hook, it doesn't have Command, Name or Image field";
}

function jsonType(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  return typeof value === 'boolean' ? 'bool' : typeof value;
}

/**
 * The init container that a pod's annotations ask for, or undefined.
 * @param randomId eight hex digits that make up a name where none is given
 */
export function initContainerFromAnnotations(
  annotations: Readonly<Record<string, string>>,
  randomId: () => string,
): InitContainer | undefined {
  const image = annotations[RESTORE_INIT_HOOK_ANNOTATIONS.containerImage] ?? '';
  if (image === '') return undefined;
  const name = annotations[RESTORE_INIT_HOOK_ANNOTATIONS.containerName] ?? '';
  const command = annotations[RESTORE_INIT_HOOK_ANNOTATIONS.command] ?? '';
  return {
    image,
    name: name === '' ? `velero-restore-init-${randomId()}` : name,
    // Without a command the image's own entrypoint runs.
    ...(command === '' ? {} : { command: parseCommand(command) }),
  };
}

/**
 * The commands to run in a pod that was just restored, by container. Hooks without a container mean the first one.
 * @param pod as it is in the cluster, with the target namespace
 */
export function execHooksOfPod(
  pod: KubeObject,
  sets: readonly RestoreHookSet[],
  log: Logger,
): Map<string, RestoreExecHook[]> {
  const byContainer = new Map<string, RestoreExecHook[]>();
  const containers = (pod['spec'] as { containers?: { name: string }[] } | undefined)?.containers ?? [];
  const first = containers[0];
  if (!first) return byContainer;
  const annotated = execHookFromAnnotations(pod.metadata.annotations ?? {}, log);
  if (annotated) {
    const container = annotated.container === '' ? first.name : annotated.container;
    return byContainer.set(container, [{ ...annotated, container }]);
  }
  const namespace = pod.metadata.namespace ?? '';
  const labels = pod.metadata.labels ?? {};
  for (const set of sets) {
    if (!set.appliesTo(namespace, labels)) continue;
    for (const { exec } of set.hooks) {
      if (!exec) continue;
      const container = exec.container === undefined || exec.container === '' ? first.name : exec.container;
      const hook: RestoreExecHook = {
        name: set.name,
        source: 'spec',
        container,
        command: exec.command,
        onError: parseErrorMode(exec.onError),
        timeoutMs: parseDuration(exec.execTimeout ?? '0s') ?? 0,
        waitTimeoutMs: parseDuration(exec.waitTimeout ?? '0s') ?? 0,
        waitForReady: exec.waitForReady === true,
      };
      const list = byContainer.get(container);
      if (list) list.push(hook);
      else byContainer.set(container, [hook]);
    }
  }
  return byContainer;
}

function execHookFromAnnotations(
  annotations: Readonly<Record<string, string>>,
  log: Logger,
): RestoreExecHook | undefined {
  const keys = RESTORE_EXEC_HOOK_ANNOTATIONS;
  const command = annotations[keys.command] ?? '';
  if (command === '') return undefined;
  return {
    name: FROM_ANNOTATION,
    source: 'annotation',
    container: annotations[keys.container] ?? '',
    command: parseCommand(command),
    onError: parseErrorMode(annotations[keys.onError]),
    timeoutMs: timeout(annotations[keys.execTimeout], 'exec timeout', log),
    waitTimeoutMs: timeout(annotations[keys.waitTimeout], 'wait timeout', log),
    waitForReady: readiness(annotations[keys.waitForReady], log),
  };
}

function timeout(text: string | undefined, what: string, log: Logger): number {
  if (text === undefined || text === '') return 0;
  const ms = parseDuration(text);
  if (ms !== undefined) return ms;
  log.warn(`Unable to parse ${what} ${text}, ignoring: time: invalid duration ${goQuote(text)}`);
  return 0;
}

function readiness(text: string | undefined, log: Logger): boolean {
  if (text === undefined || text === '') return false;
  if (['1', 't', 'T', 'TRUE', 'true', 'True'].includes(text)) return true;
  if (!['0', 'f', 'F', 'FALSE', 'false', 'False'].includes(text)) {
    log.warn(
      `Unable to parse wait for ready ${text}, ignoring: strconv.ParseBool: parsing ${goQuote(text)}: invalid syntax`,
    );
  }
  return false;
}
