/** `snapshot-location create` (pkg/cmd/cli/snapshotlocation/create.go). */

import { apiVersionOf, KINDS } from '../../api/kinds.ts';
import type { VolumeSnapshotLocation } from '../../api/volume-snapshot-location.ts';
import { mapFlag, stringFlag } from '../../lib/flag-values.ts';
import { goQuote } from '../../lib/go-text.ts';
import { dropUndefined, invalid } from '../backup/spec-flags.ts';
import { type Command, defineCommand, exactArgs } from '../command.ts';
import { credentialFlag, credentialOf } from '../location.ts';
import { checkOutput, outputFlags, printObject } from '../output.ts';
import { volumeSnapshotLocationPrinting } from '../print/kinds.ts';
import { wireObject } from '../wire.ts';

export function createSnapshotLocation(use: string): Command {
  return defineCommand({
    use: `${use} NAME`,
    short: 'Create a volume snapshot location',
    args: exactArgs(1),
    flags: {
      provider: stringFlag('Name of the volume snapshot provider (e.g. aws, azure, gcp).'),
      config: mapFlag('Configuration key-value pairs.'),
      labels: mapFlag('Labels to apply to the volume snapshot location.'),
      ...credentialFlag('Credential'),
      ...outputFlags(''),
    },
    async run({ flags, args, session }) {
      checkOutput(flags);
      if (flags.provider === '') throw invalid('--provider is required');
      const name = args[0] as string;
      const location: VolumeSnapshotLocation = {
        apiVersion: apiVersionOf(KINDS.VolumeSnapshotLocation),
        kind: 'VolumeSnapshotLocation',
        metadata: { name, namespace: session.namespace, labels: { ...flags.labels } },
        spec: dropUndefined({
          provider: flags.provider,
          config: { ...flags.config },
          credential: credentialOf(flags.credential),
        }),
      };
      if (await printObject(session, flags, volumeSnapshotLocationPrinting, location)) return;
      const kube = await session.kube();
      const wire = await wireObject('VolumeSnapshotLocation', location);
      await kube.create(KINDS.VolumeSnapshotLocation, wire, session.namespace);
      await session.print(`Snapshot volume location ${goQuote(name)} configured successfully.`);
    },
  });
}
