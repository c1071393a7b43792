import { describe, expect, it } from 'vitest';
import { anObject, execute } from './action.fixture.ts';
import { pod } from './pod.ts';

const mounts = (...names: string[]) => names.map((name) => ({ name, mountPath: `/${name}` }));

describe('pods', () => {
  it('V-RIA-007 V-RIA-008 lose their node, priority and service account token, and nothing else', async () => {
    const spec = {
      nodeName: 'node-1',
      priority: 1000,
      serviceAccountName: 'app',
      volumes: [{ name: 'app-token-x' }, { name: 'kube-api-access-y' }, { name: 'data' }],
      containers: [{ name: 'a', volumeMounts: mounts('app-token-x', 'data') }, { name: 'b' }],
      initContainers: [{ name: 'i', volumeMounts: mounts('app-token-x', 'kube-api-access-y') }],
      ephemeralContainers: [{ name: 'e', volumeMounts: mounts('app-token-x') }],
    };
    const { item, additionalItems } = await execute(pod(), anObject('Pod', { spec }));
    expect(item['spec']).toEqual({
      serviceAccountName: 'app',
      volumes: [{ name: 'kube-api-access-y' }, { name: 'data' }],
      containers: [{ name: 'a', volumeMounts: mounts('data') }, { name: 'b' }],
      initContainers: [{ name: 'i', volumeMounts: mounts('kube-api-access-y') }],
      ephemeralContainers: [{ name: 'e', volumeMounts: mounts('app-token-x') }],
    });
    expect(additionalItems).toBeUndefined();
  });

  it('V-RIA-009 bring their priority class along', async () => {
    const { additionalItems } = await execute(
      pod(),
      anObject('Pod', { spec: { priorityClassName: 'high' } }),
    );
    expect(additionalItems).toEqual([
      { group: 'scheduling.k8s.io', resource: 'priorityclasses', namespace: '', name: 'high' },
    ]);
  });
});
