/** Warnings and errors of a backup or restore. */

import type { StoredResult, StoredResults } from '../../api/documents/result.ts';
import type { Describer } from '../print/describer.ts';
import type { Fetched } from './fetched.ts';

export interface ResultCounts {
  readonly warnings?: number;
  readonly errors?: number;
}

/** Nothing where there are none; the counts alone where the file of an old backup is missing. */
export function describeResults(
  d: Describer,
  counts: ResultCounts | undefined,
  results: Fetched<StoredResults> | undefined,
  countsIfMissing: boolean,
): void {
  const { warnings = 0, errors = 0 } = counts ?? {};
  if (results === undefined) return;
  if (results.state === 'missing' && countsIfMissing) {
    d.line(`Errors:\t${errors}`);
    d.line(`Warnings:\t${warnings}`);
    return;
  }
  if (results.state !== 'ok') {
    const verb = results.state === 'unreadable' ? 'decoding' : 'getting';
    const reason = results.state === 'missing' ? 'file not found' : results.reason;
    d.add(`Warnings:\t<error ${verb} warnings: ${reason}>\n\nErrors:\t<error ${verb} errors: ${reason}>\n`);
    return;
  }
  if (warnings > 0) {
    d.line();
    describeResult(d, 'Warnings', results.value.warnings);
  }
  if (errors > 0) {
    d.line();
    describeResult(d, 'Errors', results.value.errors);
  }
}

function describeResult(d: Describer, name: string, result: StoredResult | undefined): void {
  d.line(`${name}:`);
  d.slice(1, 'Velero', result?.velero);
  d.slice(1, 'Cluster', result?.cluster);
  const namespaces = Object.entries(result?.namespaces ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
  d.line(namespaces.length === 0 ? '\tNamespaces: <none>' : '\tNamespaces:');
  for (const [namespace, messages] of namespaces) d.slice(2, namespace, messages);
}
