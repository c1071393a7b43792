/** BackupStorageLocation, velero.io/v1 (pkg/apis/velero/v1/backupstoragelocation_types.go). */

import { namedSecretKeySelector, secretKeySelector } from './core/references.ts';
import type { KubeObject } from './object.ts';
import {
  bytes,
  duration,
  flag,
  nullable,
  oneOf,
  optional,
  pointer,
  requiredPointer,
  type Static,
  struct,
  text,
  textMap,
  time,
} from './schema.ts';

export const accessModes = ['ReadOnly', 'ReadWrite'] as const;
export type BackupStorageLocationAccessMode = (typeof accessModes)[number];

export const objectStorageLocation = struct('The bucket.', {
  bucket: text('Name of the bucket.'),
  prefix: optional(text('Path within the bucket under which everything is kept.')),
  caCert: optional(bytes('Certificates to trust when speaking to the store, PEM in base64.')),
});
export type ObjectStorageLocation = Static<typeof objectStorageLocation>;

function specWith(credential: typeof secretKeySelector) {
  return struct('Where backups are kept and how to reach it.', {
    provider: text('Provider of the store, e.g. `aws`.'),
    config: optional(textMap('Settings of the provider.')),
    credential: pointer(credential),
    objectStorage: requiredPointer(objectStorageLocation),
    default: optional(flag('Whether backups that name no location go here.')),
    accessMode: optional(oneOf('Whether backups may be written here.', accessModes)),
    backupSyncPeriod: pointer(
      nullable(duration('How often backups in the store are made known to the cluster; 0 for never.')),
    ),
    validationFrequency: pointer(nullable(duration('How often the store is tried; 0 for never.'))),
  });
}

export const backupStorageLocationSpec = specWith(secretKeySelector);
/** As it stands inside a DataProtectionApplication, whose credentials have their name filled in. */
export const embeddedBackupStorageLocationSpec = specWith(namedSecretKeySelector);
export type BackupStorageLocationSpec = Static<typeof backupStorageLocationSpec>;

export const backupStorageLocationPhases = ['Available', 'Unavailable'] as const;
export type BackupStorageLocationPhase = (typeof backupStorageLocationPhases)[number];

export const backupStorageLocationStatus = struct('Whether the store can be reached.', {
  phase: optional(oneOf('Result of the last try.', backupStorageLocationPhases)),
  lastSyncedTime: pointer(nullable(time('When backups were last made known to the cluster.'))),
  lastValidationTime: pointer(nullable(time('When the store was last tried.'))),
  message: optional(text('Why the store cannot be used.')),
  lastSyncedRevision: optional(text('No longer used.')),
  accessMode: optional(oneOf('No longer used; see the spec.', accessModes)),
});
export type BackupStorageLocationStatus = Static<typeof backupStorageLocationStatus>;

export interface BackupStorageLocation extends KubeObject {
  spec: BackupStorageLocationSpec;
  status?: BackupStorageLocationStatus;
}

/** What the server takes where a location says nothing. */
export const backupStorageLocationDefaults = {
  name: 'default',
  accessMode: 'ReadWrite',
  backupSyncPeriod: '1m0s',
  validationFrequency: '1m0s',
} as const;
