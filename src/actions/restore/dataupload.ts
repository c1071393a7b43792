import type { Backup } from '../../api/backup.ts';
import { labelValue } from '../../api/labels.ts';
import type { KubeObject } from '../../api/object.ts';
import { CONFIG_MAPS } from '../../kube/built-in.ts';
import { wrap } from '../../lib/errors.ts';
import type { RestoreItemAction } from '../../plugin/contract.ts';
import { perRestore, type RestoreActionDeps } from './deps.ts';

interface DataUpload {
  spec?: { datamover?: string; sourceNamespace?: string; sourcePVC?: string };
  status?: { snapshotID?: string; dataMoverResult?: Record<string, string> };
}

/**
 * Turns a backed-up DataUpload into a ConfigMap that tells the restore of its claim where the data lies; the DataUpload
 * itself is never restored (dataupload_retrieve_action.go). Throws where the backup cannot be read or the ConfigMap
 * cannot be made.
 */
export function dataUpload(deps: RestoreActionDeps): RestoreItemAction {
  const backupOf = perRestore(async (restore): Promise<Backup> => {
    const backups = deps.kube.discovery.find('velero.io', 'backups', 'v1');
    try {
      if (!backups) throw new Error('the cluster does not serve backups.velero.io');
      return await deps.kube.get<Backup>(backups, restore.spec?.backupName ?? '', restore.metadata.namespace);
    } catch (error) {
      throw wrap(error, `error to get backup for restore ${restore.metadata.name}`);
    }
  });
  return {
    name: 'velero.io/dataupload',
    appliesTo: async () => ({ includedResources: ['datauploads.velero.io'] }),
    async execute({ item, itemFromBackup, restore }) {
      const { spec = {}, status = {} } = itemFromBackup as KubeObject & DataUpload;
      const backup = await backupOf(restore);
      const uid = restore.metadata.uid ?? '';
      const result = {
        backupStorageLocation: backup.spec?.storageLocation ?? '',
        ...(spec.datamover ? { datamover: spec.datamover } : {}),
        snapshotID: status.snapshotID ?? '',
        sourceNamespace: spec.sourceNamespace ?? '',
        ...(status.dataMoverResult ? { dataMoverResult: status.dataMoverResult } : {}),
      };
      const configMap: KubeObject = {
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: {
          generateName: `${itemFromBackup.metadata.name}-`,
          namespace: itemFromBackup.metadata.namespace ?? deps.namespace,
          labels: {
            'velero.io/restore-uid': labelValue(uid),
            'velero.io/pvc-namespace-name': labelValue(`${spec.sourceNamespace}.${spec.sourcePVC}`),
            'velero.io/resource-usage': 'DataUpload',
          },
        },
        data: { [uid]: JSON.stringify(result) },
      };
      try {
        await deps.kube.create(CONFIG_MAPS, configMap, configMap.metadata.namespace);
      } catch (error) {
        throw wrap(error, 'fail to create DataUploadResult ConfigMap');
      }
      return { item, skipRestore: true };
    },
  };
}
