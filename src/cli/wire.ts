/** Objects as they are sent. */

import type { KindName } from '../api/kinds.ts';
import type { KubeObject } from '../api/object.ts';

/**
 * An object as the original sends it, zero values included. The definitions behind it are only loaded when something
 * is created, so that help stays fast.
 */
export async function wireObject(kind: KindName, object: KubeObject): Promise<KubeObject> {
  const { kindToWire } = await import('../api/wire.ts');
  return kindToWire(kind, object);
}
