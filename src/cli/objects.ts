/** How commands find the objects that they are about. */

import type { LabelSelector } from '../api/core/references.ts';
import type { KindName } from '../api/kinds.ts';
import { KINDS } from '../api/kinds.ts';
import type { KubeObject } from '../api/object.ts';
import { labelSelectorText, Selector } from '../filter/selector.ts';
import { type Flag, stringFlag } from '../lib/flag-values.ts';
import type { Listed } from './output.ts';
import type { Session } from './session.ts';

/** `-l` of get and describe: the selector's text. */
export function selectorFlag(): { selector: Flag<string> } {
  return { selector: stringFlag('Only show items matching this label selector.', { shorthand: 'l' }) };
}

export interface ListWish {
  /** A selector's text; everything where empty. */
  selector?: string;
  /** The original asks all namespaces for some kinds where no names are given. */
  allNamespaces?: boolean;
}

/**
 * One object by name, with `spec` and `status` present.
 * @throws KubeError with the server's message, e.g. `backups.velero.io "x" not found`
 */
export async function getObject<T extends KubeObject>(
  session: Session,
  kind: KindName,
  name: string,
): Promise<T> {
  const kube = await session.kube();
  return complete(await kube.get<T>(KINDS[kind], name, session.namespace));
}

/**
 * The named objects, or without names those that match.
 * @throws KubeError; the first name that does not exist ends it
 */
export async function getOrList<T extends KubeObject>(
  session: Session,
  kind: KindName,
  names: readonly string[],
  wish: ListWish = {},
): Promise<Listed<T>> {
  if (names.length > 0) {
    const objects: T[] = [];
    for (const name of names) objects.push(await getObject<T>(session, kind, name));
    return { objects };
  }
  return listObjects<T>(session, kind, wish);
}

/** All objects of a kind that match. @throws Failure for a selector that cannot be read; KubeError */
export async function listObjects<T extends KubeObject>(
  session: Session,
  kind: KindName,
  { selector = '', allNamespaces = false }: ListWish = {},
): Promise<Listed<T>> {
  const labelSelector = Selector.parse(selector).toString();
  const kube = await session.kube();
  const objects: T[] = [];
  let resourceVersion: string | undefined;
  const pages = kube.pages(KINDS[kind], {
    namespace: allNamespaces ? undefined : session.namespace,
    labelSelector: labelSelector === '' ? undefined : labelSelector,
  });
  for await (const page of pages) {
    resourceVersion = page.resourceVersion;
    for (const { object } of page.items) objects.push(complete(object as T));
  }
  return { objects, resourceVersion };
}

/** The text of a selector given as an object; empty for none. */
export function selectorOf(selector: LabelSelector | undefined): string {
  return selector === undefined ? '' : labelSelectorText(selector);
}

/** A manifest may lack `spec` and `status`; here both are always there. */
function complete<T extends KubeObject>(object: T): T {
  return { ...object, spec: object['spec'] ?? {}, status: object['status'] ?? {} };
}
