/** `velero.io/crd-remap-version`: a definition that only v1beta1 can describe is stored as v1beta1 (remap_crd_version_action.go). */

import type { KubeObject } from '../../api/object.ts';
import type { KubeClient } from '../../kube/contract.ts';
import { wrap } from '../../lib/errors.ts';
import type { BackupItemAction } from '../../plugin/contract.ts';

const GROUP = 'apiextensions.k8s.io';

interface Definition extends KubeObject {
  spec?: {
    preserveUnknownFields?: boolean;
    versions?: readonly { schema?: { openAPIV3Schema?: unknown } | null }[] | null;
  };
  status?: { conditions?: readonly { type?: string }[] | null };
}

export function crdRemapVersionAction(kube: KubeClient): BackupItemAction {
  return {
    name: 'velero.io/crd-remap-version',
    appliesTo: () =>
      Promise.resolve({ includedResources: ['customresourcedefinition.apiextensions.k8s.io'] }),
    async execute(item, _backup, { log, signal }) {
      log.info('Executing RemapCRDVersionAction');
      const name = item.metadata.name ?? '';
      if (item.apiVersion !== `${GROUP}/v1`) {
        log.info('Exiting RemapCRDVersionAction, CRD is not v1');
        return { item };
      }
      const beta = kube.discovery.find(GROUP, 'customresourcedefinitions', 'v1beta1');
      if (beta === undefined) {
        log.info('Exiting RemapCRDVersionAction, the cluster does not support v1beta1 CRD');
        return { item };
      }
      const crdLog = log.with({ plugin: 'RemapCRDVersionAction', CRD: name });
      if (!needsBeta(item)) {
        crdLog.info(`CustomResourceDefinition ${name} does not appear to be v1beta1, backing up as v1`);
        return { item };
      }
      crdLog.info(`CustomResourceDefinition ${name} appears to be v1beta1, fetching the v1beta version`);
      const old = await kube
        .get(beta, name, undefined, signal)
        .catch((error: unknown) => Promise.reject(wrap(error, `error fetching v1beta1 version of ${name}`)));
      return { item: { ...old, apiVersion: `${GROUP}/v1beta1`, kind: 'CustomResourceDefinition' } };
    },
  };
}

/** Signs that a definition was made as v1beta1 and would be refused as v1. */
export function needsBeta({ spec, status }: Definition): boolean {
  const first = spec?.versions?.[0];
  const hasNoSchema = first !== undefined && !first.schema?.openAPIV3Schema;
  const isNonStructural = (status?.conditions ?? []).some(({ type }) => type === 'NonStructuralSchema');
  return hasNoSchema || isNonStructural || spec?.preserveUnknownFields === true;
}
