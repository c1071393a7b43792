/** Resource quantities as Kubernetes writes them back: `1000m` is `1`, `0.5Gi` is `512Mi`. */

import { parseQuantity } from '../../lib/quantity.ts';

const BINARY = ['', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei'];
const DECIMAL = ['n', 'u', 'm', '', 'k', 'M', 'G', 'T', 'P', 'E'];

/** The canonical text: the largest suffix that leaves a whole number. Binary quantities stay binary. */
export function canonicalQuantity(text: string): string {
  const nanos = parseQuantity(text);
  if (nanos === undefined || nanos === 0n || /[eE][+-]?\d+$/.test(text)) return nanos === 0n ? '0' : text;
  const whole = nanos % 1_000_000_000n === 0n;
  if (text.endsWith('i') && whole) {
    let value = nanos / 1_000_000_000n;
    let step = 0;
    while (step < BINARY.length - 1 && value % 1024n === 0n) {
      value /= 1024n;
      step += 1;
    }
    return `${value}${BINARY[step]}`;
  }
  let value = nanos;
  let step = 0;
  while (step < DECIMAL.length - 1 && value % 1000n === 0n) {
    value /= 1000n;
    step += 1;
  }
  return `${value}${DECIMAL[step]}`;
}
