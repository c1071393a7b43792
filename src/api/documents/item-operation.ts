/** Asynchronous item operations, as `<name>-itemoperations.json.gz` in the bucket holds them (pkg/itemoperation). */

import {
  count,
  list,
  nullable,
  oneOf,
  optional,
  pointer,
  type Static,
  struct,
  text,
  time,
  writtenPointer,
} from '../schema.ts';

/** Names an item; the keys are capitalised because the original's struct says nothing of JSON. */
export const storedResourceIdentifier = struct('Names an item.', {
  Group: text('API group; empty for the core group.'),
  Resource: text('Lower-case plural.'),
  Namespace: text('Empty for cluster-scoped items.'),
  Name: text('Name of the item.'),
});
export type StoredResourceIdentifier = Static<typeof storedResourceIdentifier>;

export const operationPhases = ['New', 'InProgress', 'Completed', 'Failed'] as const;
export type OperationPhase = (typeof operationPhases)[number];

export const operationStatus = struct('How far an operation is.', {
  phase: optional(oneOf('Phase of the operation.', operationPhases)),
  error: optional(text('Why it failed.')),
  nCompleted: optional(count('Units done.', 'int64')),
  nTotal: optional(count('Units in all.', 'int64')),
  operationUnits: optional(text('What is counted, e.g. Bytes.')),
  description: optional(text('What is being done.')),
  created: pointer(nullable(time('When the operation was noted.'))),
  started: pointer(nullable(time('When the work began, if known.'))),
  updated: pointer(nullable(time('When the work was last heard of.'))),
});
export type OperationStatus = Static<typeof operationStatus>;

export const backupOperation = struct('An operation that a backup item action began.', {
  spec: struct('What the operation is for.', {
    backupName: text('Name of the Backup.'),
    backupUID: text('UID of the Backup.'),
    backupItemAction: text('Name of the action.'),
    resourceIdentifier: storedResourceIdentifier,
    operationID: text('Id that the action gave.'),
    postOperationItems: writtenPointer(
      nullable(list('Items to store again when the operation has ended.', storedResourceIdentifier)),
    ),
  }),
  status: operationStatus,
});
export type BackupOperation = Static<typeof backupOperation>;

export const restoreOperation = struct('An operation that a restore item action began.', {
  spec: struct('What the operation is for.', {
    restoreName: text('Name of the Restore.'),
    restoreUID: text('UID of the Restore.'),
    restoreItemAction: text('Name of the action.'),
    resourceIdentifier: storedResourceIdentifier,
    operationID: text('Id that the action gave.'),
  }),
  status: operationStatus,
});
export type RestoreOperation = Static<typeof restoreOperation>;

/** An item's name in the spelling of the rest of the project; read from JSON whatever the case of its keys, as Go reads it. */
export function readResourceIdentifier(stored: Readonly<Record<string, unknown>>): {
  group: string;
  resource: string;
  namespace: string;
  name: string;
} {
  const found = { group: '', resource: '', namespace: '', name: '' };
  for (const [key, value] of Object.entries(stored)) {
    const field = key.toLowerCase();
    if (typeof value === 'string' && Object.hasOwn(found, field)) found[field as keyof typeof found] = value;
  }
  return found;
}

/** The other way round. */
export function storeResourceIdentifier(item: {
  group: string;
  resource: string;
  namespace: string;
  name: string;
}): StoredResourceIdentifier {
  return { Group: item.group, Resource: item.resource, Namespace: item.namespace, Name: item.name };
}
