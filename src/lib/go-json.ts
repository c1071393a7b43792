/** JSON text as Go's encoding/json writes it, down to the escapes; the order of keys is the value's own. */

const ESCAPES: Readonly<Record<string, string>> = {
  '<': '\\u003c',
  '>': '\\u003e',
  '&': '\\u0026',
  '\u2028': '\\u2028',
  '\u2029': '\\u2029',
};

/** A key that JavaScript takes for an array's index: it puts such keys first, in the order of their numbers. */
const INDEX = /^(?:0|[1-9]\d{0,9})$/;
const INDEX_KEY = /"(?:0|[1-9]\d{0,9})":/;

/**
 * As json.Marshal, or json.MarshalIndent with two blanks where `pretty`. An object with keys that are numbers is a map
 * of Go's, whose keys are written in the order of their bytes.
 * @throws TypeError for what JSON cannot hold: cycles, bigints
 */
export function goJson(value: unknown, pretty = false): string {
  const indent = pretty ? '  ' : '';
  let text = JSON.stringify(value, undefined, indent) ?? 'null';
  if (INDEX_KEY.test(text)) text = sortedMaps(value, indent, '');
  // These characters stand in strings only, so they can be replaced in the finished text.
  return text.replace(/[<>&\u2028\u2029]/g, (char) => ESCAPES[char] as string);
}

/** As JSON.stringify, with the keys of maps sorted. */
function sortedMaps(value: unknown, indent: string, before: string): string {
  if (typeof value !== 'object' || value === null || JSON.isRawJSON(value)) {
    return JSON.stringify(value) ?? 'null';
  }
  const inner = before + indent;
  const colon = indent === '' ? ':' : ': ';
  const parts = Array.isArray(value)
    ? value.map((item) => sortedMaps(item, indent, inner))
    : entriesInOrder(value).map(
        ([key, item]) => `${JSON.stringify(key)}${colon}${sortedMaps(item, indent, inner)}`,
      );
  const [open, close] = Array.isArray(value) ? ['[', ']'] : ['{', '}'];
  if (parts.length === 0 || indent === '') return `${open}${parts.join(',')}${close}`;
  return `${open}\n${inner}${parts.join(`,\n${inner}`)}\n${before}${close}`;
}

function entriesInOrder(object: object): [string, unknown][] {
  const entries = Object.entries(object).filter(([, value]) => value !== undefined);
  // Index keys come first: where there are any, this is one of them.
  if (!INDEX.test(entries[0]?.[0] ?? '')) return entries;
  return entries.sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
}

/** As json.Encoder writes one document: compact, with a newline at its end. */
export function goJsonLine(value: unknown): string {
  return `${goJson(value)}\n`;
}
