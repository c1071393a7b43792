import { describe, expect, it } from 'vitest';
import type { KubeObject } from '../api/object.ts';
import type { RestoreHooks } from '../api/restore.ts';
import { createLogger, type LogEntry, silentLogger } from '../lib/log.ts';
import { execHooksOfPod, initContainerFromAnnotations, restoreHookSets } from './restore-hooks.ts';

function pod(annotations: Record<string, string> = {}, labels: Record<string, string> = {}): KubeObject {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'web', namespace: 'shop', annotations, labels },
    spec: { containers: [{ name: 'main' }, { name: 'side' }] },
  };
}

const exec = (command: string[], container?: string) => ({
  exec: { command, ...(container === undefined ? {} : { container }) },
});

function hooksOf(hooks: RestoreHooks, object = pod(), log = silentLogger) {
  return [...execHooksOfPod(object, restoreHookSets(hooks), log)];
}

describe('post-restore hooks of a pod', () => {
  it('V-RHK-001 V-RHK-002 matches by target namespace and labels, and ignores resources', () => {
    const names = (spec: object, labels = {}) =>
      hooksOf({ resources: [{ name: 'h', postHooks: [exec(['a'])], ...spec }] }, pod({}, labels)).length;
    expect(names({})).toBe(1);
    expect(names({ includedNamespaces: ['sh*'] })).toBe(1);
    expect(names({ includedNamespaces: ['other'] })).toBe(0);
    expect(names({ excludedNamespaces: ['shop'] })).toBe(0);
    expect(names({ includedResources: ['secrets'], excludedResources: ['pods'] })).toBe(1);
    expect(names({ labelSelector: { matchLabels: { app: 'web' } } })).toBe(0);
    expect(names({ labelSelector: { matchLabels: { app: 'web' } } }, { app: 'web' })).toBe(1);
  });

  it('V-RHK-016 V-RHK-020 groups by container in the order of the spec, the first container where none is named', () => {
    const grouped = hooksOf({
      resources: [
        { name: 'one', postHooks: [exec(['a']), exec(['b'], 'side'), exec(['c'], 'main')] },
        { name: 'two', postHooks: [exec(['d'], 'side')] },
      ],
    });
    expect(
      grouped.map(([container, list]) => [container, list.map((hook) => [hook.name, ...hook.command])]),
    ).toEqual([
      [
        'main',
        [
          ['one', 'a'],
          ['one', 'c'],
        ],
      ],
      [
        'side',
        [
          ['one', 'b'],
          ['two', 'd'],
        ],
      ],
    ]);
  });

  it('V-RHK-004 V-RHK-014 V-RHK-016 takes the annotations instead of the spec', () => {
    const prefix = 'post.hook.restore.velero.io';
    const annotated = pod({
      [`${prefix}/command`]: '["/bin/sh", "-c", "true"]',
      [`${prefix}/container`]: 'side',
      [`${prefix}/on-error`]: 'Fail',
      [`${prefix}/exec-timeout`]: '30s',
      [`${prefix}/wait-timeout`]: '5m',
      [`${prefix}/wait-for-ready`]: 'true',
    });
    expect(hooksOf({ resources: [{ name: 'h', postHooks: [exec(['a'])] }] }, annotated)).toEqual([
      [
        'side',
        [
          {
            name: '<from-annotation>',
            source: 'annotation',
            container: 'side',
            command: ['/bin/sh', '-c', 'true'],
            onError: 'Fail',
            timeoutMs: 30_000,
            waitTimeoutMs: 300_000,
            waitForReady: true,
          },
        ],
      ],
    ]);
    const [[container] = []] = hooksOf({}, pod({ [`${prefix}/command`]: 'x' }));
    expect(container).toBe('main');
  });

  it('V-RHK-006 reads a command as a JSON array or as one word', () => {
    const command = (text: string) =>
      hooksOf({}, pod({ 'post.hook.restore.velero.io/command': text }))[0]?.[1][0]?.command;
    expect(command('["a b", "c"]')).toEqual(['a b', 'c']);
    expect(command('["a"')).toEqual(['["a"']);
    expect(command('a b c')).toEqual(['a b c']);
  });

  it('V-RHK-015 takes nonsense in annotations for nothing, with a warning', () => {
    const prefix = 'post.hook.restore.velero.io';
    const entries: LogEntry[] = [];
    const log = createLogger({ sinks: [{ write: (entry) => entries.push(entry) }] });
    const [[, hooks] = []] = hooksOf(
      {},
      pod({
        [`${prefix}/command`]: 'x',
        [`${prefix}/on-error`]: 'fail',
        [`${prefix}/exec-timeout`]: 'soon',
        [`${prefix}/wait-timeout`]: '5 minutes',
        [`${prefix}/wait-for-ready`]: 'perhaps',
      }),
      log,
    );
    expect(hooks?.[0]).toMatchObject({ timeoutMs: 0, waitTimeoutMs: 0, waitForReady: false });
    expect(hooks?.[0]?.onError).toBeUndefined();
    expect(entries.map((entry) => entry.level)).toEqual(['warning', 'warning', 'warning']);
  });

  it('V-RHK-007 V-RHK-008 V-RHK-009 makes an init container of the annotations', () => {
    const prefix = 'init.hook.restore.velero.io';
    const id = () => 'deadbeef';
    expect(initContainerFromAnnotations({ [`${prefix}/command`]: 'x' }, id)).toBeUndefined();
    expect(
      initContainerFromAnnotations(
        {
          [`${prefix}/container-image`]: 'alpine',
          [`${prefix}/container-name`]: 'fix',
          [`${prefix}/command`]: '["a", "b"]',
          [`${prefix}/timeout`]: '5m',
        },
        id,
      ),
    ).toEqual({ image: 'alpine', name: 'fix', command: ['a', 'b'] });
    expect(initContainerFromAnnotations({ [`${prefix}/container-image`]: 'alpine' }, id)).toEqual({
      image: 'alpine',
      name: 'velero-restore-init-deadbeef',
    });
  });
});
