/**
 * Asynchronous operations of waiting backups or restores, with the progress that is not worth an upload each time: it
 * is uploaded when somebody asks for it or when the wait ends (pkg/itemoperationmap of the original).
 */

export interface KnownOperations<Operation> {
  operations: readonly Operation[];
  /** Progress was made that the store does not have yet. */
  changed: boolean;
}

/** How the operations of one backup or restore are read from and written to its store. */
export interface OperationsStore<Operation> {
  load(name: string): Promise<readonly Operation[]>;
  save(name: string, operations: readonly Operation[]): Promise<void>;
}

export class OperationsCache<Operation> {
  readonly #known = new Map<string, KnownOperations<Operation>>();

  /** What is known of the operations; read from the store the first time. */
  async get(store: OperationsStore<Operation>, name: string): Promise<KnownOperations<Operation>> {
    const found = this.#known.get(name);
    if (found !== undefined && found.operations.length > 0) return found;
    const loaded = { operations: await store.load(name), changed: false };
    this.#known.set(name, loaded);
    return loaded;
  }

  put(name: string, known: KnownOperations<Operation>): void {
    this.#known.set(name, known);
  }

  /** Uploads and remembers. */
  async upload(
    store: OperationsStore<Operation>,
    name: string,
    operations: readonly Operation[],
  ): Promise<void> {
    if (operations.length > 0) await store.save(name, operations);
    this.#known.set(name, { operations, changed: false });
  }

  /** Uploads progress that the store does not have yet, if there is any. */
  async uploadChanges(store: OperationsStore<Operation>, name: string): Promise<void> {
    const found = this.#known.get(name);
    if (found?.changed) await this.upload(store, name, found.operations);
  }

  delete(name: string): void {
    this.#known.delete(name);
  }
}
