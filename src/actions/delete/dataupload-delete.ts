import { LABELS } from '../../api/labels.ts';
import type { KubeObject } from '../../api/object.ts';
import { CONFIG_MAPS } from '../../kube/built-in.ts';
import type { KubeClient } from '../../kube/contract.ts';
import { isAlreadyExists } from '../../kube/errors.ts';
import { wrap } from '../../lib/errors.ts';
import type { DeleteItemAction } from '../../plugin/contract.ts';

interface DataUpload {
  spec?: { datamover?: string; sourceNamespace?: string; sourcePVC?: string };
  status?: { snapshotID?: string };
}

/**
 * Tells the deletion of a backup which snapshots the built-in data mover made for it, by a ConfigMap for each DataUpload
 * (pkg/datamover/dataupload_delete_action.go). Throws where that ConfigMap cannot be made.
 */
export function dataUploadDelete(deps: { kube: KubeClient }): DeleteItemAction {
  return {
    name: 'velero.io/dataupload-delete',
    appliesTo: async () => ({ includedResources: ['datauploads.velero.io'] }),
    async execute(item, backup) {
      const { spec = {}, status = {} } = item as KubeObject & DataUpload;
      const mover = spec.datamover ?? '';
      const snapshotID = status.snapshotID ?? '';
      if ((mover !== '' && mover !== 'velero') || snapshotID === '') return;
      const configMap: KubeObject = {
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: {
          name: `${item.metadata.name}-info`,
          namespace: backup.metadata.namespace ?? '',
          // The backup's name as it is: the deletion looks for it in this form.
          labels: {
            [LABELS.backupName]: backup.metadata.name ?? '',
            [LABELS.dataUploadSnapshotInfo]: 'true',
          },
        },
        data: {
          volumeNamespace: spec.sourceNamespace ?? '',
          backupStorageLocation: backup.spec.storageLocation ?? '',
          snapshotID,
          repositoryType: 'kopia',
          source: `${spec.sourceNamespace}/${spec.sourcePVC}`,
          uploaderType: 'kopia',
          repoIdentifier: '',
        },
      };
      try {
        await deps.kube.create(CONFIG_MAPS, configMap, configMap.metadata.namespace);
      } catch (error) {
        // Left by an earlier attempt to delete the same backup.
        if (isAlreadyExists(error)) return;
        const place = `${item.metadata.namespace}/${item.metadata.name}`;
        throw wrap(error, `failed to create the configmap for DataUpload ${place}`);
      }
    },
  };
}
