/** Regular expressions as Go's package regexp (RE2) reads them, where users write them. */

const POSIX: Readonly<Record<string, string>> = {
  alnum: '0-9A-Za-z',
  alpha: 'A-Za-z',
  ascii: '\\x00-\\x7F',
  blank: '\\t ',
  cntrl: '\\x00-\\x1F\\x7F',
  digit: '0-9',
  graph: '!-~',
  lower: 'a-z',
  print: ' -~',
  punct: '!-\\/:-@\\[-`{-~',
  space: '\\t\\n\\v\\f\\r ',
  upper: 'A-Z',
  word: '0-9A-Za-z_',
  xdigit: '0-9A-Fa-f',
};

/**
 * Compiles an expression. What Go has and JavaScript lacks is written anew: flags that hold from their place on
 * (`(?i)web`), `(?P<name>…)`, `\A`, `\z`, `\Q…\E` and classes as `[[:alpha:]]`.
 * @throws SyntaxError where it is none
 */
export function compileGoRegExp(source: string): RegExp {
  return new RegExp(new Translation(source).run());
}

class Translation {
  readonly #source: string;
  #at = 0;
  #out = '';
  /** For each open group, the outermost one first, the flags that were set inside it, each an inner group. */
  readonly #groups: string[][] = [[]];

  constructor(source: string) {
    this.#source = source;
  }

  run(): string {
    while (this.#at < this.#source.length) this.#next();
    return this.#out + this.#closing();
  }

  #next(): void {
    const char = this.#source[this.#at] as string;
    if (char === '\\') this.#escape();
    else if (char === '[') this.#class();
    else if (char === '(') this.#open();
    else if (char === ')') {
      this.#out += `${this.#closing()})`;
      if (this.#groups.length > 1) this.#groups.pop();
      this.#at++;
    } else if (char === '|') {
      // Flags hold in the other branches of their group, too.
      this.#out += `${this.#closing()}|${this.#flags().map(opening).join('')}`;
      this.#at++;
    } else this.#copy(1);
  }

  #flags(): string[] {
    return this.#groups.at(-1) as string[];
  }

  #closing(): string {
    return ')'.repeat(this.#flags().length);
  }

  #copy(length: number): void {
    this.#out += this.#source.slice(this.#at, this.#at + length);
    this.#at += length;
  }

  #open(): void {
    const rest = this.#source.slice(this.#at);
    const flags = /^\(\?([ims]*(?:-[ims]+)?)\)/.exec(rest);
    if (flags) {
      this.#flags().push(flags[1] as string);
      this.#out += opening(flags[1] as string);
      this.#at += flags[0].length;
      return;
    }
    const named = rest.startsWith('(?P<');
    this.#out += named ? '(?<' : '(';
    this.#at += named ? 4 : 1;
    this.#groups.push([]);
  }

  #escape(): void {
    const letter = this.#source[this.#at + 1];
    if (letter === 'Q') {
      const end = this.#source.indexOf('\\E', this.#at);
      const quoted = this.#source.slice(this.#at + 2, end < 0 ? undefined : end);
      this.#out += quoted.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
      this.#at = end < 0 ? this.#source.length : end + 2;
    } else if (letter === 'A' || letter === 'z') {
      this.#out += letter === 'A' ? '(?<![^])' : '(?![^])';
      this.#at += 2;
    } else this.#copy(2);
  }

  /** A class in brackets; a bracket that comes first is one of its characters. */
  #class(): void {
    const head = /^\[\^?\]?/.exec(this.#source.slice(this.#at))?.[0] as string;
    this.#out += head.replace(']', '\\]');
    this.#at += head.length;
    while (this.#at < this.#source.length) {
      const posix = /^\[:(\^?)(\w+):\]/.exec(this.#source.slice(this.#at));
      if (posix) {
        const members = POSIX[posix[2] as string];
        if (members === undefined || posix[1] !== '') {
          throw new SyntaxError(`error parsing regexp: invalid character class range: \`${posix[0]}\``);
        }
        this.#out += members;
        this.#at += posix[0].length;
      } else if (this.#source[this.#at] === '\\') this.#copy(2);
      else {
        const end = this.#source[this.#at] === ']';
        this.#copy(1);
        if (end) return;
      }
    }
  }
}

function opening(flags: string): string {
  return `(?${flags}:`;
}
