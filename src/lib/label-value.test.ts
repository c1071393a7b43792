import { describe, expect, it } from 'vitest';
import { validLabelValue } from './label-value.ts';

describe('validLabelValue', () => {
  it('V-RST-090 keeps up to 63 characters', () => {
    expect(validLabelValue('a'.repeat(63))).toBe('a'.repeat(63));
  });

  it('V-RST-090 cuts longer texts to 57 characters and six digits of their SHA-256', () => {
    const long = 'the-really-long-location-name-that-is-much-more-than-63-characters';
    expect(validLabelValue(long)).toBe('the-really-long-location-name-that-is-much-more-than-63-c69e779');
  });
});
