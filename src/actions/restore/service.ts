import { Failure, messageOf } from '../../lib/errors.ts';
import type { RestoreItemAction } from '../../plugin/contract.ts';
import type { KubeObject } from '../../api/object.ts';

const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';

interface ServicePort {
  name?: string;
  port?: number;
  protocol?: string;
  nodePort?: number;
  [field: string]: unknown;
}

interface ServiceSpec {
  type?: string;
  clusterIP?: string;
  clusterIPs?: string[];
  externalTrafficPolicy?: string;
  healthCheckNodePort?: number;
  ports?: ServicePort[];
  [field: string]: unknown;
}

/**
 * Lets the cluster choose a Service's addresses and node ports anew, except for node ports that somebody asked for by
 * `kubectl apply` (client or server side) or that the restore preserves (service_action.go).
 * Throws where the last-applied annotation cannot be read.
 */
export function service(): RestoreItemAction {
  return {
    name: 'velero.io/service',
    appliesTo: async () => ({ includedResources: ['services'] }),
    async execute({ item, restore }) {
      const spec: ServiceSpec = { ...(item['spec'] as ServiceSpec | undefined) };
      if (spec.clusterIP !== 'None') {
        delete spec.clusterIP;
        delete spec.clusterIPs;
      }
      if (restore.spec?.preserveNodePorts !== true) {
        const keep = readIntent(item);
        releaseNodePorts(spec, keep);
        releaseHealthCheckNodePort(spec, keep);
      }
      return { item: { ...item, spec } };
    },
  };
}

/** What the owner of a Service has asked for, as far as the object still tells. */
interface Intent {
  /** The `spec` of the last-applied annotation; undefined where there is no annotation. */
  applied: { ports?: unknown; healthCheckNodePort?: unknown } | undefined;
  /** `f:spec` of each managedFields entry. */
  managed: Record<string, unknown>[];
}

function readIntent(item: KubeObject): Intent {
  const annotation = item.metadata.annotations?.[LAST_APPLIED];
  const managedFields = (item.metadata['managedFields'] ?? []) as { fieldsV1?: Record<string, unknown> }[];
  return {
    applied: annotation === undefined ? undefined : parseApplied(item, annotation),
    managed: managedFields.map((entry) => asObject(entry.fieldsV1?.['f:spec']) ?? {}),
  };
}

function parseApplied(item: KubeObject, annotation: string): Record<string, unknown> {
  let parsed: unknown;
  try {
    parsed = JSON.parse(annotation);
  } catch (error) {
    throw new Failure({
      code: 'SERVICE_LAST_APPLIED',
      message: messageOf(error),
      object: `service ${item.metadata.namespace}/${item.metadata.name}, annotation ${LAST_APPLIED}`,
      remedy: 'restore with preserveNodePorts, or repair the annotation and back up again',
      cause: error,
    });
  }
  return asObject(asObject(parsed)?.['spec']) ?? {};
}

function releaseNodePorts(spec: ServiceSpec, intent: Intent): void {
  if (spec.type === 'ExternalName' || !spec.ports) return;
  const isExplicit = intent.applied
    ? explicitByAnnotation(intent.applied.ports)
    : explicitByManager(intent.managed);
  spec.ports = spec.ports.map((port) => {
    if (port.nodePort === undefined || isExplicit(port)) return port;
    const { nodePort: _released, ...rest } = port;
    return rest;
  });
}

/** Named ports are known by their name, unnamed ones by the number itself. */
function explicitByAnnotation(ports: unknown): (port: ServicePort) => boolean {
  const names = new Set<string>();
  const unnamed = new Set<number>();
  for (const port of Array.isArray(ports) ? ports : []) {
    const applied = asObject(port);
    if (!applied || !Object.hasOwn(applied, 'nodePort')) continue;
    const nodePort = numberOf(applied['nodePort']);
    if (nodePort <= 0) continue;
    if (Object.hasOwn(applied, 'name')) names.add(String(applied['name']));
    else unnamed.add(nodePort);
  }
  return (port) =>
    port.name === undefined || port.name === '' ? unnamed.has(port.nodePort ?? 0) : names.has(port.name);
}

function explicitByManager(managed: readonly Record<string, unknown>[]): (port: ServicePort) => boolean {
  const keys = new Set<string>();
  for (const fields of managed) {
    for (const [key, port] of Object.entries(asObject(fields['f:ports']) ?? {})) {
      if (Object.hasOwn(asObject(port) ?? {}, 'f:nodePort')) keys.add(key);
    }
  }
  return (port) => keys.has(`k:{"port":${port.port},"protocol":"${port.protocol ?? ''}"}`);
}

function releaseHealthCheckNodePort(spec: ServiceSpec, intent: Intent): void {
  if (spec.externalTrafficPolicy !== 'Local' || spec.type !== 'LoadBalancer') return;
  const applied = intent.applied?.healthCheckNodePort;
  if (typeof applied === 'number' && applied !== 0) return;
  if (intent.managed.some((fields) => Object.hasOwn(fields, 'f:healthCheckNodePort'))) return;
  delete spec.healthCheckNodePort;
}

/** `kubectl` users write node ports as numbers or as text. @throws Failure where the text is no number */
function numberOf(value: unknown): number {
  if (typeof value === 'number') return Math.trunc(value);
  if (typeof value !== 'string') return 0;
  if (!/^[+-]?\d+$/.test(value)) {
    throw new Failure({
      code: 'SERVICE_LAST_APPLIED',
      message: `strconv.Atoi: parsing ${JSON.stringify(value)}: invalid syntax`,
      object: `annotation ${LAST_APPLIED}`,
    });
  }
  return Number(value);
}

function asObject(value: unknown): Record<string, unknown> | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : undefined;
}
