/** `backup-location create` (pkg/cmd/cli/backuplocation/create.go). */

import type {
  BackupStorageLocation,
  BackupStorageLocationAccessMode,
} from '../../api/backup-storage-location.ts';
import { apiVersionOf, KINDS } from '../../api/kinds.ts';
import { formatDuration } from '../../lib/duration.ts';
import { boolFlag, durationFlag, enumFlag, mapFlag, stringFlag } from '../../lib/flag-values.ts';
import { goQuote } from '../../lib/go-text.ts';
import { dropUndefined, invalid } from '../backup/spec-flags.ts';
import { type Command, defineCommand, exactArgs } from '../command.ts';
import { credentialFlag, credentialOf, fileAsBase64 } from '../location.ts';
import { checkOutput, outputFlags, printObject } from '../output.ts';
import { backupStorageLocationPrinting } from '../print/kinds.ts';
import { defaultLocations } from './defaults.ts';
import { wireObject } from '../wire.ts';

const ACCESS_MODES: readonly BackupStorageLocationAccessMode[] = ['ReadWrite', 'ReadOnly'];

export function createBackupLocation(use: string): Command {
  return defineCommand({
    use: `${use} NAME`,
    short: 'Create a backup storage location',
    args: exactArgs(1),
    flags: {
      provider: stringFlag('Name of the backup storage provider (e.g. aws, azure, gcp).'),
      bucket: stringFlag('Name of the object storage bucket where backups should be stored.'),
      ...credentialFlag('Credential'),
      default: boolFlag('Make this location the default one. Optional.'),
      prefix: stringFlag('Path within the bucket under which everything is stored. Optional.'),
      'backup-sync-period': durationFlag(
        'How often backups found in the object storage are made known to the cluster. Optional. `0s` means never. Default: 1 minute.',
      ),
      'validation-frequency': durationFlag(
        'How often the location is checked. Optional. `0s` means never. Default 1 minute.',
      ),
      config: mapFlag('Configuration key-value pairs.'),
      labels: mapFlag('Labels to apply to the backup storage location.'),
      cacert: stringFlag(
        'File with the certificates to trust when speaking TLS to the object store. Optional.',
      ),
      'access-mode': enumFlag<BackupStorageLocationAccessMode>(
        `Access mode for the backup storage location. Valid values are ${ACCESS_MODES.join(',')}`,
        ACCESS_MODES,
        { default: 'ReadWrite' },
      ),
      ...outputFlags(''),
    },
    async run({ flags, changed, args, session }) {
      checkOutput(flags);
      if (flags.provider === '') throw invalid('--provider is required');
      if (flags.bucket === '') throw invalid('--bucket is required');
      if (flags['backup-sync-period'] < 0) throw invalid('--backup-sync-period must be non-negative');
      const credential = credentialOf(flags.credential);
      const name = args[0] as string;
      const given = (flag: 'backup-sync-period' | 'validation-frequency') =>
        changed(flag) ? formatDuration(flags[flag]) : undefined;
      const location: BackupStorageLocation = {
        apiVersion: apiVersionOf(KINDS.BackupStorageLocation),
        kind: 'BackupStorageLocation',
        metadata: { name, namespace: session.namespace, labels: { ...flags.labels } },
        spec: dropUndefined({
          provider: flags.provider,
          config: { ...flags.config },
          credential,
          objectStorage: dropUndefined({
            bucket: flags.bucket,
            prefix: flags.prefix,
            caCert: await fileAsBase64(session, flags.cacert),
          }),
          default: flags.default,
          accessMode: flags['access-mode'],
          backupSyncPeriod: given('backup-sync-period'),
          validationFrequency: given('validation-frequency'),
        }),
      };
      if (await printObject(session, flags, backupStorageLocationPrinting, location)) return;
      if (flags.default && (await defaultLocations(session)).length > 0) {
        throw invalid(
          'there is already exist default backup storage location, please unset it first or do not set --default flag',
        );
      }
      const kube = await session.kube();
      const wire = await wireObject('BackupStorageLocation', location);
      await kube.create(KINDS.BackupStorageLocation, wire, session.namespace);
      await session.print(`Backup storage location ${goQuote(name)} configured successfully.`);
    },
  });
}
