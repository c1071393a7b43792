/** The built-in restore actions in the order in which they run: by name, as the original registers them. */

import type { RestoreItemAction } from '../../plugin/contract.ts';
import { addPvFromPvc } from './add-pv-from-pvc.ts';
import { addPvcFromPod } from './add-pvc-from-pod.ts';
import { admissionWebhookConfiguration } from './admission-webhook-configuration.ts';
import { apiService } from './apiservice.ts';
import { changeImageName } from './change-image-name.ts';
import { changePvcNodeSelector } from './change-pvc-node-selector.ts';
import { changeStorageClass } from './change-storage-class.ts';
import { crdPreserveFields } from './crd-preserve-fields.ts';
import { dataUpload } from './dataupload.ts';
import type { RestoreActionDeps } from './deps.ts';
import { initRestoreHook } from './init-restore-hook.ts';
import { job } from './job.ts';
import { pod } from './pod.ts';
import { podVolumeRestore } from './pod-volume-restore.ts';
import { clusterRoleBindings, roleBindings } from './role-bindings.ts';
import { secret } from './secret.ts';
import { service } from './service.ts';
import { serviceAccount } from './service-account.ts';

export type { RestoreActionDeps } from './deps.ts';

/**
 * All of them. The CSI actions (`velero.io/csi-*-restorer`) have their place after these, foreign plugins come after
 * all of ours.
 */
export function restoreActions(deps: RestoreActionDeps): RestoreItemAction[] {
  return [
    addPvFromPvc(),
    addPvcFromPod(),
    admissionWebhookConfiguration(),
    apiService(),
    changeImageName(deps),
    changePvcNodeSelector(deps),
    changeStorageClass(deps),
    clusterRoleBindings(),
    crdPreserveFields(),
    dataUpload(deps),
    initRestoreHook(),
    job(),
    pod(),
    podVolumeRestore(deps),
    roleBindings(),
    secret(deps),
    service(),
    serviceAccount(),
  ];
}
