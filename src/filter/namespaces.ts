/** Which namespaces are to be listed for a namespace filter (getNamespacesToList in pkg/backup/item_collector.go). */

import { compileGlob, hasGlob } from '../lib/glob.ts';
import type { IncludesExcludes } from './includes-excludes.ts';

export interface NamespacesToList {
  /** One list over all namespaces serves; what is excluded is dropped item by item. */
  all: boolean;
  /** Where not all: the namespaces to list one by one, sorted. */
  names: readonly string[];
  /** Patterns among the includes that no live namespace matches. */
  unmatched: readonly string[];
}

/**
 * Resolves a namespace filter. Names are taken as they are, also where no such namespace exists; patterns are expanded
 * against `live`, as later versions of the original do (1.14 lists a namespace of that literal name).
 */
export function namespacesToList(filter: IncludesExcludes, live: Iterable<string>): NamespacesToList {
  if (filter.shouldInclude('*')) return { all: true, names: [], unmatched: [] };
  const names = new Set<string>();
  const unmatched: string[] = [];
  const known = [...live];
  for (const include of filter.includes) {
    if (!hasGlob(include)) {
      if (filter.shouldInclude(include)) names.add(include);
      continue;
    }
    const matches = compileGlob(include);
    const found = matches === undefined ? [] : known.filter(matches);
    if (found.length === 0) unmatched.push(include);
    for (const name of found) if (filter.shouldInclude(name)) names.add(name);
  }
  return { all: false, names: [...names].sort(), unmatched };
}
