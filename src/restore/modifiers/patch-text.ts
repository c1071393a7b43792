/** The JSON text of patches whose values users wrote as text (internal/resourcemodifiers/json_patch.go of the original). */

import type { ModifierPatch } from './modifiers.ts';

/** All patches as one document. Nothing is escaped, as in the original: what users escape themselves stays valid. */
export function patchText(patches: readonly ModifierPatch[]): string {
  return `[${patches
    .map(
      ({ operation, from, path, value }) =>
        `{"op": "${operation}", "from": "${from}", "path": "${path}", "value": ${valueText(value)}}`,
    )
    .join(',\n\t')}]`;
}

/** A value as it stands in the patch: null, booleans, numbers, objects and lists as they are, all else as a string. */
function valueText(value: string): string {
  if (value === '') return '""';
  if (value.startsWith('"') && value.endsWith('"')) {
    const inner = value.slice(1);
    return `"${inner.endsWith('"') ? inner.slice(0, -1) : inner}"`;
  }
  const raw =
    value === 'null' ||
    ['true', 'false'].includes(value.toLowerCase()) ||
    value.startsWith('{') ||
    value.startsWith('[') ||
    isGoFloat(value);
  return raw ? value : `"${value}"`;
}

const DIGITS = String.raw`\d+(?:_\d+)*`;
const DECIMAL = new RegExp(`^[+-]?(?:${DIGITS}\\.?(?:${DIGITS})?|\\.${DIGITS})(?:[eE][+-]?${DIGITS})?$`);
const HEX_DIGITS = String.raw`[0-9a-fA-F]+(?:_[0-9a-fA-F]+)*`;
const HEXADECIMAL = new RegExp(
  `^[+-]?0[xX]_?(?:${HEX_DIGITS}\\.?(?:${HEX_DIGITS})?|\\.${HEX_DIGITS})[pP][+-]?${DIGITS}$`,
);

/** Whether Go's strconv.ParseFloat takes the text for a number that a double can hold. */
export function isGoFloat(text: string): boolean {
  if (/^(?:nan|[+-]?(?:inf|infinity))$/i.test(text)) return true;
  if (HEXADECIMAL.test(text)) return true;
  return DECIMAL.test(text) && Number.isFinite(Number(text.replaceAll('_', '')));
}
