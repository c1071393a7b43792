/** Objects as JSON and YAML, as the original's typed objects come out: every key in its place, zero values included. */

import type { KindName } from '../../api/kinds.ts';
import { apiVersionOf, KINDS } from '../../api/kinds.ts';
import type { KubeObject } from '../../api/object.ts';
import { kindToWire } from '../../api/wire.ts';
import { toGoYaml } from '../../lib/go-yaml.ts';

export interface Encodable {
  readonly kind: KindName;
  readonly objects: readonly KubeObject[];
  /** Given where one object is to be shown, not a list. */
  readonly single?: KubeObject | undefined;
  /** The list's resource version, where the objects were listed. */
  readonly resourceVersion?: string | undefined;
}

/** Two blanks of indentation, no newline at the end. */
export function encodeJson(what: Encodable): string {
  return JSON.stringify(documentOf(what), null, 2).replace(
    /[<>&\u2028\u2029]/g,
    // Go escapes what would be read as HTML; such characters only occur inside of texts.
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

export function encodeYaml(what: Encodable): string {
  return toGoYaml(documentOf(what));
}

function documentOf({ kind, objects, single, resourceVersion }: Encodable): unknown {
  const apiVersion = apiVersionOf(KINDS[kind]);
  const one = (object: KubeObject) => kindToWire(kind, { ...object, kind, apiVersion });
  if (single) return one(single);
  return {
    kind: `${kind}List`,
    apiVersion,
    metadata: resourceVersion === undefined ? {} : { resourceVersion },
    items: objects.map(one),
  };
}
