/** Volume policies: which volume is saved in which way (internal/resourcepolicies of the original). */

import { isMap, isScalar, isSeq, LineCounter, type Node, parseDocument } from 'yaml';
import type { Backup } from '../api/backup.ts';
import type { KubeObject } from '../api/object.ts';
import { isNotFound } from '../kube/errors.ts';
import { Failure, messageOf } from '../lib/errors.ts';
import { parseQuantity } from '../lib/quantity.ts';
import { type PolicyVolume, volumeOfPod, volumeOfPv } from './policy-volume.ts';

export type PolicyActionType = 'skip' | 'fs-backup' | 'snapshot';

export interface PolicyAction {
  type: PolicyActionType;
  parameters: Readonly<Record<string, unknown>>;
}

interface Conditions {
  /** Bytes in billionths; 0 for an open end. */
  capacity: { lower: bigint; upper: bigint };
  storageClass: readonly string[];
  nfs: { server: string; path: string } | undefined;
  csi: { driver: string } | undefined;
  volumeTypes: readonly string[];
}

/** The policies of one backup. */
export class ResourcePolicies {
  readonly #policies: readonly { conditions: Conditions; action: PolicyAction }[];

  constructor(policies: readonly { conditions: Conditions; action: PolicyAction }[]) {
    this.#policies = policies;
  }

  /** The action of the first policy whose conditions all hold, for a PV. */
  actionForPv(pv: KubeObject): PolicyAction | undefined {
    return this.#match(volumeOfPv(pv));
  }

  /** The same for a pod's volume that has no claim. */
  actionForPodVolume(volume: Readonly<Record<string, unknown>>): PolicyAction | undefined {
    return this.#match(volumeOfPod(volume));
  }

  #match(volume: PolicyVolume): PolicyAction | undefined {
    return this.#policies.find(({ conditions }) => matches(conditions, volume))?.action;
  }
}

function matches(conditions: Conditions, volume: PolicyVolume): boolean {
  const { capacity, storageClass, nfs, csi, volumeTypes } = conditions;
  if (!isInRange(capacity, volume.capacity)) return false;
  if (
    storageClass.length > 0 &&
    !(volume.storageClass !== '' && storageClass.includes(volume.storageClass))
  ) {
    return false;
  }
  if (nfs !== undefined) {
    if (volume.nfs === undefined) return false;
    if (nfs.path !== '' && nfs.path !== volume.nfs.path) return false;
    if (nfs.server !== '' && nfs.server !== volume.nfs.server) return false;
  }
  if (csi !== undefined) {
    if (volume.csiDriver === undefined) return false;
    if (csi.driver !== '' && csi.driver !== volume.csiDriver) return false;
  }
  return volumeTypes.length === 0 || volumeTypes.includes(volume.type);
}

/** Both ends belong to the range; 0 stands for an open end. */
function isInRange({ lower, upper }: Conditions['capacity'], value: bigint): boolean {
  if (lower === 0n && upper >= value) return true;
  if (upper === 0n && lower <= value) return true;
  return lower !== 0n && upper !== 0n && lower <= value && upper >= value;
}

/** What a ConfigMap with policies must offer. */
export interface PolicyConfigMap {
  data?: Readonly<Record<string, string>> | null;
}

/**
 * Reads the policies that a Backup names, if any.
 * @param getConfigMap reads a ConfigMap of the Backup's namespace
 * @throws Failure `RESOURCE_POLICY` with the text for the Backup's validation errors
 */
export async function readResourcePolicies(
  backup: Backup,
  getConfigMap: (name: string) => Promise<PolicyConfigMap>,
): Promise<ResourcePolicies | undefined> {
  const reference = backup.spec.resourcePolicy;
  if (reference === undefined || reference === null || reference.kind.toLowerCase() !== 'configmap') {
    return undefined;
  }
  const { namespace = '', name: backupName = '' } = backup.metadata;
  const object = `configmap ${namespace}/${reference.name}`;
  let configMap: PolicyConfigMap;
  try {
    configMap = await getConfigMap(reference.name);
  } catch (error) {
    // The original reads through a cache, which names the kind where the API server names the resource.
    const why = isNotFound(error) ? `ConfigMap "${reference.name}" not found` : messageOf(error);
    throw refused(
      `fail to get ResourcePolicies ${namespace}/${reference.name} ConfigMap with error ${why}`,
      object,
      error,
    );
  }
  let parsed: { version: string; policies: RawPolicy[] };
  try {
    const texts = Object.values(configMap.data ?? {});
    if (texts.length !== 1) {
      throw new Error(`illegal resource policies ${namespace}/${reference.name} configmap`);
    }
    parsed = parsePolicies(texts[0] as string);
  } catch (error) {
    // The original names the backup here, not the ConfigMap; people search for that text.
    throw refused(
      `fail to read the ResourcePolicies from ConfigMap ${namespace}/${backupName} with error ${messageOf(error)}`,
      object,
      error,
    );
  }
  try {
    return validatePolicies(parsed);
  } catch (error) {
    throw refused(
      `fail to validate ResourcePolicies in ConfigMap ${namespace}/${backupName} with error ${messageOf(error)}`,
      object,
      error,
    );
  }
}

function refused(message: string, object: string, cause: unknown): Failure {
  return new Failure({ code: 'RESOURCE_POLICY', message, object, cause });
}

interface RawPolicy {
  conditions: Conditions;
  /** As it was written, for messages. */
  capacityText: string;
  actionType: string;
  parameters: Readonly<Record<string, unknown>>;
}

/**
 * Policies from their YAML text, every key known.
 * @throws Error in the original's words
 */
function parsePolicies(text: string): { version: string; policies: RawPolicy[] } {
  const decode = new StrictDecoder(text);
  const root = decode.prefixed('failed to decode yaml data into resource policies  ', () => {
    const fields = decode.struct(decode.root, 'ResourcePolicies', ['version', 'volumePolicies']);
    return {
      version: decode.text(fields['version']),
      policies: decode.list(fields['volumePolicies']).map((policy) => {
        const parts = decode.struct(policy, 'VolumePolicy', ['conditions', 'action']);
        const action = decode.struct(parts['action'], 'Action', ['type', 'parameters']);
        return {
          conditions: parts['conditions'],
          actionType: decode.text(action['type']),
          parameters: decode.map(action['parameters']),
        };
      }),
    };
  });
  return {
    version: root.version,
    policies: root.policies.map(({ conditions, actionType, parameters }) => {
      const raw = decode.prefixed('failed to decode volume conditions: ', () =>
        readConditions(decode, conditions),
      );
      return {
        conditions: { ...raw, capacity: parseCapacity(raw.capacityText) },
        capacityText: raw.capacityText,
        actionType,
        parameters,
      };
    }),
  };
}

function readConditions(
  decode: StrictDecoder,
  node: Node | undefined,
): Omit<Conditions, 'capacity'> & { capacityText: string } {
  const fields = decode.struct(node, 'volumeConditions', [
    'capacity',
    'storageClass',
    'nfs',
    'csi',
    'volumeTypes',
  ]);
  const nfs = fields['nfs'];
  const csi = fields['csi'];
  const nfsFields = decode.struct(nfs, 'nFSVolumeSource', ['server', 'path']);
  const csiFields = decode.struct(csi, 'csiVolumeSource', ['driver']);
  return {
    capacityText: decode.text(fields['capacity']),
    storageClass: decode.list(fields['storageClass']).map((item) => decode.text(item)),
    nfs: decode.isNull(nfs)
      ? undefined
      : { server: decode.text(nfsFields['server']), path: decode.text(nfsFields['path']) },
    csi: decode.isNull(csi) ? undefined : { driver: decode.text(csiFields['driver']) },
    volumeTypes: decode.list(fields['volumeTypes']).map((item) => decode.text(item)),
  };
}

function parseCapacity(text: string): Conditions['capacity'] {
  const given = text === '' ? ',' : text;
  const ends = given.split(',').map((end) => end.trim());
  const [lower, upper] = ends;
  if (lower === undefined || upper === undefined || ends.length !== 2) {
    throw new Error(`wrong format of Capacity ${given}`);
  }
  return { lower: quantity(lower), upper: quantity(upper) };
}

function quantity(text: string): bigint {
  if (text === '') return 0n;
  const value = parseQuantity(text);
  if (value !== undefined) return value;
  throw new Error(
    `wrong format of Capacity ${text} with err quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'`,
  );
}

function validatePolicies(parsed: { version: string; policies: RawPolicy[] }): ResourcePolicies {
  if (parsed.version !== 'v1') {
    throw new Error(`incompatible version number ${parsed.version} with supported version v1`);
  }
  return new ResourcePolicies(
    parsed.policies.map(({ conditions, capacityText, actionType, parameters }) => {
      if (!isActionType(actionType)) throw new Error(`invalid action type ${actionType}`);
      const { lower, upper } = conditions.capacity;
      if (upper < lower && !(lower !== 0n && upper === 0n)) {
        throw new Error(`illegal values for capacity ${capacityText}`);
      }
      return { conditions, action: { type: actionType, parameters } };
    }),
  );
}

function isActionType(text: string): text is PolicyActionType {
  return text === 'skip' || text === 'fs-backup' || text === 'snapshot';
}

/** Reads YAML into known fields only; complaints name the line, as Go's decoder does. */
class StrictDecoder {
  readonly root: Node | undefined;
  readonly #lines = new LineCounter();
  #faults: { line: number; message: string }[] = [];
  readonly #syntax: string | undefined;

  constructor(text: string) {
    const document = parseDocument(text, { lineCounter: this.#lines, version: '1.2', uniqueKeys: true });
    this.root = document.contents ?? undefined;
    const fault = document.errors[0];
    if (fault !== undefined) {
      const line = fault.linePos?.[0].line ?? 1;
      this.#syntax = `yaml: line ${line}: ${fault.message.replace(/ at line [\s\S]*$/, '')}`;
    } else if (this.root === undefined) {
      this.#syntax = 'EOF';
    }
  }

  /** Runs `read` and throws what was wrong with the text, all faults in one message. */
  prefixed<T>(prefix: string, read: () => T): T {
    if (this.#syntax !== undefined) throw new Error(prefix + this.#syntax);
    this.#faults = [];
    const value = read();
    if (this.#faults.length === 0) return value;
    const faults = this.#faults.sort((one, other) => one.line - other.line);
    const lines = faults.map(({ line, message }) => `\n  line ${line}: ${message}`);
    throw new Error(`${prefix}yaml: unmarshal errors:${lines.join('')}`);
  }

  isNull(node: Node | undefined): boolean {
    return node === undefined || (isScalar(node) && node.value === null);
  }

  struct(node: Node | undefined, type: string, known: readonly string[]): Record<string, Node | undefined> {
    const fields: Record<string, Node | undefined> = {};
    if (this.isNull(node)) return fields;
    if (!isMap(node)) {
      this.#wrongType(node, `resourcepolicies.${type}`);
      return fields;
    }
    for (const { key, value } of node.items) {
      const name = isScalar(key) ? String(key.value) : '';
      if (known.includes(name)) fields[name] = value as Node;
      else {
        this.#fault(key as Node, `field ${name} not found in type resourcepolicies.${type}`);
      }
    }
    return fields;
  }

  list(node: Node | undefined): Node[] {
    if (this.isNull(node)) return [];
    if (isSeq(node)) return node.items as Node[];
    this.#wrongType(node, '[]string');
    return [];
  }

  map(node: Node | undefined): Record<string, unknown> {
    if (this.isNull(node)) return {};
    if (isMap(node)) return node.toJSON() as Record<string, unknown>;
    this.#wrongType(node, 'map[string]interface {}');
    return {};
  }

  /** A scalar as it is written: numbers and booleans are text where text is wanted. */
  text(node: Node | undefined): string {
    if (this.isNull(node)) return '';
    if (isScalar(node)) return node.source ?? String(node.value);
    this.#wrongType(node, 'string');
    return '';
  }

  #wrongType(node: Node | undefined, type: string): void {
    const tag = isMap(node) ? '!!map' : isSeq(node) ? '!!seq' : '!!str';
    const value = isScalar(node) ? ` \`${node.source ?? String(node.value)}\`` : '';
    this.#fault(node, `cannot unmarshal ${tag}${value} into ${type}`);
  }

  #fault(node: Node | undefined, message: string): void {
    const line = this.#lines.linePos(node?.range?.[0] ?? 0).line;
    this.#faults.push({ line, message });
  }
}
