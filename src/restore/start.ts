/** What a restore looks at before its first item. */

import { hasGlob } from '../lib/glob.ts';
import type { RestoreRequest } from './request.ts';

/** What was installed or removed a moment ago counts; what is known already serves where asking fails. */
export async function readTypesAnew({ kube, signal, log }: RestoreRequest): Promise<void> {
  try {
    await kube.discovery.refresh(signal);
  } catch (error) {
    signal.throwIfAborted();
    log.warn('The resource types of the cluster could not be read anew', { error });
  }
}

/** A name that was mistyped restores nothing, which the result alone does not tell. */
export function warnOfAbsentNamespaces({ archive, restore, log }: RestoreRequest): void {
  const names = (restore.spec.includedNamespaces ?? []).filter((name) => name !== '' && !hasGlob(name));
  if (names.length === 0) return;
  const present = new Set(archive.groupResources().flatMap((resource) => archive.namespaces(resource)));
  for (const name of names) {
    if (present.has(name) || archive.find('namespaces', '', name) !== undefined) continue;
    log.warn(
      `Nothing of namespace ${name} is restored: the backup holds nothing of it. Check spec.includedNamespaces of the restore, and what the backup included`,
    );
  }
}
