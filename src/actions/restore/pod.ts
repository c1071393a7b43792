import type { RestoreItemAction } from '../../plugin/contract.ts';
import { type Container, podSpecOf } from './pod-spec.ts';

/**
 * Frees a pod from its former node, priority value and service account token, which the cluster gives anew, and
 * restores its PriorityClass before it (pod_action.go).
 */
export function pod(): RestoreItemAction {
  return {
    name: 'velero.io/pod',
    appliesTo: async () => ({ includedResources: ['pods'] }),
    async execute({ item }) {
      const { nodeName: _node, priority: _priority, ...spec } = podSpecOf(item);
      const tokenPrefix = `${spec.serviceAccountName ?? ''}-token-`;
      const isToken = (named: { name: string }) => named.name.startsWith(tokenPrefix);
      const withoutTokens = (containers: Container[]) =>
        containers.map((container) =>
          container.volumeMounts?.some(isToken)
            ? { ...container, volumeMounts: container.volumeMounts.filter((mount) => !isToken(mount)) }
            : container,
        );
      if (spec.volumes) spec.volumes = spec.volumes.filter((volume) => !isToken(volume));
      if (spec.containers) spec.containers = withoutTokens(spec.containers);
      if (spec.initContainers) spec.initContainers = withoutTokens(spec.initContainers);
      const priorityClass = spec.priorityClassName ?? '';
      return {
        item: { ...item, spec },
        ...(priorityClass === ''
          ? {}
          : {
              additionalItems: [
                {
                  group: 'scheduling.k8s.io',
                  resource: 'priorityclasses',
                  namespace: '',
                  name: priorityClass,
                },
              ],
            }),
      };
    },
  };
}
