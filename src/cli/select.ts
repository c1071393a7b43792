/** Which objects a command is about: names, all, or a selector (pkg/cmd/cli/select_option.go, delete_options.go). */

import type { LabelSelector } from '../api/core/references.ts';
import { boolFlag, type Flag } from '../lib/flag-values.ts';
import { invalid } from './backup/spec-flags.ts';
import { labelSelectorFlag } from './selector.ts';
import type { Session } from './session.ts';

/** `--all` and `-l`; the verb begins with a capital. */
export function selectFlags(
  verb: string,
  noun: string,
): { all: Flag<boolean>; selector: Flag<LabelSelector | undefined> } {
  return {
    all: boolFlag(`${verb} all ${noun}s`),
    selector: labelSelectorFlag(`${verb} all ${noun}s matching this label selector.`),
  };
}

/** The flags of a command that deletes. */
export function deleteFlags(noun: string): ReturnType<typeof selectFlags> & { confirm: Flag<boolean> } {
  return { ...selectFlags('Delete', noun), confirm: boolFlag('Confirm deletion') };
}

/** Exactly one way of selecting must be used. @throws Failure with the original's text */
export function checkSelection(
  noun: string,
  names: readonly string[],
  flags: { all: boolean; selector: LabelSelector | undefined },
): void {
  const ways = [names.length > 0, flags.all, flags.selector !== undefined].filter(Boolean).length;
  if (ways !== 1) {
    throw invalid(
      `you must specify exactly one of: specific ${noun} name(s), the --all flag, or the --selector flag`,
    );
  }
}

/**
 * Asks until the answer is y or n (pkg/cmd/util/confirm/confirm.go).
 * @param prompts said before every question
 * @returns false for no, and where there is nobody to ask
 */
export async function confirm({ terminal }: Session, ...prompts: readonly string[]): Promise<boolean> {
  for (;;) {
    for (const prompt of prompts) await terminal.write(`${prompt}\n`);
    await terminal.write('Are you sure you want to continue (Y/N)? ');
    const line = await terminal.readLine();
    if (line === undefined) {
      terminal.error('error reading user input: EOF\n');
      return false;
    }
    const answer = line.trim().toLowerCase();
    if (answer === 'y') return true;
    if (answer === 'n') return false;
  }
}
