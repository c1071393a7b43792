/** `velero.io/pv`: a claim brings its volume along and lies in the backup ready to be bound anew (backup_pv_action.go). */

import type { KubeObject } from '../../api/object.ts';
import type { BackupItemAction } from '../../plugin/contract.ts';

interface Claim extends KubeObject {
  spec?: ClaimSpec;
  status?: { phase?: string };
}

interface ClaimSpec {
  volumeName?: string;
  storageClassName?: string | null;
  selector?: { matchLabels?: Record<string, string> | null; [field: string]: unknown } | null;
  dataSource?: unknown;
  dataSourceRef?: unknown;
  [field: string]: unknown;
}

export const pvAction: BackupItemAction = {
  name: 'velero.io/pv',
  appliesTo: () => Promise.resolve({ includedResources: ['persistentvolumeclaims'] }),
  execute(item, _backup, { log }) {
    log.info('Executing PVCAction');
    const claim = item as Claim;
    const volumeName = claim.spec?.volumeName ?? '';
    if (claim.spec === undefined || claim.status?.phase !== 'Bound' || volumeName === '') {
      return Promise.resolve({ item });
    }
    const spec = forNewVolume(claim.spec);
    return Promise.resolve({
      item: spec === claim.spec ? item : { ...item, spec },
      additionalItems: [{ group: '', resource: 'persistentvolumes', namespace: '', name: volumeName }],
    });
  },
};

/** The spec without what ties it to the volume that it has now; the same object where there is nothing to drop. */
function forNewVolume(spec: ClaimSpec): ClaimSpec {
  const given = (value: unknown) => value !== undefined && value !== null;
  const { dataSource, dataSourceRef, selector, ...rest } = spec;
  const kept = keptSelector(spec);
  if (!given(dataSource) && !given(dataSourceRef) && kept === selector) return spec;
  return kept === undefined || kept === null ? rest : { ...rest, selector: kept };
}

/** Only a claim that wants no class chooses its volume by labels; the labels that a restore added are dropped. */
function keptSelector(spec: ClaimSpec): ClaimSpec['selector'] {
  const { selector, storageClassName } = spec;
  if (selector === undefined || selector === null) return selector;
  if (storageClassName !== '') return undefined;
  const labels = Object.entries(selector.matchLabels ?? {});
  const kept = labels.filter(([key]) => !key.startsWith('velero.io/'));
  if (kept.length === labels.length) return selector;
  const { matchLabels: _dropped, ...others } = selector;
  return kept.length === 0 ? others : { ...others, matchLabels: Object.fromEntries(kept) };
}
