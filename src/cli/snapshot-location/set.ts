/** `snapshot-location set` (pkg/cmd/cli/snapshotlocation/set.go). */

import { KINDS } from '../../api/kinds.ts';
import type { VolumeSnapshotLocation } from '../../api/volume-snapshot-location.ts';
import { goQuote } from '../../lib/go-text.ts';
import { type Command, defineCommand, exactArgs } from '../command.ts';
import { credentialFlag, credentialOf } from '../location.ts';
import { getObject } from '../objects.ts';

export function setSnapshotLocation(use: string): Command {
  return defineCommand({
    use: `${use} NAME`,
    short: 'Set specific features for a snapshot location',
    args: exactArgs(1),
    flags: credentialFlag('Sets the credential'),
    async run({ flags, args, session }) {
      const name = args[0] as string;
      const credential = credentialOf(flags.credential);
      const location = await getObject<VolumeSnapshotLocation>(session, 'VolumeSnapshotLocation', name);
      const spec = { ...location.spec, ...(credential && { credential }) };
      const kube = await session.kube();
      await kube.update(KINDS.VolumeSnapshotLocation, { ...location, spec });
      await session.print(`Volume snapshot location ${goQuote(name)} configured successfully.`);
    },
  });
}
