/** `snapshot-location get` (pkg/cmd/cli/snapshotlocation/get.go). */

import type { VolumeSnapshotLocation } from '../../api/volume-snapshot-location.ts';
import { type Command, defineCommand } from '../command.ts';
import { getOrList, selectorFlag } from '../objects.ts';
import { checkOutput, outputFlags, printList } from '../output.ts';
import { volumeSnapshotLocationPrinting } from '../print/kinds.ts';

export function getSnapshotLocations(use: string, aliases: readonly string[] = []): Command {
  return defineCommand({
    use,
    aliases,
    short: 'Get snapshot locations',
    flags: { ...selectorFlag(), ...outputFlags('table') },
    async run({ flags, args, session }) {
      checkOutput(flags);
      const { selector } = flags;
      const listed = await getOrList<VolumeSnapshotLocation>(session, 'VolumeSnapshotLocation', args, {
        selector,
      });
      await printList(session, flags, volumeSnapshotLocationPrinting, listed);
    },
  });
}
