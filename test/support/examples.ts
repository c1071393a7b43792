/** The example manifests of test/golden/examples and systematic damage done to them. */

import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { parseAllDocuments } from 'yaml';
import { type KindName, KINDS } from '../../src/api/kinds.ts';

const folder = path.resolve(import.meta.dirname, '../golden/examples');

export interface Example {
  kind: KindName;
  /** File and name of the example, and what was done to it. */
  title: string;
  manifest: Record<string, unknown>;
  /** What the file's name says; undefined for a damaged one. */
  valid?: boolean;
}

/** Every document of every example file. */
export function examples(): Example[] {
  const found: Example[] = [];
  for (const file of readdirSync(folder).sort()) {
    const match = /^([a-z]+)-(valid|invalid)\.yaml$/.exec(file);
    const kind = Object.values(KINDS).find((candidate) => candidate.singular === match?.[1])?.kind;
    if (kind === undefined) throw new Error(`${file}: not named <kind>-valid.yaml or <kind>-invalid.yaml`);
    for (const document of parseAllDocuments(readFileSync(path.join(folder, file), 'utf8'))) {
      const manifest = document.toJS() as Record<string, unknown>;
      const { name, generateName } = manifest['metadata'] as { name?: string; generateName?: string };
      found.push({
        kind: kind as KindName,
        title: `${file}: ${name ?? generateName}`,
        manifest,
        valid: match?.[2] === 'valid',
      });
    }
  }
  return found;
}

/**
 * An example with one place of its spec or status changed, once for every place and every change: taken away, null,
 * of another type, another word, empty, and with a field too many.
 */
export function damaged(example: Example): Example[] {
  const out: Example[] = [];
  const walk = (value: unknown, trail: readonly (string | number)[]): void => {
    if (trail.length > 0) {
      for (const [what, change] of changes(value)) {
        const manifest = structuredClone(example.manifest);
        apply(manifest, trail, change);
        out.push({ kind: example.kind, title: `${example.title}, ${trail.join('.')} ${what}`, manifest });
      }
    }
    if (typeof value !== 'object' || value === null) return;
    for (const [key, inner] of Object.entries(value))
      walk(inner, [...trail, Array.isArray(value) ? Number(key) : key]);
  };
  for (const part of ['spec', 'status']) {
    if (example.manifest[part] !== undefined) walk(example.manifest[part], [part]);
  }
  return out;
}

const GONE = Symbol('taken away');

function changes(value: unknown): [string, unknown][] {
  const always: [string, unknown][] = [
    ['taken away', GONE],
    ['as null', null],
  ];
  if (typeof value === 'string') {
    return [
      ...always,
      ['as number', 7],
      ['as another word', `${value}x`],
      ['as empty text', ''],
      ['as list', [value]],
    ];
  }
  if (typeof value === 'number') {
    // The API server takes a great number for whole where the fraction is small against it.
    const fraction: [string, unknown][] = value < 1e6 ? [['with a fraction', value + 0.5]] : [];
    return [...always, ...fraction, ['as text', `${value}`], ['negative', -1], ['as flag', true]];
  }
  if (typeof value === 'boolean') return [...always, ['as text', `${value}`], ['as number', 1]];
  if (Array.isArray(value))
    return [...always, ['emptied', []], ['as text', 'x'], ['as object', {}], ['with null', [null]]];
  return [
    ...always,
    ['emptied', {}],
    ['as text', 'x'],
    ['as list', [value]],
    ['with a field too many', { ...(value as object), 'one-too-many': 'x' }],
    ['with a field of null', { ...(value as object), 'one-too-many': null }],
  ];
}

function apply(root: Record<string, unknown>, trail: readonly (string | number)[], change: unknown): void {
  let place = root as Record<string | number, unknown>;
  for (const step of trail.slice(0, -1)) place = place[step] as Record<string | number, unknown>;
  const last = trail.at(-1) as string | number;
  if (change !== GONE) place[last] = change;
  else if (Array.isArray(place)) place.splice(Number(last), 1);
  else delete place[last];
}
