/**
 * Commands as data, and how a command line finds its command: cobra 1.7's rules, because scripts and habits rely on
 * them (flags between command words, usage and exit codes of wrong calls, suggestions for typing errors).
 */

import { goQuote } from '../lib/go-text.ts';
import { boolFlag } from '../lib/flag-values.ts';
import type { FlagTable, FlagValues } from '../lib/flag-values.ts';
import { FlagSet, UsageError } from './flags.ts';
import type { Session } from './session.ts';

/** What a command is given when it runs. */
export interface RunContext<F extends FlagTable> {
  readonly flags: FlagValues<F>;
  /** Whether the user gave this flag. */
  readonly changed: (name: keyof F & string) => boolean;
  /** What the command line has besides flags. */
  readonly args: readonly string[];
  readonly session: Session;
  /** The words that lead here, the program's name first. */
  readonly path: readonly string[];
  readonly root: Root;
}

/** A refusal for this number of arguments, or undefined. */
export type ArgsCheck = (args: readonly string[]) => string | undefined;

export interface CommandSpec<F extends FlagTable> {
  /** The command's name and what follows it, e.g. `create NAME`. */
  use: string;
  short: string;
  long?: string;
  example?: string;
  aliases?: readonly string[];
  hidden?: boolean;
  args?: ArgsCheck;
  /** Words that completion offers for the first argument. */
  validArgs?: readonly string[];
  flags?: F;
  /** @throws anything; the message is shown after `An error occurred: ` and the exit code is 1 */
  run?(context: RunContext<F>): Promise<void>;
  commands?: readonly Command[];
}

export interface Command extends Omit<CommandSpec<FlagTable>, 'run' | 'flags' | 'commands' | 'aliases'> {
  readonly name: string;
  readonly aliases: readonly string[];
  readonly flags: FlagTable;
  readonly commands: readonly Command[];
  run?(context: RunContext<FlagTable>): Promise<void>;
}

/** The whole tree under the name that the program was started with. */
export interface Root {
  readonly command: Command;
  /** Flags that every command accepts. */
  readonly persistent: FlagTable;
}

/** What a command without flags of its own has. */
type NoFlags = Readonly<Record<string, never>>;

/** Makes a command from its description; the types of the flags reach `run`. */
export function defineCommand<F extends FlagTable = NoFlags>(spec: CommandSpec<F>): Command {
  const commands = [...(spec.commands ?? [])].sort((a, b) => (a.name < b.name ? -1 : 1));
  return {
    ...spec,
    name: spec.use.split(' ')[0] as string,
    aliases: spec.aliases ?? [],
    flags: spec.flags ?? {},
    commands,
  };
}

export function exactArgs(count: number): ArgsCheck {
  return ({ length }) => (length === count ? undefined : `accepts ${count} arg(s), received ${length}`);
}

export function maximumArgs(count: number): ArgsCheck {
  return ({ length }) =>
    length <= count ? undefined : `accepts at most ${count} arg(s), received ${length}`;
}

export function minimumArgs(count: number): ArgsCheck {
  return ({ length }) =>
    length >= count ? undefined : `requires at least ${count} arg(s), only received ${length}`;
}

/** Whether help and completion show a command: it does something, or one below it does. */
export function isAvailable(command: Command): boolean {
  return command.hidden !== true && (command.run !== undefined || command.commands.some(isAvailable));
}

export interface Found {
  /** From the root to the command found. */
  chain: readonly Command[];
  /** What is left of the command line for it: flags and arguments. */
  rest: readonly string[];
}

/**
 * Finds the command that a command line means; words that are flags' values are stepped over.
 * @throws UnknownCommand where the first word after the root names no command
 */
export function findCommand(root: Root, args: readonly string[]): Found {
  const chain: Command[] = [root.command];
  let rest = [...args];
  for (;;) {
    const current = chain.at(-1) as Command;
    const flags = new FlagSet(current.flags, root.persistent);
    const words = commandWords(rest, flags);
    const [next] = words;
    const child = next === undefined ? undefined : childNamed(current, next);
    if (!child || next === undefined) {
      if (chain.length === 1 && next !== undefined) throw new UnknownCommand(next, root.command);
      return { chain, rest };
    }
    rest = withoutFirst(rest, next, flags);
    chain.push(child);
  }
}

/** A first word that is no command. */
export class UnknownCommand extends UsageError {
  constructor(word: string, root: Command) {
    const near = suggestionsFor(word, root);
    const hint =
      near.length === 0 ? '' : `\n\nDid you mean this?\n${near.map((name) => `\t${name}\n`).join('')}`;
    super(`unknown command ${goQuote(word)} for ${goQuote(root.name)}${hint}`);
    this.name = 'UnknownCommand';
  }
}

/** The command's own flags with `--help`, then the inherited ones. */
export function flagsOf(root: Root, command: Command): FlagSet {
  return new FlagSet(ownFlags(command), root.persistent);
}

export function ownFlags(command: Command): FlagTable {
  return { ...command.flags, help: boolFlag(`help for ${command.name}`, { shorthand: 'h' }) };
}

function childNamed(command: Command, word: string): Command | undefined {
  return command.commands.find((child) => child.name === word || child.aliases.includes(word));
}

/** True where this word is a flag whose value is the next word. */
function takesNext(word: string, flags: FlagSet): boolean {
  if (word.includes('=') || !word.startsWith('-')) return false;
  const found = word.startsWith('--')
    ? flags.lookup(word.slice(2))
    : word.length === 2
      ? flags.lookupShorthand(word.slice(1))
      : undefined;
  if (!word.startsWith('--') && word.length !== 2) return false;
  return found?.flag.noValue === undefined;
}

function commandWords(args: readonly string[], flags: FlagSet): string[] {
  const words: string[] = [];
  for (let at = 0; at < args.length; at++) {
    const word = args[at] as string;
    if (word === '--') break;
    if (takesNext(word, flags)) {
      if (at + 2 >= args.length) break;
      at += 1;
    } else if (word !== '' && !word.startsWith('-')) words.push(word);
  }
  return words;
}

function withoutFirst(args: readonly string[], wanted: string, flags: FlagSet): string[] {
  for (let at = 0; at < args.length; at++) {
    const word = args[at] as string;
    if (word === '--') break;
    if (takesNext(word, flags)) at += 1;
    else if (word === wanted) return args.toSpliced(at, 1);
  }
  return [...args];
}

function suggestionsFor(word: string, root: Command): string[] {
  const typed = word.toLowerCase();
  return root.commands
    .filter(isAvailable)
    .map(({ name }) => name)
    .filter((name) => distance(typed, name.toLowerCase()) <= 2 || name.toLowerCase().startsWith(typed));
}

/** Levenshtein distance. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      next.push(
        same
          ? (row[j - 1] as number)
          : 1 + Math.min(row[j] as number, row[j - 1] as number, next[j - 1] as number),
      );
    }
    row = next;
  }
  return row[b.length] as number;
}
