/**
 * Name patterns as github.com/gobwas/glob reads them without separators: `*` and `**` any text, `?` one character,
 * `[abc]`, `[!abc]`, `[a-z]`, `[!a-z]` one character of a set, `{a,b*}` alternatives, `\` takes the next character as
 * it is. A set is either characters or one range, never both.
 */

const SPECIAL = /[*?[\]{}\\]/;

/** False where the pattern can only match itself. */
export function hasGlob(pattern: string): boolean {
  return SPECIAL.test(pattern);
}

/**
 * A test for a pattern, or undefined where the pattern is malformed.
 * @param separator a character that `*` and `?` do not match, and `**` does
 */
export function compileGlob(pattern: string, separator = ''): ((text: string) => boolean) | undefined {
  if (!hasGlob(pattern)) return (text) => text === pattern;
  const one = separator === '' ? '.' : `[^${inSet(separator)}]`;
  const source = translate(Array.from(pattern), one);
  if (source === undefined) return undefined;
  const expression = new RegExp(`^(?:${source})$`, 'su');
  return (text) => expression.test(text);
}

/** @param one matches one character, as `?` does; `*` takes any number of these, `**` of all */
function translate(chars: readonly string[], one: string): string | undefined {
  let out = '';
  let depth = 0;
  let at = 0;
  while (at < chars.length) {
    const char = chars[at] as string;
    at++;
    if (char === '*') {
      const crossing = chars[at] === '*';
      while (chars[at] === '*') at++;
      out += crossing ? '.*' : `${one}*`;
    } else if (char === '?') {
      out += one;
    } else if (char === '[') {
      const range = readRange(chars, at);
      if (range === undefined) return undefined;
      out += range.source;
      at = range.end;
    } else if (char === '{') {
      depth++;
      out += '(?:';
    } else if (char === '}' && depth > 0) {
      depth--;
      out += ')';
    } else if (char === ',' && depth > 0) {
      out += '|';
    } else if (char === '\\') {
      if (at < chars.length) out += literal(chars[at++] as string);
    } else {
      out += literal(char);
    }
  }
  // The original takes alternatives that are never closed as closed at the end.
  return out + ')'.repeat(depth);
}

function readRange(chars: readonly string[], from: number): { source: string; end: number } | undefined {
  let at = from;
  const not = chars[at] === '!';
  if (not) at++;
  const first = chars[at];
  if (first === undefined) return undefined;
  if (chars[at + 1] === '-') {
    const last = chars[at + 2];
    if (last === undefined || chars[at + 3] !== ']') return undefined;
    if ((last.codePointAt(0) as number) < (first.codePointAt(0) as number)) return undefined;
    return { source: `[${not ? '^' : ''}${inSet(first)}-${inSet(last)}]`, end: at + 4 };
  }
  let set = '';
  while (chars[at] !== ']') {
    if (chars[at] === '\\') at++;
    const char = chars[at];
    if (char === undefined) return undefined;
    set += inSet(char);
    at++;
  }
  return set === '' ? undefined : { source: `[${not ? '^' : ''}${set}]`, end: at + 1 };
}

function literal(char: string): string {
  return /[\\^$.*+?()[\]{}|/]/.test(char) ? `\\${char}` : char;
}

function inSet(char: string): string {
  return /[\\\]^[-]/.test(char) ? `\\${char}` : char;
}
