/** CloudStorage, oadp.openshift.io/v1alpha1 (api/v1alpha1/cloud_storage_types.go of the operator). */

import { secretKeySelector } from './core/references.ts';
import type { KubeObject } from './object.ts';
import { flag, oneOf, optional, pointer, type Static, struct, text, textMap, time } from './schema.ts';

export const cloudStorageProviders = ['aws'] as const;

export const cloudStorageSpec = struct('The bucket that shall exist.', {
  name: text('Name of the bucket.'),
  creationSecret: secretKeySelector,
  enableSharedConfig: pointer(flag('Whether the credentials file may name roles and profiles.')),
  tags: optional(textMap('Tags of the bucket.')),
  region: optional(text('Region of the bucket.')),
  provider: oneOf('Provider of the bucket.', cloudStorageProviders),
});
export type CloudStorageSpec = Static<typeof cloudStorageSpec>;

export const cloudStorageStatus = struct('The bucket that exists.', {
  name: text('Name of the bucket.'),
  lastSyncTimestamp: pointer(time('When the bucket was last looked after.')),
});
export type CloudStorageStatus = Static<typeof cloudStorageStatus>;

export interface CloudStorage extends KubeObject {
  spec: CloudStorageSpec;
  status?: CloudStorageStatus;
}

/** Taken where a CloudStorage names no region. */
export const cloudStorageDefaults = { region: 'us-east-1' } as const;
