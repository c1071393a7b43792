/** Builds the text of describe: lines with tab-separated cells, aligned at the end (pkg/cmd/util/output/describe.go). */

import { alignTabs } from '../../lib/tabwriter.ts';
import type { Colours } from './colour.ts';

export class Describer {
  readonly colours: Colours;
  /** Put before everything that is printed. */
  prefix = '';
  #text = '';

  constructor(colours: Colours) {
    this.colours = colours;
  }

  /** Adds text as it is; a line ends with a newline of its own. */
  add(text: string): void {
    this.#text += this.prefix + text;
  }

  /** Adds a whole line, or an empty one. */
  line(text = ''): void {
    this.add(`${text}\n`);
  }

  metadata(metadata: {
    name?: string;
    namespace?: string;
    labels?: Record<string, string>;
    annotations?: Record<string, string>;
  }): void {
    this.line(`Name:\t${this.colours.bold(metadata.name ?? '')}`);
    this.line(`Namespace:\t${metadata.namespace ?? ''}`);
    this.map('Labels', metadata.labels);
    this.map('Annotations', metadata.annotations);
  }

  /** `Name:  key=value`, one a line, in the order of the keys. */
  map(name: string, entries: Readonly<Record<string, string>> | null | undefined): void {
    const pairs = Object.entries(entries ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
    this.add(`${name}:\t`);
    if (pairs.length === 0) this.line('<none>');
    for (const [index, [key, value]] of pairs.entries())
      this.line(`${index === 0 ? '' : '\t'}${key}=${value}`);
  }

  /** `Name:  text`, one a line, indented by some tabs. */
  slice(indent: number, name: string, items: readonly string[] | null | undefined): void {
    const tabs = '\t'.repeat(indent);
    this.add(`${tabs}${name}:\t`);
    if (!items || items.length === 0) this.line(`${tabs}<none>`);
    for (const [index, item] of (items ?? []).entries())
      this.line(`${index === 0 ? '' : `${tabs}\t`}${item}`);
  }

  /** All that was added, aligned. */
  render(): string {
    return alignTabs(this.#text, { minWidth: 0, padding: 2 });
  }
}

/** A list as one text, or what stands for an empty one. */
export function listOr(items: readonly string[] | null | undefined, empty: string): string {
  return items && items.length > 0 ? items.join(', ') : empty;
}

/** The word for false, true or unset. */
export function boolWord(
  value: boolean | null | undefined,
  [no, yes, unset]: readonly [string, string, string],
): string {
  return value === null || value === undefined ? unset : value ? yes : no;
}
