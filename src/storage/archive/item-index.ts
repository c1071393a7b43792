/**
 * Where each item of an archive lies, by kind, version directory, namespace and name. Compact: for 300,000 objects
 * there are 600,000 entries, so an entry is one string and two numbers in arrays, never an object.
 */

import { goQuote } from '../../lib/go-text.ts';
import { CLUSTER_DIR, itemPath, NAMESPACES_DIR, PREFERRED_SUFFIX, RESOURCES_DIR } from './paths.ts';

/** The parts of an item's path; `versionDir` is empty for the directory without a version. */
export interface ParsedPath {
  groupResource: string;
  versionDir: string;
  namespace: string;
  name: string;
}

/** Position in the spool. */
export interface Extent {
  position: number;
  size: number;
}

type Scopes = Map<string, Leaf>;

/** The items of one kind, version directory and namespace. */
class Leaf {
  readonly #names: string[] = [];
  readonly #positions: number[] = [];
  readonly #sizes: number[] = [];
  #order: Uint32Array | undefined;

  add(name: string, position: number, size: number): void {
    this.#names.push(name);
    this.#positions.push(position);
    this.#sizes.push(size);
    this.#order = undefined;
  }

  /** Entry numbers in the order of file names; of several entries with one name the last counts, as when unpacking. */
  order(): Uint32Array {
    if (this.#order !== undefined) return this.#order;
    const names = this.#names;
    const all = Array.from(names.keys());
    all.sort((a, b) => compareFileNames(names[a] as string, names[b] as string) || a - b);
    const kept = all.filter((entry, i) => names[entry] !== names[all[i + 1] as number]);
    this.#order = Uint32Array.from(kept);
    return this.#order;
  }

  nameOf(entry: number): string {
    return this.#names[entry] as string;
  }

  extentOf(entry: number): Extent {
    return { position: this.#positions[entry] as number, size: this.#sizes[entry] as number };
  }

  find(name: string): number | undefined {
    const order = this.order();
    let low = 0;
    let high = order.length - 1;
    while (low <= high) {
      const middle = (low + high) >>> 1;
      const entry = order[middle] as number;
      const compared = compareFileNames(this.#names[entry] as string, name);
      if (compared === 0) return entry;
      if (compared < 0) low = middle + 1;
      else high = middle - 1;
    }
    return undefined;
  }
}

export interface IndexedItem extends ParsedPath, Extent {}

export class ItemIndex {
  /** Kind → version directory → namespace → items. Directories without items are kept: they count for versions. */
  readonly #kinds = new Map<string, Map<string, Scopes>>();
  /** An item's two files follow each other and share one string. */
  #lastName = '';

  get size(): number {
    return this.#kinds.size;
  }

  addKind(groupResource: string): Map<string, Scopes> {
    let kind = this.#kinds.get(groupResource);
    if (kind === undefined) {
      kind = new Map();
      this.#kinds.set(ownCopy(groupResource), kind);
    }
    return kind;
  }

  addVersion(groupResource: string, versionDir: string): Scopes {
    const kind = this.addKind(groupResource);
    let scopes = kind.get(versionDir);
    if (scopes === undefined) {
      scopes = new Map();
      kind.set(ownCopy(versionDir), scopes);
    }
    return scopes;
  }

  add(place: ParsedPath, position: number, size: number): void {
    const scopes = this.addVersion(place.groupResource, place.versionDir);
    let leaf = scopes.get(place.namespace);
    if (leaf === undefined) {
      leaf = new Leaf();
      scopes.set(ownCopy(place.namespace), leaf);
    }
    if (place.name !== this.#lastName) this.#lastName = ownCopy(place.name);
    leaf.add(this.#lastName, position, size);
  }

  groupResources(): string[] {
    return [...this.#kinds.keys()].sort();
  }

  /** Version directories as they are named in the archive, sorted; the one without a version is not among them. */
  versionDirs(groupResource: string): string[] {
    const kind = this.#kinds.get(groupResource);
    return kind === undefined ? [] : [...kind.keys()].filter((dir) => dir !== '').sort();
  }

  /** The directory of a version, whether it is the preferred one or not; a directory's own name is taken too. */
  #scopes(groupResource: string, version: string): { dir: string; scopes: Scopes } | undefined {
    const kind = this.#kinds.get(groupResource);
    if (kind === undefined) return undefined;
    for (const dir of version === '' ? [''] : [version, version + PREFERRED_SUFFIX]) {
      const scopes = kind.get(dir);
      if (scopes !== undefined) return { dir, scopes };
    }
    return undefined;
  }

  namespaces(groupResource: string, version: string): string[] {
    return [...(this.#scopes(groupResource, version)?.scopes.keys() ?? [])].sort();
  }

  *items(groupResource: string, version: string, namespace: string | undefined): Generator<IndexedItem> {
    const found = this.#scopes(groupResource, version);
    if (found === undefined) return;
    const namespaces = namespace === undefined ? [...found.scopes.keys()].sort() : [namespace];
    for (const each of namespaces) {
      const leaf = found.scopes.get(each);
      if (leaf === undefined) continue;
      for (const entry of leaf.order()) {
        yield itemOf(groupResource, found.dir, each, leaf, entry);
      }
    }
  }

  count(groupResource: string, version: string, namespace: string | undefined): number {
    const scopes = this.#scopes(groupResource, version)?.scopes;
    if (scopes === undefined) return 0;
    if (namespace !== undefined) return scopes.get(namespace)?.order().length ?? 0;
    return [...scopes.values()].reduce((sum, leaf) => sum + leaf.order().length, 0);
  }

  find(groupResource: string, version: string, namespace: string, name: string): IndexedItem | undefined {
    const found = this.#scopes(groupResource, version);
    const leaf = found?.scopes.get(namespace);
    const entry = leaf?.find(name);
    if (found === undefined || leaf === undefined || entry === undefined) return undefined;
    return itemOf(groupResource, found.dir, namespace, leaf, entry);
  }

  clear(): void {
    this.#kinds.clear();
  }
}

function itemOf(groupResource: string, versionDir: string, namespace: string, leaf: Leaf, entry: number) {
  return { groupResource, versionDir, namespace, name: leaf.nameOf(entry), ...leaf.extentOf(entry) };
}

/** The path in the archive of an indexed item. */
export function pathOf(item: ParsedPath): string {
  return itemPath(item, item.versionDir);
}

/** What a path under `resources/` means; else what is wrong with it, in the original's words. */
export function parseItemPath(path: string): ParsedPath | { unexpected: string } {
  const parts = path.split('/');
  if (parts[0] !== RESOURCES_DIR) return { unexpected: 'outside' };
  const file = parts.at(-1) as string;
  const directory = parts.slice(0, -1).join('/');
  const groupResource = parts[1] as string;
  const scoped = parts[2] === NAMESPACES_DIR || parts[2] === CLUSTER_DIR;
  const rest = parts.slice(scoped ? 2 : 3);
  const namespaced = rest[0] === NAMESPACES_DIR;
  if (!namespaced && rest[0] !== CLUSTER_DIR) return { unexpected: unexpectedFile(file, directory) };
  const depth = namespaced ? 3 : 2;
  if (rest.length > depth) {
    const sub = rest[depth - 1] as string;
    const within = parts.slice(0, parts.length - rest.length + depth - 1).join('/');
    return {
      unexpected: `Ignoring unexpected subdirectory ${goQuote(sub)} in directory ${goQuote(within)}`,
    };
  }
  if (rest.length < depth || !file.endsWith('.json')) return { unexpected: unexpectedFile(file, directory) };
  return {
    groupResource,
    versionDir: scoped ? '' : (parts[2] as string),
    namespace: namespaced ? (rest[1] as string) : '',
    name: file.slice(0, -'.json'.length),
  };
}

function unexpectedFile(file: string, directory: string): string {
  return `Ignoring unexpected file ${goQuote(file)} in directory ${goQuote(directory)}`;
}

/** A string with characters of its own: a part cut from a path would keep the whole path in memory. */
function ownCopy(text: string): string {
  return Buffer.from(text, 'utf8').toString('utf8');
}

/** Orders names as a directory listing orders their files `<name>.json`: `a-b` comes before `a`. */
function compareFileNames(a: string, b: string): number {
  if (a === b) return 0;
  if (a.length < b.length && b.startsWith(a)) return '.json' < `${b.slice(a.length)}.json` ? -1 : 1;
  if (b.length < a.length && a.startsWith(b)) return `${a.slice(b.length)}.json` < '.json' ? -1 : 1;
  return a < b ? -1 : 1;
}
