/** JSON text as Go's encoding/json writes it, down to the escapes; the order of keys is the value's own. */

const ESCAPES: Readonly<Record<string, string>> = {
  '<': '\\u003c',
  '>': '\\u003e',
  '&': '\\u0026',
  '\u2028': '\\u2028',
  '\u2029': '\\u2029',
};

/**
 * As json.Marshal, or json.MarshalIndent with two blanks where `pretty`.
 * @throws TypeError for what JSON cannot hold: cycles, bigints
 */
export function goJson(value: unknown, pretty = false): string {
  // These characters stand in strings only, so they can be replaced in the finished text.
  const text = JSON.stringify(value, undefined, pretty ? 2 : undefined) ?? 'null';
  return text.replace(/[<>&\u2028\u2029]/g, (char) => ESCAPES[char] as string);
}

/** As json.Encoder writes one document: compact, with a newline at its end. */
export function goJsonLine(value: unknown): string {
  return `${goJson(value)}\n`;
}
