/** The built-in actions on items of a backup that is deleted, by name. The CSI actions have their place before these. */

import type { KubeClient } from '../../kube/contract.ts';
import type { DeleteItemAction } from '../../plugin/contract.ts';
import { dataUploadDelete } from './dataupload-delete.ts';

/** All of them, in the order in which they run. */
export function deleteActions(deps: { kube: KubeClient }): DeleteItemAction[] {
  return [dataUploadDelete(deps)];
}
