/** Lists of included and excluded names with wildcards (pkg/util/collections/includes_excludes.go of the original). */

import { compileGlob, hasGlob } from '../lib/glob.ts';

/** Names and patterns; a malformed pattern matches nothing and does not hide the others. */
class NameSet {
  readonly list: readonly string[];
  readonly #names: ReadonlySet<string>;
  readonly #patterns: readonly ((text: string) => boolean)[];

  constructor(items: readonly string[]) {
    this.list = [...new Set(items)].sort();
    this.#names = new Set(this.list);
    this.#patterns = this.list
      .filter(hasGlob)
      .map((pattern) => compileGlob(pattern))
      .filter((test) => test !== undefined);
  }

  has(name: string): boolean {
    return this.#names.has(name);
  }

  matches(name: string): boolean {
    return (!hasGlob(name) && this.#names.has(name)) || this.#patterns.some((test) => test(name));
  }
}

/** Everything that is included and not excluded; excluded wins, and an empty list of includes means everything. */
export class IncludesExcludes {
  readonly #includes: NameSet;
  readonly #excludes: NameSet;

  constructor(
    includes: readonly string[] | null | undefined,
    excludes: readonly string[] | null | undefined,
  ) {
    this.#includes = new NameSet(includes ?? []);
    this.#excludes = new NameSet(excludes ?? []);
  }

  /** Sorted, each once. */
  get includes(): readonly string[] {
    return this.#includes.list;
  }

  get excludes(): readonly string[] {
    return this.#excludes.list;
  }

  shouldInclude(name: string): boolean {
    return !this.#excludes.matches(name) && this.includeMatches(name);
  }

  /** Passes the list of includes, whatever the excludes say. */
  includeMatches(name: string): boolean {
    return this.#includes.list.length === 0 || this.#includes.has('*') || this.#includes.matches(name);
  }

  /** Named by the includes, where an empty list names nothing. */
  includeNames(name: string): boolean {
    return this.#includes.has('*') || this.#includes.matches(name);
  }

  excludeMatches(name: string): boolean {
    return this.#excludes.matches(name);
  }

  /** True where the list of excludes holds `*` itself. */
  get excludesAll(): boolean {
    return this.#excludes.has('*');
  }

  /** True where nothing is filtered: no includes or `*` alone, and no excludes. */
  get includesEverything(): boolean {
    const { list } = this.#includes;
    return this.#excludes.list.length === 0 && (list.length === 0 || (list.length === 1 && list[0] === '*'));
  }

  /** For logs: `a, b`, or `*`. */
  includesText(): string {
    return this.includes.length === 0 ? '*' : this.includes.join(', ');
  }

  /** For logs: `a, b`, or `<none>`. */
  excludesText(): string {
    return this.excludes.length === 0 ? '<none>' : this.excludes.join(', ');
  }
}
