/** The CustomResourceDefinition of a kind, made from its definition. */

import { type KindDefinition, type PrinterColumn } from './definitions.ts';
import { VELERO_GROUP } from './kinds.ts';
import type { KubeObject } from './object.ts';
import type { Structural } from './schema.ts';

/** Version of the schema generator that the originals note; upgrades and other tools look at it. */
const GENERATORS: Readonly<Record<string, string>> = { [VELERO_GROUP]: 'v0.14.0' };
const LATER_GENERATOR = 'v0.16.5';

/** Words of a schema in the order in which they are written. */
const WORDS = [
  'description',
  'additionalProperties',
  'anyOf',
  'default',
  'enum',
  'format',
  'items',
  'maximum',
  'maxItems',
  'maxLength',
  'minimum',
  'minItems',
  'minLength',
  'nullable',
  'pattern',
  'properties',
  'required',
  'type',
  'x-kubernetes-embedded-resource',
  'x-kubernetes-int-or-string',
  'x-kubernetes-list-map-keys',
  'x-kubernetes-list-type',
  'x-kubernetes-map-type',
  'x-kubernetes-preserve-unknown-fields',
] as const satisfies readonly (keyof Structural)[];

/**
 * The manifest of a kind's CRD. Those of velero.io carry the label that `velero install` gives them and by which
 * `velero uninstall` finds them.
 */
export function customResourceDefinition(kind: KindDefinition): KubeObject {
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: {
      annotations: { 'controller-gen.kubebuilder.io/version': GENERATORS[kind.group] ?? LATER_GENERATOR },
      ...(kind.group === VELERO_GROUP ? { labels: { component: 'velero' } } : {}),
      name: `${kind.resource}.${kind.group}`,
    },
    spec: {
      group: kind.group,
      names: {
        kind: kind.kind,
        listKind: `${kind.kind}List`,
        plural: kind.resource,
        ...(kind.shortNames.length > 0 ? { shortNames: [...kind.shortNames] } : {}),
        singular: kind.singular,
      },
      scope: 'Namespaced',
      versions: [
        {
          ...(kind.columns.length > 0 ? { additionalPrinterColumns: kind.columns.map(printerColumn) } : {}),
          name: kind.version,
          schema: { openAPIV3Schema: openApi(kind.schema) },
          served: true,
          storage: true,
          ...(kind.subresources === undefined ? {} : { subresources: kind.subresources }),
        },
      ],
    },
  };
}

function printerColumn(column: PrinterColumn): Record<string, string> {
  return {
    ...(column.description === undefined ? {} : { description: column.description }),
    ...(column.format === undefined ? {} : { format: column.format }),
    jsonPath: column.jsonPath,
    name: column.name,
    type: column.type,
  };
}

/** A schema as a manifest shows it: words and properties in a fixed order, and nothing that is only ours. */
function openApi(schema: Structural): Record<string, unknown> {
  const out: Record<string, unknown> = {};
  for (const word of WORDS) {
    const value = schema[word];
    if (value === undefined || (word === 'properties' && Object.keys(schema.properties ?? {}).length === 0))
      continue;
    out[word] = written(word, schema);
  }
  return out;
}

function written(word: keyof Structural, schema: Structural): unknown {
  switch (word) {
    case 'additionalProperties':
    case 'items':
      return schema[word] === undefined ? undefined : openApi(schema[word]);
    case 'anyOf':
      return schema.anyOf?.map(openApi);
    case 'enum':
      return [...(schema.enum ?? [])];
    case 'required':
      return [...(schema.required ?? [])].sort();
    case 'properties': {
      const fields = Object.entries(schema.properties ?? {}).sort(([left], [right]) =>
        left < right ? -1 : 1,
      );
      return Object.fromEntries(fields.map(([name, field]) => [name, openApi(field)]));
    }
    default:
      return schema[word];
  }
}
