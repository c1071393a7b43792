/**
 * Aligns tab-separated columns as Go's text/tabwriter does: a column is a run of consecutive lines that have a cell
 * there, so that one short line ends all columns to its right.
 */

export interface TabOptions {
  /** Least width of a column, padding included. */
  minWidth: number;
  /** Blanks after the widest cell. */
  padding: number;
}

/** Text whose cells end with tabs and whose lines end with newlines, aligned with blanks. */
export function alignTabs(text: string, options: TabOptions): string {
  const lines = text.split('\n').map((line) => line.split('\t'));
  const out: string[] = [];
  format(lines, 0, lines.length, [], options, out);
  return out.join('\n');
}

function format(
  lines: readonly (readonly string[])[],
  from: number,
  to: number,
  widths: readonly number[],
  options: TabOptions,
  out: string[],
): void {
  const column = widths.length;
  let start = from;
  for (let at = from; at < to; ) {
    // The last cell of a line is not ended by a tab and belongs to no column.
    if (column >= (lines[at] as readonly string[]).length - 1) {
      at += 1;
      continue;
    }
    write(lines, start, at, widths, out);
    start = at;
    let width = options.minWidth;
    while (at < to) {
      const line = lines[at] as readonly string[];
      if (column >= line.length - 1) break;
      width = Math.max(width, lengthOf(line[column] as string) + options.padding);
      at += 1;
    }
    format(lines, start, at, [...widths, width], options, out);
    start = at;
  }
  write(lines, start, to, widths, out);
}

function write(
  lines: readonly (readonly string[])[],
  from: number,
  to: number,
  widths: readonly number[],
  out: string[],
): void {
  for (const line of lines.slice(from, to)) {
    out.push(
      line
        .map((cell, index) => cell + ' '.repeat(Math.max(0, (widths[index] ?? 0) - lengthOf(cell))))
        .join(''),
    );
  }
}

function lengthOf(cell: string): number {
  let length = 0;
  for (const _ of cell) length += 1;
  return length;
}
