/** The controllers of a server by the names that flags, logs and documentation use (pkg/controller/constants.go). */

import { Failure } from '../lib/errors.ts';

/** Those that `--disable-controllers` accepts, in the order in which its help lists them. */
export const DISABLEABLE_CONTROLLERS = [
  'backup',
  'backup-operations',
  'backup-deletion',
  'backup-finalizer',
  'backup-sync',
  'download-request',
  'gc',
  'backup-repo',
  'restore',
  'restore-operations',
  'schedule',
  'server-status-request',
  'restore-finalizer',
] as const;

export type ControllerName = (typeof DISABLEABLE_CONTROLLERS)[number];

/** What `--restore-only` leaves out. */
const NOT_IN_RESTORE_ONLY: readonly ControllerName[] = [
  'backup',
  'backup-deletion',
  'backup-finalizer',
  'backup-operations',
  'gc',
  'schedule',
];

/**
 * The controllers that are to run.
 * @throws Failure `INVALID_FLAG` where a name is not known. Naming one twice, or one that `--restore-only` leaves out
 *   anyway, is no fault: the original stops there because its second removal no longer finds the name.
 */
export function enabledControllers(disabled: readonly string[], restoreOnly: boolean): Set<ControllerName> {
  const enabled = new Set<ControllerName>(DISABLEABLE_CONTROLLERS);
  for (const name of disabled) {
    if (!isControllerName(name)) {
      throw new Failure({
        code: 'INVALID_FLAG',
        message: `Invalid value for --disable-controllers flag provided: ${name}. Valid values are: ${DISABLEABLE_CONTROLLERS.join(',')}`,
        object: 'flag --disable-controllers',
        remedy: 'name only controllers of that list, separated by commas',
      });
    }
    enabled.delete(name);
  }
  if (restoreOnly) for (const name of NOT_IN_RESTORE_ONLY) enabled.delete(name);
  return enabled;
}

function isControllerName(name: string): name is ControllerName {
  return (DISABLEABLE_CONTROLLERS as readonly string[]).includes(name);
}
