/** `backup-location set` (pkg/cmd/cli/backuplocation/set.go). */

import type { BackupStorageLocation } from '../../api/backup-storage-location.ts';
import { KINDS } from '../../api/kinds.ts';
import { optionalBoolFlag, stringFlag } from '../../lib/flag-values.ts';
import { goQuote } from '../../lib/go-text.ts';
import { dropUndefined, invalid } from '../backup/spec-flags.ts';
import { type Command, defineCommand, exactArgs } from '../command.ts';
import { credentialFlag, credentialOf, fileAsBase64 } from '../location.ts';
import { getObject } from '../objects.ts';
import { defaultLocations } from './defaults.ts';

export function setBackupLocation(use: string): Command {
  return defineCommand({
    use: `${use} NAME`,
    short: 'Set specific features for a backup storage location',
    args: exactArgs(1),
    flags: {
      cacert: stringFlag(
        'File with the certificates to trust when speaking TLS to the object store. An empty name removes those that the location has. Optional.',
      ),
      ...credentialFlag('Sets the credential'),
      default: optionalBoolFlag('Make this location the default one. Optional.'),
    },
    async run({ flags, changed, args, session }) {
      const name = args[0] as string;
      const credential = credentialOf(flags.credential);
      const caCert = await fileAsBase64(session, flags.cacert);
      const location = await getObject<BackupStorageLocation>(session, 'BackupStorageLocation', name);
      if (flags.default === true) {
        const defaults = await defaultLocations(session);
        const others = defaults.filter(({ metadata }) => metadata.name !== name);
        if (others.length > 0) {
          throw invalid('there are already exist default backup storage locations, please unset them first');
        }
        if (defaults.length > 0) {
          await session.print(
            `Backup storage location ${goQuote(name)} is already the default backup storage location.`,
          );
          return;
        }
      }
      const { caCert: trusted, ...storage } = location.spec.objectStorage;
      const spec = dropUndefined({
        ...location.spec,
        // Certificates are kept unless the flag is given: the original loses them by any other change.
        objectStorage: dropUndefined({ ...storage, caCert: changed('cacert') ? caCert : trusted }),
        credential: credential ?? location.spec.credential,
        default: flags.default ?? location.spec.default,
      });
      const kube = await session.kube();
      await kube.update(KINDS.BackupStorageLocation, { ...location, spec });
      await session.print(`Backup storage location ${goQuote(name)} configured successfully.`);
    },
  });
}
