import { describe, expect, it } from 'vitest';
import type { RestoreSpec } from '../../api/restore.ts';
import { anObject, execute } from './action.fixture.ts';
import { service } from './service.ts';

const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';

interface Options {
  applied?: unknown;
  managed?: Record<string, unknown>[];
  spec?: RestoreSpec;
}

async function specAfter(
  spec: Record<string, unknown>,
  options: Options = {},
): Promise<Record<string, unknown>> {
  const { applied, managed } = options;
  const object = anObject(
    'Service',
    { spec },
    {
      ...(applied === undefined
        ? {}
        : {
            annotations: {
              [LAST_APPLIED]: typeof applied === 'string' ? applied : JSON.stringify({ spec: applied }),
            },
          }),
      ...(managed === undefined
        ? {}
        : { managedFields: managed.map((fields) => ({ fieldsV1: { 'f:spec': fields } })) }),
    },
  );
  const result = await execute(service(), object, options.spec ? { spec: options.spec } : {});
  return result.item['spec'] as Record<string, unknown>;
}

const nodePorts = (spec: Record<string, unknown>) =>
  (spec['ports'] as { nodePort?: number }[]).map((port) => port.nodePort);

describe('services', () => {
  it('V-RIA-019 get new addresses unless they are headless', async () => {
    expect(await specAfter({ clusterIP: '10.0.0.1', clusterIPs: ['10.0.0.1'] })).toEqual({});
    expect(await specAfter({ clusterIP: 'None', clusterIPs: ['None'] })).toEqual({
      clusterIP: 'None',
      clusterIPs: ['None'],
    });
  });

  it('V-RIA-020 keep all node ports where the restore says so', async () => {
    const spec = {
      type: 'LoadBalancer',
      externalTrafficPolicy: 'Local',
      healthCheckNodePort: 30001,
      ports: [{ port: 80, nodePort: 30000 }],
    };
    expect(await specAfter(spec, { spec: { preserveNodePorts: true } })).toEqual(spec);
    const released = await specAfter(spec, { spec: { preserveNodePorts: false } });
    expect(nodePorts(released)).toEqual([undefined]);
    expect(released['healthCheckNodePort']).toBeUndefined();
  });

  it('V-RIA-021 leave ExternalName services alone', async () => {
    const spec = { type: 'ExternalName', ports: [{ port: 80, nodePort: 30000 }] };
    expect(await specAfter(spec)).toEqual(spec);
  });

  it('V-RIA-022 keep the node ports of the last-applied configuration by name or number', async () => {
    const ports = [
      { name: 'http', port: 80, nodePort: 30080 },
      { name: 'https', port: 443, nodePort: 30443 },
      { name: 'admin', port: 9000, nodePort: 30900 },
    ];
    const applied = {
      ports: [
        { name: 'http', nodePort: 31111 },
        { name: 'https', nodePort: 0 },
        { name: 'admin', nodePort: '30900' },
      ],
    };
    expect(nodePorts(await specAfter({ type: 'NodePort', ports }, { applied }))).toEqual([
      30080,
      undefined,
      30900,
    ]);
    const unnamed = [
      { port: 80, nodePort: 30080 },
      { port: 81, nodePort: 30081 },
    ];
    const managed = [{ 'f:ports': { 'k:{"port":81,"protocol":"TCP"}': { 'f:nodePort': {} } } }];
    expect(
      nodePorts(
        await specAfter(
          { type: 'NodePort', ports: unnamed },
          { applied: { ports: [{ nodePort: 30080 }] }, managed },
        ),
      ),
    ).toEqual([30080, undefined]);
    expect(nodePorts(await specAfter({ ports: unnamed }, { applied: {}, managed }))).toEqual([
      undefined,
      undefined,
    ]);
  });

  it('V-RIA-023 else keep those that some field manager owns', async () => {
    const ports = [
      { port: 80, protocol: 'TCP', nodePort: 30080 },
      { port: 80, protocol: 'UDP', nodePort: 30081 },
      { port: 443, protocol: 'TCP', nodePort: 30443 },
    ];
    const managed = [
      { 'f:type': {} },
      {
        'f:ports': {
          'k:{"port":80,"protocol":"TCP"}': { 'f:nodePort': {} },
          'k:{"port":443,"protocol":"TCP"}': {},
        },
      },
    ];
    expect(nodePorts(await specAfter({ type: 'NodePort', ports }, { managed }))).toEqual([
      30080,
      undefined,
      undefined,
    ]);
    expect(nodePorts(await specAfter({ type: 'NodePort', ports }))).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
  });

  it('V-RIA-024 give up a health check port that nobody asked for', async () => {
    const spec = { type: 'LoadBalancer', externalTrafficPolicy: 'Local', healthCheckNodePort: 30001 };
    const port = async (more: object, options: Options = {}) =>
      (await specAfter({ ...spec, ...more }, options))['healthCheckNodePort'];
    expect(await port({})).toBeUndefined();
    expect(await port({ externalTrafficPolicy: 'Cluster' })).toBe(30001);
    expect(await port({ type: 'NodePort' })).toBe(30001);
    expect(await port({}, { applied: { healthCheckNodePort: 30001 } })).toBe(30001);
    expect(await port({}, { applied: { healthCheckNodePort: 0 } })).toBeUndefined();
    expect(await port({}, { applied: {}, managed: [{ 'f:healthCheckNodePort': {} }] })).toBe(30001);
  });

  it('V-RIA-025 fail where the annotation cannot be read', async () => {
    const spec = { type: 'NodePort', ports: [{ port: 80, nodePort: 30080 }] };
    await expect(specAfter(spec, { applied: '{' })).rejects.toThrow(/JSON/);
    await expect(specAfter(spec, { applied: { ports: [{ nodePort: 'many' }] } })).rejects.toThrow(
      'strconv.Atoi: parsing "many": invalid syntax',
    );
  });
});
