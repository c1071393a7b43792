import { describe, expect, it } from 'vitest';
import { parseQuantity, quantityValue } from './quantity.ts';

describe('quantities', () => {
  it.each([
    ['100m', 100_000_000n],
    ['0.1', 100_000_000n],
    ['1', 1_000_000_000n],
    ['128Mi', 134_217_728_000_000_000n],
    ['1.5Gi', 1_610_612_736_000_000_000n],
    ['1e3', 1_000_000_000_000n],
    ['1E3', 1_000_000_000_000n],
    ['1E', 1_000_000_000_000_000_000_000_000_000n],
    ['-2k', -2_000_000_000_000n],
    ['0.0000000001', 1n],
    ['.5', 500_000_000n],
    ['5.', 5_000_000_000n],
  ])('reads %s', (text, nanos) => {
    expect(parseQuantity(text)).toBe(nanos);
  });

  it.each(['', 'm', '1Kib', '1 Mi', '0x10', '1e', 'abc', '1e999', '--1'])('refuses %s', (text) => {
    expect(parseQuantity(text)).toBeUndefined();
  });

  it('rounds up to whole units', () => {
    expect(quantityValue('1.2Ki')).toBe(1229);
    expect(quantityValue('500m')).toBe(1);
    expect(quantityValue('-1500m')).toBe(-2);
    expect(quantityValue('x')).toBeUndefined();
  });
});
