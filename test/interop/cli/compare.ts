/** Runs one command line after the other and makes their words comparable. */

import { type CommandResult, velero } from '../../support/velero.ts';
import type { Cluster } from '../../../dev/cluster/index.ts';

export interface Pair {
  real: CommandResult;
  ours: CommandResult;
}

export async function both(
  cluster: Cluster,
  args: readonly string[],
  options: { input?: string; env?: Record<string, string> } = {},
): Promise<Pair> {
  // Without colours: the original colours pipes too.
  const plain = [...args, '--colorized=false'];
  const [real, ours] = await Promise.all([
    velero(cluster, 'real', plain, options),
    velero(cluster, 'ours', plain, { ...options, fromSource: true }),
  ]);
  return { real: normal(real), ours: normal(ours) };
}

function normal({ code, stdout, stderr }: CommandResult): CommandResult {
  return { code, stdout: withoutAges(stdout), stderr: withoutAges(firstOf(stderr)) };
}

/** The error itself: what follows it, usage or advice, is each side's own. */
function firstOf(stderr: string): string {
  const lines = stderr.split('\n').filter((line) => !/^(time=|I\d{4} )/.test(line));
  const error = lines.findLast((line) => /^(An error occurred: |Error: )/.test(line));
  return error ?? lines.join('\n');
}

/** What differs from one moment, one request or one JSON parser to the next. */
function withoutAges(text: string): string {
  return (
    text
      .replace(/(kind: \w+List\nmetadata:\n {2}resourceVersion: )"\d+"/, '$1RV')
      .replace(/("metadata": \{\n {4}"resourceVersion": )"\d+"(\n {2}\},\n {2}"items")/, '$1RV$2')
      .replaceAll(/(<?error (?:reading|decoding) [^:]*): .*?(>?"?,?)$/gm, '$1: REASON$2')
      // The original runs into its own rate limiter while it waits.
      .replaceAll(
        /(client rate limiter Wait returned an error|download request download url timeout)[^>"]*/g,
        'TOO LATE',
      )
      .replaceAll(/\b\d+[smhd](?= )(?! )/g, 'AGE')
      // Ours says why a run failed.
      .replaceAll(/^\nFailure reason: .*\n/gm, '')
      .replaceAll(/ +$/gm, '')
  );
}
