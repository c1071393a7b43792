/** The names of all items of a backup or restore. */

import type { ResourceList } from '../../api/documents/resource-list.ts';
import type { Describer } from '../print/describer.ts';
import type { Fetched } from './fetched.ts';

export function describeResourceList(
  d: Describer,
  what: 'backup' | 'restore',
  list: Fetched<ResourceList>,
): void {
  if (list.state === 'missing') {
    d.line(`Resource List:\t<${what} resource list not found>`);
    return;
  }
  if (list.state !== 'ok') {
    const verb = list.state === 'unreadable' ? 'reading' : 'getting';
    d.line(`Resource List:\t<error ${verb} ${what} resource list: ${list.reason}>`);
    return;
  }
  d.line('Resource List:');
  for (const kind of Object.keys(list.value ?? {}).sort()) {
    d.add(`\t${kind}:\n\t\t- ${(list.value[kind] ?? []).join('\n\t\t- ')}\n`);
  }
}
