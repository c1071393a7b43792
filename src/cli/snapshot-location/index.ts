/** `velero snapshot-location …` */

import { type Command, defineCommand } from '../command.ts';
import { createSnapshotLocation } from './create.ts';
import { getSnapshotLocations } from './get.ts';
import { setSnapshotLocation } from './set.ts';

export function snapshotLocationCommand(): Command {
  return defineCommand({
    use: 'snapshot-location',
    short: 'Work with snapshot locations',
    commands: [createSnapshotLocation('create'), getSnapshotLocations('get'), setSnapshotLocation('set')],
  });
}
