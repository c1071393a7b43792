/** The flags of `velero server` as data (pkg/cmd/server/server.go); what the original does not have comes last. */

import {
  boolFlag,
  durationFlag,
  enumFlag,
  type Flag,
  type FlagValues,
  float32Flag,
  intFlag,
  mapFlag,
  stringFlag,
  stringSliceFlag,
} from '../lib/flag-values.ts';
import { LOG_LEVELS } from '../lib/log.ts';
import { goQuote } from '../lib/go-text.ts';
import { DEFAULT_PRIORITIES, type RestorePriorities } from '../restore/order.ts';
import { DISABLEABLE_CONTROLLERS } from './controllers.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

const LOG_FORMATS = ['text', 'json'] as const;

/** What a server is told on its command line; durations are milliseconds. */
export const serverFlags = {
  'log-level': enumFlag(`The level at which to log. Valid values are ${LOG_LEVELS.join(', ')}.`, LOG_LEVELS, {
    default: 'info',
  }),
  'log-format': enumFlag(
    `The format for log output. Valid values are ${LOG_FORMATS.join(', ')}.`,
    LOG_FORMATS,
    { default: 'text' },
  ),
  'plugin-dir': stringFlag('Directory that holds plugin executables.', { default: '/plugins' }),
  'metrics-address': stringFlag('Address at which Prometheus metrics and the health checks are served.', {
    default: ':8085',
  }),
  'backup-sync-period': durationFlag(
    'How often backups found in object storage are made known to the cluster, unless their backup storage location says otherwise.',
    { default: MINUTE },
  ),
  'fs-backup-timeout': durationFlag('How long file system backups and restores of pod volumes may run.', {
    default: 4 * HOUR,
  }),
  'restore-only': boolFlag(
    'Allow restores only: backups, schedules and garbage collection are off. DEPRECATED: use read-only backup storage locations instead.',
  ),
  'disable-controllers': stringSliceFlag(
    `Controllers not to start. Valid values are ${DISABLEABLE_CONTROLLERS.join(',')}`,
  ),
  'restore-resource-priorities': prioritiesFlag(
    'Order in which resources are restored: those before "-" first, those after it last, all others alphabetically between them.',
  ),
  'default-backup-storage-location': stringFlag(
    'Name of the default backup storage location. DEPRECATED: use "velero backup-location set --default" instead.',
    { default: 'default' },
  ),
  'store-validation-frequency': durationFlag(
    'How often a backup storage location is checked; `0s` turns it off.',
    { default: MINUTE },
  ),
  'default-volume-snapshot-locations': mapFlag(
    'Default volume snapshot location of each provider (provider1:location-01,provider2:location-02,...)',
    { keyValueDelimiter: ':' },
  ),
  'client-qps': float32Flag(
    'Requests per second to the Kubernetes API once the burst limit has been reached. Where neither this nor --client-burst is given, the rate adapts to what the API server takes.',
    { default: 100 },
  ),
  'client-burst': intFlag('Requests to the Kubernetes API in a short period of time.', { default: 100 }),
  'client-page-size': intFlag(
    'Objects a page when the Kubernetes API is listed during a backup; 0 turns paging off.',
    { default: 500 },
  ),
  'profiler-address': stringFlag(
    'Address at which CPU and heap profiles are served; an empty one turns it off.',
    { default: 'localhost:6060' },
  ),
  'terminating-resource-timeout': durationFlag(
    'How long a restore waits for persistent volumes and namespaces to terminate.',
    { default: 10 * MINUTE },
  ),
  'default-backup-ttl': durationFlag('How long a backup is kept where it does not say so itself.', {
    default: 720 * HOUR,
  }),
  'default-repo-maintain-frequency': durationFlag(
    "How often backup repositories are maintained; 0 leaves it to the repository's type.",
  ),
  'garbage-collection-frequency': durationFlag(
    'How often expired backups are looked for; 0 means every hour.',
  ),
  'item-operation-sync-frequency': durationFlag(
    'How often asynchronous operations of backups and restores are asked for their progress; 0 means every 10 seconds.',
  ),
  'default-volumes-to-fs-backup': boolFlag(
    'Back up all volumes of pods by file system backup where a backup does not say otherwise.',
  ),
  'uploader-type': stringFlag('What transfers the data of pod volumes.', { default: 'restic' }),
  'default-item-operation-timeout': durationFlag(
    'How long asynchronous operations of item actions may take.',
    { default: 4 * HOUR },
  ),
  'resource-timeout': durationFlag('How long to wait for resources for which no other timeout applies.', {
    default: 10 * MINUTE,
  }),
  'max-concurrent-k8s-connections': intFlag('Connections to the Kubernetes API server at most.', {
    default: 30,
  }),
  'default-snapshot-move-data': boolFlag(
    'Move the data of snapshots that can be moved where a backup does not say otherwise.',
  ),
  'disable-informer-cache': boolFlag(
    'Read what exists in the cluster object by object during a restore instead of keeping it in memory.',
  ),
  'schedule-skip-immediately': boolFlag('Skip the first backup that is due at once when a schedule is made.'),
  'keep-latest-maintenance-jobs': intFlag('Maintenance jobs to keep of each repository.', { default: 3 }),
  'maintenance-job-cpu-request': stringFlag('CPU request of a maintenance job; none where empty.'),
  'maintenance-job-mem-request': stringFlag('Memory request of a maintenance job; none where empty.'),
  'maintenance-job-cpu-limit': stringFlag('CPU limit of a maintenance job; none where empty.'),
  'maintenance-job-mem-limit': stringFlag('Memory limit of a maintenance job; none where empty.'),
  'concurrent-backups': intFlag('Backups that run at the same time.', { default: 4 }),
  'concurrent-restores': intFlag('Restores that run at the same time.', { default: 4 }),
  'store-retry-timeout': durationFlag(
    'How long a request to an object store that is busy or does not answer is tried again.',
    { default: 2 * MINUTE },
  ),
  'filesystem-store': stringFlag(
    'Directory that backup storage locations of provider velero.io/filesystem keep their buckets in; that provider is off where empty.',
  ),
  'filesystem-store-url': stringFlag(
    "URL at which clients reach this server's metrics address, for downloads from a file system store.",
  ),
};

export type ServerFlagValues = FlagValues<typeof serverFlags>;

/** Every flag at its default. */
export function defaultServerFlags(): ServerFlagValues {
  return Object.fromEntries(
    Object.entries(serverFlags).map(([name, flag]) => [name, flag.default]),
  ) as ServerFlagValues;
}

/**
 * High and low part around a `-`; a part that is not given keeps what it was (pkg/restore/priority.go), so that
 * naming the first resources does not lose the last ones.
 */
function prioritiesFlag(usage: string): Flag<RestorePriorities> {
  return {
    usage,
    default: DEFAULT_PRIORITIES,
    type: {
      typeName: 'stringArray',
      parse: (text, current) => {
        if (text === '') return current;
        const names = text.split(',');
        const at = names.indexOf('-');
        if (at !== names.lastIndexOf('-'))
          throw new Error(`multiple priority separator ${goQuote('-')} found`);
        if (at < 0) return { ...current, high: names };
        return {
          high: at === 0 ? current.high : names.slice(0, at),
          low: at === names.length - 1 ? current.low : names.slice(at + 1),
        };
      },
      print: ({ high, low }) => (low.length > 0 ? [...high, '-', ...low] : [...high]).join(','),
    },
  };
}
