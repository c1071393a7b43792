/** The flags of `install`, and which of them cannot be meant together (pkg/cmd/cli/install/install.go). */

import {
  boolFlag,
  durationFlag,
  type FlagValues,
  intFlag,
  mapFlag,
  stringArrayFlag,
  stringFlag,
} from '../../lib/flag-values.ts';
import { IMAGE } from '../../lib/version.ts';
import { invalid } from '../backup/spec-flags.ts';
import { outputFlags } from '../output.ts';

const pod = (what: string, name: string, fallback: string) =>
  stringFlag(`${what} of the ${name} pod; "0" means none. Optional.`, { default: fallback });
const job = (what: string) => stringFlag(`${what} of maintenance jobs; none by default.`);

export const installFlags = {
  provider: stringFlag('Provider name for backup and volume storage'),
  bucket: stringFlag('Name of the object storage bucket where backups should be stored'),
  'secret-file': stringFlag(
    'File with the credentials for the provider. Where it is not given, --no-secret must be. Optional.',
  ),
  'no-secret': boolFlag('Create no secret; confirms that no --secret-file is given. Optional.'),
  'no-default-backup-location': boolFlag(
    'Create no default backup location; confirms that no --bucket or --provider is given. Optional.',
  ),
  image: stringFlag('Image of the server and of the node agent. Optional.', { default: IMAGE }),
  prefix: stringFlag('Path within the bucket under which everything is stored. Optional.'),
  'pod-annotations': mapFlag('Annotations of the pods. Optional. Format is key1=value1,key2=value2'),
  'pod-labels': mapFlag('Labels of the pods. Optional. Format is key1=value1,key2=value2'),
  'sa-annotations': mapFlag(
    'Annotations of the service account, e.g. iam.gke.io/gcp-service-account=[GSA_NAME]@[PROJECT_NAME].iam.gserviceaccount.com for workload identity. Optional. Format is key1=value1,key2=value2',
  ),
  'service-account-name': stringFlag(
    "Service account of the pods. It must exist and have its rights already; 'velero' is not created then, and --sa-annotations is without effect. Optional.",
  ),
  'velero-pod-cpu-request': pod('CPU request', 'Velero', '500m'),
  'velero-pod-mem-request': pod('Memory request', 'Velero', '128Mi'),
  'velero-pod-cpu-limit': pod('CPU limit', 'Velero', '1000m'),
  'velero-pod-mem-limit': pod('Memory limit', 'Velero', '512Mi'),
  'node-agent-pod-cpu-request': pod('CPU request', 'node-agent', '0'),
  'node-agent-pod-mem-request': pod('Memory request', 'node-agent', '0'),
  'node-agent-pod-cpu-limit': pod('CPU limit', 'node-agent', '0'),
  'node-agent-pod-mem-limit': pod('Memory limit', 'node-agent', '0'),
  'backup-location-config': mapFlag(
    'Configuration of the backup storage location. Format is key1=value1,key2=value2',
  ),
  'snapshot-location-config': mapFlag(
    'Configuration of the volume snapshot location. Format is key1=value1,key2=value2',
  ),
  'use-volume-snapshots': boolFlag(
    'Create a volume snapshot location; set to false where no provider takes snapshots.',
    { default: true },
  ),
  'restore-only': boolFlag('Run the server in restore-only mode. Optional.'),
  'dry-run': boolFlag('Make the resources, but do not send them to the cluster. For use with -o. Optional.'),
  'use-node-agent': boolFlag(
    'Create the node-agent daemonset, which moves the data of volumes on its node. Optional.',
  ),
  'privileged-node-agent': boolFlag(
    'Run the node agent in privileged mode; needed for block devices. Optional.',
  ),
  wait: boolFlag('Wait for Velero deployment to be ready. Optional.'),
  'default-repo-maintain-frequency': durationFlag(
    "How often 'maintain' is run for backup repositories by default. Optional.",
  ),
  'garbage-collection-frequency': durationFlag(
    'How often expired backups are removed; every hour unless given',
  ),
  'pod-volume-operation-timeout': durationFlag(
    'How long backups and restores of pod volumes may take; 4 hours unless given. Optional.',
  ),
  plugins: stringArrayFlag('Plugin container images to install into the Velero Deployment'),
  'crds-only': boolFlag('Only the CustomResourceDefinitions, e.g. to update those of an installation.'),
  cacert: stringFlag('File with the certificates to trust when speaking TLS to the object store. Optional.'),
  features: stringFlag('Comma-separated list of features of the server and of the node agent'),
  'default-volumes-to-fs-backup': boolFlag('Back up all volumes from the file system by default. Optional.'),
  'uploader-type': stringFlag(
    "What transfers the data of pod volumes, the supported values are 'restic', 'kopia'",
    { default: 'kopia' },
  ),
  'default-snapshot-move-data': boolFlag(
    'Move the data of all snapshots that can be moved by default. Optional.',
  ),
  'disable-informer-cache': boolFlag(
    'Keep no copy of what the cluster has during a restore: less memory, but more requests. Optional.',
  ),
  'schedule-skip-immediately': boolFlag('Skip the backup that is due at once when a schedule is created.'),
  'keep-latest-maintenance-jobs': intFlag(
    'Number of latest maintenance jobs to keep each repository. Optional.',
  ),
  'maintenance-job-cpu-request': job('CPU request'),
  'maintenance-job-mem-request': job('Memory request'),
  'maintenance-job-cpu-limit': job('CPU limit'),
  'maintenance-job-mem-limit': job('Memory limit'),
  ...outputFlags(''),
};

export type InstallValues = FlagValues<typeof installFlags>;

/** Refuses what cannot be meant. @throws Failure with the original's texts, in its order */
export function checkInstall(flags: InstallValues): void {
  const uploader = flags['uploader-type'];
  if (uploader !== 'kopia' && uploader !== 'restic') {
    throw invalid(`invalid uploader type '${uploader}', valid upload types are: 'restic', 'kopia'`);
  }
  if (flags['crds-only']) return;
  if (flags.bucket.startsWith('-')) {
    throw invalid(`Bucket names cannot begin with a dash. Bucket name was: ${flags.bucket}`);
  }
  checkLocations(flags);
  if (flags['default-volumes-to-fs-backup'] && !flags['use-node-agent']) {
    throw invalid('--use-node-agent is required when using --default-volumes-to-fs-backup');
  }
  if (flags['secret-file'] === '' && !flags['no-secret']) {
    throw invalid('One of --secret-file or --no-secret is required');
  }
  if (flags['secret-file'] !== '' && flags['no-secret']) {
    throw invalid('Cannot use both --secret-file and --no-secret');
  }
  for (const name of [
    'default-repo-maintain-frequency',
    'garbage-collection-frequency',
    'pod-volume-operation-timeout',
  ] as const) {
    if (flags[name] < 0) throw invalid(`--${name} must be non-negative`);
  }
}

function checkLocations(flags: InstallValues): void {
  const without = flags['no-default-backup-location'];
  const snapshots = flags['use-volume-snapshots'];
  if (without) {
    const clash = (name: string) =>
      invalid(`Cannot use both --${name} and --no-default-backup-location at the same time`);
    if (flags.bucket !== '') throw clash('bucket');
    if (flags.prefix !== '') throw clash('prefix');
    if (Object.keys(flags['backup-location-config']).length > 0) throw clash('backup-location-config');
  } else {
    if (flags.provider === '') throw invalid('--provider is required');
    if (flags.bucket === '') throw invalid('--bucket is required');
  }
  if (snapshots && flags.provider === '') {
    throw invalid('--provider is required when --use-volume-snapshots is set to true');
  }
  if (!snapshots && Object.keys(flags['snapshot-location-config']).length > 0) {
    throw invalid('--snapshot-location-config must be empty when --use-volume-snapshots=false');
  }
  if (without && !snapshots) {
    if (flags.provider !== '') {
      throw invalid(
        '--provider must be empty when using --no-default-backup-location and --use-volume-snapshots=false',
      );
    }
  } else if (flags.plugins.length === 0) throw invalid('--plugins flag is required');
}
