/**
 * Writes docs/reference/*.md from the definitions in src/api: one page a kind, with every field. With `--check` it
 * writes nothing and fails where a page differs or is one too many.
 */

import path from 'node:path';
import { DEFINITIONS, type KindDefinition } from '../src/api/definitions.ts';
import { apiVersionOf } from '../src/api/kinds.ts';
import type { Structural } from '../src/api/schema.ts';
import { typeWords } from '../src/api/validate.ts';
import { runGenerator } from './generated.ts';

export const REFERENCE_FOLDER = path.join(import.meta.dirname, '..', 'docs', 'reference');

interface Row {
  path: string;
  type: string;
  required: boolean;
  description: string;
}

/** Every page by the name of its file. */
export function referencePages(): Map<string, string> {
  const kinds = Object.values(DEFINITIONS);
  const pages = new Map(kinds.map((kind) => [`${kind.singular}.md`, page(kind)]));
  const list = kinds.map(
    (kind) => `| [${kind.kind}](${kind.singular}.md) | \`${apiVersionOf(kind)}\` | ${kind.description} |`,
  );
  const index = ['# Custom resources', '', '| Kind | Version | |', '| --- | --- | --- |', ...list, ''];
  return pages.set('README.md', `${NOTE}${index.join('\n')}`);
}

const NOTE = '<!-- Made by scripts/reference.ts from src/api: change it there. -->\n\n';

function page(kind: KindDefinition): string {
  const { spec, status } = kind.schema.properties ?? {};
  const names = [`\`${kind.resource}.${kind.group}\``, ...kind.shortNames.map((name) => `\`${name}\``)].join(
    ', ',
  );
  const statusNote =
    kind.subresources?.status === undefined
      ? 'Written by the server, through the object itself.'
      : 'Written by the operator, through the `status` subresource.';
  return [
    `${NOTE}# ${kind.kind}`,
    '',
    kind.description,
    '',
    `Version \`${apiVersionOf(kind)}\`, namespaced; \`kubectl get\` knows it as ${names}.`,
    ...(kind.columns.length > 0
      ? ['', `Columns: ${kind.columns.map((column) => column.name).join(', ')}.`]
      : []),
    '',
    '## spec',
    '',
    spec?.description ?? '',
    '',
    ...table(rows(spec ?? {}, '')),
    '## status',
    '',
    `${status?.description ?? ''} ${statusNote}`,
    '',
    ...table(rows(status ?? {}, '')),
  ].join('\n');
}

function table(found: readonly Row[]): string[] {
  if (found.length === 0) return [];
  const lines = found.map(
    (row) => `| \`${row.path}\` | ${row.type} | ${row.required ? 'yes' : ''} | ${escape(row.description)} |`,
  );
  return ['| Field | Type | Required | |', '| --- | --- | --- | --- |', ...lines, ''];
}

function rows(schema: Structural, prefix: string): Row[] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, field]) => {
    const place = `${prefix}${name}`;
    const required = schema.required?.includes(name) === true;
    return [
      { path: place, type: typeOf(field), required, description: field.description ?? '' },
      ...inner(field, place),
    ];
  });
}

function inner(field: Structural, place: string): Row[] {
  if (field.items !== undefined) return [...rows(field.items, `${place}[].`)];
  if (field.additionalProperties !== undefined) return rows(field.additionalProperties, `${place}.*.`);
  return rows(field, `${place}.`);
}

function typeOf(field: Structural): string {
  const { items, additionalProperties } = field;
  let words = typeWords(field);
  if (items !== undefined) words = items.enum === undefined ? words : `a list of ${typeWords(items)}`;
  else if (additionalProperties !== undefined) words = `a map to ${typeWords(additionalProperties)}`;
  return escape(field.nullable === true ? `${words}, or null` : words);
}

function escape(text: string): string {
  return text.replaceAll('|', '\\|');
}

if (import.meta.main) await runGenerator(REFERENCE_FOLDER, referencePages());
