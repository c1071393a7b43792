/** Reading the flat configuration that a provider is opened with (pkg/plugin/framework/validation.go of the original). */

import { goList } from '../lib/go-text.ts';
import type { ObjectStoreConfig } from './object-store.ts';
import { storeFailure } from './store-errors.ts';

/** Given to every provider by the server itself. */
const COMMON_KEYS = ['bucket', 'prefix', 'caCert'];

/** @throws Failure `STORE_CONFIG` naming the keys that the provider does not know */
export function checkConfigKeys(config: ObjectStoreConfig, known: readonly string[], object: string): void {
  const valid = [...known, ...COMMON_KEYS];
  const invalid = Object.keys(config)
    .filter((key) => !valid.includes(key))
    .sort();
  if (invalid.length === 0) return;
  throw storeFailure(
    'STORE_CONFIG',
    object,
    `config has invalid keys ${goList(invalid)}; valid keys are ${goList(valid)}`,
    'correct spec.config of the backup storage location',
  );
}

/**
 * A truth value as Go's strconv.ParseBool reads it; absent and empty are false.
 * @throws Failure `STORE_CONFIG`
 */
export function configFlag(config: ObjectStoreConfig, key: string, object: string): boolean {
  const text = config[key] ?? '';
  if (text === '' || ['0', 'f', 'F', 'false', 'FALSE', 'False'].includes(text)) return false;
  if (['1', 't', 'T', 'true', 'TRUE', 'True'].includes(text)) return true;
  throw storeFailure(
    'STORE_CONFIG',
    object,
    `could not parse ${key} (expected bool): strconv.ParseBool: parsing ${JSON.stringify(text)}: invalid syntax`,
    `set ${key} of the backup storage location to "true" or "false"`,
  );
}

/** `scheme://bucket/prefix`: how messages name a location. */
export function locationName(scheme: string, config: ObjectStoreConfig): string {
  const prefix = config['prefix'] ?? '';
  return `${scheme}://${config['bucket'] ?? ''}${prefix === '' ? '' : `/${prefix}`}`;
}
