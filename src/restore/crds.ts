/** Waiting for a custom resource definition to be served (crdAvailable in pkg/restore/restore.go, kube.IsCRDReady). */

import type { KubeObject } from '../api/object.ts';
import type { ApiResource, KubeClient } from '../kube/contract.ts';
import type { Clock } from '../lib/clock.ts';
import { Failure } from '../lib/errors.ts';
import { pollUntil } from '../lib/poll.ts';

/** How messages, filters and archives name definitions. */
export const CRDS = 'customresourcedefinitions.apiextensions.k8s.io';

/**
 * Waits until the definition is established and its names are accepted.
 * @throws Failure when time is up or the definition's version is unknown; the API's error
 */
export async function waitForCrd(
  kube: KubeClient,
  resource: ApiResource,
  name: string,
  options: { clock: Clock; timeoutMs: number; signal: AbortSignal },
): Promise<void> {
  let missing: readonly string[] = [];
  await pollUntil<true>(
    async () => {
      const live = await kube.get(resource, name, undefined, options.signal);
      missing = missingConditions(live);
      return missing.length === 0 ? true : undefined;
    },
    {
      ...options,
      intervalMs: 20,
      maxIntervalMs: 1000,
      pending: () => `not yet ${missing.join(' and ')}`,
    },
  );
}

/**
 * The conditions that a definition still lacks before it is served.
 * @throws Failure where its API version is not known
 */
export function missingConditions(crd: KubeObject): string[] {
  if (!/^apiextensions\.k8s\.io\/v1(beta1)?$/.test(crd.apiVersion)) {
    throw new Failure({
      code: 'RESTORE_CRD_VERSION',
      message: `unable to handle CRD with version ${crd.apiVersion}`,
      object: `customresourcedefinition ${crd.metadata.name}`,
    });
  }
  const status = crd['status'] as { conditions?: { type: string; status: string }[] } | undefined;
  return ['Established', 'NamesAccepted'].filter(
    (type) =>
      !status?.conditions?.some((condition) => condition.type === type && condition.status === 'True'),
  );
}
