/** Who managed which field of a backed-up object, and how the restored one comes by the same owners. */

import type { KubeObject } from '../api/object.ts';
import { jsonEqual } from '../lib/json.ts';

interface ManagedFieldsEntry {
  manager?: string;
  operation?: string;
  apiVersion?: string;
  subresource?: string;
  fieldsV1?: unknown;
}

/**
 * The manager under whose name alone an object can be created so that its fields have their former owner again, which
 * spares the second request that writing managed fields costs. That is so where one manager wrote all of the object by
 * plain updates. What others report in subresources is not restored, and its owners write it anew.
 * @returns undefined where several managers share the object, or one applied it: their entries must be written back
 */
export function soleManager(object: KubeObject): string | undefined {
  const entries = object.metadata['managedFields'] as readonly ManagedFieldsEntry[] | undefined;
  if (!Array.isArray(entries)) return undefined;
  const own = (entries as readonly ManagedFieldsEntry[]).filter((entry) => (entry.subresource ?? '') === '');
  const [entry] = own;
  if (own.length !== 1 || entry === undefined) return undefined;
  const { manager = '', operation, apiVersion, fieldsV1 } = entry;
  const whole = operation === 'Update' && apiVersion === object.apiVersion && fieldsV1 !== undefined;
  return whole && manager !== '' ? manager : undefined;
}

/**
 * Whether two objects have the same owners. Where the same manager alone wrote both, the times at which it did, and its
 * owning the labels that a restore adds, tell nothing.
 */
export function sameManagers(a: KubeObject, b: KubeObject): boolean {
  const sole = soleManager(a);
  if (sole !== undefined && sole === soleManager(b)) return true;
  return jsonEqual(a.metadata['managedFields'], b.metadata['managedFields']);
}

/** A copy that does not say who wrote what. */
export function withoutManagedFields(object: KubeObject): KubeObject {
  if (object.metadata['managedFields'] === undefined) return object;
  const { managedFields: _managedFields, ...metadata } = object.metadata;
  return { ...object, metadata };
}
