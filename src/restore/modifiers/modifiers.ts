/** Rules that change items while they are restored, as a ConfigMap holds them (internal/resourcemodifiers of the original). */

import type { LabelSelector } from '../../api/core/references.ts';
import { Failure, messageOf } from '../../lib/errors.ts';
import { parseYaml } from '../../lib/yaml.ts';

export interface ResourceModifiers {
  version: string;
  resourceModifierRules: readonly ResourceModifierRule[];
}

export interface ModifierConditions {
  namespaces?: readonly string[];
  groupResource: string;
  resourceNameRegex?: string;
  labelSelector?: LabelSelector;
  matches?: readonly { path: string; value: string }[];
}

/** One operation of a JSON patch as the user wrote it; the value is text. */
export interface ModifierPatch {
  operation: string;
  from: string;
  path: string;
  value: string;
}

export interface ResourceModifierRule {
  conditions: ModifierConditions;
  patches: readonly ModifierPatch[];
  mergePatches: readonly { patchData: string }[];
  strategicPatches: readonly { patchData: string }[];
}

/**
 * Reads the rules from a ConfigMap's data, which must hold exactly one key. Unknown and duplicate fields are refused.
 * @param place `namespace/name` for messages
 * @throws Failure `illegal resource modifiers …` or `failed to decode yaml data into resource modifiers, err: …`
 */
export function readResourceModifiers(
  data: Readonly<Record<string, string>>,
  place: string,
): ResourceModifiers {
  const texts = Object.values(data);
  const text = texts[0];
  if (texts.length !== 1 || text === undefined) {
    throw new Failure({
      code: 'RESOURCE_MODIFIERS_ILLEGAL',
      message: `illegal resource modifiers ${place} configmap`,
      object: `configmap ${place}`,
      remedy: 'keep exactly one key in its data',
    });
  }
  try {
    return decodeModifiers(parseYaml(text) ?? {});
  } catch (error) {
    throw new Failure({
      code: 'RESOURCE_MODIFIERS_DECODE',
      message: `failed to decode yaml data into resource modifiers, err: ${messageOf(error)}`,
      object: `configmap ${place}`,
      cause: error,
    });
  }
}

/** The first fault of the rules, or undefined. Selectors and expressions are looked at only when an item comes. */
export function validateResourceModifiers(modifiers: ResourceModifiers): string | undefined {
  if (modifiers.version.toLowerCase() !== 'v1') {
    return `unsupported resource modifier version ${modifiers.version}`;
  }
  if (modifiers.resourceModifierRules.length === 0) return 'resource modifier rules cannot be empty';
  for (const rule of modifiers.resourceModifierRules) {
    const fault = ruleFault(rule);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

const OPERATIONS = ['add', 'remove', 'replace', 'test', 'move', 'copy'];

function ruleFault(rule: ResourceModifierRule): string | undefined {
  // The spelling is the original's, which people search for.
  if (rule.conditions.groupResource === '') return 'groupkResource cannot be empty';
  const kinds = [rule.patches, rule.mergePatches, rule.strategicPatches].filter((list) => list.length > 0);
  if (kinds.length > 1) return 'only one of patches, mergePatches, strategicPatches can be specified';
  for (const patch of rule.patches) {
    if (patch.operation === '') return 'operation cannot be empty';
    if (!OPERATIONS.includes(patch.operation.toLowerCase())) {
      return `unsupported operation ${patch.operation}`;
    }
    if (patch.path === '') return 'path cannot be empty';
  }
  return undefined;
}

type Fields = Record<string, unknown>;

function decodeModifiers(value: unknown): ResourceModifiers {
  const fields = strict(value, 'ResourceModifiers', ['version', 'resourceModifierRules']);
  return {
    version: text(fields, 'version'),
    resourceModifierRules: list(fields, 'resourceModifierRules', decodeRule),
  };
}

function decodeRule(value: unknown): ResourceModifierRule {
  const fields = strict(value, 'ResourceModifierRule', [
    'conditions',
    'patches',
    'mergePatches',
    'strategicPatches',
  ]);
  return {
    conditions: decodeConditions(fields['conditions'] ?? {}),
    patches: list(fields, 'patches', (patch) => {
      const parts = strict(patch, 'JSONPatch', ['operation', 'from', 'path', 'value']);
      return {
        operation: text(parts, 'operation'),
        from: text(parts, 'from'),
        path: text(parts, 'path'),
        value: text(parts, 'value'),
      };
    }),
    mergePatches: list(fields, 'mergePatches', (patch) => ({
      patchData: text(strict(patch, 'JSONMergePatch', ['patchData']), 'patchData'),
    })),
    strategicPatches: list(fields, 'strategicPatches', (patch) => ({
      patchData: text(strict(patch, 'StrategicMergePatch', ['patchData']), 'patchData'),
    })),
  };
}

function decodeConditions(value: unknown): ModifierConditions {
  const fields = strict(value, 'Conditions', [
    'namespaces',
    'groupResource',
    'resourceNameRegex',
    'labelSelector',
    'matches',
  ]);
  const selector = fields['labelSelector'];
  return {
    namespaces: list(fields, 'namespaces', (item) => scalarText(item, 'namespaces')),
    groupResource: text(fields, 'groupResource'),
    resourceNameRegex: text(fields, 'resourceNameRegex'),
    matches: list(fields, 'matches', (match) => {
      const parts = strict(match, 'MatchRule', ['path', 'value']);
      return { path: text(parts, 'path'), value: text(parts, 'value') };
    }),
    ...(selector === undefined || selector === null ? {} : { labelSelector: decodeSelector(selector) }),
  };
}

function decodeSelector(value: unknown): LabelSelector {
  const fields = strict(value, 'LabelSelector', ['matchLabels', 'matchExpressions']);
  const matchLabels = fields['matchLabels'];
  return {
    ...(matchLabels === undefined || matchLabels === null
      ? {}
      : {
          matchLabels: Object.fromEntries(
            Object.entries(object(matchLabels, 'matchLabels')).map(([key, item]) => [
              key,
              scalarText(item, key),
            ]),
          ),
        }),
    matchExpressions: list(fields, 'matchExpressions', (expression) => {
      const parts = strict(expression, 'LabelSelectorRequirement', ['key', 'operator', 'values']);
      return {
        key: text(parts, 'key'),
        operator: text(parts, 'operator') as 'In',
        values: list(parts, 'values', (item) => scalarText(item, 'values')),
      };
    }),
  };
}

/** @throws Failure for fields that are not in the list */
function strict(value: unknown, type: string, known: readonly string[]): Fields {
  const fields = object(value, type);
  const unknown = Object.keys(fields).find((field) => !known.includes(field));
  if (unknown !== undefined) {
    throw new Failure({
      code: 'RESOURCE_MODIFIERS_FIELD',
      message: `error unmarshaling JSON: while decoding JSON: json: unknown field "${unknown}"`,
      remedy: `${type} knows ${known.join(', ')}`,
    });
  }
  return fields;
}

function object(value: unknown, what: string): Fields {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Fields;
  throw wrongType(value, what, 'a mapping');
}

function list<T>(fields: Fields, field: string, decode: (item: unknown) => T): T[] {
  const value = fields[field];
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw wrongType(value, field, 'a list');
  return value.map((item: unknown) => decode(item));
}

function text(fields: Fields, field: string): string {
  return scalarText(fields[field], field);
}

/** YAML numbers and booleans stand for their text, nothing for the empty text. */
function scalarText(value: unknown, field: string): string {
  if (value === undefined || value === null) return '';
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  throw wrongType(value, field, 'a text');
}

function wrongType(value: unknown, field: string, wanted: string): Failure {
  const type = value === null ? 'null' : Array.isArray(value) ? 'array' : typeof value;
  return new Failure({
    code: 'RESOURCE_MODIFIERS_TYPE',
    message: `error unmarshaling JSON: while decoding JSON: json: cannot unmarshal ${type} into field ${field}, which is ${wanted}`,
  });
}
