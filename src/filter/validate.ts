/** Checks of filter lists, with the original's texts (pkg/util/collections/includes_excludes.go). */

import { goQuote } from '../lib/go-text.ts';

type Names = readonly string[] | null | undefined;

/** Faults of a list of resources or namespaces: `*` only alone and only in the includes, nothing in both lists. */
export function validateIncludesExcludes(includes: Names, excludes: Names): string[] {
  const included = sortedSet(includes);
  const excluded = sortedSet(excludes);
  const faults: string[] = [];
  if (included.length > 1 && included.includes('*')) {
    faults.push("includes list must either contain '*' only, or a non-empty list of items");
  }
  if (excluded.includes('*')) faults.push("excludes list cannot contain '*'");
  return [...faults, ...inBoth(included, excluded)];
}

/** Faults of the lists of cluster-scoped or namespace-scoped resources, whose excludes may be `*`. */
export function validateScopedIncludesExcludes(includes: Names, excludes: Names): string[] {
  const included = sortedSet(includes);
  const excluded = sortedSet(excludes);
  const faults: string[] = [];
  if (included.length > 1 && included.includes('*')) {
    faults.push("includes list must either contain '*' only, or a non-empty list of items");
  }
  if (excluded.length > 1 && excluded.includes('*')) {
    faults.push("excludes list must either contain '*' only, or a non-empty list of items");
  }
  if (included.length > 0 && excluded.includes('*')) {
    faults.push("when exclude is '*', include cannot have value");
  }
  return [...faults, ...inBoth(included, excluded)];
}

/** Faults of the namespace lists: as resources, and each must be a name that a namespace can have, wildcards aside. */
export function validateNamespaceIncludesExcludes(includes: Names, excludes: Names): string[] {
  return [
    ...validateIncludesExcludes(includes, excludes),
    ...sortedSet(includes).flatMap(namespaceFaults),
    ...sortedSet(excludes).flatMap(namespaceFaults),
  ];
}

function inBoth(included: readonly string[], excluded: readonly string[]): string[] {
  return excluded
    .filter((item) => included.includes(item))
    .map((item) => `excludes list cannot contain an item in the includes list: ${item}`);
}

function namespaceFaults(namespace: string): string[] {
  // The empty name stands for cluster-scoped items.
  if (namespace === '') return [];
  // Wildcards stand for some letter; sets and single characters are ours, the original knows `*` here only.
  const plain = namespace.replace(/\[!?[^\]]+\]/g, 'x').replace(/[*?]/g, 'x');
  return labelFaults(plain).map((fault) => `invalid namespace ${goQuote(namespace)}: ${fault}`);
}

const LABEL = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;

/** What keeps a text from being an RFC 1123 label (apimachinery's IsDNS1123Label). */
export function labelFaults(text: string): string[] {
  const faults: string[] = [];
  if (Buffer.byteLength(text) > 63) faults.push('must be no more than 63 characters');
  if (!LABEL.test(text)) {
    faults.push(
      "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')",
    );
  }
  return faults;
}

function sortedSet(names: Names): string[] {
  return [...new Set(names ?? [])].sort();
}
