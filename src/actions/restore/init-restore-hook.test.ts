import { describe, expect, it } from 'vitest';
import type { RestoreSpec } from '../../api/restore.ts';
import { anObject, execute } from './action.fixture.ts';
import { initRestoreHook } from './init-restore-hook.ts';

const container = (name: string) => ({ name, image: 'alpine', command: ['true'] });

const hooks = (
  ...sets: { name: string; includedNamespaces?: string[]; containers: Record<string, unknown>[] }[]
): RestoreSpec => ({
  hooks: {
    resources: sets.map(({ name, includedNamespaces, containers }) => ({
      name,
      ...(includedNamespaces ? { includedNamespaces } : {}),
      postHooks: [{ init: { initContainers: containers, timeout: '1s' } }],
    })),
  },
});

async function initContainers(
  before: { name: string }[],
  spec: RestoreSpec,
  annotations: Record<string, string> = {},
): Promise<string[]> {
  const pod = anObject('Pod', { spec: { initContainers: before } }, { annotations });
  const { item } = await execute(initRestoreHook(), pod, { spec });
  return (item['spec'] as { initContainers: { name: string }[] }).initContainers.map(({ name }) => name);
}

describe('init restore hooks', () => {
  it("V-RHK-010 V-RHK-011 V-RHK-013 go before the pod's own init containers in the order of the spec, after restore-wait", async () => {
    const spec = hooks(
      { name: 'one', containers: [container('a'), container('b')] },
      { name: 'two', containers: [container('c')] },
    );
    expect(await initContainers([{ name: 'own' }], spec)).toEqual(['a', 'b', 'c', 'own']);
    expect(await initContainers([{ name: 'restore-wait' }, { name: 'own' }], spec)).toEqual([
      'restore-wait',
      'a',
      'b',
      'c',
      'own',
    ]);
    expect(await initContainers([{ name: 'restic-wait' }], spec)).toEqual(['a', 'b', 'c', 'restic-wait']);
  });

  it('V-RHK-003 matches the namespace that the pod goes to', async () => {
    const spec = {
      ...hooks({ name: 'one', includedNamespaces: ['copy'], containers: [container('a')] }),
      namespaceMapping: { shop: 'copy' },
    };
    expect(await initContainers([], spec)).toEqual(['a']);
    expect(await initContainers([{ name: 'own' }], { ...spec, namespaceMapping: {} })).toEqual(['own']);
  });

  it('V-RHK-004 V-RHK-007 takes the annotations instead of the spec', async () => {
    const annotations = {
      'init.hook.restore.velero.io/container-image': 'alpine',
      'init.hook.restore.velero.io/container-name': 'annotated',
      'init.hook.restore.velero.io/command': 'true',
    };
    expect(
      await initContainers(
        [{ name: 'own' }],
        hooks({ name: 'one', containers: [container('a')] }),
        annotations,
      ),
    ).toEqual(['annotated', 'own']);
  });

  it('V-RHK-009 lets the image choose where the annotations name no command', async () => {
    const pod = anObject(
      'Pod',
      { spec: {} },
      { annotations: { 'init.hook.restore.velero.io/container-image': 'alpine' } },
    );
    const { item } = await execute(initRestoreHook(), pod);
    expect(item['spec']).toEqual({
      initContainers: [
        { image: 'alpine', name: expect.stringMatching(/^velero-restore-init-[0-9a-f]{8}$/) as string },
      ],
    });
  });

  it('V-RHK-010 fails the pod where a container is incomplete', async () => {
    await expect(
      initContainers([], hooks({ name: 'one', containers: [{ name: 'a', image: 'b' }] })),
    ).rejects.toThrow("invalid InitContainer in restore hook, it doesn't have Command, Name or Image field");
  });
});
