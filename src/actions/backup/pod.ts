/** `velero.io/pod`: a pod brings its claims and its priority class along (pod_action.go). */

import type { KubeObject } from '../../api/object.ts';
import type { BackupItemAction, ResourceIdentifier } from '../../plugin/contract.ts';

interface Pod extends KubeObject {
  spec?: {
    priorityClassName?: string;
    volumes?: readonly { persistentVolumeClaim?: { claimName?: string } | null }[] | null;
  };
}

export const podAction: BackupItemAction = {
  name: 'velero.io/pod',
  appliesTo: () => Promise.resolve({ includedResources: ['pods'] }),
  execute(item, _backup, { log }) {
    log.info('Executing podAction');
    const { spec, metadata } = item as Pod;
    const additionalItems: ResourceIdentifier[] = [];
    const priorityClass = spec?.priorityClassName ?? '';
    if (priorityClass !== '') {
      log.info(`Adding priorityclass ${priorityClass} to additionalItems`);
      additionalItems.push({
        group: 'scheduling.k8s.io',
        resource: 'priorityclasses',
        namespace: '',
        name: priorityClass,
      });
    }
    const volumes = spec?.volumes ?? [];
    if (volumes.length === 0) log.info('pod has no volumes');
    for (const volume of volumes) {
      const claim = volume.persistentVolumeClaim?.claimName ?? '';
      if (claim === '') continue;
      log.info(`Adding pvc ${claim} to additionalItems`);
      additionalItems.push({
        group: '',
        resource: 'persistentvolumeclaims',
        namespace: metadata.namespace ?? '',
        name: claim,
      });
    }
    log.info('Done executing podAction');
    return Promise.resolve({ item, additionalItems });
  },
};
