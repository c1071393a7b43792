/** Help and usage texts in cobra's layout. */

import { type Command, flagsOf, isAvailable, ownFlags, type Root } from './command.ts';
import { flagUsages, FlagSet } from './flags.ts';

const MIN_NAME_WIDTH = 11;

/** What `--help` prints: the description, then the usage. */
export function helpText(root: Root, chain: readonly Command[]): string {
  const command = chain.at(-1) as Command;
  const description = (command.long ?? command.short).trimEnd();
  return `${description}\n\n${usageText(root, chain)}`;
}

/**
 * How a command is called: lines of use, aliases, examples, commands below it, flags.
 * @param flags the set whose present values decide which defaults are shown; a fresh one unless given
 */
export function usageText(
  root: Root,
  chain: readonly Command[],
  flags: FlagSet = flagsOf(root, chain.at(-1) as Command),
): string {
  const command = chain.at(-1) as Command;
  const path = commandPath(chain);
  const shown = command.commands.filter(isAvailable);
  let text = 'Usage:';
  if (command.run) {
    const parents = chain.slice(0, -1);
    const line = parents.length === 0 ? command.use : `${commandPath(parents)} ${command.use}`;
    text += `\n  ${line} [flags]`;
  }
  if (shown.length > 0) text += `\n  ${path} [command]`;
  if (command.aliases.length > 0) text += `\n\nAliases:\n  ${[command.name, ...command.aliases].join(', ')}`;
  if (command.example !== undefined) text += `\n\nExamples:\n${command.example}`;
  if (shown.length > 0) {
    const width = Math.max(MIN_NAME_WIDTH, ...command.commands.map(({ name }) => name.length));
    text += `\n\nAvailable Commands:${shown.map(({ name, short }) => `\n  ${name.padEnd(width)} ${short}`).join('')}`;
  }
  const local = new Set(
    Object.keys({ ...ownFlags(command), ...(chain.length === 1 ? root.persistent : {}) }),
  );
  const all = flags.all();
  text += `\n\nFlags:\n${flagUsages(all.filter(({ name }) => local.has(name))).trimEnd()}`;
  const inherited = all.filter(({ name }) => !local.has(name));
  if (inherited.length > 0) text += `\n\nGlobal Flags:\n${flagUsages(inherited).trimEnd()}`;
  if (shown.length > 0) text += `\n\nUse "${path} [command] --help" for more information about a command.`;
  return `${text}\n`;
}

/** The words that call a command, the program's name first. */
export function commandPath(chain: readonly Command[]): string {
  return chain.map(({ name }) => name).join(' ');
}
