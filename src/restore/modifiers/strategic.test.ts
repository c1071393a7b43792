import { describe, expect, it } from 'vitest';
import type { KubeObject } from '../../api/object.ts';
import { applyStrategicPatch } from './strategic.ts';

function pod(spec: Record<string, unknown>, metadata: Record<string, unknown> = {}): KubeObject {
  return { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p', ...metadata }, spec };
}

/** The spec after a patch of the spec. */
function specAfter(spec: Record<string, unknown>, patch: Record<string, unknown>): unknown {
  const before = pod(spec);
  const copy = structuredClone(before);
  const after = applyStrategicPatch(before, { spec: patch });
  expect(before).toEqual(copy);
  return after['spec'];
}

const names = (list: unknown) => (list as { name: string }[]).map(({ name }) => name);

describe('strategic merge patches', () => {
  it('V-MOD-027 merges elements by key, new ones before the old, and keeps the order otherwise', () => {
    const spec = { containers: [{ name: 'a', image: '1', env: [{ name: 'X', value: 'x' }] }, { name: 'b' }] };
    expect(
      specAfter(spec, {
        containers: [{ name: 'c' }, { name: 'a', image: '2', env: [{ name: 'Y', value: 'y' }] }],
      }),
    ).toEqual({
      containers: [
        { name: 'c' },
        {
          name: 'a',
          image: '2',
          env: [
            { name: 'Y', value: 'y' },
            { name: 'X', value: 'x' },
          ],
        },
        { name: 'b' },
      ],
    });
  });

  it('V-MOD-027 deletes and replaces by directives', () => {
    const spec = { containers: [{ name: 'a' }, { name: 'b' }], volumes: [{ name: 'v', emptyDir: {} }] };
    expect(specAfter(spec, { containers: [{ $patch: 'delete', name: 'a' }] })).toMatchObject({
      containers: [{ name: 'b' }],
    });
    expect(specAfter(spec, { containers: [{ $patch: 'replace' }, { name: 'c' }] })).toMatchObject({
      containers: [{ name: 'c' }],
    });
    expect(specAfter(spec, { $patch: 'replace', restartPolicy: 'Never' })).toEqual({
      restartPolicy: 'Never',
    });
    expect(specAfter(spec, { volumes: null })).toEqual({ containers: [{ name: 'a' }, { name: 'b' }] });
  });

  it('V-MOD-027 keeps only the keys that $retainKeys names', () => {
    const spec = { volumes: [{ name: 'v', emptyDir: {} }] };
    expect(
      specAfter(spec, {
        volumes: [{ name: 'v', $retainKeys: ['name', 'secret'], secret: { secretName: 's' } }],
      }),
    ).toEqual({ volumes: [{ name: 'v', secret: { secretName: 's' } }] });
    expect(() => specAfter(spec, { volumes: [{ name: 'v', $retainKeys: ['name'], secret: {} }] })).toThrow(
      /error in applying Strategic Patch .*retainKeys/,
    );
  });

  it('V-MOD-027 orders by $setElementOrder', () => {
    const spec = { containers: [{ name: 'a' }, { name: 'b' }, { name: 'c' }] };
    const ordered = specAfter(spec, {
      '$setElementOrder/containers': [{ name: 'c' }, { name: 'd' }, { name: 'a' }],
      containers: [{ name: 'd', image: 'x' }],
    }) as { containers: unknown };
    expect(names(ordered.containers)).toEqual(['b', 'c', 'd', 'a']);
    const only = specAfter(spec, {
      '$setElementOrder/containers': [{ name: 'c' }, { name: 'b' }, { name: 'a' }],
    }) as { containers: unknown };
    expect(names(only.containers)).toEqual(['c', 'b', 'a']);
  });

  it('V-MOD-027 unites lists of plain values, deletes from them, and replaces lists without a key', () => {
    const object = pod({ tolerations: [{ key: 'a' }] }, { finalizers: ['x', 'y'] });
    expect(
      applyStrategicPatch(object, { metadata: { finalizers: ['y', 'z'] } }).metadata.finalizers?.toSorted(),
    ).toEqual(['x', 'y', 'z']);
    expect(
      applyStrategicPatch(object, { metadata: { '$deleteFromPrimitiveList/finalizers': ['x'] } }).metadata
        .finalizers,
    ).toEqual(['y']);
    expect(applyStrategicPatch(object, { spec: { tolerations: [{ key: 'b' }] } })['spec']).toEqual({
      tolerations: [{ key: 'b' }],
    });
  });

  it('V-MOD-027 puts in what is new without nulls and directives', () => {
    expect(
      specAfter({}, { containers: [{ name: 'a', image: null, env: [{ $patch: 'delete', name: 'x' }] }] }),
    ).toEqual({
      containers: [{ name: 'a', env: [] }],
    });
  });

  it('V-MOD-027 refuses elements without their key and unknown directives', () => {
    const spec = { containers: [{ name: 'a' }] };
    expect(() => specAfter(spec, { containers: [{ image: 'x' }] })).toThrow(
      /does not contain declared merge key: name/,
    );
    expect(() => specAfter(spec, { $patch: 'shred' })).toThrow(/unknown patch type found: shred/);
    expect(() => applyStrategicPatch(pod({}), [])).toThrow(/patch is not an object/);
  });

  it('V-MOD-026 takes core, apps, batch, snapshot and Velero kinds, and no others', () => {
    for (const [apiVersion, kind] of [
      ['v1', 'Service'],
      ['apps/v1', 'StatefulSet'],
      ['batch/v1', 'CronJob'],
      ['snapshot.storage.k8s.io/v1', 'VolumeSnapshot'],
      ['velero.io/v1', 'Schedule'],
      ['velero.io/v2alpha1', 'DataUpload'],
    ] as const) {
      const object = { apiVersion, kind, metadata: { name: 'x' } };
      expect(applyStrategicPatch(object, { spec: { a: 1 } })['spec']).toEqual({ a: 1 });
    }
    for (const [apiVersion, kind] of [
      ['apps/v1beta1', 'Deployment'],
      ['example.com/v1', 'Widget'],
    ] as const) {
      expect(() => applyStrategicPatch({ apiVersion, kind, metadata: { name: 'x' } }, {})).toThrow(
        `no kind "${kind}" is registered for version "${apiVersion}" in scheme`,
      );
    }
  });
});
