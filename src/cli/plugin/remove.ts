/** `plugin remove` (pkg/cmd/cli/plugin/remove.go). */

import { Failure } from '../../lib/errors.ts';
import { createMergePatch } from '../../lib/merge-patch.ts';
import { type Command, defineCommand, exactArgs } from '../command.ts';
import { DEPLOYMENTS, serverDeployment } from './deployment.ts';

export function removePlugin(): Command {
  return defineCommand({
    use: 'remove [NAME | IMAGE]',
    short: 'Remove a plugin',
    args: exactArgs(1),
    async run({ args, session }) {
      const wanted = args[0] as string;
      const kube = await session.kube();
      const original = await serverDeployment(kube, session.namespace);
      const containers = original.spec.template.spec.initContainers ?? [];
      const index = containers.findIndex(({ name, image }) => name === wanted || image === wanted);
      if (index < 0) {
        throw new Failure({
          code: 'NO_PLUGIN',
          message: `init container ${wanted} not found in Velero server deployment`,
          object: `deployment ${original.metadata.name}`,
          remedy: 'Name one of its init containers, or the image of one.',
        });
      }
      const updated = structuredClone(original);
      updated.spec.template.spec.initContainers = containers.toSpliced(index, 1);
      const { name = '', namespace } = original.metadata;
      await kube.patch(DEPLOYMENTS, name, namespace, 'merge', createMergePatch(original, updated));
    },
  });
}
