/** The built-in backup item actions in the order in which the original runs them: by name. */

import type { KubeClient } from '../../kube/contract.ts';
import type { BackupItemAction } from '../../plugin/contract.ts';
import { crdRemapVersionAction } from './crd-remap-version.ts';
import { podAction } from './pod.ts';
import { pvAction } from './pv.ts';
import { serviceAccountAction } from './service-account.ts';

/** Actions that concern API objects only. */
export function backupActions({ kube }: { kube: KubeClient }): BackupItemAction[] {
  return [crdRemapVersionAction(kube), podAction, pvAction, serviceAccountAction(kube)];
}
