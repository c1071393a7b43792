import { createHash } from 'node:crypto';

const MAX_LABEL_VALUE = 63;

/**
 * A text in the form that is allowed as a label's value: up to 63 characters as it is, longer texts cut and made unique
 * by their hash (pkg/label/label.go GetValidName of the original).
 */
export function validLabelValue(text: string): string {
  if (text.length <= MAX_LABEL_VALUE) return text;
  const hash = createHash('sha256').update(text).digest('hex').slice(0, 6);
  return text.slice(0, MAX_LABEL_VALUE - hash.length) + hash;
}
