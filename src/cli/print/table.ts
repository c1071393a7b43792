/** Tables as kubectl's printer of that time draws them (k8s.io/cli-runtime 0.24, printers/tableprinter.go). */

import { alignTabs } from '../../lib/tabwriter.ts';
import type { KubeObject } from '../../api/object.ts';

export interface Column<T> {
  /** Shown in capitals. */
  readonly header: string;
  /** @param now milliseconds since the epoch, for ages */
  cell(object: T, now: number): string;
}

export interface LabelOptions {
  /** Labels that get a column each. */
  readonly labelColumns: readonly string[];
  /** Whether all labels are shown in a last column. */
  readonly showLabels: boolean;
}

const noLabels: LabelOptions = { labelColumns: [], showLabels: false };

/** A table with a header; nothing at all where there are no rows. */
export function renderTable<T>(
  columns: readonly Column<T>[],
  objects: readonly T[],
  now: number,
  labels: LabelOptions = noLabels,
): string {
  if (objects.length === 0) return '';
  const headers = columns.map(({ header }) => header.toUpperCase());
  headers.push(...labels.labelColumns.map((label) => (label.split('/').at(-1) as string).toUpperCase()));
  if (labels.showLabels) headers.push('LABELS');
  const rows = objects.map((object) => [
    ...columns.map((column) => oneLine(column.cell(object, now))),
    ...labelCells(object, labels),
  ]);
  const text = [headers, ...rows].map((row) => `${row.join('\t')}\n`).join('');
  return alignTabs(text, { minWidth: 6, padding: 3 });
}

function labelCells(object: unknown, options: LabelOptions): string[] {
  const labels = (object as Partial<KubeObject>).metadata?.labels ?? {};
  const cells = options.labelColumns.map((label) => labels[label] ?? '');
  if (options.showLabels) cells.push(formatLabels(labels));
  return cells;
}

/** `a=b,c=d` in the order of the keys, or `<none>`. */
export function formatLabels(labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1));
  return pairs.length === 0 ? '<none>' : pairs.map(([key, value]) => `${key}=${value}`).join(',');
}

function oneLine(cell: string): string {
  const end = cell.indexOf('\n');
  return end < 0 ? cell : `${cell.slice(0, end)}...`;
}
