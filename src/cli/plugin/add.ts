/** `plugin add` (pkg/cmd/cli/plugin/add.go). */

import { Failure } from '../../lib/errors.ts';
import { boolFlag, enumFlag } from '../../lib/flag-values.ts';
import { createMergePatch } from '../../lib/merge-patch.ts';
import { type Command, defineCommand, exactArgs } from '../command.ts';
import { confirm } from '../select.ts';
import { type Deployment, DEPLOYMENTS, pluginContainer, serverDeployment } from './deployment.ts';

const POLICIES = ['Always', 'IfNotPresent', 'Never'] as const;
const VOLUME = 'plugins';

export function addPlugin(): Command {
  return defineCommand({
    use: 'add IMAGE',
    short: 'Add a plugin',
    args: exactArgs(1),
    flags: {
      'image-pull-policy': enumFlag<(typeof POLICIES)[number]>(
        `The imagePullPolicy for the plugin container. Valid values are ${POLICIES.join(', ')}.`,
        POLICIES,
        { default: 'IfNotPresent' },
      ),
      confirm: boolFlag(
        'Do not ask first. The server may be restarted, and all work that is under way then fails',
      ),
    },
    async run({ flags, args, session }) {
      const sure =
        flags.confirm ||
        (await confirm(
          session,
          'velero plugin add may cause the Velero server pod restart, so it is a dangerous operation',
          'once Velero server restarts, all the ongoing jobs will fail.',
        ));
      if (!sure) return;
      const kube = await session.kube();
      const original = await serverDeployment(kube, session.namespace);
      const updated = withPlugin(original, args[0] as string, flags['image-pull-policy']);
      const { name = '', namespace } = original.metadata;
      await kube.patch(DEPLOYMENTS, name, namespace, 'merge', createMergePatch(original, updated));
    },
  });
}

/** The Deployment with the plugin's init container, and with the volume that receives plugins where it had none. */
export function withPlugin(original: Deployment, image: string, pullPolicy: string): Deployment {
  const updated = structuredClone(original);
  const pod = updated.spec.template.spec;
  if (!pod.volumes?.some(({ name }) => name === VOLUME)) {
    pod.volumes = [...(pod.volumes ?? []), { name: VOLUME, emptyDir: {} }];
    const server = pod.containers.find(({ name }) => name === 'velero');
    if (!server) {
      throw new Failure({
        code: 'NO_SERVER',
        message: 'velero container not found in velero deployment',
        object: `deployment ${original.metadata.name}`,
      });
    }
    server.volumeMounts = [...(server.volumeMounts ?? []), { name: VOLUME, mountPath: '/plugins' }];
  }
  pod.initContainers = [...(pod.initContainers ?? []), pluginContainer(image, pullPolicy)];
  return updated;
}
