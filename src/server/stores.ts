/** Opens the store of a backup storage location, with its credential written to a file (pkg/persistence/object_store.go). */

import type { BackupStorageLocation } from '../api/backup-storage-location.ts';
import type { BackupOperation, RestoreOperation } from '../api/documents/item-operation.ts';
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

/** Opens the location's store for one use and closes it after. */
export async function withStore<T>(
  stores: StoreOpener,
  location: BackupStorageLocation,
  use: (store: BackupStore) => Promise<T>,
): Promise<T> {
  const store = await stores.open(location);
  try {
    return await use(store);
  } finally {
    await store.close();
  }
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
