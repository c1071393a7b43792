/** Items of a backup archive as objects. */

import type { KubeObject } from '../api/object.ts';
import { parseJson } from '../lib/json.ts';
import { Failure } from '../lib/errors.ts';
import type { Archive, ArchiveItem } from '../storage/archive/reader.ts';

/**
 * Reads one item.
 * @throws Failure where its bytes are no object with a kind; the Archive's own where they cannot be read
 */
export async function readItem(archive: Archive, item: ArchiveItem): Promise<KubeObject> {
  const bytes = await archive.read(item);
  const object = parseJson(bytes.toString('utf8'));
  if (typeof object !== 'object' || object === null || Array.isArray(object)) {
    throw new Failure({
      code: 'RESTORE_ITEM_UNREADABLE',
      message: 'the file holds no JSON object',
      object: item.path,
    });
  }
  if (typeof (object as Partial<KubeObject>).kind !== 'string') {
    throw new Failure({
      code: 'RESTORE_ITEM_UNREADABLE',
      message: "Object 'Kind' is missing",
      object: item.path,
    });
  }
  return object as KubeObject;
}
