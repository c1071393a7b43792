/**
 * `configuration.velero.args` of a DataProtectionApplication: flags of the server under their own names
 * (pkg/velero/server, pkg/velero/client and pkg/klog of the operator). Lengths of time are nanoseconds here.
 */

import { count, flag, list, oneOf, optional, pointer, type Static, struct, text } from './schema.ts';

/** Controllers that can be switched off. */
export const disableableControllers = [
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
] as const;

export const logFormats = ['text', 'json'] as const;

function nanoseconds(description: string) {
  return pointer(count(`${description} Nanoseconds.`, 'int64'));
}

export const serverArgs = struct('Flags of the server; replaces what would be made of the other fields.', {
  'metrics-address': optional(text('Where metrics are served.')),
  'backup-sync-period': nanoseconds('How often backups in the store are made known.'),
  'fs-backup-timeout': nanoseconds('How long a pod volume may take.'),
  'terminating-resource-timeout': nanoseconds('How long to wait for a terminating namespace or volume.'),
  'default-backup-ttl': nanoseconds('How long backups are kept.'),
  'store-validation-frequency': nanoseconds('How often stores are tried.'),
  'restore-resource-priorities': optional(text('Order in which resources are restored.')),
  // The original puts the words on the list instead of on its items, which refuses every list.
  'disabled-controllers': optional(
    list('Controllers that do not run.', oneOf('A controller.', disableableControllers)),
  ),
  'client-qps': pointer(text('Requests to the API server a second.')),
  'client-burst': pointer(count('Requests to the API server that may come at once.')),
  'client-page-size': pointer(count('Items a page of a list.')),
  'profiler-address': optional(text('Where profiles are served.')),
  'item-operation-sync-frequency': nanoseconds('How often asynchronous operations are looked at.'),
  'log-format': optional(oneOf('How log lines look.', logFormats)),
  'default-repo-maintain-frequency': nanoseconds('How often repositories are maintained.'),
  'garbage-collection-frequency': nanoseconds('How often expired backups are looked for.'),
  'default-volumes-to-fs-backup': pointer(
    flag('Whether pod volumes are backed up from the file system by default.'),
  ),
  'default-item-operation-timeout': nanoseconds('How long asynchronous operations may take.'),
  'resource-timeout': nanoseconds('How long to wait for other resources.'),
  'max-concurrent-k8s-connections': pointer(count('Connections to the API server at a time.')),
  colorized: pointer(flag('Whether output is coloured.')),
  logtostderr: pointer(flag('Whether the library logs to standard error.')),
  alsologtostderr: pointer(flag('Whether the library logs to standard error and files.')),
  stderrthreshold: pointer(count('From which severity the library logs to standard error.')),
  log_backtrace_at: optional(text('Where the library logs a stack trace.')),
  vmodule: optional(text('How much the library logs, by file.')),
  v: pointer(count('How much the library logs.')),
  log_dir: optional(text('Folder of the library log.')),
  log_file: optional(text('File of the library log.')),
  log_file_max_size: pointer(count('Most megabytes of that file.', 'int64', { minimum: 0 })),
  skip_headers: pointer(flag('Whether the library log has no headers.')),
  skip_log_headers: pointer(flag('Whether the files of the library log have no headers.')),
  add_dir_header: pointer(flag('Whether headers of the library log show the folder.')),
  one_output: pointer(flag('Whether each severity goes to its own file alone.')),
});
export type ServerArgs = Static<typeof serverArgs>;
