/** Opens the store of a backup storage location, with its credential written to a file (pkg/persistence/object_store.go). */

import type { BackupStorageLocation } from '../api/backup-storage-location.ts';
import type { BackupOperation, RestoreOperation } from '../api/documents/item-operation.ts';
import { Failure } from '../lib/errors.ts';
import { goQuote } from '../lib/go-text.ts';
import type { Logger } from '../lib/log.ts';
import type { BackupStore } from '../storage/backup-store.ts';
import { openBackupStore } from '../storage/index.ts';
import type { ObjectStoreProvider } from '../storage/object-store.ts';
import type { CredentialStore } from './credentials.ts';
import type { OperationsStore } from './operations-cache.ts';

export interface StoreOpener {
  /**
   * A store that the caller closes.
   * @throws Failure saying what is wrong with the location, its credential or its provider
   */
  open(location: BackupStorageLocation): Promise<BackupStore>;
}

export interface StoreOpenerDeps {
  credentials: CredentialStore;
  providers: readonly ObjectStoreProvider[];
  /** How long a request is tried again, in milliseconds. */
  retryMs: number;
  log: Logger;
}

export function createStoreOpener(deps: StoreOpenerDeps): StoreOpener {
  const { credentials, providers, retryMs, log } = deps;
  return {
    open: (location) =>
      openBackupStore(location, {
        log,
        providers,
        retry: { deadlineMs: retryMs },
        credentialsFile: (selector) => credentials.path(selector),
      }),
  };
}

/**
 * Opens the location's store for one use and closes it after.
 * @throws as `open` and `use`; the remedy of a Failure names the location, which messages of stores do not
 */
export async function withStore<T>(
  stores: StoreOpener,
  location: BackupStorageLocation,
  use: (store: BackupStore) => Promise<T>,
): Promise<T> {
  try {
    const store = await stores.open(location);
    try {
      return await use(store);
    } finally {
      await store.close();
    }
  } catch (error) {
    throw ofLocation(error, location);
  }
}

function ofLocation(error: unknown, location: BackupStorageLocation): unknown {
  if (!(error instanceof Failure) || error.remedy === undefined) return error;
  const { code, message, object, remedy } = error;
  const where = `backup storage location ${goQuote(location.metadata.name ?? '')}`;
  if (remedy.startsWith(where)) return error;
  return new Failure({ code, message, object, remedy: `${where}: ${remedy}`, cause: error });
}

/** Where the operations of backups lie in a store. */
export function backupOperationsAt(store: BackupStore): OperationsStore<BackupOperation> {
  return {
    load: (name) => store.getBackupItemOperations(name),
    save: (name, operations) => store.putBackupItemOperations(name, operations),
  };
}

/** Where the operations of restores lie in a store. */
export function restoreOperationsAt(store: BackupStore): OperationsStore<RestoreOperation> {
  return {
    load: (name) => store.getRestoreItemOperations(name),
    save: (name, operations) => store.putRestoreItemOperations(name, operations),
  };
}
