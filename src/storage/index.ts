/** THE table of built-in storage providers, and the way from a BackupStorageLocation to its store. */

import type { BackupStorageLocation } from '../api/backup-storage-location.ts';
import type { SecretKeySelector } from '../api/core/references.ts';
import { Failure, wrap } from '../lib/errors.ts';
import { goQuote } from '../lib/go-text.ts';
import type { Logger } from '../lib/log.ts';
import { BackupStore } from './backup-store.ts';
import { type FilesystemOptions, filesystemProvider } from './filesystem.ts';
import { type StoreObserver, withMetrics } from './layers/metrics.ts';
import { type RetryPolicy, withRetry } from './layers/retry.ts';
import { type TimeoutOptions, withTimeouts } from './layers/timeout.ts';
import type { ObjectStoreConfig, ObjectStoreProvider } from './object-store.ts';
import { type S3ProviderOptions, s3Provider } from './s3.ts';

export interface BuiltInOptions {
  s3: S3ProviderOptions;
  /** Absent: the provider refuses, for the server has no directory to give. */
  filesystem?: FilesystemOptions;
}

/** All built-in providers. One line each. */
export function builtInProviders(options: BuiltInOptions): readonly ObjectStoreProvider[] {
  return [
    s3Provider(options.s3),
    ...(options.filesystem === undefined ? [] : [filesystemProvider(options.filesystem)]),
  ];
}

/** Finds a provider by its whole name, e.g. `velero.io/aws`: built in, or a foreign plugin. */
type ProviderLookup = (name: string) => Promise<ObjectStoreProvider | undefined>;

export interface OpenBackupStoreOptions {
  log: Logger;
  /**
   * Writes the secret value to a file and gives its path.
   * @throws where Secret or key are missing; the message is prefixed with `unable to get credentials`
   */
  credentialsFile: (selector: SecretKeySelector) => Promise<string>;
  /** Built-in providers with the process's environment where absent. */
  providers?: readonly ObjectStoreProvider[];
  /** Asked where no provider of the table has the name. */
  lookup?: ProviderLookup;
  observe?: StoreObserver;
  /** Default: two minutes of further tries. */
  retry?: RetryPolicy;
  timeouts?: TimeoutOptions;
}

/** How long a location is tried before it counts as unavailable, in milliseconds: it is tried again each minute. */
const PROBE_PATIENCE_MS = 15_000;

/**
 * Opens the store of a location. The caller closes it.
 * @throws Failure with what is wrong: `NO_OBJECT_STORAGE`, `NO_PROVIDER`, `BUCKET_HAS_SLASH`, `UNKNOWN_PROVIDER`, those of
 *   the credentials, and the provider's own
 */
export async function openBackupStore(
  location: BackupStorageLocation,
  options: OpenBackupStoreOptions,
): Promise<BackupStore> {
  const config = await storeConfig(location, options.credentialsFile);
  const provider = await findProvider(location, options);
  const opened = await provider.open(config);
  const observed = options.observe === undefined ? opened : withMetrics(opened, options.observe);
  const limited = withTimeouts(observed, options.timeouts);
  const retry = { log: options.log, ...options.retry };
  const patience = Math.min(retry.deadlineMs ?? PROBE_PATIENCE_MS, PROBE_PATIENCE_MS);
  return new BackupStore({
    store: withRetry(limited, retry),
    probe: withRetry(limited, { ...retry, deadlineMs: patience }),
    prefix: config['prefix'] ?? '',
    log: options.log.with({ bucket: config['bucket'], prefix: config['prefix'] }),
  });
}

/** `spec.config` and what the server adds to it. @throws Failure, see {@link openBackupStore} */
export async function storeConfig(
  location: BackupStorageLocation,
  credentialsFile: (selector: SecretKeySelector) => Promise<string>,
): Promise<ObjectStoreConfig> {
  const object = `backup storage location ${location.metadata.namespace ?? ''}/${location.metadata.name ?? ''}`;
  const wrong = (code: string, message: string, remedy: string) =>
    new Failure({ code, message, object, remedy });
  const { objectStorage, provider, credential, config } = location.spec;
  // The schema asks for it, but what other versions left in a cluster was never checked against it.
  if ((objectStorage as unknown) === undefined || (objectStorage as unknown) === null) {
    throw wrong(
      'NO_OBJECT_STORAGE',
      'backup storage location does not use object storage',
      'set spec.objectStorage.bucket of the location',
    );
  }
  if (!provider) {
    throw wrong(
      'NO_PROVIDER',
      'object storage provider name must not be empty',
      'set spec.provider of the location, e.g. to aws',
    );
  }
  const bucket = trimSlashes(objectStorage.bucket);
  if (bucket.includes('/')) {
    throw wrong(
      'BUCKET_HAS_SLASH',
      `backup storage location's bucket name ${goQuote(objectStorage.bucket)} must not contain a '/' (if using a prefix, put it in the 'Prefix' field instead)`,
      'put the part after the slash into spec.objectStorage.prefix',
    );
  }
  const all: Record<string, string> = {
    ...config,
    bucket,
    prefix: trimSlashes(objectStorage.prefix ?? ''),
  };
  if (objectStorage.caCert) all['caCert'] = Buffer.from(objectStorage.caCert, 'base64').toString('utf8');
  if (credential !== undefined) {
    all['credentialsFile'] = await credentialsFile(credential).catch((error: unknown) => {
      throw wrap(error, 'unable to get credentials');
    });
  }
  return all;
}

async function findProvider(
  location: BackupStorageLocation,
  options: OpenBackupStoreOptions,
): Promise<ObjectStoreProvider> {
  const given = location.spec.provider;
  // Names without a group are older than the groups.
  const name = given.includes('/') ? given : `velero.io/${given}`;
  const table = options.providers ?? builtInProviders({ s3: { env: process.env } });
  const provider = table.find((each) => each.name === name) ?? (await options.lookup?.(name));
  if (provider !== undefined) return provider;
  throw new Failure({
    code: 'UNKNOWN_PROVIDER',
    message: `unable to locate ObjectStore plugin named ${name}`,
    object: `backup storage location ${location.metadata.namespace ?? ''}/${location.metadata.name ?? ''}`,
    remedy: `use one of ${table.map((each) => each.name).join(', ')}, or add the plugin that provides it`,
  });
}

function trimSlashes(text: string): string {
  return text.replace(/^\/+|\/+$/g, '');
}
