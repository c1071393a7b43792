/** `-o table|json|yaml` and its companions (pkg/cmd/util/output/output.go). */

import type { KindName } from '../api/kinds.ts';
import type { KubeObject } from '../api/object.ts';
import { type Flag, stringArrayFlag, boolFlag, stringFlag } from '../lib/flag-values.ts';
import { goQuote } from '../lib/go-text.ts';
import { type Column, renderTable } from './print/table.ts';
import type { Session } from './session.ts';

const OUTPUT_USAGE =
  "Output display format: 'table', 'json' or 'yaml'. A create command given it shows the object and does not send it to the server. 'table' is not valid for the install command.";

/** `-o` alone, with its default. */
export function formatFlag(fallback: 'table' | ''): { output: Flag<string> } {
  return { output: stringFlag(OUTPUT_USAGE, { shorthand: 'o', default: fallback }) };
}

/** `-o`, `-L` and `--show-labels`; a create command has no default for `-o`. */
export function outputFlags(fallback: 'table' | ''): {
  output: Flag<string>;
  'label-columns': Flag<readonly string[]>;
  'show-labels': Flag<boolean>;
} {
  const columns = stringArrayFlag(
    'Comma-separated list of labels that get a column each. Names are case-sensitive. The flag may be given several times.',
    { shorthand: 'L' },
  );
  return {
    ...formatFlag(fallback),
    'label-columns': { ...columns, type: { ...columns.type, parse: addLabels } },
    'show-labels': boolFlag('Show labels in the last column'),
  };
}

/** The original's help promises that `-L a -L b` shows both; its list type keeps the last one only. */
function addLabels(text: string, current: readonly string[], changed: boolean): readonly string[] {
  return [...(changed ? current : []), ...text.split(',')];
}

export interface OutputValues {
  readonly output: string;
  readonly 'label-columns'?: readonly string[];
  readonly 'show-labels'?: boolean;
}

/**
 * Refuses formats that do not exist.
 * @throws Error with the original's text
 */
export function checkOutput(flags: OutputValues, command?: 'install'): void {
  if (flags.output === 'table' && command === 'install') {
    throw new Error("'table' format is not supported with 'install' command");
  }
  if (!['', 'json', 'yaml', 'table'].includes(flags.output)) {
    throw new Error(
      `invalid output format ${goQuote(flags.output)} - valid values are 'table', 'json', and 'yaml'`,
    );
  }
}

/** How objects of one kind are shown. */
export interface Printing<T extends KubeObject> {
  readonly kind: KindName;
  readonly columns: readonly Column<T>[];
  /** The order of a table's rows; as they came where absent. JSON and YAML keep what came. */
  sort?(objects: readonly T[]): readonly T[];
}

/** Objects as a list gave them. */
export interface Listed<T extends KubeObject> {
  readonly objects: readonly T[];
  /** Undefined where the objects were asked for one by one. */
  readonly resourceVersion?: string | undefined;
}

/**
 * Prints one object in the format asked for.
 * @returns false where no format was asked for, so that a create command goes on
 */
export async function printObject<T extends KubeObject>(
  session: Session,
  flags: OutputValues,
  printing: Printing<T>,
  object: T,
): Promise<boolean> {
  if (flags.output === '') return false;
  await print(session, flags, printing, { objects: [object] });
  return true;
}

/** Prints a list; as JSON or YAML a list of one is that one object, not a list. */
export async function printList<T extends KubeObject>(
  session: Session,
  flags: OutputValues,
  printing: Printing<T>,
  listed: Listed<T>,
): Promise<void> {
  await print(session, flags, printing, listed);
}

async function print<T extends KubeObject>(
  session: Session,
  flags: OutputValues,
  printing: Printing<T>,
  { objects, resourceVersion }: Listed<T>,
): Promise<void> {
  const { terminal } = session;
  if (flags.output === 'table') {
    const rows = printing.sort?.(objects) ?? objects;
    await terminal.write(
      renderTable(printing.columns, rows, terminal.clock.now(), {
        labelColumns: flags['label-columns'] ?? [],
        showLabels: flags['show-labels'] ?? false,
      }),
    );
    return;
  }
  const { encodeJson, encodeYaml } = await import('./print/encode.ts');
  const single = objects.length === 1 ? objects[0] : undefined;
  const encode = flags.output === 'json' ? encodeJson : encodeYaml;
  await session.print(encode({ kind: printing.kind, objects, single, resourceVersion }));
}
