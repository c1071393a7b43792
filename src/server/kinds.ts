/** The check that the cluster serves every kind of ours (veleroResourcesExist in pkg/cmd/server/server.go). */

import { apiVersionOf, KINDS, VELERO_GROUP } from '../api/kinds.ts';
import type { Discovery } from '../kube/contract.ts';
import { Failure } from '../lib/errors.ts';
import type { Logger } from '../lib/log.ts';

/** @throws Failure `CRDS_MISSING` with one sentence a missing kind, as the original's aggregate prints them */
export function checkKindsExist(discovery: Discovery, log: Logger): void {
  log.info('Checking existence of Velero custom resource definitions');
  const missing: string[] = [];
  for (const kind of Object.values(KINDS)) {
    // The server works without the operator.
    if (kind.group !== VELERO_GROUP) continue;
    if (discovery.find(kind.group, kind.resource, kind.version) === undefined) {
      missing.push(`custom resource ${kind.kind} not found in Velero API group ${apiVersionOf(kind)}`);
    } else {
      log.info('Found custom resource', { kind: kind.kind });
    }
  }
  if (missing.length > 0) {
    missing.push(
      'Velero custom resources not found - apply config/crd/v1/bases/*.yaml,config/crd/v2alpha1/bases*.yaml, to update the custom resource definitions',
    );
    throw new Failure({
      code: 'CRDS_MISSING',
      message: `[${missing.join(', ')}]`,
      object: 'custom resource definitions of velero.io',
      remedy: 'velero install --crds-only --dry-run -o yaml | kubectl apply -f -',
    });
  }
  log.info('All Velero custom resource definitions exist');
}
