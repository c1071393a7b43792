import { randomBytes } from 'node:crypto';
import type { RestoreHooks } from '../../api/restore.ts';
import { Failure } from '../../lib/errors.ts';
import {
  initContainerFault,
  initContainerFromAnnotations,
  type RestoreHookSet,
  restoreHookSets,
} from '../../hooks/restore-hooks.ts';
import type { RestoreItemAction } from '../../plugin/contract.ts';
import { WAIT_CONTAINER } from './pod-volume-restore.ts';
import { type Container, podSpecOf } from './pod-spec.ts';

/**
 * Adds the init containers that a pod's annotations, or else the restore's spec, ask for
 * (init_restorehook_pod_action.go). Throws Failure where a container of the spec is incomplete.
 */
export function initRestoreHook(): RestoreItemAction {
  const compiled = new WeakMap<RestoreHooks, RestoreHookSet[]>();
  const setsOf = (hooks: RestoreHooks | null | undefined): RestoreHookSet[] => {
    if (!hooks) return [];
    const known = compiled.get(hooks);
    if (known) return known;
    const sets = restoreHookSets(hooks);
    compiled.set(hooks, sets);
    return sets;
  };
  return {
    name: 'velero.io/init-restore-hook',
    appliesTo: async () => ({ includedResources: ['pods'] }),
    async execute({ item, restore }) {
      const annotated = initContainerFromAnnotations(item.metadata.annotations ?? {}, () =>
        randomBytes(4).toString('hex'),
      );
      const namespace = item.metadata.namespace ?? '';
      const mapping = restore.spec.namespaceMapping ?? {};
      const target = Object.hasOwn(mapping, namespace) ? (mapping[namespace] as string) : namespace;
      const added = annotated
        ? [annotated as Container]
        : containersOf(setsOf(restore.spec.hooks), target, item.metadata.labels ?? {});
      if (added.length === 0) return { item };
      const spec = podSpecOf(item);
      const before = spec.initContainers ?? [];
      // Hooks work on restored data, so the container that waits for it stays first.
      const waiting = before[0]?.name === WAIT_CONTAINER ? 1 : 0;
      return {
        item: { ...item, spec: { ...spec, initContainers: before.toSpliced(waiting, 0, ...added) } },
      };
    },
  };
}

function containersOf(
  sets: readonly RestoreHookSet[],
  namespace: string,
  labels: Readonly<Record<string, string>>,
): Container[] {
  const containers: Container[] = [];
  for (const set of sets) {
    if (!set.appliesTo(namespace, labels)) continue;
    for (const container of set.hooks.flatMap((hook) => (hook.init?.initContainers ?? []) as unknown[])) {
      const fault = initContainerFault(container);
      if (fault !== undefined) {
        throw new Failure({
          code: 'RESTORE_INIT_HOOK_INVALID',
          message: fault,
          object: `restore hook ${set.name}`,
          remedy: 'give the init container a name, an image and a command',
        });
      }
      containers.push(container as Container);
    }
  }
  return containers;
}
