/** The server's Deployment, whose init containers bring the plugins (pkg/cmd/cli/plugin/helpers.go). */

import type { KubeObject } from '../../api/object.ts';
import type { ApiResource, KubeClient } from '../../kube/contract.ts';
import { Failure } from '../../lib/errors.ts';

export const DEPLOYMENTS: ApiResource = {
  group: 'apps',
  version: 'v1',
  resource: 'deployments',
  kind: 'Deployment',
  singular: 'deployment',
  shortNames: ['deploy'],
  namespaced: true,
  verbs: ['get', 'list', 'patch', 'create', 'update', 'delete', 'watch'],
  preferred: true,
};

export interface Container {
  name: string;
  image?: string;
  imagePullPolicy?: string;
  volumeMounts?: { name: string; mountPath: string }[];
  [field: string]: unknown;
}

export interface Deployment extends KubeObject {
  spec: {
    template: {
      spec: {
        containers: Container[];
        initContainers?: Container[];
        volumes?: { name: string; [field: string]: unknown }[];
        [field: string]: unknown;
      };
      [field: string]: unknown;
    };
    [field: string]: unknown;
  };
}

/** @throws Failure `NO_SERVER` where the namespace has no Deployment of the server */
export async function serverDeployment(kube: KubeClient, namespace: string): Promise<Deployment> {
  const found = await kube.list<Deployment>(DEPLOYMENTS, { namespace, labelSelector: 'component=velero' });
  const deployment = found.find(({ spec }) =>
    spec.template.spec.containers.some(({ name }) => name === 'velero'),
  );
  if (deployment) return deployment;
  throw new Failure({
    code: 'NO_SERVER',
    message: 'Velero deployment not found',
    object: `namespace ${namespace}`,
    remedy: 'Name the namespace where the server is installed with -n.',
  });
}

/**
 * The init container that brings a plugin: named after its image without registry, tag and digest
 * (pkg/builder/container_builder.go).
 */
export function pluginContainer(image: string, imagePullPolicy: string): Container {
  return {
    name: containerName(image),
    image,
    imagePullPolicy,
    resources: {},
    volumeMounts: [{ name: 'plugins', mountPath: '/target' }],
  };
}

/** What of an image makes a container's name: no registry, no tag or digest, dashes for what a name may not have. */
export function containerName(image: string): string {
  const slash = image.indexOf('/');
  const slashes = image.split('/').length - 1;
  const start = slashes > 1 || slash === 0 ? slash + 1 : 0;
  const at = image.lastIndexOf('@');
  const colon = image.lastIndexOf(':');
  // A colon before the last slash belongs to the registry's port.
  const tag = colon > image.lastIndexOf('/') ? colon : -1;
  const end = at > 0 ? at : tag > 0 ? tag : image.length;
  return image.slice(start, end).replaceAll(/[/_.]/g, '-');
}
