import { describe, expect, it } from 'vitest';
import type { KubeObject } from '../api/object.ts';
import {
  isCompleted,
  isMirrorPod,
  itemId,
  restoreLabels,
  splitApiVersion,
  splitGroupResource,
  withoutFormerState,
  withRestoreLabels,
} from './transform.ts';

const object: KubeObject = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: {
    name: 'web',
    namespace: 'shop',
    generateName: 'web-',
    selfLink: '/x',
    uid: 'u',
    resourceVersion: '1',
    generation: 2,
    creationTimestamp: '2024-01-01T00:00:00Z',
    deletionTimestamp: '2024-01-01T00:00:00Z',
    deletionGracePeriodSeconds: 30,
    ownerReferences: [{ apiVersion: 'v1', kind: 'Node', name: 'n', uid: 'o' }],
    finalizers: ['example.io/keep'],
    managedFields: [{ manager: 'm' }],
    labels: { app: 'web' },
    annotations: { note: 'x' },
  },
  spec: { containers: [] },
  status: { phase: 'Running' },
};

describe('preparing an object', () => {
  it('V-RST-104 V-RST-105 V-RST-106 drops former metadata and status and keeps everything else', () => {
    const copy = withoutFormerState(object);
    expect(copy).toEqual({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: {
        name: 'web',
        namespace: 'shop',
        finalizers: ['example.io/keep'],
        managedFields: [{ manager: 'm' }],
        labels: { app: 'web' },
        annotations: { note: 'x' },
      },
      spec: { containers: [] },
    });
    expect(object.metadata.uid).toBe('u');
    expect(object['status']).toEqual({ phase: 'Running' });
  });

  it('V-RST-105 refuses an object without metadata', () => {
    expect(() => withoutFormerState({ apiVersion: 'v1', kind: 'Pod' } as KubeObject)).toThrow(
      'metadata not found',
    );
  });

  it('V-RST-116 adds the two restore labels with length-safe values', () => {
    const labelled = withRestoreLabels(object, restoreLabels('b'.repeat(70), 'restore-1'));
    expect(labelled.metadata.labels).toMatchObject({ app: 'web', 'velero.io/restore-name': 'restore-1' });
    expect(labelled.metadata.labels?.['velero.io/backup-name']).toMatch(/^b{57}[0-9a-f]{6}$/);
    expect(object.metadata.labels).toEqual({ app: 'web' });
  });

  it('V-RST-090 cuts long names to 57 characters and six digits of their SHA-256', () => {
    const long = 'the-really-long-location-name-that-is-much-more-than-63-characters';
    expect(restoreLabels(long, 'a'.repeat(63))).toEqual({
      backup: 'the-really-long-location-name-that-is-much-more-than-63-c69e779',
      restore: 'a'.repeat(63),
    });
  });

  it('V-RST-100 knows completed pods and jobs, and says where a status cannot be read', () => {
    const pod = (phase: unknown): KubeObject => ({ ...object, status: { phase } });
    expect(isCompleted(pod('Succeeded'), 'pods')).toBe(true);
    expect(isCompleted(pod('Failed'), 'pods')).toBe(true);
    expect(isCompleted(pod('Running'), 'pods')).toBe(false);
    expect(isCompleted(pod('Failed'), 'configmaps')).toBe(false);
    const job = (status: unknown): KubeObject => ({ ...object, kind: 'Job', status });
    expect(isCompleted(job({ completionTime: '2024-01-01T00:00:00Z' }), 'jobs.batch')).toBe(true);
    expect(isCompleted(job({ active: 1 }), 'jobs.batch')).toBe(false);
    expect(() => isCompleted(pod(5), 'pods')).toThrow(
      '.status.phase accessor error: 5 is of the type number',
    );
  });

  it('V-RST-103 knows mirror pods by a non-empty annotation', () => {
    const mirror = (value: string): KubeObject => ({
      ...object,
      metadata: { ...object.metadata, annotations: { 'kubernetes.io/config.mirror': value } },
    });
    expect(isMirrorPod(mirror('abc'))).toBe(true);
    expect(isMirrorPod(mirror(''))).toBe(false);
    expect(isMirrorPod(object)).toBe(false);
  });

  it('V-RST-101 names items as messages do, and takes names apart', () => {
    expect(itemId('deployments.apps', 'shop', 'web')).toBe('deployments.apps/shop/web');
    expect(itemId('persistentvolumes', '', 'pv')).toBe('persistentvolumes/pv');
    expect(splitGroupResource('widgets.example.com')).toEqual(['widgets', 'example.com']);
    expect(splitGroupResource('pods')).toEqual(['pods', '']);
    expect(splitApiVersion('v1')).toEqual(['', 'v1']);
    expect(splitApiVersion('apps/v1')).toEqual(['apps', 'v1']);
    expect(splitApiVersion('a/b/c')).toBeUndefined();
  });
});
