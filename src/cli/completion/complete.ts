/**
 * The hidden `__complete` command: shells hand over the words typed so far and get candidates, one a line, and at
 * last `:N`, a sum of directives. It is cobra's protocol, so that completion scripts of either program work with both.
 */

import { goList } from '../../lib/go-text.ts';
import { messageOf } from '../../lib/errors.ts';
import { type Command, findCommand, flagsOf, isAvailable, ownFlags, type Root } from '../command.ts';
import type { BoundFlag, FlagSet } from '../flags.ts';
import type { Terminal } from '../session.ts';

const DEFAULT = 0;
const NO_FILES = 4;
const DIRECTIVE_NAMES = new Map([
  [DEFAULT, 'ShellCompDirectiveDefault'],
  [NO_FILES, 'ShellCompDirectiveNoFileComp'],
]);

export interface Completion {
  /** Candidates as `word` or `word<TAB>description`. */
  candidates: readonly string[];
  directive: number;
  error?: string;
}

/**
 * Answers a shell.
 * @param words the words after the program's name; the last is the one being typed, perhaps empty
 */
export async function completeCommandLine(
  root: Root,
  words: readonly string[],
  descriptions: boolean,
  terminal: Terminal,
): Promise<void> {
  const { candidates, directive, error } = complete(root, words);
  if (error !== undefined) terminal.error(`[Error] ${error}\n`);
  for (const candidate of candidates) {
    const shown = descriptions ? candidate : (candidate.split('\t')[0] as string);
    await terminal.write(`${(shown.split('\n')[0] as string).trim()}\n`);
  }
  await terminal.write(`:${directive}\n`);
  terminal.error(`Completion ended with directive: ${DIRECTIVE_NAMES.get(directive) ?? directive}\n`);
}

/** Candidates for the last word. */
export function complete(root: Root, words: readonly string[]): Completion {
  const typed = words.at(-1) ?? '';
  const before = words.slice(0, -1);
  let command: Command;
  let rest: readonly string[];
  try {
    const found = findCommand(root, before);
    command = found.chain.at(-1) as Command;
    rest = found.rest;
  } catch {
    return {
      candidates: [],
      directive: DEFAULT,
      error: `Unable to find a command for arguments: ${goList(before)}`,
    };
  }
  const flags = flagsOf(root, command);
  const value = valueBeingTyped(flags, rest, typed);
  let positional: readonly string[];
  try {
    positional = flags.parse(value.pending ? rest.slice(0, -1) : rest);
  } catch (error) {
    return {
      candidates: [],
      directive: DEFAULT,
      error: `Error while parsing flags from args ${goList(rest)}: ${messageOf(error)}`,
    };
  }
  if (value.unknown !== undefined) {
    return {
      candidates: [],
      directive: DEFAULT,
      error: `Subcommand '${command.name}' does not support flag '${value.unknown}'`,
    };
  }
  if (flags.changed('help')) return { candidates: [], directive: NO_FILES };
  // A flag's value: files are as good a guess as any.
  if (value.isValue) return { candidates: [], directive: DEFAULT };
  if (typed.startsWith('-') && !rest.includes('--')) {
    return { candidates: flagCandidates(command, flags, typed), directive: NO_FILES };
  }
  return wordCandidates(command, flags, positional, typed);
}

interface TypedValue {
  /** The last word is (part of) a flag's value. */
  isValue: boolean;
  /** The word before the last is the flag whose value is being typed; it is not complete yet. */
  pending: boolean;
  unknown?: string;
}

function valueBeingTyped(flags: FlagSet, rest: readonly string[], typed: string): TypedValue {
  const find = (name: string) =>
    flags.lookup(name) ?? (name.length === 1 ? flags.lookupShorthand(name) : undefined);
  if (typed.startsWith('-')) {
    const equals = typed.indexOf('=');
    if (equals < 0) return { isValue: false, pending: false };
    const name = typed.startsWith('--') ? typed.slice(2, equals) : typed.slice(equals - 1, equals);
    return find(name) ? { isValue: true, pending: false } : { isValue: false, pending: false, unknown: name };
  }
  const previous = rest.at(-1) ?? '';
  if (!/^(--.|-[^-])/.test(previous) || previous.includes('=')) return { isValue: false, pending: false };
  const name = previous.startsWith('--') ? previous.slice(2) : previous.slice(-1);
  const found = find(name);
  if (!found) return { isValue: false, pending: false, unknown: name };
  return found.flag.noValue === undefined
    ? { isValue: true, pending: true }
    : { isValue: false, pending: false };
}

function flagCandidates(command: Command, flags: FlagSet, typed: string): string[] {
  const own = ownFlags(command);
  const offered = flags
    .all()
    .filter(({ flag, changed }) => flag.hidden !== true && (!changed || isList(flag.type.typeName)));
  const inherited = offered.filter(({ name }) => !(name in own));
  const local = offered.filter(({ name }) => name in own);
  return [...inherited, ...local].flatMap((bound) => spellings(bound, typed));
}

function isList(typeName: string): boolean {
  return typeName === 'strings' || typeName === 'stringArray';
}

function spellings({ name, flag }: BoundFlag, typed: string): string[] {
  const words = flag.shorthand === undefined ? [`--${name}`] : [`--${name}`, `-${flag.shorthand}`];
  return words.filter((word) => word.startsWith(typed)).map((word) => `${word}\t${flag.usage}`);
}

function wordCandidates(
  command: Command,
  flags: FlagSet,
  positional: readonly string[],
  typed: string,
): Completion {
  const candidates: string[] = [];
  let directive = DEFAULT;
  const own = Object.keys(ownFlags(command)).some((name) => flags.changed(name));
  if (positional.length === 0 && !own && command.commands.length > 0) {
    directive = NO_FILES;
    for (const child of command.commands) {
      if (isAvailable(child) && child.name.startsWith(typed))
        candidates.push(`${child.name}\t${child.short}`);
    }
  }
  if (command.validArgs && positional.length === 0) {
    directive = NO_FILES;
    candidates.push(...command.validArgs.filter((word) => word.startsWith(typed)));
  }
  return { candidates, directive };
}
