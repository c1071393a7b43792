/**
 * The grammar of command line flags as spf13/pflag 1.0.5 reads it: `--flag`, `--flag=value`, `--flag value`, `-f`,
 * `-fvalue`, `-f=value`, `-abc`, `--`, and flags between arguments. What a flag is lies in lib/flag-values.ts.
 */

import type { Flag, FlagTable } from '../lib/flag-values.ts';
import { messageOf } from '../lib/errors.ts';
import { goQuote } from '../lib/go-text.ts';

/** A command line that cannot be understood; the user is shown the usage with it. */
export class UsageError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'UsageError';
  }
}

/** One flag of one command, with its value so far. */
export interface BoundFlag {
  readonly name: string;
  readonly flag: Flag<unknown>;
  readonly value: unknown;
  readonly changed: boolean;
}

interface Slot {
  name: string;
  flag: Flag<unknown>;
  value: unknown;
  changed: boolean;
}

/** The flags that one command accepts, and their values. */
export class FlagSet {
  readonly #byName = new Map<string, Slot>();
  readonly #byLetter = new Map<string, Slot>();

  /** @param tables earlier tables win: a command's own flag hides one of the same name that it inherits */
  constructor(...tables: readonly FlagTable[]) {
    for (const table of tables) {
      for (const [name, flag] of Object.entries(table)) {
        if (this.#byName.has(name)) continue;
        const slot: Slot = { name, flag, value: flag.default, changed: false };
        this.#byName.set(name, slot);
        if (flag.shorthand !== undefined) this.#byLetter.set(flag.shorthand, slot);
      }
    }
  }

  /** All flags in the order of their names. */
  all(): BoundFlag[] {
    return [...this.#byName.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  lookup(name: string): BoundFlag | undefined {
    return this.#byName.get(name);
  }

  lookupShorthand(letter: string): BoundFlag | undefined {
    return this.#byLetter.get(letter);
  }

  changed(name: string): boolean {
    return this.#byName.get(name)?.changed ?? false;
  }

  values(): Record<string, unknown> {
    return Object.fromEntries([...this.#byName].map(([name, slot]) => [name, slot.value]));
  }

  /**
   * Reads a command line.
   * @returns what is not a flag, in order
   * @throws UsageError with pflag's wording
   */
  parse(args: readonly string[]): string[] {
    const positional: string[] = [];
    const rest = [...args];
    while (rest.length > 0) {
      const arg = rest.shift() as string;
      if (arg === '--') {
        positional.push(...rest);
        break;
      }
      if (arg.length < 2 || !arg.startsWith('-')) positional.push(arg);
      else if (arg.startsWith('--')) this.#long(arg, rest);
      else this.#short(arg.slice(1), rest);
    }
    return positional;
  }

  #long(arg: string, rest: string[]): void {
    const text = arg.slice(2);
    if (text.startsWith('-') || text.startsWith('=')) throw new UsageError(`bad flag syntax: ${arg}`);
    const equals = text.indexOf('=');
    const name = equals < 0 ? text : text.slice(0, equals);
    const slot = this.#byName.get(name);
    if (!slot) throw new UsageError(`unknown flag: --${name}`);
    if (equals >= 0) return this.#set(slot, text.slice(equals + 1));
    if (slot.flag.noValue !== undefined) return this.#set(slot, slot.flag.noValue);
    const next = rest.shift();
    if (next === undefined) throw new UsageError(`flag needs an argument: ${arg}`);
    this.#set(slot, next);
  }

  #short(letters: string, rest: string[]): void {
    for (let left = letters; left !== ''; ) {
      const letter = left[0] as string;
      const slot = this.#byLetter.get(letter);
      if (!slot) throw new UsageError(`unknown shorthand flag: '${letter}' in -${left}`);
      if (left.length > 2 && left[1] === '=') return this.#set(slot, left.slice(2));
      if (slot.flag.noValue !== undefined) {
        this.#set(slot, slot.flag.noValue);
        left = left.slice(1);
        continue;
      }
      if (left.length > 1) return this.#set(slot, left.slice(1));
      const next = rest.shift();
      if (next === undefined) throw new UsageError(`flag needs an argument: '${letter}' in -${left}`);
      return this.#set(slot, next);
    }
  }

  #set(slot: Slot, text: string): void {
    try {
      slot.value = slot.flag.type.parse(text, slot.value, slot.changed);
    } catch (error) {
      const { shorthand } = slot.flag;
      const name = shorthand === undefined ? `--${slot.name}` : `-${shorthand}, --${slot.name}`;
      throw new UsageError(
        `invalid argument ${goQuote(text)} for ${goQuote(name)} flag: ${messageOf(error)}`,
      );
    }
    slot.changed = true;
  }
}

/** The lines that help shows for these flags, with names aligned as pflag does; hidden ones left away. */
export function flagUsages(flags: readonly BoundFlag[]): string {
  const lines = flags
    .filter(({ flag }) => flag.hidden !== true)
    .map((bound) => ({ head: headOf(bound), tail: tailOf(bound) }));
  const width = Math.max(0, ...lines.map(({ head }) => head.length));
  return lines.map(({ head, tail }) => `${head.padEnd(width)}   ${tail}\n`).join('');
}

/** The type word of a flag, or the word that its usage quotes with backquotes. */
export function valueName(flag: Flag<unknown>): string {
  const quoted = /`([^`]*)`/.exec(flag.usage);
  if (quoted) return quoted[1] as string;
  return flag.type.typeName === 'bool' ? '' : flag.type.typeName;
}

function headOf({ name, flag }: BoundFlag): string {
  let head = flag.shorthand === undefined ? `      --${name}` : `  -${flag.shorthand}, --${name}`;
  const word = valueName(flag);
  if (word !== '') head += ` ${word}`;
  if (flag.noValue !== undefined && !(flag.type.typeName === 'bool' && flag.noValue === 'true')) {
    head += flag.type.typeName === 'string' ? `[="${flag.noValue}"]` : `[=${flag.noValue}]`;
  }
  return head;
}

/** pflag's judgement of zero for types that it does not know: by the present value, not by the default. */
const CUSTOM_ZERO = ['false', '<nil>', '', '0'];

function tailOf({ flag, value }: BoundFlag): string {
  const usage = flag.usage.replace(/`([^`]*)`/, '$1');
  const text = flag.type.print(flag.default);
  const { zeroTexts } = flag.type;
  const zero = zeroTexts ? zeroTexts.includes(text) : CUSTOM_ZERO.includes(flag.type.print(value));
  if (zero) return usage;
  return `${usage} (default ${flag.type.typeName === 'string' ? goQuote(text) : text})`;
}
