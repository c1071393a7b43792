/**
 * JSON values as YAML, the way sigs.k8s.io/yaml writes them: what kubectl and velero print with `-o yaml`. Scripts and
 * files under version control compare such texts, so quoting, folding at 80 columns and the order of keys follow
 * go-yaml v2 exactly.
 */

const BEST_WIDTH = 80;

/** One document, ending with a newline. Undefined fields are left out. */
export function toGoYaml(value: unknown): string {
  const out: string[] = [];
  writeNode(value, { indent: -2, column: 0, inline: false }, out);
  return `${out.join('').replace(/^\n/, '')}\n`;
}

interface Place {
  /** Column of the block that the node belongs to. */
  indent: number;
  /** Where the cursor stands, for folding. */
  column: number;
  /** Right after `- `: the first key or item goes on in the same line. */
  inline: boolean;
}

function writeNode(value: unknown, place: Place, out: string[]): void {
  if (Array.isArray(value)) {
    if (value.length === 0) out.push(place.column > 0 && !place.inline ? ' []' : '[]');
    else writeSequence(value, place, out);
  } else if (typeof value === 'object' && value !== null && !isRawJson(value)) {
    const entries = Object.entries(value).filter(([, item]) => item !== undefined);
    if (entries.length === 0) out.push(place.column > 0 && !place.inline ? ' {}' : '{}');
    else writeMapping(entries, place, out);
  } else {
    const gap = place.column > 0 && !place.inline ? ' ' : '';
    out.push(gap + scalar(value, place.indent + 2, place.column + gap.length, true));
  }
}

function writeMapping(entries: [string, unknown][], place: Place, out: string[]): void {
  const indent = place.indent + 2;
  let first = place.inline;
  for (const [key, value] of entries.sort(([a], [b]) => compareKeys(a, b))) {
    if (!first) out.push(`\n${' '.repeat(indent)}`);
    first = false;
    // Keys too long to look ahead for are marked, and may run over several lines.
    const long = Buffer.byteLength(key) > 128;
    const text = long ? scalar(key, indent + 2, indent + 2, true) : scalar(key, indent, indent, false);
    const head = long ? `? ${text}\n${' '.repeat(indent)}:` : `${text}:`;
    out.push(head);
    writeNode(value, { indent, column: indent + (long ? 1 : lengthOf(head)), inline: false }, out);
  }
}

function writeSequence(items: readonly unknown[], place: Place, out: string[]): void {
  // A list below a key stands at the key's own column; a list in a list goes two further.
  const indent = place.inline ? place.indent + 2 : Math.max(0, place.indent);
  let first = place.inline;
  for (const item of items) {
    if (!first) out.push(`\n${' '.repeat(indent)}`);
    first = false;
    out.push('- ');
    writeNode(item ?? null, { indent, column: indent + 2, inline: true }, out);
  }
}

function scalar(value: unknown, indent: number, column: number, mayBreak: boolean): string {
  if (typeof value === 'string') return text(value, indent, column, mayBreak);
  if (value === null || value === undefined) return 'null';
  return isRawJson(value) ? JSON.stringify(value) : String(value);
}

/** Numbers beyond 2^53 kept as their digits (lib/json.ts). */
function isRawJson(value: unknown): boolean {
  return (JSON as { isRawJSON?: (value: unknown) => boolean }).isRawJSON?.(value) ?? false;
}

function text(value: string, indent: number, column: number, mayBreak: boolean): string {
  const { plain, single, block } = analyze(value);
  if (value.includes('\n')) {
    return block && mayBreak ? literal(value, indent) : double(value, indent, column, mayBreak);
  }
  if (looksLikeAnotherType(value)) return double(value, indent, column, mayBreak);
  if (plain) return fold(value, indent, column, mayBreak);
  if (!single) return double(value, indent, column, mayBreak);
  return `'${fold(value.replaceAll("'", "''"), indent, column + 1, mayBreak, true)}'`;
}

interface Allowed {
  plain: boolean;
  single: boolean;
  block: boolean;
}

const SPECIAL = /[^\n\x20-\x7e\u00a0-\ud7ff\ue000-\ufefe\uff00-\ufffd]|[\u2028\u2029]/;

function analyze(value: string): Allowed {
  if (value === '') return { plain: false, single: true, block: false };
  // Characters beyond the basic plane come as surrogate pairs, which go-yaml does not print.
  if (SPECIAL.test(value)) return { plain: false, single: false, block: false };
  const breakSpace = /\n /.test(value);
  const spaceBreak = / \n/.test(value);
  const indicators =
    /^(---|\.\.\.)/.test(value) ||
    /^[#,[\]{}&*!|>'"%@`]/.test(value) ||
    /^[?:-](\s|$)/.test(value) ||
    /.:(\s|$)/s.test(value) ||
    /\s#/.test(value);
  const edges = /^[ \n]|[ \n]$/.test(value);
  return {
    plain: !(edges || breakSpace || spaceBreak || indicators || value.includes('\n')),
    single: !(breakSpace || spaceBreak),
    block: !(value.endsWith(' ') || spaceBreak),
  };
}

const WORDS = new Set(
  [
    ['y', 'Y', 'yes', 'Yes', 'YES', 'true', 'True', 'TRUE', 'on', 'On', 'ON'],
    ['n', 'N', 'no', 'No', 'NO', 'false', 'False', 'FALSE', 'off', 'Off', 'OFF'],
    ['', '~', 'null', 'Null', 'NULL', '.nan', '.NaN', '.NAN', '.inf', '.Inf', '.INF'],
    ['+.inf', '+.Inf', '+.INF', '-.inf', '-.Inf', '-.INF'],
  ].flat(),
);

/** Whether the bare word would be read as something else than text, by the rules of YAML 1.1. */
function looksLikeAnotherType(value: string): boolean {
  if (WORDS.has(value)) return true;
  if (/^\.\d/.test(value)) return /^\.\d[\d_]*([eE][-+]?\d+)?$/.test(value) && !value.includes('__');
  if (!/^[-+\d]/.test(value)) return false;
  if (/^[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?$/.test(value)) return true;
  if (/^\d{4}-\d\d?-\d\d?([Tt ]\d\d?:\d\d?:\d\d?(\.\d{1,9})?(Z|[-+]\d\d:\d\d)?)?$/.test(value)) {
    return isTimestamp(value);
  }
  const digits = value.replaceAll('_', '');
  return (
    /^[-+]?(0[xX][0-9a-fA-F]+|0[oO]?[0-7]+|0[bB][01]+|0|[1-9]\d*)$/.test(digits) ||
    /^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$/.test(digits)
  );
}

/** Dates with a time need a zone after `T`, and none after a blank. */
function isTimestamp(value: string): boolean {
  const [, year, month, day, mark, hour, minute, second, zone] =
    /^(\d{4})-(\d\d?)-(\d\d?)(?:([Tt ])(\d\d?):(\d\d?):(\d\d?)(?:\.\d{1,9})?(Z|[-+]\d\d:\d\d)?)?$/.exec(
      value,
    ) ?? [];
  if (mark !== undefined && (mark === ' ') === (zone !== undefined)) return false;
  const date = new Date(Date.UTC(Number(year), Number(month) - 1, Number(day)));
  return (
    date.getUTCMonth() === Number(month) - 1 &&
    Number(hour ?? 0) < 24 &&
    Number(minute ?? 0) < 60 &&
    Number(second ?? 0) < 60
  );
}

/** Breaks at single blanks once the line is wider than it should be. */
function fold(value: string, indent: number, column: number, mayBreak: boolean, quoted = false): string {
  if (!mayBreak || column + value.length <= BEST_WIDTH) return value;
  let out = '';
  let at = column;
  let afterSpace = false;
  const chars = Array.from(value);
  for (const [index, char] of chars.entries()) {
    if (char === ' ') {
      const edge = quoted && (index === 0 || index === chars.length - 1);
      if (!afterSpace && at > BEST_WIDTH && !edge && chars[index + 1] !== ' ') {
        out += `\n${' '.repeat(indent)}`;
        at = indent;
      } else {
        out += char;
        at += 1;
      }
      afterSpace = true;
    } else {
      out += char;
      at += 1;
      afterSpace = false;
    }
  }
  return out;
}

const ESCAPES: Readonly<Record<string, string>> = {
  '\0': '\\0',
  '\u0007': '\\a',
  '\b': '\\b',
  '\t': '\\t',
  '\n': '\\n',
  '\v': '\\v',
  '\f': '\\f',
  '\r': '\\r',
  '\u001b': '\\e',
  '"': '\\"',
  '\\': '\\\\',
  '\u0085': '\\N',
  '\u00a0': '\\_',
  '\u2028': '\\L',
  '\u2029': '\\P',
};

function double(value: string, indent: number, column: number, mayBreak: boolean): string {
  let out = '"';
  let at = column + 1;
  let afterSpace = false;
  const chars = Array.from(value);
  for (const [index, char] of chars.entries()) {
    if (char === ' ' && mayBreak && !afterSpace && at > BEST_WIDTH && index > 0 && index < chars.length - 1) {
      const next = chars[index + 1] === ' ' ? '\\' : '';
      out += `\n${' '.repeat(indent)}${next}`;
      at = indent + next.length;
      afterSpace = true;
      continue;
    }
    const written = escape(char);
    out += written;
    at += written.length;
    afterSpace = char === ' ';
  }
  return `${out}"`;
}

function escape(char: string): string {
  const code = char.codePointAt(0) as number;
  if (char === '"' || char === '\\' || char === '\n' || SPECIAL.test(char) || code > 0xffff) {
    const short = ESCAPES[char];
    if (short !== undefined) return short;
    const hex = code.toString(16).toUpperCase();
    if (code <= 0xff) return `\\x${hex.padStart(2, '0')}`;
    return code <= 0xffff ? `\\u${hex.padStart(4, '0')}` : `\\U${hex.padStart(8, '0')}`;
  }
  return char;
}

function literal(value: string, indent: number): string {
  const hint = /^[ \n]/.test(value) ? '2' : '';
  const chomp = !value.endsWith('\n') ? '-' : value === '\n' || value.endsWith('\n\n') ? '+' : '';
  const body = value
    .replace(/\n$/, '')
    .split('\n')
    .map((line) => (line === '' ? '' : ' '.repeat(indent) + line))
    .join('\n');
  return `|${hint}${chomp}\n${body}`;
}

/** Letters after everything else, runs of digits by their value: `k9` before `k10`. */
function compareKeys(a: string, b: string): number {
  const [left, right] = [Array.from(a), Array.from(b)];
  const isDigit = (char: string | undefined) => char !== undefined && /\p{Nd}/u.test(char);
  const number = (chars: readonly string[], from: number, lead: number): [number, number] => {
    let end = from;
    let total = lead;
    while (isDigit(chars[end])) {
      total = total * 10 + (chars[end] as string).charCodeAt(0) - 48;
      end += 1;
    }
    return [total, end];
  };
  for (let at = 0; at < left.length && at < right.length; at++) {
    const [x, y] = [left[at] as string, right[at] as string];
    if (x === y) continue;
    const [xLetter, yLetter] = [/\p{L}/u.test(x), /\p{L}/u.test(y)];
    if (xLetter && yLetter) return x < y ? -1 : 1;
    if (xLetter || yLetter) return yLetter ? -1 : 1;
    let lead = 0;
    if (x === '0' || y === '0') {
      for (let back = at - 1; back >= 0 && isDigit(left[back]); back--) {
        if (left[back] !== '0') {
          lead = 1;
          break;
        }
      }
    }
    const [xNumber, xEnd] = number(left, at, lead);
    const [yNumber, yEnd] = number(right, at, lead);
    if (xNumber !== yNumber) return xNumber - yNumber;
    if (xEnd !== yEnd) return xEnd - yEnd;
    return x < y ? -1 : 1;
  }
  return left.length - right.length;
}

function lengthOf(value: string): number {
  return Array.from(value).length;
}
