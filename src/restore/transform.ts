/** What is done to a backed-up object before it can be created again (pkg/restore/restore.go of the original). */

import { LABELS, labelValue } from '../api/labels.ts';
import type { KubeObject, ObjectMeta } from '../api/object.ts';
import { Failure } from '../lib/errors.ts';

/**
 * A copy without status and without what the API server will give anew; all other fields are shared.
 * @throws Failure `metadata not found`
 */
export function withoutFormerState(object: KubeObject): KubeObject {
  const metadata: unknown = object.metadata;
  if (metadata === undefined) {
    throw new Failure({ code: 'RESTORE_NO_METADATA', message: 'metadata not found' });
  }
  if (typeof metadata !== 'object' || metadata === null || Array.isArray(metadata)) {
    throw new Failure({
      code: 'RESTORE_NO_METADATA',
      message: `metadata was of type ${Array.isArray(metadata) ? '[]interface {}' : typeof metadata}, expected map[string]interface{}`,
    });
  }
  // Taken out by destructuring: objects from which fields were deleted are slow to copy and to print.
  const {
    generateName: _generateName,
    selfLink: _selfLink,
    uid: _uid,
    resourceVersion: _resourceVersion,
    generation: _generation,
    creationTimestamp: _creationTimestamp,
    deletionTimestamp: _deletionTimestamp,
    deletionGracePeriodSeconds: _deletionGracePeriodSeconds,
    ownerReferences: _ownerReferences,
    ...kept
  } = metadata as ObjectMeta;
  const { status: _status, ...rest } = object;
  return { ...rest, metadata: kept };
}

/** The labels by which everything that a restore made can be found. */
export interface RestoreLabels {
  backup: string;
  restore: string;
}

/** @returns label values for these names, cut to the length that labels allow */
export function restoreLabels(backupName: string, restoreName: string): RestoreLabels {
  return { backup: labelValue(backupName), restore: labelValue(restoreName) };
}

/** A copy that carries these labels; empty texts blank them. */
export function withRestoreLabels(object: KubeObject, labels: RestoreLabels): KubeObject {
  return {
    ...object,
    metadata: {
      ...object.metadata,
      labels: {
        ...object.metadata.labels,
        [LABELS.backupName]: labels.backup,
        [LABELS.restoreName]: labels.restore,
      },
    },
  };
}

/**
 * Whether the item had done its work when it was backed up, and so is not restored: pods that ended, jobs that completed.
 * @throws Failure where the status is not what it must be
 */
export function isCompleted(object: KubeObject, groupResource: string): boolean {
  if (groupResource === 'pods') {
    const phase = statusText(object, 'phase');
    return phase === 'Failed' || phase === 'Succeeded';
  }
  return groupResource === 'jobs.batch' && statusText(object, 'completionTime') !== '';
}

function statusText(object: KubeObject, field: string): string {
  const status = object['status'];
  if (status === undefined || status === null) return '';
  const value = typeof status === 'object' ? (status as Record<string, unknown>)[field] : status;
  if (value === undefined || value === null) return '';
  if (typeof value === 'string') return value;
  throw new Failure({
    code: 'RESTORE_STATUS_UNREADABLE',
    message: `.status.${field} accessor error: ${JSON.stringify(value)} is of the type ${typeof value}, expected string`,
  });
}

/** Pods that a kubelet makes from files on its node: the API server only mirrors them. */
export function isMirrorPod(object: KubeObject): boolean {
  return (object.metadata.annotations?.['kubernetes.io/config.mirror'] ?? '') !== '';
}

/** How messages name an item: `deployments.apps/shop/web`, or without namespace for cluster scope. */
export function itemId(groupResource: string, namespace: string, name: string): string {
  return namespace === '' ? `${groupResource}/${name}` : `${groupResource}/${namespace}/${name}`;
}

/** `shop/web`, or the bare name. */
export function namespacedName(object: KubeObject): string {
  const { namespace = '', name = '' } = object.metadata;
  return namespace === '' ? name : `${namespace}/${name}`;
}

/** `pods` → `['pods', '']`, `deployments.apps` → `['deployments', 'apps']`. */
export function splitGroupResource(groupResource: string): [resource: string, group: string] {
  const dot = groupResource.indexOf('.');
  return dot < 0 ? [groupResource, ''] : [groupResource.slice(0, dot), groupResource.slice(dot + 1)];
}

/** `apps/v1` → `['apps', 'v1']`, `v1` → `['', 'v1']`; undefined where it is neither. */
export function splitApiVersion(apiVersion: string): [group: string, version: string] | undefined {
  const parts = apiVersion.split('/');
  if (parts.length === 1) return ['', parts[0] as string];
  return parts.length === 2 ? [parts[0] as string, parts[1] as string] : undefined;
}
