/** Kubernetes quantities (`100m`, `128Mi`, `1e3`) as exact numbers (apimachinery's resource.Quantity). */

const BINARY: Readonly<Record<string, number>> = { Ki: 10, Mi: 20, Gi: 30, Ti: 40, Pi: 50, Ei: 60 };
const DECIMAL: Readonly<Record<string, number>> = {
  n: -9,
  u: -6,
  m: -3,
  '': 0,
  k: 3,
  M: 6,
  G: 9,
  T: 12,
  P: 15,
  E: 18,
};
const NANOS = 1_000_000_000n;

/**
 * Reads a quantity.
 * @returns its value in billionths, rounded away from zero as the original does; undefined where it is none
 */
export function parseQuantity(text: string): bigint | undefined {
  const match = /^([+-]?)(\d+\.?\d*|\.\d+)(Ki|Mi|Gi|Ti|Pi|Ei|[numkMGTPE]|[eE][+-]?\d+)?$/.exec(text);
  if (!match) return undefined;
  const [, sign, number = '', suffix = ''] = match;
  const [whole = '', fraction = ''] = number.split('.');
  let numerator = BigInt(whole + fraction) * NANOS;
  let denominator = 10n ** BigInt(fraction.length);
  const binary = BINARY[suffix];
  if (binary !== undefined) numerator <<= BigInt(binary);
  else {
    const exponent = /^[eE][+-]?\d/.test(suffix) ? Number(suffix.slice(1)) : (DECIMAL[suffix] as number);
    if (Math.abs(exponent) > 64) return undefined;
    if (exponent >= 0) numerator *= 10n ** BigInt(exponent);
    else denominator *= 10n ** BigInt(-exponent);
  }
  const nanos = (numerator + denominator - 1n) / denominator;
  return sign === '-' ? -nanos : nanos;
}

/** A quantity in whole units, rounded up, e.g. bytes; undefined where it is none. */
export function quantityValue(text: string): number | undefined {
  const nanos = parseQuantity(text);
  if (nanos === undefined) return undefined;
  const negative = nanos < 0n;
  const whole = ((negative ? -nanos : nanos) + NANOS - 1n) / NANOS;
  return Number(negative ? -whole : whole);
}
