/**
 * Makes src/restore/modifiers/merge-keys.ts: how a strategic merge patch treats the lists and objects of built-in types.
 * Usage: kubectl get --raw /openapi/v2 | node scripts/merge-keys.ts > src/restore/modifiers/merge-keys.ts
 */

import { text } from 'node:stream/consumers';

interface Schema {
  $ref?: string;
  type?: string;
  properties?: Record<string, Schema>;
  items?: Schema;
  additionalProperties?: Schema | boolean;
  'x-kubernetes-patch-merge-key'?: string;
  'x-kubernetes-patch-strategy'?: string;
  'x-kubernetes-group-version-kind'?: { group: string; version: string; kind: string }[];
}

/** The types that the original's server knows. */
const GROUPS = ['v1', 'apps/v1', 'batch/v1'];

const { definitions } = JSON.parse(await text(process.stdin)) as { definitions: Record<string, Schema> };

function refOf(schema: Schema | undefined): string | undefined {
  return schema?.$ref?.replace('#/definitions/', '');
}

function shortName(definition: string): string {
  return definition.split('.').at(-1) as string;
}

const matters = new Map<string, boolean>();

/** Whether anything below this type is not treated as a plain merge patch would. */
function isSpecial(definition: string): boolean {
  const known = matters.get(definition);
  if (known !== undefined) return known;
  matters.set(definition, false);
  const fields = Object.values(definitions[definition]?.properties ?? {});
  const special = fields.some((field) => {
    if (field['x-kubernetes-patch-strategy'] !== undefined) return true;
    const inner = refOf(field) ?? refOf(field.items);
    return inner !== undefined && isSpecial(inner);
  });
  matters.set(definition, special);
  return special;
}

const types = new Map<string, string>();

function addType(definition: string): void {
  const name = shortName(definition);
  if (types.has(name)) return;
  types.set(name, '');
  const fields: string[] = [];
  for (const [field, schema] of Object.entries(definitions[definition]?.properties ?? {})) {
    const inner = refOf(schema) ?? refOf(schema.items);
    const strategy = schema['x-kubernetes-patch-strategy']?.split(',') ?? [];
    const key = schema['x-kubernetes-patch-merge-key'];
    const parts: string[] = [];
    if (strategy.length > 0) parts.push(`strategy: ${JSON.stringify(strategy)}`);
    if (key !== undefined) parts.push(`key: ${JSON.stringify(key)}`);
    if (inner !== undefined && isSpecial(inner)) {
      parts.push(`type: ${JSON.stringify(shortName(inner))}`);
      addType(inner);
    }
    if (parts.length > 0) fields.push(`${JSON.stringify(field)}: { ${parts.join(', ')} }`);
  }
  types.set(name, `{ ${fields.join(', ')} }`);
}

const kinds: string[] = [];
for (const [definition, schema] of Object.entries(definitions)) {
  for (const { group, version, kind } of schema['x-kubernetes-group-version-kind'] ?? []) {
    const apiVersion = group === '' ? version : `${group}/${version}`;
    if (
      !GROUPS.includes(apiVersion) ||
      schema.properties?.['metadata'] === undefined ||
      kind.endsWith('List')
    ) {
      continue;
    }
    kinds.push(`${JSON.stringify(`${apiVersion}/${kind}`)}: ${JSON.stringify(shortName(definition))}`);
    addType(definition);
  }
}

process.stdout.write(`/** Made by scripts/merge-keys.ts from a cluster's OpenAPI document; not to be edited by hand. */

/** How a strategic merge patch treats one field. */
export interface FieldStrategy {
  /** \`merge\`, \`replace\`, \`retainKeys\`. */
  strategy?: readonly string[];
  /** The key by which elements of a list are told apart. */
  key?: string;
  /** The type of the field, or of the list's elements, where it has special fields itself. */
  type?: string;
}

/** \`<apiVersion>/<kind>\` → type. */
export const KIND_TYPES: Readonly<Record<string, string>> = { ${kinds.sort().join(', ')} };

/** Type → its fields that are not treated as a plain merge patch would. */
export const TYPE_FIELDS: Readonly<Record<string, Readonly<Record<string, FieldStrategy>>>> = { ${[...types]
  .sort(([a], [b]) => (a < b ? -1 : 1))
  .map(([name, fields]) => `${name}: ${fields}`)
  .join(', ')} };
`);
