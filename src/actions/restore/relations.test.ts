import { describe, expect, it } from 'vitest';
import { anObject, execute } from './action.fixture.ts';
import { addPvFromPvc } from './add-pv-from-pvc.ts';
import { addPvcFromPod } from './add-pvc-from-pod.ts';
import { clusterRoleBindings, roleBindings } from './role-bindings.ts';

describe('relations between items', () => {
  it('V-RIA-005 restores the volume of a claim that was bound in the backup', async () => {
    const item = anObject('PersistentVolumeClaim', { spec: {} });
    const fromBackup = (phase: string, volumeName?: string) =>
      anObject('PersistentVolumeClaim', { spec: { volumeName }, status: { phase } });
    const additional = async (phase: string, volumeName?: string) =>
      (await execute(addPvFromPvc(), item, { itemFromBackup: fromBackup(phase, volumeName) }))
        .additionalItems;
    expect(await additional('Bound', 'pv-1')).toEqual([
      { group: '', resource: 'persistentvolumes', namespace: '', name: 'pv-1' },
    ]);
    expect(await additional('Pending', 'pv-1')).toBeUndefined();
    expect(await additional('Bound')).toBeUndefined();
  });

  it('V-RIA-006 restores the claims that a pod mounts, ephemeral volumes not', async () => {
    const pod = anObject('Pod', {
      spec: {
        volumes: [
          { name: 'a', persistentVolumeClaim: { claimName: 'claim-a' } },
          { name: 'b', emptyDir: {} },
          { name: 'c', ephemeral: { volumeClaimTemplate: {} } },
          { name: 'd', persistentVolumeClaim: { claimName: 'claim-d' } },
        ],
      },
    });
    const { additionalItems, item } = await execute(addPvcFromPod(), pod);
    expect(item).toBe(pod);
    expect(additionalItems).toEqual(
      ['claim-a', 'claim-d'].map((name) => ({
        group: '',
        resource: 'persistentvolumeclaims',
        namespace: 'shop',
        name,
      })),
    );
    expect((await execute(addPvcFromPod(), anObject('Pod', { spec: {} }))).additionalItems).toEqual([]);
  });

  it('V-RIA-011 follows a namespace mapping in the subjects of bindings', async () => {
    const subjects = [
      { kind: 'ServiceAccount', name: 'a', namespace: 'shop' },
      { kind: 'ServiceAccount', name: 'b', namespace: 'other' },
      { kind: 'User', name: 'c' },
    ];
    const spec = { namespaceMapping: { shop: 'shop-copy' } };
    for (const [action, kind, resource] of [
      [roleBindings(), 'RoleBinding', 'rolebindings'],
      [clusterRoleBindings(), 'ClusterRoleBinding', 'clusterrolebindings'],
    ] as const) {
      expect(await action.appliesTo()).toEqual({ includedResources: [resource] });
      const binding = anObject(kind, { subjects, roleRef: { name: 'r' } });
      const { item } = await execute(action, binding, { spec });
      expect(item).toEqual({
        ...binding,
        subjects: [{ ...subjects[0], namespace: 'shop-copy' }, subjects[1], subjects[2]],
      });
      expect((await execute(action, binding)).item).toBe(binding);
      const bare = anObject(kind);
      expect((await execute(action, bare, { spec })).item).toBe(bare);
    }
  });
});
